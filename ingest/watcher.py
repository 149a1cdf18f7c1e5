"""The watcher: sweeps the inbox, takes what has settled, and keeps the ledger alive.

    sweep -> admit (stage, one commit) -> finish (seal, receipts, release)

A batch is finished in a second thread or process while the next one is staged. Events only wake
it up.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import Protocol

from archive import ledger
from archive.database import Database
from archive.errors import StateUnknown, Unreachable, UsageError
from archive.ports import Clock
from archive.seals import last_gen_time
from archive.system_entries import SystemEntries
from ingest.again import Again
from ingest.ahead import Part, ReadPack
from ingest.apart import admit_all
from ingest.errors import InboxLost
from ingest.finishing import Finisher
from ingest.hints import FEW, OVERFLOW, Hints
from ingest.holding import SourceGate
from ingest.intake import Admitted, Intake
from ingest.lacking import LackingTold
from ingest.passing import passing
from ingest.releasing import Releaser
from ingest.room import Room
from ingest.settle import FileKey
from ingest.sweep import Drop, Noticed, Sweeper

RESCAN_SECONDS = 10.0
"""How often it looks without any event: events are lost, and network shares send none."""
QUICK_SECONDS = 3.0
"""How often it looks where events are known to be lost, or not asked for."""
_BUSY_SECONDS = 0.5
_AFTER_OVERFLOW_SECONDS = 600.0
_LONG_SECONDS = 0.25
"""From here on a look that found nothing to take is followed by as long a rest."""
_BACK_OFF_SECONDS = (1.0, 5.0, 15.0, 60.0)


class Reporter:
    """What the watcher tells; the command line overrides what it shows."""

    def admitted(self, result: Admitted) -> None:
        """A batch was staged and belongs to the archive."""

    def receipts(self, count: int) -> None:
        """Receipts were written."""

    def noticed(self, noticed: Noticed) -> None:
        """Something in the inbox is left alone."""

    def no_events(self, problem: str) -> None:
        """The system tells of no changes; the inbox is looked at now and then all the same."""

    def events_lost(self, what: str, watched: int | None, folders: int) -> None:
        """Events are lost (ingest.hints.OVERFLOW, FEW); the inbox is looked at more often."""

    def no_room(self, held: int, largest: int, room: "Room") -> None:
        """So many drops wait for room on the disk of staging."""

    def room_again(self) -> None:
        """Nothing waits for room any more."""

    def trouble(self, error: Exception, retry_seconds: float) -> None:
        """Something does not work now and is tried again."""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Batch size in drops and heartbeat interval."""

    batch: int
    heartbeat: timedelta
    room: Room
    """Where staging is."""
    lacking: LackingTold
    """Is told what complete files lack."""
    poll: bool = False
    """No events are asked for: look more often."""


class Takes(Protocol):
    """Is told what was taken, so that it is not offered again (Sweeper)."""

    def take(self, path: bytes, beside: FileKey | None = None) -> None:
        """The drop was taken, with the sidecar that has this key."""

    def forget(self, path: bytes) -> None:
        """It must settle anew."""


class Pipeline:
    """Admits batches while the one before is being finished."""

    def __init__(
        self, intake: Intake, settler: Takes | None, reporter: Reporter, finisher: Finisher
    ) -> None:
        self._intake = intake
        self._settler = settler
        self._reporter = reporter
        self._finisher = finisher
        self._again = Again(monotonic)
        self._running = False
        self.waiting_for_tsa = False
        self.busy = False
        """Whether drops are being taken: what can wait stands back."""

    def take(self, drops: list[Drop], read: Sequence[ReadPack] = ()) -> Admitted:
        """Admit a batch, with what was read of it ahead; its receipts follow."""
        self.busy = True
        result = admit_all(self._intake.admit, drops, read)
        self._tell_left(result)
        for found in result.late_sidecars:
            self._reporter.noticed(Noticed(found.path, "late_sidecar"))
        for found in result.alone:
            self._reporter.noticed(Noticed(found.path, "sidecar_alone"))
        self._tell_settler(drops, result)
        self._reporter.admitted(result)
        self.wait()
        self._start()
        self._give_receipts()
        return result

    def _tell_left(self, result: Admitted) -> None:
        """Of drops that cannot be taken now: each once, however often it is tried again."""
        for drop in result.unreadable:
            if self._again.failed(drop, "unreadable"):
                self._reporter.noticed(Noticed(drop.file.path, "unreadable"))
        for drop, what in result.faults:
            if self._again.failed(drop, what):
                self._reporter.noticed(Noticed(drop.file.path, "fault", what))

    def _tell_settler(self, drops: list[Drop], result: Admitted) -> None:
        if self._settler is None:
            for drop in result.unsettled:
                self._reporter.noticed(Noticed(drop.file.path, "changed"))
            return
        for drop in drops:
            self._settler.take(drop.file.path, drop.sidecar.key if drop.sidecar else None)
        for path in (*(drop.file.path for drop in result.unsettled), *result.again):
            self._settler.forget(path)

    def _start(self) -> None:
        self._finisher.start()
        self._running = True

    def is_free(self) -> bool:
        """Whether another batch could be finished at once."""
        return not self._running or self._finisher.is_done()

    def wait(self) -> None:
        """Wait for the batch that is being finished; raises what went wrong with it."""
        if self._running:
            self._running = False
            self.waiting_for_tsa = self._finisher.wait()
            self._intake.clean_up()

    def finish(self) -> None:
        """Finish everything that is submitted, also by others or before a crash."""
        if self._settler is not None:
            for path in self._again.due():
                self._settler.forget(path)
        self.wait()
        self._start()
        self.wait()
        self._give_receipts()
        self.busy = False

    def _give_receipts(self) -> None:
        if not self._finisher.gives_receipts:
            self._intake.give_receipts(self._reporter.receipts)

    def close(self) -> None:
        """End the second thread or process."""
        self._finisher.close()


class Watcher:
    """Runs until told to stop, or until everything that is there has been taken (`drain`)."""

    def __init__(
        self,
        database: Database,
        sweeper: Sweeper,
        pipeline: Pipeline,
        releaser: Releaser,
        system: SystemEntries,
        clock: Clock,
        settings: WatchSettings,
        reporter: Reporter,
    ) -> None:
        self._db = database
        self._held = False
        self._few = False
        self._quick_until = 0.0
        self._taken = 0
        self._sweeper = sweeper
        self.pipeline = pipeline
        self._releaser = releaser
        self._system = system
        self._clock = clock
        self._settings = settings
        self._reporter = reporter
        self._gate = SourceGate(database, clock.now)
        self._failures = 0
        self.left = 0
        """Files that `drain` left because they, or what they waited for, still changed."""

    def run(self, hints: Hints, wake: threading.Event, stop: threading.Event) -> None:
        """Watch until `stop`; trouble is reported and tried again with back-off.

        Raises StateUnknown (a failed sync): the process must end then.
        """
        hints.start()
        if hints.problem is not None:
            self._reporter.no_events(hints.problem)
        try:
            while not stop.is_set():
                wake.clear()
                begun, taken = self._clock.monotonic(), self._taken
                pause = self._round()
                self._look_for_losses(hints)
                spent = self._clock.monotonic() - begun
                if pause and taken == self._taken and spent > _LONG_SECONDS:
                    # At most half of the time is spent so, however many events come.
                    stop.wait(spent)
                if not stop.is_set():
                    wake.wait(pause)
        finally:
            hints.stop()

    def drain(self, stop: threading.Event) -> None:
        """Take everything that is there, waiting for what has not settled; then return.

        What still changes so long after the last drop was taken is left, and told.
        """
        self.pipeline.finish()
        self._sweeper.hurry()
        last, taken = self._clock.monotonic(), self._taken
        while not stop.is_set():
            self._sweep()
            if self._sweeper.has_more:
                continue
            if self._sweeper.waiting + self._sweeper.held == 0:
                break
            if taken != self._taken:
                last, taken = self._clock.monotonic(), self._taken
            if self._clock.monotonic() - last > self._sweeper.patience:
                self._leave()
                break
            stop.wait(_BUSY_SECONDS)
        self.pipeline.finish()
        while not stop.is_set() and self._releaser.purge_due(self._db):
            pass

    def _leave(self) -> None:
        self.left = self._sweeper.waiting + self._sweeper.held
        for noticed in self._sweeper.changing():
            self._reporter.noticed(noticed)

    @property
    def waiting_for_room(self) -> bool:
        """Whether drops wait for room on the disk."""
        return self._held

    @property
    def waiting_for_tsa(self) -> bool:
        """Whether accessions wait for the time-stamping authority."""
        return self.pipeline.waiting_for_tsa

    def _round(self) -> float:
        """One look; returns after how many seconds the next one is due."""
        try:
            self._heartbeat()
            self._sweep_or_finish()
            if self._sweeper.has_more:
                return 0.0
            self.pipeline.finish()
            self._releaser.purge_due(self._db)
        except StateUnknown:
            raise
        except Unreachable as error:
            pause = _BACK_OFF_SECONDS[min(self._failures, len(_BACK_OFF_SECONDS) - 1)]
            self._failures += 1
            self._reporter.trouble(error, pause)
            return pause
        self._failures = 0
        if self.pipeline.waiting_for_tsa or self._held:
            return _BACK_OFF_SECONDS[1]
        return _BUSY_SECONDS if self._sweeper.waiting else self._interval()

    def _interval(self) -> float:
        lossy = self._few or self._clock.monotonic() < self._quick_until
        return QUICK_SECONDS if self._settings.poll or lossy else RESCAN_SECONDS

    def _look_for_losses(self, hints: Hints) -> None:
        """Events that were lost are made up for by looking more often, and said."""
        folders = self._sweeper.folders
        losses = hints.losses(folders)
        if OVERFLOW in losses:
            self._quick_until = self._clock.monotonic() + _AFTER_OVERFLOW_SECONDS
            self._reporter.events_lost(OVERFLOW, None, folders)
        if FEW in losses and not self._few:
            self._reporter.events_lost(FEW, hints.watched(), folders)
        self._few = FEW in losses

    def _sweep_or_finish(self) -> None:
        """What is submitted is sealed while the inbox is away, too: a sign of life is."""
        try:
            self._sweep()
        except InboxLost:
            self.pipeline.finish()
            raise

    def _sweep(self) -> None:
        room = self._settings.room
        if not self._sweeper.has_more:
            room.begin()
        for batch in self._batches():
            self._gate.look()
            fitting = passing(self._db, batch, self._gate, room)
            if fitting:
                result = self.pipeline.take(fitting)
                self._taken += len(fitting) - len(result.unsettled)
        if room.held and not self._held:
            self._held = True
            self._reporter.no_room(room.held, room.largest, room)
        elif self._held and not room.held and not self._sweeper.has_more:
            self._held = False
            self._reporter.room_again()
        if not self._sweeper.has_more:
            self._settings.lacking.tell(self._sweeper.lacking)

    def _batches(self) -> Iterator[list[Drop]]:
        batch: list[Drop] = []
        for item in self._sweeper.sweep():
            if isinstance(item, Noticed):
                self._reporter.noticed(item)
                continue
            batch.append(item)
            if len(batch) == self._settings.batch:
                yield batch
                batch = []
        if batch:
            yield batch
        for noticed in self._gate.told():
            self._reporter.noticed(noticed)

    def _heartbeat(self) -> None:
        """Put a sign of life on the ledger when nothing else has been sealed for long."""
        now = self._clock.now()
        with self._db.read() as connection:
            last = last_gen_time(connection)
            idle = ledger.pending_count(connection) == 0
        if idle and last is not None and now - last >= self._settings.heartbeat:
            with self._db.write() as connection:
                ledger.submit(connection, [self._system.heartbeat(now)])


def take_all(pipeline: Pipeline, drops: Iterator[Drop], batch: int) -> None:
    """Take drops that are named by hand, and finish them."""
    while pending := list(islice(drops, batch)):
        pipeline.take(pending)
    pipeline.finish()


def take_parts(pipeline: Pipeline, parts: Iterator[Part], batch: int, most: int) -> None:
    """The same for what is read ahead, part by part.

    Batches have `most` drops, for each costs a seal; or `batch`, where nothing is being finished.
    """
    several: list[Part] = []
    try:
        for part in parts:
            several.append(part)
            count = sum(map(len, several))
            if count >= most or (count >= batch and pipeline.is_free()):
                _take(pipeline, several)
                several = []
    except UsageError:
        pipeline.finish()  # what was taken before gets its receipts all the same
        raise
    _take(pipeline, several)
    pipeline.finish()


def _take(pipeline: Pipeline, parts: Sequence[Part]) -> None:
    """Take some parts as one batch."""
    if parts:
        drops = [drop for part in parts for drop in part.drops]
        pipeline.take(drops, [part.read for part in parts if part.read])
