"""Giving up what is gone: the ledger goes on, and the loss stays visible for ever."""

from pathlib import Path

import pytest
from archive_fixture import SOURCE, Accession, Archive, make_archive, policy_of
from sqlalchemy import insert, select

from archive import layout
from archive.abandon import INTAKE, Abandoner
from archive.actors import Doer
from archive.catalog import find_record
from archive.detail import Detail
from archive.entry import Entry
from archive.errors import LedgerBlocked, NotFound, UsageError
from archive.lease import Lease
from archive.ledger import ENTRY
from archive.verify.run import verify


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = make_archive(tmp_path)
    made.seal()
    return made


def abandoner(archive: Archive) -> Abandoner:
    lease = Lease(archive.home / "seal.lock")
    return Abandoner(archive.db, archive.places, lease, archive.clock, archive.random)


def lose(archive: Archive, *made: Accession) -> None:
    for accession in made:
        (archive.places.staging / accession.record).unlink()


def blocked(archive: Archive) -> None:
    for _ in range(2):
        with pytest.raises(LedgerBlocked, match="seal abandon"):
            archive.seal()


def take_in(archive: Archive, made: Accession) -> None:
    """The drop's row, as intake keeps it."""
    row = {
        "id": archive.ulid(),
        "source": SOURCE,
        "path": made.record.encode(),
        "dev": 1,
        "ino": 1,
        "size": len(made.content),
        "mtime_ns": 1,
        "ctime_ns": 1,
        "sha256": bytes(32),
        "state": "staged",
        "record": made.record,
        "release": "purge",
        "at": archive.clock.now(),
    }
    with archive.db.write() as connection:
        connection.execute(insert(INTAKE), [row])


def findings(archive: Archive) -> set[tuple[str, str]]:
    places, policy = archive.places, policy_of(archive)
    report = verify(places.evidence, places.live, policy, now=archive.clock.now(), workers=1)
    return {(f.code, f.subject) for f in report.findings if f.code != "INTERNAL_TIME"}


def test_ledger_goes_on_without_the_lost_record(archive: Archive) -> None:
    kept = archive.accession(b"kept", staged=True)
    gone = archive.accession(b"gone", sidecar=b"{}", staged=True)
    take_in(archive, kept)
    take_in(archive, gone)
    lose(archive, gone)
    blocked(archive)
    (lost,) = abandoner(archive).abandon(Doer("1000", "李四"), "磁盘损坏")
    assert (lost.record, lost.log, lost.index) == (gone.record, *archive.place(gone.entry))
    assert lost.keys == (layout.content_key(gone.record),)
    archive.seal()
    head = archive.head()
    assert head.published == head.size
    with archive.db.read() as connection:
        assert find_record(connection, gone.record).lost
        assert not find_record(connection, kept.record).lost
        query = select(INTAKE.c.record, INTAKE.c.state)
        states = {row.record: row.state for row in connection.execute(query)}
        last = connection.execute(select(ENTRY.c.data).order_by(ENTRY.c.idx.desc())).first()
    assert states == {kept.record: "staged"}
    assert last is not None
    entry = Entry.parse(last.data)
    assert (entry.kind, entry.subject, entry.actor) == ("record.lost", gone.record, "account/1000")
    assert entry.body["entry"] == {"log": lost.log, "index": lost.index}
    stored = (archive.evidence / layout.detail_key(entry.body["detail_id"])).read_bytes()
    assert Detail.parse(stored).data == {"person": "李四", "reason": "磁盘损坏"}
    assert (archive.evidence / layout.content_key(kept.record)).read_bytes() == b"kept"
    assert not (archive.evidence / layout.content_key(gone.record)).exists()
    assert (archive.evidence / layout.sidecar_key(gone.record)).exists()
    assert {code for code, _ in findings(archive)} == {"CONTENT_LOST"}


def test_stored_content_is_not_given_up(archive: Archive) -> None:
    """Bytes that reached the store before the crash are had, whatever became of staging."""
    stored = archive.accession(b"stored", staged=True)
    gone = archive.accession(b"gone", staged=True)
    lose(archive, gone)
    blocked(archive)
    target = archive.evidence / layout.content_key(stored.record)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"stored")
    lose(archive, stored)
    found = abandoner(archive).abandon(Doer("1000", "p"), "r")
    assert [lost.record for lost in found] == [gone.record]
    archive.seal()
    assert {code for code, _ in findings(archive)} == {"CONTENT_LOST"}


def test_nothing_to_give_up(archive: Archive) -> None:
    archive.accession(b"one", staged=True)
    with pytest.raises(NotFound, match="nothing to abandon"):
        abandoner(archive).abandon(Doer("1000", "p"), "r")
    archive.seal()
    assert findings(archive) == set()


def test_bytes_that_come_back_are_sealed(archive: Archive) -> None:
    made = archive.accession(b"back", staged=True)
    lose(archive, made)
    blocked(archive)
    (archive.places.staging / made.record).write_bytes(b"back")
    with pytest.raises(NotFound):
        abandoner(archive).abandon(Doer("1000", "p"), "r")
    archive.seal()
    assert findings(archive) == set()


def test_needs_reason_and_person(archive: Archive) -> None:
    for person, reason in (("", "r"), ("p", "  ")):
        with pytest.raises(UsageError):
            abandoner(archive).abandon(Doer("1000", person), reason)
    with pytest.raises(UsageError):
        abandoner(archive).abandon(Doer("a/b", "p"), "r")
