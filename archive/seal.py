"""The sealer: the one path by which submitted entries become durable (design §3, steps 0 to 7).

    append (one transaction) -> re-hash -> note -> CMS -> token -> store -> read back -> publish

Every step starts from durable state and gives the same bytes when it is done again, so recovery
after `kill -9` or a power cut is this same path. At most one batch is unfinished at any time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from archive import catalog, layout, ledger, packing, publish, replica_queue, unstored
from archive.cause import cause
from archive.database import Database
from archive.errors import (
    ClockBehind,
    LedgerBehind,
    LedgerForked,
    StateUnknown,
)
from archive.identity import Identity
from archive.lease import Lease
from archive.ledger import Head, NewEntry, Waiting
from archive.merkle import CompactRange
from archive.pki_register import PkiRegister
from archive.ports import Clock
from archive.publish import Places
from archive.rounds import Rounds
from archive.seals import SEAL, last_gen_time, seal_at, seal_objects, tokens_missing
from archive.stamping import Stamping
from archive.system_entries import LogSettings, SystemEntries
from archive.times import sealing_year
from signing import canonical
from signing.checkpoint import Checkpoint
from signing.errors import EvidenceBad
from signing.note import sign_note

CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Drained:
    """What a run of the sealer did: seals made, and whether entries wait for the TSA."""

    seals: int
    waiting_for_tsa: bool


class Sealer:
    """Seals what is pending. Safe to use from several threads and processes; one works at a time.

    `rounds` tells threads of this process that wait for a batch when one is durable.
    """

    def __init__(
        self,
        database: Database,
        places: Places,
        identity: Identity,
        lease: Lease,
        clock: Clock,
        random: Callable[[int], bytes],
        settings: LogSettings,
    ) -> None:
        self._db = database
        self._places = places
        self._identity = identity
        self._lease = lease
        self._clock = clock
        self._settings = settings
        self._pki = PkiRegister(identity)
        self._system = SystemEntries(identity, settings, random)
        self._stamping = Stamping(database, places, identity, self._system, clock)
        self.rounds = Rounds()
        self._guarded = False
        self._fence = 0

    def drain(
        self, *, wait: bool = True, enough: Callable[[], bool] | None = None
    ) -> Drained | None:
        """Finish what is unfinished, then seal everything that can be sealed now.

        After a batch it stops early where `enough` says so. Returns None if another thread or
        process is sealing and `wait` is False. Raises LedgerBehind, LedgerForked, LedgerBlocked,
        ClockBehind or Unreachable; nothing is lost by any of them.
        """
        with self.rounds.turn(wait=wait) as mine:
            if not mine:
                return None
            if self._guarded and self._idle():
                return Drained(0, waiting_for_tsa=False)
            with self._lease.hold(wait=wait) as held:
                if not held:
                    return None
                with cause("ingest"):
                    return self._drain(enough)

    def _idle(self) -> bool:
        with self._db.read() as connection:
            head = ledger.current_head(connection)
            return (
                head is not None
                and not head.closed
                and head.published == head.size
                and not ledger.is_waiting(connection, only_urgent=False)
                and not tokens_missing(connection)
                and self._system.open_outage(connection, "tsa") is None
            )

    def _drain(self, enough: Callable[[], bool] | None) -> Drained:
        self._guard()
        with self._db.read() as connection:
            self._check_clock(connection, self._clock.now())
        self._note_silence()
        self._finish()
        self._stamping.recover()
        seals = 0
        while not (enough and enough()) and self._append():
            self._finish()
            seals += 1
        with self._db.read() as connection:
            left = ledger.pending_count(connection)
        return Drained(seals, waiting_for_tsa=self._stamping.away and left > 0)

    # --- before: is this database the newest there is?

    def _guard(self) -> None:
        with self._db.write() as connection:
            head = ledger.current_head(connection)
            self._fence = ledger.take_fence(connection, head.log) if head else 0
        if self._guarded:
            return
        if head:
            self._guard_against_storage(head)
        elif any(True for _ in self._places.evidence.list("log/")):
            raise LedgerBehind(_BEHIND)
        self._guarded = True

    def _head(self, connection: Connection) -> Head | None:
        """The newest head, if no other sealer has taken it over since we got the lease."""
        head = ledger.current_head(connection)
        if head is not None and head.fence != self._fence:
            raise StateUnknown("Another sealer has taken over the ledger; this one stops.")
        return head

    def _note_silence(self) -> None:
        """Put an outage on record that came in the middle of a batch, before its token hides it."""
        with self._db.read() as connection:
            head = self._head(connection)
        if head is not None and head.published < head.size:
            with self._db.write() as connection:
                now = self._clock.now()
                ledger.submit(connection, self._system.silence(connection, now))

    def _guard_against_storage(self, head: Head) -> None:
        evidence = self._places.evidence
        newest = layout.token_key(head.log, head.signed)
        for info in evidence.list(layout.seals_prefix(head.log), after=newest):
            raise LedgerBehind(f"{_BEHIND} ({info.key} is newer.)")
        for _ in evidence.list("log/", after=f"log/{head.log}/~"):
            raise LedgerBehind(_BEHIND)
        with self._db.read() as connection:
            seal = seal_at(connection, head.log, head.published)
        if seal is not None:
            stored = b"".join(evidence.read(layout.note_key(head.log, head.published)))
            if stored != seal.note:
                raise LedgerForked("The newest seal in storage is not the one this database made.")

    # --- step 1: append

    def _append(self) -> bool:
        """Append one batch if there is anything to seal; False if not."""
        now = self._clock.now()
        with self._db.read() as connection:
            something = ledger.is_waiting(connection, only_urgent=self._stamping.away)
            head = self._head(connection)
        opening = head is None or head.closed
        if not something and not opening:
            return False
        self._stamping.try_out()
        with self._db.write() as connection:
            return self._append_in(connection, now)

    def _append_in(self, connection: Connection, now: datetime) -> bool:
        """Append what waits; an entry is made now: what waited for a TSA is not late for that."""
        head = self._head(connection)
        entries = ledger.waiting(
            connection, only_urgent=self._stamping.away, limit=self._settings.batch
        )
        self._check_clock(connection, now)
        if head is None or head.closed:
            opened = self._system.opened(connection, head, now, self._pki)
            fresh = ledger.open_head(connection, opened.body["log"], head)
            silence = self._system.silence(connection, now) if head else []
            _append_batch(connection, fresh, now, [opened, *silence], entries)
            return True
        if not entries:
            return False
        linked = self._system.linked(connection, head, now, self._pki)
        # A log is not closed while tokens are missing: its successor could not name them any more.
        silence = self._system.silence(connection, now)
        if sealing_year(now) > head.year and not self._stamping.away:
            closed = self._system.closed(head, now)
            ledger.append(connection, head, [linked, *silence, closed], closes=True)
            return True
        _append_batch(connection, head, now, [linked, *silence], entries)
        return True

    def _check_clock(self, connection: Connection, now: datetime) -> None:
        last = last_gen_time(connection)
        if last is not None and now < last - CLOCK_TOLERANCE:
            raise ClockBehind(
                f"The clock ({now:%Y-%m-%d %H:%M:%S} UTC) stands before the last seal"
                f" ({last:%Y-%m-%d %H:%M:%S} UTC). Set it right; nothing is sealed until then."
            )

    # --- steps 2 to 7

    def _finish(self) -> None:
        """Sign, stamp, store and publish what is appended; does nothing if all is published."""
        with self._db.read() as connection:
            head = self._head(connection)
        if head is None or head.published == head.size:
            return
        if head.signed < head.size:
            head = self._sign(head)
        self._stamping.stamp(head)
        self._publish(head)

    def _sign(self, head: Head) -> Head:
        """Steps 2 to 4; refuses to sign what does not extend the last signed checkpoint."""
        origin = self._identity.origin(head.log)
        with self._db.write() as connection:
            self._check_frontier(connection, head)
            tree = ledger.rehash(connection, head)
            text = Checkpoint(origin, tree.size, tree.root()).text()
            note = sign_note(text, origin, self._identity.log_signer).to_bytes()
            p7s = self._sign_cms(note)
            row = {
                "log": head.log,
                "size": tree.size,
                "previous": head.signed,
                "note": note,
                "p7s": p7s,
                "late": False,
                "token_linked": True,
            }
            connection.execute(insert(SEAL), [row])
            ledger.set_signed(connection, head, tree)
            signed = ledger.head_of(connection, head.log)
        assert signed is not None  # noqa: S101 - the row was just written
        return signed

    def _sign_cms(self, note: bytes) -> bytes:
        from signing.cms import sign_detached

        identity = self._identity
        return sign_detached(
            note, identity.cms_signer, identity.certificate, identity.chain, self._clock.now()
        )

    def _check_frontier(self, connection: Connection, head: Head) -> None:
        if head.signed == 0:
            return
        seal = seal_at(connection, head.log, head.signed)
        if seal is None:
            raise LedgerForked(f"The seal of {head.log} at {head.signed} is gone.")
        checkpoint = self._own_checkpoint(head.log, seal.note)
        frontier: CompactRange = head.frontier
        if (checkpoint.size, checkpoint.root) != (head.signed, frontier.root()):
            raise LedgerForked(f"The ledger {head.log} does not extend its last checkpoint.")

    def _own_checkpoint(self, log: str, note: bytes) -> Checkpoint:
        """Read a checkpoint that our own log key signed, whatever the database says."""
        from signing.note import Note, NoteKey

        key = NoteKey(self._identity.origin(log), self._identity.log_signer.public_key())
        try:
            parsed = Note.parse(note)
            key.verify(parsed)
            return Checkpoint.parse(parsed.text)
        except EvidenceBad as error:
            raise LedgerForked(f"The last checkpoint of {log} was changed: {error}") from error

    def _publish(self, head: Head) -> None:
        """Steps 6 and 7: store, read back, move the pointer, and say so in the database."""
        with self._db.read() as connection:
            seal = seal_at(connection, head.log, head.signed)
            start = head.published
            objects = publish.unstored_objects(connection, head.log, start, head.signed)
            first = start - start % layout.TILE_WIDTH
            found = ledger.entries_between(connection, head.log, first, head.signed)
            tiles = publish.build_tiles(connection, head.log, start, head.signed, found)
        publish.check_tiles(tiles, head.frontier)
        entries = found[start - first :]
        values: list[Any] = [canonical.reread(entry.data) for entry in entries]
        packed = packing.members_of(values)
        if seal is None:
            raise StateUnknown(f"The seal of {head.log} at {head.signed} is gone.")
        files = seal_objects(head.log, seal)
        descriptions = publish.store_batch(self._places, head.log, objects, tiles, files[0], packed)
        publish.store_seal(self._places, files)
        self._places.pointer.replace(seal.note)
        with self._db.write() as connection:
            publish.save_tile_roots(connection, head.log, tiles)
            catalog.project(connection, head.log, entries, descriptions.get, values)
            unstored.forget_stored(connection, head.log, start, head.signed)
            if stores := self._places.replicas:
                copies = publish.to_copy(head.log, objects, tiles, files)
                replica_queue.queue(connection, stores, copies, self._clock.now())
            ledger.set_published(connection, head)
        self.rounds.published()
        live = self._places.live
        live.discard(list(publish.superseded_tiles(live, head.log, tiles)))


def _append_batch(
    connection: Connection,
    head: Head,
    now: datetime,
    own: Sequence[NewEntry],
    entries: Sequence[Waiting],
) -> None:
    """Append our own entries and what waited; its packs get their names with their indices."""
    named, packs = packing.name_packs(entries, head.log, head.size + len(own), now)
    for pack in packs:
        unstored.rename_object(connection, pack.pending, pack.staged, pack.key)
    ledger.append(connection, head, [*own, *named], at=now)


_BEHIND = (
    "The database is older than the newest seal in storage (a restored backup?)."
    " Nothing is signed until `cunzheng rebuild` has brought it up to date."
)
