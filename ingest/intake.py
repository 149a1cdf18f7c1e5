"""The intake state machine: from settled drops to receipts and release (design §3).

    staged -> (entry sealed, stored, read back) -> receipted -> released -> purged
    refused                 a state secret: the drop is not touched, nothing of it is kept

Each state is a row in the database; whatever a crash interrupts is taken up from there by the
same code. `admit` ends with one commit by which the batch belongs to the archive; `finish` does
the rest.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, case, update

from archive.database import Database
from archive.durable import FileSystem
from archive.ports import Clock, ObjectStore
from archive.rows import batched
from archive.seal import Sealer
from ingest.admitting import INTAKE, Admission, IntakeSettings
from ingest.ahead import ReadPack
from ingest.batch import Admitted
from ingest.late.judging import Late
from ingest.outbox import Outbox, due_receipts, make_receipts
from ingest.register import Maker
from ingest.release import KEEP
from ingest.releasing import Releaser
from ingest.session import StagingSession
from ingest.sweep import Drop

__all__ = ["INTAKE", "Admitted", "Intake", "IntakeSettings"]

_AT_ONCE = 4096


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
        number = maker.id(clock.now())
        self._session = settings.session or StagingSession(settings.staging, fs, number)
        self._session.take_over()
        self._dead_need_us = self._session.clean_up_dead(database)
        self._outbox = Outbox(fs, settings.outbox)
        self._admission = Admission(database, evidence, fs, clock, maker, settings, self._session)

    def admit(self, drops: Sequence[Drop], read: Sequence[ReadPack] = ()) -> Admitted:
        """Stage a batch and submit it, see Admission; nothing is sealed yet."""
        return self._admission.admit(drops, read)

    def amend(self, lates: Sequence[Late]) -> Admitted:
        """Submit late sidecars, see Admission."""
        return self._admission.amend(lates)

    # --- finish: from the commit to receipts and release

    def finish(self, on_receipts: Callable[[int], None] | None = None) -> bool:
        """Seal what is pending, write receipts that are due, release their drops.

        Returns True if something still waits (for the TSA). Does the rest of whatever a crash
        interrupted, so it is also what a start begins with.
        """
        drained = self._sealer.drain()
        self.give_receipts(on_receipts)
        return drained is not None and drained.waiting_for_tsa

    def give_receipts(self, on_receipts: Callable[[int], None] | None = None) -> None:
        """Write receipts of what is sealed, release their drops, see to what the dead left."""
        with self._outbox.locked():
            last: str | None = ""
            while last is not None:
                last = self._receipt_some(last, on_receipts)
            self._releaser.release_due(self._db)
        if self._dead_need_us:
            self._dead_need_us = self._session.clean_up_dead(self._db)

    def _receipt_some(self, after: str, on_receipts: Callable[[int], None] | None) -> str | None:
        """Receipts for the next drops after an id; returns the last one's, None at the end.

        What waits for the second store does not hold up what comes after it.
        """
        with self._db.read() as connection:
            due = due_receipts(connection, _AT_ONCE, after)
            if not due:
                return None
            last = due[-1].intake
            if copied := self._settings.copied:
                due = copied(connection, due)
            ready, done = make_receipts(connection, due, self._settings.storage)
        if done:
            self._outbox.write(ready, self._clock.now())
            with self._db.write() as connection:
                _save_receipted(connection, done)
            if on_receipts is not None:
                on_receipts(len(ready))
        return last if done or not due else None

    @contextmanager
    def resting(self) -> Iterator[None]:
        """What may be let go of was; while this lasts no process lets go of anything."""
        self.give_receipts()
        with self._outbox.locked():
            yield

    def clean_up(self) -> None:
        """Remove staged files of ours that are stored by now."""
        self._session.clean_up(self._db)

    def close(self) -> None:
        """Give the staging folder back, and see once more to what dead processes left."""
        self._session.close(self._db)
        self._session.clean_up_dead(self._db)


def _save_receipted(connection: Connection, ids: Sequence[str]) -> None:
    """What stays in place is released by saying so, in the same moment."""
    state = case((INTAKE.c.release == KEEP, "kept"), else_="receipted")
    change = update(INTAKE).values(state=state)
    for some in batched(ids):
        connection.execute(change.where(INTAKE.c.id.in_(some)))
