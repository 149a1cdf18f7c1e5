"""Receipts that wait for the second copy do not hold up those that need not wait any more."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from archive_fixture import SOURCE
from packed_fixture import Packed
from sqlalchemy import Connection

from ingest import intake
from ingest.outbox import Due

FILES = {f"{n}.txt": b"drop %d\n" % n for n in range(7)}


def receipts(packed: Packed) -> int:
    files = (packed.home / "outbox" / SOURCE).glob("*.jsonl")
    return sum(path.read_bytes().count(b"\n") for path in files)


@pytest.mark.parametrize("waiting", [1, 2, 5, 6, 7])
def test_the_first_that_wait_starve_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    monkeypatch.setattr(intake, "_AT_ONCE", 2)
    held = {f"{n}.txt".encode() for n in range(waiting)}
    asked: list[bytes] = []

    def copied(connection: Connection, due: Sequence[Due]) -> list[Due]:
        assert len(due) <= 2
        asked.extend(item.path.rpartition(b"/")[2] for item in due)
        return [item for item in due if item.path.rpartition(b"/")[2] not in held]

    packed = Packed(tmp_path, changed={"copied": copied})
    packed.take(FILES)
    assert receipts(packed) == len(FILES) - waiting
    assert sorted(asked) == sorted(name.encode() for name in FILES)
    held.clear()
    packed.intake.finish()
    assert receipts(packed) == len(FILES)
