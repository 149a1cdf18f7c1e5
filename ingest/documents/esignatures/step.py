"""The queue of sealed documents whose electronic signatures are still to be checked.

    step = SignatureStep(database, originals, checker, clock, random).step
    step(go_on)        # one document; False where none waits

As the examiner of media: a document leaves the queue in the transaction that submits its
`record.amended`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archive import catalog, layout, ledger, looking
from archive.database import Database
from archive.desk.destroying import unfinished
from archive.detail import Detail
from archive.ids import RANDOM_BYTES, new_ulid
from archive.ledger import NewEntry, NewObject
from archive.looking import SIGNATURES, Waiting
from archive.ports import Clock
from ingest.documents.esignatures.check import SignatureChecker
from ingest.media.originals import GoOn, Originals
from ingest.media.queue_step import QueueStep

KIND, ACTOR, WHAT = "record.amended", "system/documents", "signatures"
_SALT_BYTES = 16


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
        with self.database.write() as connection:
            found = catalog.find_record(connection, row.record)
            gone = found.lost or found.destroyed or found.spilled
            gone = gone or row.record in unfinished(connection)
            if looking.done(connection, row.record, SIGNATURES) and not gone:
                ledger.submit(connection, [self._entry(row.record, data)])

    def _entry(self, record: str, data: Mapping[str, Any]) -> NewEntry:
        now = self.clock.now()
        detail = Detail(self._id(), KIND, self.random(_SALT_BYTES), data)
        body = {"detail": str(detail.digest()), "detail_id": detail.id, "what": WHAT}
        stored = NewObject.of(layout.detail_key(detail.id), detail.to_bytes())
        return NewEntry(self._id(), KIND, "registry", ACTOR, now, record, body, (stored,))

    def _id(self) -> str:
        return new_ulid(self.clock.now(), self.random(RANDOM_BYTES))
