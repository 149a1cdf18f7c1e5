"""The intake state machine: from settled drops to receipts and release (design §3).

    staged -> (entry sealed, stored, read back) -> receipted -> released -> purged
    refused                 a state secret: the drop is not touched, nothing of it is kept

Each state is a row in the database; whatever a crash interrupts is taken up from there by the
same code. `admit` ends with one commit by which the batch belongs to the archive; `finish` does
the rest.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive import ledger
from archive.database import Database
from archive.durable import FileSystem
from archive.ledger import NewEntry
from archive.ports import Clock, ObjectStore
from archive.seal import Sealer
from archive.submitting import is_published
from archive.tables import IntakeRow
from ingest.describe import Circumstances, describe
from ingest.drops import Accepted, Outcome, Preparer, RefusedDrop, Rejected
from ingest.entries import EntryMaker, Known
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.outbox import Due, Outbox, make_receipts
from ingest.redrop import find_first
from ingest.register import Maker, ensure_source
from ingest.release import KEEP
from ingest.releasing import Releaser
from ingest.returned import release_again
from ingest.session import StagingSession
from ingest.sweep import Drop, Found

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_LARGE = 1 << 20
_READERS = 2


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """What the archive's settings say about intake, and where its folders are."""

    office: str
    digests: tuple[str, ...]
    release: str
    software: str
    storage: str
    inbox: Path
    staging: Path
    outbox: Path
    quarantine: Path


@dataclass(slots=True)
class Admitted:
    """What became of a batch: how many were taken, and which drops must settle anew."""

    records: int = 0
    bytes: int = 0
    redropped: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    refused: int = 0
    known: int = 0
    unsettled: list[Drop] = field(default_factory=list)
    unreadable: list[Drop] = field(default_factory=list)
    late_sidecars: list[Found] = field(default_factory=list)
    """Sidecars whose files are on their way, or sealed, without them."""


class Intake:
    """Takes batches of settled drops. One per process; `close` it at the end."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        evidence: ObjectStore,
        fs: FileSystem,
        clock: Clock,
        maker: Maker,
        settings: IntakeSettings,
        releaser: Releaser,
    ) -> None:
        self._db = database
        self._sealer = sealer
        self._evidence = evidence
        self._fs = fs
        self._clock = clock
        self._maker = maker
        self._settings = settings
        self._releaser = releaser
        self._session = StagingSession(settings.staging, fs, maker.id(clock.now()))
        self._dead_need_us = self._session.clean_up_dead(database)
        self._outbox = Outbox(fs, settings.outbox)
        self._entries = EntryMaker(maker, clock, self._session.name)
        self._preparer = Preparer(
            fs, self._session.folder, settings.quarantine, settings.digests, maker.id, clock.now
        )

    # --- admit: from drops to one commit

    def admit(self, drops: Sequence[Drop]) -> Admitted:
        """Stage a batch and submit it; nothing is sealed yet.

        Raises Unreachable if the disk is full: the batch is given back whole.
        """
        result = Admitted()
        fresh = self._not_known(drops, result)
        outcomes = _without_repeated_refusals(self._prepare(fresh, result), result)
        if not outcomes:
            return result
        self._fs.sync_file_system(self._settings.staging)
        with self._db.read() as connection:
            known = self._lookup(connection, outcomes)
        now = self._clock.now()
        entries, rows = self._entries_and_rows(outcomes, known, now, result)
        with self._db.write() as connection:
            for source, folder in _sources(outcomes).items():
                ensure_source(connection, source, folder, now, self._maker)
            ledger.submit(connection, entries)
            connection.execute(insert(INTAKE), rows)
        self._session.submitted(
            name
            for outcome in outcomes
            if isinstance(outcome, Accepted)
            for name in (outcome.record, f"{outcome.record}.pieces")
        )
        return result

    def _not_known(self, drops: Sequence[Drop], result: Admitted) -> list[Drop]:
        """Leave out drops that are on their way already, or were refused as they are."""
        present = {key for drop in drops for key in _keys(drop)}
        files = [drop.file for drop in drops]
        release_again(self._db, {f.source for f in files}, [f.path for f in files], present)
        with self._db.read() as connection:
            known = _known_keys(connection, drops)
        fresh = []
        for drop in drops:
            keys = _keys(drop)
            if not known.keys() & {*keys}:
                fresh.append(drop)
                # A person may name the same file twice.
                known[keys[0]] = drop.sidecar is not None
            elif drop.sidecar is not None and known.get(keys[0]) is False:
                result.late_sidecars.append(drop.sidecar)
        result.known = len(drops) - len(fresh)
        return fresh

    def _prepare(self, drops: Sequence[Drop], result: Admitted) -> list[Outcome]:
        """Read all drops; large ones two at a time, since hashing lets go of the interpreter."""
        large = [drop for drop in drops if drop.file.key.size >= _LARGE]
        small = [drop for drop in drops if drop.file.key.size < _LARGE]
        try:
            found = [self._attempt(drop, result) for drop in small]
            if large:
                with ThreadPoolExecutor(_READERS) as readers:
                    found.extend(readers.map(lambda drop: self._attempt(drop, result), large))
        except BaseException:
            self._session.drop_unsubmitted(self._db)
            raise
        return [outcome for outcome in found if outcome is not None]

    def _attempt(self, drop: Drop, result: Admitted) -> Outcome | None:
        try:
            outcome = self._preparer.prepare(drop)
        except SourceChanged:
            result.unsettled.append(drop)
            return None
        except SourceUnreadable:
            gone = not all(os.path.lexists(f.path) for f in (drop.file, drop.sidecar) if f)
            (result.unsettled if gone else result.unreadable).append(drop)
            return None
        return self._described(outcome) if isinstance(outcome, Accepted) else outcome

    def _described(self, outcome: Accepted) -> Accepted:
        """Write record.json, and let go of the bytes that it was found by."""
        description = describe(
            outcome.record,
            self._maker.random(16),
            outcome.staged,
            self._circumstances(outcome),
            outcome.sidecar,
        ).to_bytes()
        staged = replace(outcome.staged, head=b"")
        return replace(outcome, staged=staged, description=description)

    def _lookup(self, connection: Connection, outcomes: Iterable[Outcome]) -> Known:
        digests = [_sha256(o) for o in outcomes if isinstance(o, Accepted)]
        return Known.load(connection, digests)

    def _entries_and_rows(
        self, outcomes: Sequence[Outcome], known: Known, now: datetime, result: Admitted
    ) -> tuple[list[NewEntry], list[dict[str, Any]]]:
        """What goes into the database, made before anybody has to wait for its write lock."""
        entries: list[NewEntry] = []
        rows: list[dict[str, Any]] = []
        for outcome in outcomes:
            entry, record = self._entry(outcome, known, result)
            entries.append(entry)
            rows.append(self._row(outcome, entry.id, record, now))
        return entries, rows

    def _entry(
        self,
        outcome: Outcome,
        known: Known,
        result: Admitted,
    ) -> tuple[NewEntry, str | None]:
        if isinstance(outcome, RefusedDrop):
            result.refused += 1
            return self._entries.refused(outcome), None
        if isinstance(outcome, Rejected):
            result.rejected.append(outcome)
            return self._entries.rejected(outcome), None
        result.bytes += outcome.staged.size
        first = find_first(outcome, known, self._evidence)
        if first is not None:
            result.redropped += 1
            return self._entries.redropped(outcome, first), first.id
        result.records += 1
        same = known.same_content(_sha256(outcome), outcome.record)
        return self._entries.accessioned(outcome, self._settings.office, same), outcome.record

    def _circumstances(self, outcome: Accepted) -> Circumstances:
        file = outcome.drop.file
        return Circumstances(
            file.source,
            self._settings.office,
            file.name,
            file.folder,
            outcome.drop.settled,
            outcome.received_at,
            outcome.first_hash_at,
            self._settings.software,
        )

    def _row(
        self, outcome: Outcome, pending: str, record: str | None, now: datetime
    ) -> dict[str, Any]:
        file = outcome.drop.file
        row: dict[str, Any] = {
            "id": self._maker.id(now),
            "source": file.source,
            "path": file.path,
            **_key_columns(file),
            "sha256": b"",
            "sidecar_sha256": None,
            "state": "staged",
            "record": record,
            "pending": pending,
            "release": self._settings.release,
            "at": now,
        }
        if isinstance(outcome, RefusedDrop):
            # A neutral stub: neither name nor digest; the sidecar's key, for the mark stands there.
            beside = outcome.drop.sidecar or file
            return {**row, **_key_columns(beside), "path": b"", "state": "refused"}
        if isinstance(outcome, Rejected):
            row["sha256"] = outcome.content.digests[0].value
            row["sidecar_sha256"] = outcome.sidecar[0].value
            judged = outcome.drop.sidecar
            if self._settings.release == KEEP and judged is not None:
                # It stays where it is: known by its sidecar, so that a corrected one is looked at.
                return {**row, "path": judged.path, **_key_columns(judged)}
            return row
        row["sha256"] = _sha256(outcome)
        if outcome.sidecar is not None:
            row["sidecar_sha256"] = outcome.sidecar.digests[0].value
        return row

    # --- finish: from the commit to receipts and release

    def finish(self, on_receipts: Callable[[int], None] | None = None) -> bool:
        """Seal what is pending, write receipts that are due, release their drops.

        Returns True if something still waits (for the TSA). Does the rest of whatever a crash
        interrupted, so it is also what a start begins with.
        """
        drained = self._sealer.drain()
        with self._outbox.locked():
            while self._receipt_some(on_receipts):
                pass
            self._releaser.release_due(self._db)
        if self._dead_need_us:
            self._dead_need_us = self._session.clean_up_dead(self._db)
        return drained is not None and drained.waiting_for_tsa

    def _receipt_some(self, on_receipts: Callable[[int], None] | None) -> bool:
        with self._db.read() as connection:
            due = _due(connection, 2048)
            ready = make_receipts(connection, [d for d in due if d.record], self._settings.storage)
            done = [item.due.intake for item in ready]
            done += [d.intake for d in due if not d.record and _is_durable(connection, d.pending)]
        if not done:
            return False
        self._outbox.write(ready, self._clock.now())
        with self._db.write() as connection:
            _set_state(connection, done, "receipted")
        if on_receipts is not None:
            on_receipts(len(ready))
        return True

    def clean_up(self) -> None:
        """Remove staged files of ours that are stored by now."""
        self._session.clean_up(self._db)

    def close(self) -> None:
        """Give the staging folder back, and see once more to what dead processes left."""
        self._session.close(self._db)
        self._session.clean_up_dead(self._db)


def _due(connection: Connection, limit: int) -> list[Due]:
    query = select(INTAKE).where(INTAKE.c.state == "staged").order_by(INTAKE.c.id).limit(limit)
    return [
        Due(row.id, row.source, row.path.rpartition(b"/")[2], row.record or "", row.pending, row.at)
        for row in connection.execute(query)
    ]


def _is_durable(connection: Connection, pending: str) -> bool:
    place = ledger.place_of(connection, pending)
    return place is not None and is_published(connection, place)


def _set_state(connection: Connection, ids: Sequence[str], state: str) -> None:
    connection.execute(update(INTAKE).where(INTAKE.c.id.in_(ids)).values(state=state))


def _key_columns(file: Found) -> dict[str, int]:
    key = file.key
    return {
        "dev": key.device,
        "ino": key.inode,
        "size": key.size,
        "mtime_ns": key.mtime_ns,
        "ctime_ns": key.ctime_ns,
    }


def _keys(drop: Drop) -> list[tuple[bytes, tuple[int, ...]]]:
    own = tuple(drop.file.key)
    keys = [(drop.file.path, own), (b"", own)]
    if drop.sidecar is not None:
        key = tuple(drop.sidecar.key)
        keys += [(b"", key), (drop.sidecar.path, key)]
    return keys


def _known_keys(
    connection: Connection, drops: Sequence[Drop]
) -> dict[tuple[bytes, tuple[int, ...]], bool]:
    """Keys of drops that are staged, receipted, kept in place, or refused; have they sidecars?"""
    c = INTAKE.c
    paths = {path for drop in drops for path, _ in _keys(drop)}
    query = select(c.sidecar_sha256, c.path, c.dev, c.ino, c.size, c.mtime_ns, c.ctime_ns).where(
        c.source.in_({drop.file.source for drop in drops}),
        c.path.in_(paths),
        c.state.in_(("staged", "receipted", "refused", "kept")),
    )
    rows = connection.execute(query)
    return {(row.path, tuple(row[2:])): row.sidecar_sha256 is not None for row in rows}


def _without_repeated_refusals(outcomes: list[Outcome], result: Admitted) -> list[Outcome]:
    """One refusal for one sidecar, also where it stands under several names."""
    kept: list[Outcome] = []
    seen = set()
    for outcome in outcomes:
        if isinstance(outcome, RefusedDrop):
            file = outcome.drop.sidecar or outcome.drop.file
            if (file.source, file.key) in seen:
                result.known += 1
                continue
            seen.add((file.source, file.key))
        kept.append(outcome)
    return kept


def _sha256(outcome: Accepted) -> bytes:
    return next(d.value for d in outcome.staged.digests if d.algorithm == "sha256")


def _sources(outcomes: Iterable[Outcome]) -> dict[str, bytes]:
    return {o.drop.file.source: _source_folder(o.drop.file) for o in outcomes}


def _source_folder(file: Found) -> bytes:
    """Name of the folder directly below the inbox."""
    depth = 1 + (file.folder.count(b"/") + 1 if file.folder else 0)
    parts = file.path.split(b"/")
    return parts[-1 - depth] if len(parts) > depth else file.source.encode()
