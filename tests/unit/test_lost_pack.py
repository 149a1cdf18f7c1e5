"""A pack that is lost before it is stored: its records stay in the catalog, and no alarm is false.

What the running archive has and what `rebuild` makes of the store must be the same.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import policy_of
from packed_fixture import Packed
from sqlalchemy import select, text

from archive import catalog
from archive.abandon import Abandoner
from archive.actors import Doer
from archive.catalog import RECORD, Query
from archive.catalog_check import check_catalog
from archive.custody import custody
from archive.database_check import LedgerCopy
from archive.errors import LedgerBlocked
from archive.lease import Lease
from archive.rebuild import rebuild
from archive.verify import Kit, verify

NOTES = {f"note-{n}.txt": b"inspection note %d\n" % n for n in range(3)}
LARGE = {"large.bin": bytes(300_000)}


@pytest.fixture
def packed(tmp_path: Path) -> Packed:
    """The pack of three records is given up, a fourth one is kept, and two come afterwards."""
    packed = Packed(tmp_path)
    packed.admit({**NOTES, **LARGE})
    (pack,) = [path for path in packed.staged() if path.suffix == ".zip"]
    pack.unlink()
    with pytest.raises(LedgerBlocked):
        packed.intake.finish()
    archive = packed.archive
    lease = Lease(archive.home / "seal.lock")
    abandoner = Abandoner(archive.db, archive.places, lease, archive.clock, archive.random)
    assert len(abandoner.abandon(Doer("1000", "李四"), "磁盘损坏")) == len(NOTES)
    packed.take({"later.txt": b"later\n", "more.txt": b"more\n"}, "later")
    return packed


def lost(packed: Packed) -> list[str]:
    return sorted(str(entry.subject) for entry in packed.entries("record.lost"))


def findings(packed: Packed) -> dict[str, list[str]]:
    """Subjects by code, as `verify` finds them with the database."""
    archive = packed.archive
    copy = LedgerCopy(f"sqlite:///{archive.home}/cunzheng.db")
    places, policy = archive.places, policy_of(archive)
    kit = Kit(database=copy)
    now = archive.clock.now()
    report = verify(places.evidence, places.live, policy, now=now, kit=kit, workers=1)
    check_catalog(copy, places.evidence, report)
    copy.close()
    found: dict[str, list[str]] = {}
    for one in report.findings:
        if one.code != "INTERNAL_TIME":
            found.setdefault(one.code, []).append(one.subject)
    return {code: sorted(subjects) for code, subjects in found.items()}


def lines(packed: Packed) -> list[dict[str, Any]]:
    with packed.archive.db.read() as connection:
        query = select(RECORD).order_by(RECORD.c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def rebuilt(packed: Packed) -> int:
    """Rebuild from the store alone; how many descriptions it could not read."""
    archive = packed.archive
    archive.db.close()
    for file in archive.home.glob("cunzheng.db*"):
        file.unlink()
    lease, policy = Lease(archive.home / "seal.lock"), policy_of(archive)
    parts = (archive.identity, lease, archive.clock, archive.fs, policy)
    found = rebuild(archive.db, archive.places, *parts)
    archive.reopen()
    return found.unreadable


def test_only_the_loss_is_found(packed: Packed) -> None:
    assert findings(packed) == {"CONTENT_LOST": lost(packed)}
    assert len(lost(packed)) == len(NOTES)


def test_lost_records_are_in_the_catalog(packed: Packed) -> None:
    with packed.archive.db.read() as connection:
        found = {row.id: row for row in catalog.search(connection, Query())}
        assert sorted(found) == sorted(str(e.subject) for e in packed.entries())
        assert sorted(record for record, row in found.items() if row.lost) == lost(packed)
        for entry in packed.entries():
            row = found[str(entry.subject)]
            assert (row.size, row.source) == (entry.body["size"], entry.body["source"])
            assert row.pack == (entry.body.get("pack") or {}).get("id")
        kinds = [
            e.kind
            for e in custody(connection, packed.archive.places.evidence, lost(packed)[0]).events
        ]
    assert kinds == ["record.accessioned", "record.lost"]


def test_rebuild_gives_the_same_catalog(packed: Packed) -> None:
    before = lines(packed)
    assert rebuilt(packed) == 0
    assert lines(packed) == before
    assert findings(packed) == {"CONTENT_LOST": lost(packed)}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE record SET lost = 0 WHERE id = :id", "DELETE FROM record WHERE id = :id"],
)
def test_an_edited_line_of_a_lost_record_is_found(packed: Packed, statement: str) -> None:
    with packed.archive.db.write() as connection:
        connection.execute(text(statement), {"id": lost(packed)[0]})
    assert "DATABASE_DIFFERS" in findings(packed)


def test_the_same_bytes_are_taken_anew(packed: Packed) -> None:
    """A lost record is no first record of what comes again."""
    admitted = packed.take(NOTES, "again")
    assert (admitted.records, admitted.redropped) == (len(NOTES), 0)
    bodies = [json.dumps(e.body) for e in packed.entries()]
    assert not any("same_content_as" in body for body in bodies)
    assert findings(packed) == {"CONTENT_LOST": lost(packed)}
