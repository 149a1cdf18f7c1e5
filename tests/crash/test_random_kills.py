"""kill -9 at random moments under load, 200 in `make acceptance`: see crash_load."""

from pathlib import Path

import pytest
from crash_intake import PASSPHRASE
from crash_load import kill_at_random
from crash_table import fast_folder
from scale import size

SEEDS = range(1, size(2, 4) + 1)
KILLS = size(25, 50)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_kills_lose_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
    with fast_folder() as folder:
        assert kill_at_random(Path(folder), seed, KILLS) >= KILLS
