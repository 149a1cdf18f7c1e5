"""The database again from the store alone, and a sealer that goes on without a fork."""

import dataclasses
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import SOURCE, Archive, make_archive, policy_of

from archive import layout
from archive.errors import ArchiveError, ContentAltered, LedgerBehind, UsageError
from archive.lease import Lease
from archive.ledger import NewEntry
from archive.ports import ObjectStore, PutItem
from archive.rebuild import Rebuilt, rebuild
from archive.verify.run import verify
from signing.digest import Digest
from signing.errors import TimestampUnavailable
from signing.keys import ED25519, MemorySigner
from signing.timestamp import Timestamper

TABLES = {
    "head": "log, year, size, signed, published, frontier, closed",
    "entry": "log, idx, stream, seq, leaf, data",
    "seal": "log, size, previous, note, p7s, tst, gen_time, late, token_linked",
    "tile_root": "log, level, number, hash",
    "record": "*",
    "source": "id, name, state, label, kind, unit",
    "pki": "sha256, kind, issuer, number, next_update, data, linked",
    "outage": "reason, until is null",
}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path)


class Killed(Exception):
    """The process ends here."""


class DyingStore:
    """A store whose process dies before it writes the first key that `at` names."""

    def __init__(self, store: Any, at: Callable[[str], bool]) -> None:
        self._store = store
        self._at = at

    def put(self, items: Sequence[PutItem]) -> None:
        for item in items:
            if self._at(item.key):
                raise Killed
            self._store.put([item])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class AwayTsa:
    def timestamp(self, digest: Digest) -> bytes:
        raise TimestampUnavailable("away")


def run(archive: Archive, **changed: Any) -> Rebuilt:
    parts = {"identity": archive.identity, "clock": archive.clock, "fs": archive.fs, **changed}
    parts = {"policy": policy_of(archive), **parts}
    return rebuild(archive.db, archive.places, lease=Lease(archive.home / "seal.lock"), **parts)


def wipe(archive: Archive) -> None:
    archive.db.close()
    for file in archive.home.glob("cunzheng.db*"):
        file.unlink()


def tables(archive: Archive) -> dict[str, list[Any]]:
    with sqlite3.connect(archive.home / "cunzheng.db") as connection:
        return {
            name: sorted(connection.execute(f"SELECT {columns} FROM {name}"), key=repr)
            for name, columns in TABLES.items()
        }


def die_at(archive: Archive, at: Callable[[str], bool], place: str = "evidence") -> None:
    """Seal until the process dies before it writes such a key."""
    dying: Any = DyingStore(getattr(archive.places, place), at)
    places = dataclasses.replace(archive.places, **{place: dying})
    with pytest.raises(Killed):
        archive.new_sealer(places=places).drain()


def findings(archive: Archive) -> set[tuple[str, str]]:
    evidence: ObjectStore = archive.places.evidence
    now = archive.clock.now()
    report = verify(evidence, archive.places.live, policy_of(archive), now=now, workers=1)
    return {(f.code, f.subject) for f in report.findings if f.code != "INTERNAL_TIME"}


def go_on(archive: Archive, count: int = 300) -> None:
    """Seal more with a new process and see that the whole archive verifies."""
    archive.reopen()
    archive.heartbeats(count)
    archive.accession(b"after", source="DSJ-after")
    archive.seal()
    head = archive.head()
    assert head.published == head.size


def busy(archive: Archive) -> None:
    """Something of everything, in two logs."""
    archive.accession(b"one", sidecar=b'{"cunzheng_sidecar":1}')
    archive.submit(archive.source_entry("source.registered"))
    archive.seal()
    archive.submit(
        archive.source_entry("source.confirmed", state="confirmed", label="L", kind="k", unit="u")
    )
    lost = archive.accession(b"gone")
    archive.seal()
    at = archive.place(lost.entry)
    detail = archive.detail("record.lost", {"reason": "r", "person": "p"})
    body = {
        "detail": str(detail.digest()),
        "detail_id": detail.id,
        "entry": {"log": at[0], "index": at[1]},
    }
    now = archive.clock.now()
    archive.submit(
        NewEntry(
            archive.ulid(), "record.lost", f"source/{SOURCE}", "account/p", now, lost.record, body
        )
    )
    archive.heartbeats(700)
    archive.seal()
    archive.clock.moment = datetime(2026, 12, 31, 17, tzinfo=UTC)
    archive.heartbeats(1)
    archive.seal()
    archive.accession(b"two")
    archive.seal()


def test_everything_comes_back(archive: Archive) -> None:
    busy(archive)
    before = tables(archive)
    wipe(archive)
    found = run(archive)
    after = tables(archive)
    assert after.pop("source") == [(SOURCE, SOURCE.encode(), "confirmed", "L", "k", "u")]
    assert after == {name: before[name] for name in after}
    assert found.logs == ("main-2026", "main-2027")
    assert (found.entries, found.records) == (len(before["entry"]), 3)
    assert (found.unreadable, found.unpublished, found.kept) == (0, None, None)
    go_on(archive)


def test_seal_wipe_rebuild_seal(archive: Archive) -> None:
    archive.accession(b"one")
    archive.heartbeats(600)
    archive.seal()
    wipe(archive)
    run(archive)
    go_on(archive)
    assert findings(archive) == set()


def test_old_copy_of_the_database(archive: Archive) -> None:
    archive.accession(b"one")
    archive.seal()
    archive.db.close()
    shutil.copy(archive.home / "cunzheng.db", archive.home / "backup")
    archive.reopen()
    archive.accession(b"two")
    archive.heartbeats(300)
    archive.seal()
    wipe(archive)
    shutil.move(archive.home / "backup", archive.home / "cunzheng.db")
    archive.reopen()
    archive.accession(b"came again")
    with pytest.raises(LedgerBehind):
        archive.seal()
    found = run(archive)
    assert found.unpublished == 1
    assert found.kept is not None
    with sqlite3.connect(found.kept) as connection:
        assert connection.execute("SELECT count(*) FROM pending").fetchone() == (1,)
    go_on(archive)
    assert findings(archive) == set()


def test_open_processes_go_on_with_the_new_content(archive: Archive) -> None:
    archive.accession(b"one")
    archive.seal()
    run(archive)
    archive.heartbeats(3)
    archive.seal()
    assert findings(archive) == set()


def test_damaged_database_file(archive: Archive) -> None:
    archive.accession(b"one")
    archive.seal()
    archive.db.close()
    (archive.home / "cunzheng.db").write_bytes(b"not a database at all" * 1000)
    found = run(archive)
    assert found.unpublished is None
    assert found.kept is not None
    assert found.kept.read_bytes().startswith(b"not a database")
    go_on(archive)
    assert findings(archive) == set()


def test_empty_store(archive: Archive) -> None:
    assert run(archive).entries == 0
    go_on(archive)
    assert findings(archive) == set()


@pytest.mark.parametrize(
    "at",
    [
        lambda key: "/tile/entries/000" in key,
        lambda key: "/tile/0/000" in key,
        lambda key: key.endswith(".p7s"),
    ],
    ids=["no tiles", "some tiles", "all tiles"],
)
def test_crash_behind_the_note(archive: Archive, at: Callable[[str], bool]) -> None:
    """The signed batch is taken over, and its seal completed with the same note."""
    archive.seal()
    archive.heartbeats(505)
    made = archive.accession(b"one")
    die_at(archive, at)
    note = next(archive.evidence.glob("log/main-2026/seals/*508.note")).read_bytes()
    wipe(archive)
    archive.clock.advance(minutes=5)
    found = run(archive)
    assert (found.entries, found.records) == (508, 1)
    go_on(archive)
    key = archive.evidence / layout.cms_key("main-2026", 508)
    assert key.exists()
    assert (archive.evidence / layout.note_key("main-2026", 508)).read_bytes() == note
    with archive.db.read() as connection:
        row = connection.exec_driver_sql("SELECT idx FROM record WHERE id=?", (made.record,))
        assert row.fetchone() is not None
    assert findings(archive) == set()


@pytest.mark.parametrize(
    ("place", "at"),
    [
        ("live", lambda key: "/tile/0/" in key),
        ("evidence", lambda key: key.endswith(".note")),
    ],
    ids=["live tiles", "note"],
)
def test_crash_before_the_note(archive: Archive, place: str, at: Callable[[str], bool]) -> None:
    """What nobody signed is not taken over and is in nobody's way."""
    archive.seal()
    archive.heartbeats(505)
    made = archive.accession(b"one")
    die_at(archive, at, place)
    wipe(archive)
    assert run(archive).entries == 1
    archive.reopen()
    archive.heartbeats(505)
    archive.seal()
    again = archive.accession(b"one")
    archive.seal()
    assert again.record != made.record
    # Files bear the real time; a day later than both clocks nothing is at work on them.
    latest = max(archive.clock.moment, datetime.now(UTC))  # noqa: TID251
    archive.clock.moment = latest + timedelta(days=1)
    left = {code for code, subject in findings(archive) if made.record in subject}
    assert left == {"OBJECT_UNEXPECTED"}


def test_crash_between_signature_and_token(archive: Archive) -> None:
    archive.seal()
    archive.accession(b"one")
    die_at(archive, lambda key: key.endswith(".tst"))
    wipe(archive)
    run(archive)
    go_on(archive)
    assert findings(archive) == set()


def test_late_tokens(archive: Archive) -> None:
    def away(_after: datetime | None) -> Timestamper:
        return AwayTsa()

    archive.seal()
    identity = dataclasses.replace(archive.identity, timestamper=away)
    urgent = archive.new_sealer(identity=identity)
    for _ in range(3):
        entry = archive.heartbeats(1)[0]
        with archive.db.write() as connection:
            connection.exec_driver_sql("UPDATE pending SET urgent=1 WHERE id=?", (entry.id,))
        urgent.drain()
    before = tables(archive)
    assert [row[7] for row in before["seal"]].count(0) == 1
    wipe(archive)
    run(archive)
    assert tables(archive) == before
    archive.reopen()
    archive.seal()
    seals = [(*row[:7], row[8]) for row in tables(archive)["seal"]]
    assert all(row[5] and row[7] for row in seals)
    wipe(archive)
    run(archive)
    # That a token came late is known where the batch after it was made without.
    assert [(*row[:7], row[8]) for row in tables(archive)["seal"]] == seals
    assert findings(archive) == set()


def test_entries_that_were_never_published_are_counted(archive: Archive) -> None:
    archive.seal()
    archive.accession(b"one", staged=True)
    for file in archive.places.staging.iterdir():
        file.unlink()
    archive.accession(b"two")
    sealer = archive.new_sealer()
    sealer._guard()
    assert sealer._append()
    archive.heartbeats(1)
    archive.accession(b"three")
    assert run(archive).unpublished == 3


def test_signed_but_not_stored_is_not_forked(archive: Archive) -> None:
    archive.seal()
    archive.accession(b"one")
    die_at(archive, lambda key: key.startswith("records/"))
    with pytest.raises(UsageError, match="signed but not stored"):
        run(archive)
    archive.reopen()
    archive.seal()
    assert run(archive).entries == 3
    assert findings(archive) == set()


def cut(archive: Archive, after: int) -> None:
    """Remove all seals above a size, as a rolled-back store would have it."""
    for file in (archive.evidence / "log/main-2026/seals").iterdir():
        if int(file.name[:16]) > after:
            file.unlink()


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.chmod(0o644)
    path.write_bytes(change(path.read_bytes()))


def flip(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda a: cut(a, 1), "cut short or rolled back"),
        (lambda a: rewrite(a.evidence / "log/main-2026/tile/entries/000", flip), "Entry|entries"),
        (lambda a: (a.evidence / layout.note_key("main-2026", 3)).unlink(), "not complete"),
        (lambda a: (a.evidence / layout.cms_key("main-2026", 3)).unlink(), "complete|lost"),
        (lambda a: (a.evidence / layout.token_key("main-2026", 3)).unlink(), "not the one"),
        (lambda a: rewrite(a.evidence / layout.note_key("main-2026", 3), flip), "does not hold"),
        (lambda a: rewrite(a.evidence / layout.cms_key("main-2026", 3), flip), "is bad"),
    ],
    ids=["cut", "entry", "note", "cms", "token", "note altered", "cms altered"],
)
def test_inconsistent_store_is_refused(
    archive: Archive, damage: Callable[[Archive], None], sentence: str
) -> None:
    archive.seal()
    archive.accession(b"one")
    archive.seal()
    archive.heartbeats(300)
    archive.seal()
    before = tables(archive)
    damage(archive)
    with pytest.raises(ArchiveError, match=sentence):
        run(archive)
    assert tables(archive) == before
    assert not list(archive.home.glob("cunzheng.db.*"))
    wipe(archive)
    with pytest.raises(ArchiveError, match=sentence):
        run(archive)


def test_whole_seal_missing(archive: Archive) -> None:
    for _ in range(3):
        archive.heartbeats(1)
        archive.seal()
    for form in (layout.note_key, layout.cms_key, layout.token_key):
        (archive.evidence / form("main-2026", 4)).unlink()
    wipe(archive)
    with pytest.raises(ContentAltered, match="a seal before it is missing"):
        run(archive)


def test_another_key(archive: Archive) -> None:
    archive.seal()
    identity = dataclasses.replace(archive.identity, log_signer=MemorySigner.generate(ED25519))
    with pytest.raises(ContentAltered, match="does not hold"):
        run(archive, identity=identity)


def test_unreadable_description_is_counted(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.accession(b"two")
    archive.seal()
    rewrite(archive.evidence / layout.record_key(made.record), flip)
    found = run(archive)
    assert (found.records, found.unreadable) == (2, 1)
    with archive.db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM record").scalar() == 1


def test_new_crl_numbers_rise_after_a_crash(archive: Archive) -> None:
    """A CRL that was stored but never named is named later, and its number is not used twice."""
    archive.seal()
    archive.clock.advance(days=1)
    archive.heartbeats(1)
    die_at(archive, lambda key: "/seals/" in key)
    wipe(archive)
    run(archive)
    go_on(archive)
    with archive.db.read() as connection:
        rows = connection.exec_driver_sql("SELECT issuer, number, linked FROM pki WHERE kind='crl'")
        found = rows.fetchall()
    assert len({row[:2] for row in found}) == len(found) >= 3
    assert all(row[2] for row in found)
    assert findings(archive) == set()
