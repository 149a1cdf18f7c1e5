"""The full check of sealed media, behind the seal: decoded once, and amended on the ledger.

    examiner.step(go_on)        # one medium; False where none waits

A medium leaves the queue in the transaction that submits its `record.amended`, so however often
this is killed, a medium is amended once. A try is counted before the work: one that takes the whole
process down with it is put aside after a few tries. The amendment is sealed with the next batch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from archive import catalog, layout, ledger, looking
from archive.database import Database
from archive.desk.destroying import unfinished
from archive.detail import Detail
from archive.ids import RANDOM_BYTES, new_ulid
from archive.ledger import NewEntry, NewObject
from archive.looking import EXAMINE, Waiting
from archive.ports import Clock
from archive.record import RecordDescription
from archive.technical import check_amendment
from ingest.media.originals import GoOn, Originals
from ingest.media.queue_step import QueueStep

KIND, ACTOR, WHAT = "record.amended", "system/media", "media"
_SALT_BYTES = 16


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
        self._submit(row, data)

    def _submit(self, row: Waiting, data: Mapping[str, Any]) -> None:
        """Put the result on its way and take the row out of the queue, or do neither."""
        with self.database.write() as connection:
            found = catalog.find_record(connection, row.record)
            gone = found.lost or found.destroyed or found.spilled
            gone = gone or row.record in unfinished(connection)
            if looking.done(connection, row.record, EXAMINE) and not gone:
                ledger.submit(connection, [self._entry(row.record, data)])

    def _entry(self, record: str, data: Mapping[str, Any]) -> NewEntry:
        now = self.clock.now()
        detail = Detail(self._id(), KIND, self.random(_SALT_BYTES), data)
        body = {"detail": str(detail.digest()), "detail_id": detail.id, "what": WHAT}
        stored = NewObject.of(layout.detail_key(detail.id), detail.to_bytes())
        return NewEntry(self._id(), KIND, "registry", ACTOR, now, record, body, (stored,))

    def _id(self) -> str:
        return new_ulid(self.clock.now(), self.random(RANDOM_BYTES))
