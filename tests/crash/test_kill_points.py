"""kill -9 before and after durable steps: see crash_table for what is done and asked."""

from pathlib import Path

import pytest
from crash_driver import Driver
from crash_intake import PASSPHRASE
from crash_table import SCENES, Result, Scene, fast_folder, run_part
from scale import size

PARTS = 4
EVERY = size(3, 1)
"""Every third point of a scene; `make crash` and `make acceptance` take them all."""
_FIRST = SCENES[0]
_PIECES = [
    *((_FIRST, part * EVERY, PARTS * EVERY) for part in range(PARTS)),
    *((scene, 0, EVERY) for scene in SCENES[1:]),
]


def _faults(results: list[Result]) -> list[str]:
    return [f"{result.kill}: {result.fault}" for result in results if result.fault]


@pytest.mark.parametrize(
    ("scene", "part", "parts"), _PIECES, ids=lambda value: getattr(value, "name", str(value))
)
def test_nothing_is_lost_or_doubled_wherever_the_kill_comes(
    scene: Scene, part: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
    with fast_folder() as folder:
        results = run_part(scene, part, parts, Path(folder))
    assert _faults(results) == []
    missed = [str(result.kill) for result in results if not result.reached]
    assert len(missed) <= len(results) // 4, f"not reached: {missed}"


def test_at_least_twenty_different_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crash_table import Stage

    monkeypatch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
    with Driver() as driver:
        steps = Stage(_FIRST, tmp_path, driver).counts(tmp_path)
    assert len(steps) >= 40
    for part in (
        "commit < seal._sign",
        "commit < admitting._submit",
        "write < packing.write",
        "link < directory._link",
    ):
        assert part in steps
