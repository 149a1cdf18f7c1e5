"""The queue of sealed documents whose electronic signatures are still to be checked.

    step = SignatureStep(database, originals, checker, clock, random).step
    step(go_on)        # one document; False where none waits

As the examiner of media: a document leaves the queue with its amendment (`ingest.amending`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from archive.database import Database
from archive.looking import SIGNATURES, Waiting
from archive.ports import Clock
from ingest.amending import Amending
from ingest.documents.esignatures.check import SignatureChecker
from ingest.media.originals import GoOn, Originals
from ingest.media.queue_step import QueueStep

ACTOR, WHAT = "system/documents", "signatures"


@dataclass(frozen=True, slots=True)
class SignatureStep:
    """Takes documents from the queue one at a time."""

    database: Database
    originals: Originals
    checker: SignatureChecker
    clock: Clock
    random: Callable[[int], bytes]

    def step(self, go_on: GoOn = lambda: True) -> bool:
        """Check the next document; see QueueStep."""
        return QueueStep(self.database, SIGNATURES, self._take)(go_on)

    def _take(self, row: Waiting, go_on: GoOn) -> None:
        with self.originals.open(row.record, go_on) as original:
            media_type = original.description.value["media"]["type"]
            data = self.checker.check(original.descriptor, media_type, go_on)
        Amending(self.database, self.clock, self.random).submit(row, ACTOR, WHAT, data)
