"""The full check of sealed media, behind the seal: decoded once, and amended on the ledger.

    examiner.step(go_on)        # one medium; False where none waits

A medium leaves the queue with its amendment (`ingest.amending`). A try is counted before the work:
one that takes the whole process down with it is put aside after a few tries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from archive.database import Database
from archive.looking import EXAMINE, Waiting
from archive.ports import Clock
from archive.record import RecordDescription
from archive.technical import check_amendment
from ingest.amending import Amending
from ingest.media.originals import GoOn, Originals
from ingest.media.queue_step import QueueStep

ACTOR, WHAT = "system/media", "media"


class Examine(Protocol):
    """Checks a whole medium."""

    def __call__(
        self, descriptor: int, description: RecordDescription, go_on: GoOn
    ) -> Mapping[str, Any]:
        """The data of the amendment; raises Stopped where `go_on` says so, UsageError."""


@dataclass(frozen=True, slots=True)
class Examiner:
    """Takes media from the queue one at a time."""

    database: Database
    originals: Originals
    examine: Examine
    clock: Clock
    random: Callable[[int], bytes]

    def step(self, go_on: GoOn = lambda: True) -> bool:
        """Examine the next medium; see QueueStep."""
        return QueueStep(self.database, EXAMINE, self._take)(go_on)

    def _take(self, row: Waiting, go_on: GoOn) -> None:
        with self.originals.open(row.record, go_on) as original:
            data = self.examine(original.descriptor, original.description, go_on)
        check_amendment(data)
        Amending(self.database, self.clock, self.random).submit(row, ACTOR, WHAT, data)
