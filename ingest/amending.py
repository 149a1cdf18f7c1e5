"""`record.amended`: what is found out of a record once it is sealed, on its way to the ledger.

    Amending(database, clock, random).submit(row, "system/media", "media", data)

What waits in a queue leaves it in the transaction that submits its amendment, so however often this
is killed, a record is amended once. The amendment is sealed with the next batch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import catalog, ledger, looking
from archive.database import Database
from archive.desk.destroying import unfinished
from archive.ledger import NewEntry
from archive.looking import Waiting
from archive.ports import Clock
from ingest.register import Maker

KIND = "record.amended"


def amendment(
    maker: Maker, now: datetime, record: str, actor: str, what: str, data: Mapping[str, Any]
) -> NewEntry:
    """The entry, with the data in its detail."""
    detail, stored = maker.detail(KIND, now, data)
    body = {"detail": str(detail.digest()), "detail_id": detail.id, "what": what}
    return NewEntry(maker.id(now), KIND, "registry", actor, now, record, body, (stored,))


@dataclass(frozen=True, slots=True)
class Amending:
    """Submits what was found out of records that waited in a queue of `archive.looking`."""

    database: Database
    clock: Clock
    random: Callable[[int], bytes]

    def submit(self, row: Waiting, actor: str, what: str, data: Mapping[str, Any]) -> None:
        """Put the result on its way and take the row out of the queue, or do neither.

        Of a record that is gone by now only the row goes.
        """
        with self.database.write() as connection:
            found = catalog.find_record(connection, row.record)
            gone = found.lost or found.destroyed or found.spilled
            gone = gone or row.record in unfinished(connection)
            if looking.done(connection, row.record, row.task) and not gone:
                now, maker = self.clock.now(), Maker(self.random)
                entry = amendment(maker, now, row.record, actor, what, data)
                ledger.submit(connection, [entry])
