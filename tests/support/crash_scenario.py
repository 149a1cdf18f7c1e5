"""A small life of an archive, and what must hold when it is opened again after a crash."""

import dataclasses
from datetime import datetime
from pathlib import Path

from archive_fixture import (
    SOURCE,
    Archive,
    FakeClock,
    make_archive,
    open_database,
    places_in,
    policy_of,
)
from power_cut import PowerCutDisk, State, WatchedDatabase

from archive import layout, ledger
from archive.durable import FileSystem, append_lines
from archive.findings import Outcome
from archive.ports import read_all
from archive.verify import Kit, verify
from signing.digest import Digest
from signing.errors import TimestampUnavailable
from signing.note import Note


class QuietDisk(FileSystem):
    """Reopened archives need no syncs: nothing is cut off a second time."""

    def fsync_file(self, fd: int) -> None:
        pass

    def sync_file_system(self, path: Path) -> None:
        pass


def recorded_archive(home: Path) -> tuple[Archive, PowerCutDisk]:
    """An archive whose every durable step is recorded from now on."""
    clock = FakeClock()
    (home / "outbox").mkdir()
    disk = PowerCutDisk(home, lambda: clock.moment)
    archive = make_archive(home, clock, fs=disk, batch=8)
    archive.db.close()
    archive.db = WatchedDatabase(home, disk)
    archive.sealer = archive.new_sealer()
    disk.start()
    return archive, disk


def scenario(archive: Archive, disk: PowerCutDisk) -> None:
    """Sealing, staged contents, receipts, a late token, and the turn of the year."""
    archive.seal()
    disk.mark(promise(archive))
    staged = [archive.accession(b"notes %d\n" % n, staged=n == 1, sidecar=b"{}") for n in (0, 1)]
    archive.seal()
    disk.mark(promise(archive))
    disk.unlink(archive.places.staging / staged[1].record)
    for count in (1, 2):
        line = b'{"receipt":%d}' % count
        append_lines(disk, archive.home / "outbox" / SOURCE / "2026-11-22.jsonl", [line])
        disk.mark(("line", f"outbox/{SOURCE}/2026-11-22.jsonl", line))
    seal_without_time(archive)
    archive.heartbeats(1)
    archive.sealer = archive.new_sealer()
    archive.seal()
    disk.mark(promise(archive))
    archive.clock.advance(days=60)
    archive.heartbeats(1)
    archive.seal()
    disk.mark(promise(archive))


def seal_without_time(archive: Archive) -> None:
    """Seal something while the time-stamping authority is away; its token follows later."""
    away = dataclasses.replace(archive.identity, timestamper=AwayTimestamper, time_is_local=False)
    archive.submit(dataclasses.replace(archive.source_entry("source.registered"), urgent=True))
    archive.new_sealer(identity=away).drain()


class AwayTimestamper:
    """A time-stamping authority that does not answer."""

    def __init__(self, _after: object) -> None:
        pass

    def timestamp(self, digest: Digest) -> bytes:
        raise TimestampUnavailable("The authority is away.")


def promise(archive: Archive) -> tuple[str, str, bytes]:
    """The newest published note: from now on it holds for ever."""
    head = archive.head()
    assert head.published == head.size
    key = layout.note_key(head.log, head.published)
    return ("note", f"{head.log} {head.published}", read_all(archive.places.evidence, key))


def reopened(original: Archive, moment: datetime) -> Archive:
    """The archive as a new process on the machine finds it."""
    fs = QuietDisk()
    original.clock.moment = moment
    archive = dataclasses.replace(original, fs=fs)
    archive.db = open_database(archive.home)
    archive.places = places_in(archive.home, fs)
    archive.sealer = archive.new_sealer()
    return archive


def check_state(original: Archive, state: State) -> None:
    """Open what a power cut left, finish, and verify; raises AssertionError or an ArchiveError."""
    state.write_to(original.home)
    archive = reopened(original, state.moment)
    try:
        _check_pointer(archive)
        archive.seal()
        _check_promises(archive, state)
        archive.heartbeats(1)
        archive.seal()
        _check_everything(archive, state)
    finally:
        archive.db.close()


def _check_pointer(archive: Archive) -> None:
    """The pointer is the newest published note, or one that is just being published."""
    path = archive.live / layout.POINTER_KEY
    with archive.db.read() as connection:
        head = ledger.current_head(connection)
    size = 0
    if path.exists():
        lines = Note.parse(path.read_bytes()).text.splitlines()
        log, size = lines[0].rpartition("/")[2], int(lines[1])
        if head is not None and log != head.log:
            size = 0
    if head is not None:
        assert head.published <= size <= head.signed or head.published == 0


def _check_promises(archive: Archive, state: State) -> None:
    for kind, where, data in state.marks:
        if kind == "line":
            lines = (archive.home / where).read_bytes().split(b"\n")
            assert data in lines, f"a receipt is gone from {where}"


def _check_everything(archive: Archive, state: State) -> None:
    with archive.db.read() as connection:
        head = ledger.current_head(connection)
        assert ledger.pending_count(connection) == 0
    assert head is not None
    assert head.published == head.size
    kit = Kit(
        known=[(where, data) for kind, where, data in state.marks if kind == "note"],
    )
    places = archive.places
    report = verify(
        places.evidence,
        places.live,
        policy_of(archive, max_seal_gap=10**9),
        now=archive.clock.now(),
        kit=kit,
        workers=1,
    )
    assert report.outcome is Outcome.PASSED, [f.to_value() for f in report.findings]
