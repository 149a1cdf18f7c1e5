"""Quarantined drops of what is blocked as a state secret by now: those that became such a record,
have the content of one, or are a sidecar that came too late for one.

They are wiped with the record's other copies (ingest.spilled_copies); until that is done, and where
a backup brought them back, nobody is told anything of them but that they are blocked. The ledger
says no more of one that nobody had resolved: that its files are gone is no fault.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from archive.catalog import RECORD
from archive.database import Database
from archive.errors import NotFound
from archive.registers.denials import denied
from archive.resolved import RESOLVED
from ingest.quarantine.rejections import CONTENT
from ingest.quarantine.shelf import Item, Shelf


@dataclass(frozen=True, slots=True)
class _Blocked:
    """Blocked records, sizes and digests of their contents, ids in quarantine of their drops."""

    records: frozenset[str]
    contents: frozenset[tuple[int, str]]
    numbers: frozenset[str]

    def has(self, item: Item) -> bool:
        """Whether a drop is of one of them, by what was sealed of it, else by what lies here."""
        if item.number in self.numbers or item.reason.late in self.records:
            return True
        return bool(self.records) and _content(item) in self.contents


class OpenShelf:
    """A shelf without them; asked for one of them, it says that it is blocked and nothing else."""

    def __init__(self, shelf: Shelf, database: Database) -> None:
        self._shelf = shelf
        self._blocked = _blocked(database)

    def all(self) -> Iterator[Item]:
        """As Shelf.all."""
        return (item for item in self._shelf.all() if not self._blocked.has(item))

    def blocked(self) -> frozenset[str]:
        """Ids of those that it is without."""
        if not self._blocked.records:
            return frozenset()
        here = {item.number for item in self._shelf.all() if self._blocked.has(item)}
        return self._blocked.numbers | here

    def wrong(self, *, whole: bool = False) -> Mapping[str, int]:
        """How many of those that nobody has resolved are not as they were sealed, by code.

        Without `whole` only sizes are compared.
        """
        left = (item for item in self._shelf.unresolved() if not self._blocked.has(item))
        return Counter(bad.code for item in left if (bad := item.condition(whole=whole)))

    def find(self, text: str) -> Item:
        """As Shelf.find; raises Denied RECORD_SPILLED, whether anything lies there still or not."""
        try:
            item = self._shelf.find(text)
        except NotFound:
            wanted = text.strip().upper()
            for number in sorted(self._blocked.numbers):
                if wanted and number.startswith(wanted):
                    raise denied("RECORD_SPILLED", number) from None
            raise
        if self._blocked.has(item):
            raise denied("RECORD_SPILLED", item.number)
        return item


def _blocked(database: Database) -> _Blocked:
    c = RECORD.c
    became = select(RESOLVED.c.quarantine).join(RECORD, c.id == RESOLVED.c.record)
    with database.read() as connection:
        numbers = connection.execute(became.where(c.spilled.is_(True))).scalars().all()
        query = select(c.id, c.size, c.sha256).where(c.spilled.is_(True))
        rows = connection.execute(query).all()
    contents = frozenset((row.size, f"sha256:{row.sha256.hex()}") for row in rows)
    return _Blocked(frozenset(row.id for row in rows), contents, frozenset(numbers))


def _content(item: Item) -> tuple[int, str] | None:
    """Size and digest of a drop's content; None where it has none."""
    files = item.files() if item.sealed is None else item.sealed
    return next(((one.size, one.sha256) for one in files if one.role == CONTENT), None)
