"""A small life of an archive, and what must hold when it is opened again after a crash."""

import dataclasses
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archive_fixture import (
    SOURCE,
    Archive,
    FakeClock,
    make_archive,
    open_database,
    places_in,
    policy_of,
)
from power_cut import DATABASE, PowerCutDisk, State, WatchedDatabase
from sqlalchemy import select, update

from archive import layout, ledger
from archive.durable import FileSystem, append_lines
from archive.entry import Entry
from archive.findings import Outcome
from archive.handout import Handout
from archive.ports import read_all
from archive.verify import Kit, verify
from ingest.by_hand import drops_of
from ingest.intake import INTAKE, Intake, IntakeSettings
from ingest.register import Maker
from ingest.releasing import Releaser, ReleaseSettings
from signing.digest import Digest
from signing.errors import TimestampUnavailable
from signing.note import Note

BAD = "bad.txt"
DROPS = {
    "note.txt": b"as the device left it\n",
    "photo.jpg.json": b'{"cunzheng_sidecar":1,"stage":"investigate"}',
    "photo.jpg": b"\xff\xd8photo",
    "apart.txt.json": b'{"cunzheng_sidecar":1,"classification":"sensitive"}',
    "apart.txt": b"stands alone\n",
    f"{BAD}.json": b'{"cunzheng_sidecar":1,"stage":"?"}',
    BAD: b"its sidecar is bad\n",
}


class QuietDisk(FileSystem):
    """Reopened archives need no syncs: nothing is cut off a second time."""

    def fsync_file(self, fd: int) -> None:
        pass

    def sync_file_system(self, path: Path) -> None:
        pass


def recorded_archive(home: Path) -> tuple[Archive, PowerCutDisk]:
    """An archive whose every durable step is recorded from now on."""
    clock = FakeClock()
    for name in ("inbox", "outbox", "quarantine", "purge", "taken", "out"):
        (home / name).mkdir()
    disk = PowerCutDisk(home, lambda: clock.moment)
    archive = make_archive(home, clock, fs=disk, batch=8)
    archive.db.close()
    archive.db = WatchedDatabase(home, disk)
    archive.sealer = archive.new_sealer()
    disk.start()
    disk.committed(home / DATABASE)
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
    hand_out(archive, disk)
    take_drops(archive, disk)
    seal_without_time(archive)
    archive.heartbeats(1)
    archive.sealer = archive.new_sealer()
    archive.seal()
    disk.mark(promise(archive))
    archive.clock.advance(days=60)
    archive.heartbeats(1)
    archive.seal()
    disk.mark(promise(archive))


def hand_out(archive: Archive, disk: PowerCutDisk) -> None:
    """A copy that is said to be complete."""
    with Handout(disk, archive.home / "out", "access") as copy:
        copy.write(b"as it was ")
        copy.write(b"sealed")
        path = copy.finish("copy.txt")
    disk.mark(("line", str(path.relative_to(archive.home)), b"as it was sealed"))


def take_drops(archive: Archive, disk: PowerCutDisk) -> None:
    """Intake from the inbox to the purge tree, and a drop that goes into quarantine."""
    folder = archive.home / "inbox" / SOURCE
    folder.mkdir()
    disk.settled(folder)
    for name, data in DROPS.items():
        (folder / name).write_bytes(data)
        disk.settled(folder / name)
    disk.mark(("drops", SOURCE, b""))
    work = Intaking(archive)
    work.take()
    work.finish(lambda _: _mark_receipts(archive, disk))
    archive.clock.advance(hours=25)
    work.releaser.purge_due(archive.db)
    work.intake.close()


def _mark_receipts(archive: Archive, disk: PowerCutDisk) -> None:
    for path in sorted((archive.home / "outbox" / SOURCE).iterdir()):
        for line in path.read_bytes().split(b"\n"):
            if line.startswith(b'{"checkpoint"'):
                disk.mark(("receipt", str(path.relative_to(archive.home)), line))


class Intaking:
    """The intake of a home, as the watcher has it; `changed` are settings of it."""

    def __init__(self, archive: Archive, **changed: Any) -> None:
        home, maker = archive.home, Maker(archive.random)
        self._archive = archive
        rest = ReleaseSettings(home / "inbox", home / "purge", home / "taken", timedelta(hours=24))
        self.releaser = Releaser(archive.fs, archive.clock, rest, lambda _: None)
        settings = IntakeSettings(
            office="main",
            digests=archive.settings.digests,
            release="purge",
            software=archive.settings.software,
            storage="read-only",
            inbox=home / "inbox",
            staging=home / "staging",
            outbox=home / "outbox",
            quarantine=home / "quarantine",
            pack_up_to=1 << 18,
            floor=lambda moment: moment + timedelta(days=180),
            floor_class=lambda: "6m",
        )
        self.intake = Intake(
            archive.db,
            archive.sealer,
            archive.places.evidence,
            archive.fs,
            archive.clock,
            maker,
            dataclasses.replace(settings, **changed),
            self.releaser,
        )

    def take(self) -> None:
        """Everything that lies in the inbox."""
        folder = self._archive.home / "inbox" / SOURCE
        if folder.exists():
            self.intake.admit(list(drops_of([folder], SOURCE)))

    def finish(self, on_receipts: Callable[[int], None] | None = None) -> None:
        self.intake.finish(on_receipts)


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
        _keep_inodes(archive)
        archive.seal()
        work = Intaking(archive)
        work.finish()
        work.take()
        work.finish()
        work.intake.close()
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
        if kind == "drops":
            _check_drops(archive)
        if kind in ("line", "receipt"):
            lines = (archive.home / where).read_bytes().split(b"\n")
            assert data in lines, f"a receipt is gone from {where}"


def _keep_inodes(archive: Archive) -> None:
    """A rebuilt file has another inode and other times than the one that survived: tell so."""
    with archive.db.write() as connection:
        for row in connection.execute(select(INTAKE)).all():
            for path in (row.path, row.moved_to):
                if path and os.path.exists(path):
                    found = os.stat(path)
                    key = {"dev": found.st_dev, "ino": found.st_ino}
                    times = {"mtime_ns": found.st_mtime_ns, "ctime_ns": found.st_ctime_ns}
                    change = update(INTAKE).where(INTAKE.c.id == row.id)
                    connection.execute(change.values(**key, **times))


def _check_drops(archive: Archive) -> None:
    """Each drop was sealed once, or lies in quarantine; none is left, each has its receipt."""
    with archive.db.read() as connection:
        query = select(ledger.ENTRY.c.data).where(ledger.ENTRY.c.stream == f"source/{SOURCE}")
        entries = [Entry.parse(row.data) for row in connection.execute(query)]
    outbox = list((archive.home / "outbox" / SOURCE).iterdir())
    receipts = b"".join(path.read_bytes() for path in outbox)
    quarantined = {p.read_bytes() for p in (archive.home / "quarantine").glob("*/content")}
    for name, data in DROPS.items():
        assert not (archive.home / "inbox" / SOURCE / name).exists()
        if name.endswith(".json"):
            continue
        if name == BAD:
            assert data in quarantined
            continue
        wanted = str(Digest.of("sha256", data))
        accessions = [e for e in entries if e.kind == "record.accessioned"]
        assert [e.body["content"][0] for e in accessions].count(wanted) == 1
        assert wanted.encode() in receipts


def _check_everything(archive: Archive, state: State) -> None:
    with archive.db.read() as connection:
        head = ledger.current_head(connection)
        assert ledger.pending_count(connection) == 0
    assert head is not None
    assert head.published == head.size
    archive.clock.advance(seconds=1)
    kit = Kit(
        known=[(where, data) for kind, where, data in state.marks if kind == "note"],
        receipts=[(where, data) for kind, where, data in state.marks if kind == "receipt"],
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
