"""Quarantined drops that became records which are blocked as state secrets by now.

They are wiped with the record's other copies (ingest.spilled_copies); until that is done, and where
a backup brought them back, nobody is told anything of them but that they are blocked.
"""

from collections.abc import Iterator

from sqlalchemy import select

from archive.catalog import RECORD
from archive.database import Database
from archive.errors import NotFound
from archive.registers.denials import denied
from archive.resolved import RESOLVED
from ingest.quarantine.shelf import Item, Shelf


class OpenShelf:
    """A shelf without them; asked for one of them, it says that it is blocked and nothing else."""

    def __init__(self, shelf: Shelf, database: Database) -> None:
        self._shelf = shelf
        self._blocked = blocked(database)

    def all(self) -> Iterator[Item]:
        """As Shelf.all."""
        return (item for item in self._shelf.all() if item.number not in self._blocked)

    def find(self, text: str) -> Item:
        """As Shelf.find; raises Denied RECORD_SPILLED, whether anything lies there still or not."""
        try:
            item = self._shelf.find(text)
        except NotFound:
            wanted = text.strip().upper()
            for number in sorted(self._blocked):
                if wanted and number.startswith(wanted):
                    raise denied("RECORD_SPILLED", number) from None
            raise
        if item.number in self._blocked:
            raise denied("RECORD_SPILLED", item.number)
        return item


def blocked(database: Database) -> frozenset[str]:
    """Ids in quarantine of drops whose records are blocked."""
    query = select(RESOLVED.c.quarantine).join(RECORD, RECORD.c.id == RESOLVED.c.record)
    with database.read() as connection:
        rows = connection.execute(query.where(RECORD.c.spilled.is_(True)))
        return frozenset(rows.scalars())
