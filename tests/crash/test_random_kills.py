"""kill -9 at 200 random moments under load: see crash_load."""

from pathlib import Path

import pytest
from crash_intake import PASSPHRASE
from crash_load import kill_at_random
from crash_table import fast_folder


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_fifty_random_kills_lose_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
    with fast_folder() as folder:
        assert kill_at_random(Path(folder), seed, 50) >= 50
