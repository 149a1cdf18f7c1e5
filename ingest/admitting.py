"""The first half of intake: from settled drops to one commit by which they belong to the archive.

    settled drops -> portions that fit into memory -> staged, in packs or alone -> sync -> commit

Nothing is sealed here. A batch is admitted whole or given back whole.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from archive import ledger, packing, resolved
from archive.database import Database
from archive.durable import FileSystem
from archive.errors import StateUnknown
from archive.ledger import NewEntry, Prepared
from archive.ports import Clock, ObjectStore
from archive.rows import insert_rows
from archive.source_rows import read_registered
from archive.source_terms import UNSAID
from archive.tables import IntakeRow
from ingest.ahead import ReadPack
from ingest.alone import Apart, is_sensitive
from ingest.aside import refusal_in
from ingest.batch import Admitted, Batch, Taken
from ingest.describe import Circumstances, Look, Understand
from ingest.drops import Accepted, Outcome, Preparer, RefusedDrop, Rejected
from ingest.entries import EntryMaker, Facts, Known
from ingest.errors import DestroyedBefore, SourceChanged, SourceUnreadable
from ingest.late.entry import COLUMNS, submit_amendments
from ingest.late.judging import Late, LateSidecars, alone, late_of, rows_of_list
from ingest.outbox import Due
from ingest.outcome_rows import content_of, count, is_alone, keys_of, row_of, source_folder
from ingest.packing import Packer, WrittenPack, portions
from ingest.redrop import find_first, is_destroyed, is_spilled
from ingest.refusal import Refusals
from ingest.register import Maker, ensure_source
from ingest.returned import known_drops
from ingest.session import StagingSession
from ingest.sidecars.mapping import Mappings
from ingest.slow_names import DOCUMENTS, MEDIA
from ingest.sweep import Drop
from ingest.unrejected import discard

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_LARGE = 1 << 20
_READERS = max(2, min(8, os.cpu_count() or 2))
"""Large files, media and documents that are read at a time: each is on its own core, as a rule."""
NO_FLOOR = "p"
"""Floor class where there is no schedule (formats §12)."""


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
    pack_up_to: int = 0
    """Records of at most this many bytes travel in packs; 0: every record stands alone."""
    floor: Callable[[datetime], datetime | None] | None = None
    """First lock of what was received at a moment; None where there is no schedule."""
    floor_class: Callable[[], str] = lambda: NO_FLOOR
    """Name of the period that `floor` adds, as pack ids have it."""
    alone: Callable[[Mapping[str, Any]], bool] = is_sensitive
    """By the claims of a sidecar: which small records get objects of their own. Records of a case
    that is under a hold do so whatever this says."""
    copied: Callable[[Connection, Sequence[Due]], list[Due]] | None = None
    """Those of which a second store has what their receipts speak of; None where no receipt waits
    for one."""
    look: Look | None = None
    """Looks at media before they are sealed."""
    understand: Understand | None = None
    """Reads texts and documents before they are sealed."""
    mappings: Mappings = field(default_factory=Mappings)
    """How the sidecars of stations are read."""
    again: bool = False
    """Whether drops come out of quarantine (see Preparer)."""
    session: StagingSession | None = None
    """A folder of staging that packs are read into ahead; intake takes it over."""


class Admission:
    """Takes batches of drops into a session's folder of staging and into the database."""

    def __init__(
        self,
        database: Database,
        evidence: ObjectStore,
        fs: FileSystem,
        clock: Clock,
        maker: Maker,
        settings: IntakeSettings,
        session: StagingSession,
    ) -> None:
        self._db = database
        self._evidence = evidence
        self._fs = fs
        self._clock = clock
        self._maker = maker
        self._settings = settings
        self._session = session
        self._entries = EntryMaker(maker, clock, session.name, settings.office)
        self._facts = Circumstances(settings.office, settings.software)
        self._preparer = Preparer(
            fs,
            session.folder,
            settings.quarantine,
            settings.digests,
            maker.id,
            clock.now,
            maker.random,
            self._facts,
            settings.pack_up_to,
            settings.look,
            settings.understand,
            settings.mappings,
            settings.again,
        )
        self._late = LateSidecars(database, maker, settings.mappings, settings.digests)
        inbox, staging = settings.inbox, settings.staging
        self._refusals = Refusals(database, fs, maker, inbox, staging, self._entries.refused)
        self._slow = (MEDIA if settings.look else ()) + (DOCUMENTS if settings.understand else ())

    def admit(self, drops: Sequence[Drop], read: Sequence[ReadPack] = ()) -> Admitted:
        """Stage a batch, with packs that were read ahead, and submit it.

        Raises Unreachable if the disk is full: the batch is given back whole.
        """
        result = Admitted()
        with self._db.read() as connection:
            self._facts.registered = read_registered(connection)
        batch = Batch(Known.empty(), self._clock.now(), Apart(self._settings.alone, self._db))
        try:
            left = self._take_read(drops, read, batch, result)
            for part in portions(left, self._settings.pack_up_to):
                self._take(part, batch, result)
            if batch.late:
                self._take_late(batch, result)
            if batch.entries or batch.amendments:
                self._fs.sync_file_system(self._settings.staging)
                self._submit(batch)
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, StateUnknown):
                self._discard()
            self._session.drop_unsubmitted(self._db)
            raise
        self._discard()
        return result

    def _discard(self) -> None:
        """Keep no copies in quarantine of drops that were not rejected."""
        if self._preparer.made:
            self._preparer.made.clear()
            discard(self._fs, self._db, self._session.folder, self._settings.quarantine)

    def amend(self, lates: Sequence[Late]) -> Admitted:
        """Submit sidecars that came after their files, of which somebody knows what they are of."""
        result = Admitted()
        batch = Batch(Known.empty(), self._clock.now(), Apart(self._settings.alone, self._db))
        batch.late = [*lates]
        self._take_late(batch, result)
        self._submit(batch)
        return result

    def _take_read(
        self, drops: Sequence[Drop], read: Sequence[ReadPack], batch: Batch, result: Admitted
    ) -> list[Drop]:
        """Take packs that were read ahead and are new as a whole; returns all other new drops."""
        named = [*drops, *(outcome.drop for pack in read for outcome in pack.outcomes)]
        fresh = {id(drop): drop for drop in self._not_known(named, batch, result)}
        for pack in read:
            numbers = [id(outcome.drop) for outcome in pack.outcomes]
            if fresh.keys() >= {*numbers} and self._take_pack(pack, batch, result):
                for number in numbers:
                    del fresh[number]
            else:
                self._session.submitted([pack.staged.file])  # it is removed: nobody needs it
        return [*fresh.values()]

    def _take_pack(self, pack: ReadPack, batch: Batch, result: Admitted) -> bool:
        """Take a pack; False where the archive has one of its contents already, or where the
        register says something else of the source than its drops were described by.
        """
        sources = {outcome.drop.file.source for outcome in pack.outcomes}
        if any(pack.registered != self._facts.registered.get(one, UNSAID) for one in sources):
            return False
        contents = [content_of(outcome) for outcome in pack.outcomes]
        with self._db.read() as connection:
            batch.known.load(connection, contents)
        if not batch.known.by_sha256.keys().isdisjoint(contents):
            return False
        self._enter(pack.outcomes, WrittenPack(self._pack_name(batch), pack.staged), batch, result)
        return True

    def _take(self, drops: Sequence[Drop], batch: Batch, result: Admitted) -> None:
        """Stage one portion: its small files are in memory until their pack is written."""
        outcomes = self._prepare(drops, batch, result)
        accepted = [content_of(o) for o in outcomes if isinstance(o, Accepted)]
        with self._db.read() as connection:
            batch.known.load(connection, accepted)
        outcomes = [o for found in outcomes if (o := self._not_destroyed(found, batch, result))]
        self._enter(outcomes, Packer(self._pack_name(batch)), batch, result)

    def _pack_name(self, batch: Batch) -> str:
        return packing.staged_name(self._maker.id(batch.now), self._settings.floor_class())

    def _enter(
        self,
        outcomes: Sequence[Taken],
        packer: Packer | WrittenPack,
        batch: Batch,
        result: Admitted,
    ) -> None:
        """Make entries and rows of outcomes, and the pack of those that are small."""
        start = len(batch.entries)
        for outcome in outcomes:
            entry, record = self._entry(outcome, batch.known, packer, result)
            batch.entries.append(entry)
            count(batch.counts, entry.kind, outcome)
            release = self._settings.release
            batch.rows.append(row_of(outcome, entry.id, record, release, batch.now))
            batch.sources[outcome.drop.file.source] = source_folder(outcome.drop.file)
            if isinstance(outcome, Rejected):
                batch.rejected.append(outcome)
            if isinstance(outcome, Accepted) and outcome.staged.path is not None:
                batch.files += [outcome.record, f"{outcome.record}.pieces"]
        self._write_pack(packer, batch, start)

    def _not_destroyed(self, outcome: Taken, batch: Batch, result: Admitted) -> Taken | None:
        """What was destroyed does not come back: such a drop goes into quarantine.

        What was found to be a state secret is refused as one.
        """
        if isinstance(outcome, Accepted) and is_spilled(outcome, batch.known):
            self._refuse([self._preparer.refuse_staged(outcome)], result)
            return None
        if not isinstance(outcome, Accepted) or not is_destroyed(outcome, batch.known):
            return outcome
        try:
            return self._preparer.reject_staged(outcome, DestroyedBefore())
        except (SourceChanged, SourceUnreadable):
            result.unsettled.append(outcome.drop)
            return None

    def _write_pack(self, packer: Packer | WrittenPack, batch: Batch, start: int) -> None:
        """Write the portion's pack; its object comes with the first of its members."""
        staged = packer.write(self._session.folder, self._fs)
        if staged is None:
            return
        batch.files.append(staged.file)
        brought = staged.object(self._session.name, packer.name, packer.retain_until)
        for number, entry in enumerate(batch.entries[start:], start):
            if isinstance(entry, Prepared) and entry.pack == packer.name:
                batch.entries[number] = entry._replace(objects=(brought,))
                return

    def _submit(self, batch: Batch) -> None:
        with self._db.write() as connection:
            for source, folder in batch.sources.items():
                ensure_source(connection, source, folder, batch.now, self._maker)
            batch.counts.save(connection)
            for one in batch.rejected:
                resolved.wait(connection, one.number, one.drop.file.source, one.received_at)
            ledger.submit(connection, batch.entries)
            insert_rows(connection, INTAKE, COLUMNS, batch.rows)
            submit_amendments(connection, batch.amendments, self._settings.release, batch.now)
        self._session.submitted(batch.files)

    def _take_late(self, batch: Batch, result: Admitted) -> None:
        """Judge sidecars that came after their files; what is bad goes into quarantine alone."""
        judged = self._late.judge(batch.late, batch.now)
        batch.amendments = judged.amendments
        result.amended += [one.record for one in judged.amendments]
        result.late_sidecars += [one.file for one in judged.told if one.file is not None]
        result.late_secrets += judged.secret_of
        result.alone += judged.alone
        self._refuse(judged.refused(self._maker.id, batch.now), result)
        result.again += batch.unjudged(judged)
        for one in judged.bad:
            try:
                rejected = self._preparer.reject_late(*one)
            except (SourceChanged, SourceUnreadable):
                result.again.append(one[0].path)
                continue
            self._enter([rejected], Packer(self._pack_name(batch)), batch, result)

    def _not_known(self, drops: Sequence[Drop], batch: Batch, result: Admitted) -> list[Drop]:
        """Leave out drops that are on their way already, or were refused as they are."""
        present = [(drop, keys_of(drop)) for drop in drops]
        known = known_drops(self._db, present)
        fresh = []
        for drop, keys in present:
            if known.keys().isdisjoint(keys):
                if is_alone(drop):
                    batch.late.append(alone(drop, self._settings.mappings))
                    continue
                if drop.claim is not None:
                    batch.late += rows_of_list(drop, self._settings.mappings)
                fresh.append(drop)
                # A person may name the same file twice.
                known[keys[0]] = drop.has_sidecar
            elif drop.has_sidecar and known.get(keys[0]) is False:
                batch.late.append(late_of(drop))
        kept = {id(one) for one in fresh}
        names = [drop.file.name for drop in drops if id(drop) not in kept and not is_alone(drop)]
        result.known = sum(refusal_in(name) is None for name in names)
        return fresh

    def _prepare(self, drops: Sequence[Drop], batch: Batch, result: Admitted) -> list[Taken]:
        """Read all drops; large ones, media and documents several at a time: hashing and other
        programs let go of the interpreter.
        """

        def attempt(drop: Drop) -> Outcome | None:
            return self._attempt(drop, batch.apart, result)

        large = [drop for drop in drops if self._is_large(drop)]
        found = [attempt(drop) for drop in drops if not self._is_large(drop)]
        if large:
            with ThreadPoolExecutor(_READERS) as readers:
                found.extend(readers.map(attempt, large))
        kept: list[Taken] = []
        refused = []
        for outcome in found:
            if isinstance(outcome, RefusedDrop):
                refused.append(outcome)
            elif outcome is not None:
                kept.append(outcome)
        if refused:
            self._refuse(refused, result)
        return kept

    def _refuse(self, outcomes: Sequence[RefusedDrop], result: Admitted) -> None:
        told = self._refusals.take(outcomes)
        result.refused += told.refused
        result.refused_in_place += told.in_place
        result.unsettled += [outcome.drop for outcome in told.changed]

    def _is_large(self, drop: Drop) -> bool:
        """Whether a drop takes long enough for a thread of its own: by size, or to be looked at."""
        file = drop.file
        return file.key.size >= _LARGE or file.name.lower().endswith(self._slow)

    def _attempt(self, drop: Drop, apart: Apart, result: Admitted) -> Outcome | None:
        try:
            return self._preparer.prepare(drop, apart)
        except SourceChanged:
            result.unsettled.append(drop)
        except SourceUnreadable:
            gone = not all(os.path.lexists(f.path) for f in (drop.file, drop.sidecar) if f)
            (result.unsettled if gone else result.unreadable).append(drop)
        return None

    def _entry(
        self, outcome: Taken, known: Known, packer: Packer | WrittenPack, result: Admitted
    ) -> tuple[NewEntry | Prepared, str | None]:
        """The entry of one drop, and its record's id if it has one."""
        if isinstance(outcome, Rejected):
            result.rejected.append(outcome)
            return self._entries.rejected(outcome), None
        result.bytes += outcome.staged.size
        first = find_first(outcome, known, self._evidence, self._db)
        if first is not None:
            result.redropped += 1
            return self._entries.redropped(outcome, first), first.id
        result.records += 1
        content, described = content_of(outcome), sha256(outcome.description).digest()
        floor = self._settings.floor
        until = floor(outcome.received_at) if floor else None
        packed = outcome.staged.path is None
        facts = Facts(
            described,
            known.same_content(content, outcome.record),
            until,
            packer.add(outcome, content, described, until) if packed else None,
        )
        return self._entries.accessioned(outcome, facts), outcome.record
