"""Times that were sealed as claims and that no calendar can take: the catalog goes on without."""

from pathlib import Path
from typing import Any

import pytest
from archive_fixture import Archive, make_archive, policy_of
from media_values import technical
from sqlalchemy import select

from archive.catalog import RECORD
from archive.lease import Lease
from archive.rebuild import rebuild
from archive.times import claimed_time

FIRST, LAST = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59"
ENDS = (FIRST, LAST, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T17:00:00.000000Z")


def columns(archive: Archive) -> list[tuple[object, ...]]:
    with archive.db.read() as connection:
        c = RECORD.c
        query = select(c.name, c.captured_start, c.captured_end).order_by(c.id)
        return [tuple(row) for row in connection.execute(query)]


@pytest.mark.parametrize("text", [*ENDS, None, 1, "", "yesterday", "2026-02-30T00:00:00Z"])
def test_no_time(text: object) -> None:
    assert claimed_time(text) is None


def test_a_time() -> None:
    found = claimed_time("2026-11-22T08:30:00.123456789+08:00")
    assert found is not None
    assert found.isoformat() == "2026-11-22T08:30:00.123456+08:00"


def test_publishing_and_rebuilding_never_fail_on_a_sealed_claim(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    captured = {**technical()["captured"], "start": ENDS[4], "end": "9999-12-31T23:59:59.000000Z"}
    for changed in (
        {"claims": {"capture_start": FIRST, "capture_end": LAST}},
        {"claims": {"capture_start": "0001-01-01T00:00:00+08:00"}},
        {"claims": None, "technical": {**technical(), "captured": captured}},
    ):
        archive.accession(b"film", changed=changed)
    archive.seal()
    assert columns(archive) == [("笔录.txt", None, None)] * 3
    archive.db.close()
    for file in archive.home.glob("cunzheng.db*"):
        file.unlink()
    archive.reopen()
    parts: Any = {"identity": archive.identity, "clock": archive.clock, "fs": archive.fs}
    lease = Lease(archive.home / "seal.lock")
    rebuild(archive.db, archive.places, lease=lease, policy=policy_of(archive), **parts)
    assert columns(archive) == [("笔录.txt", None, None)] * 3
