"""What of a search a reader gets: decided record by record, by the rule of `archive.desk.reading`.

    judge = Judge(connection, reader, query)
    for row, whole in judge.judged(rows): …
    hidden(connection, reader, records)          # of some records, those that are not shown

`rows` have `id`, `source` and `tags`. Facets narrow a search to what may be the reader's; they
decide nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from archive.catalog import RECORD, Query
from archive.desk.db_shelf import DbShelf
from archive.desk.reading import Belonging, Reader, belonging, is_own, sees
from archive.index.fields import group
from archive.rows import batched

Row = TypeVar("Row", bound=Any)
_AT_ONCE = 500


class Judge:
    """Judges the candidates of one search; `mine` keeps only those that the reader handles."""

    def __init__(
        self, connection: Connection, reader: Reader, query: Query, *, mine: bool = False
    ) -> None:
        self._shelf = DbShelf(connection)
        self._reader = reader
        self._query = query
        self._mine = mine
        self._known: dict[tuple[str, tuple[str, ...]], Belonging] = {}

    def judged(self, rows: Sequence[Row]) -> Iterator[tuple[Row, bool]]:
        """Each with whether it is shown as a whole; of `mine` no others."""
        if self._reader.sees_everything and not self._mine:
            yield from ((row, True) for row in rows)
            return
        for some in batched(rows, _AT_ONCE):
            cases = self._shelf.many("record_cases", [row.id for row in some])
            self._shelf.warm(["case"], [*{case for one in cases.values() for case in one["cases"]}])
            self._shelf.warm(["source"], [*{row.source for row in some}])
            for row in some:
                attached = tuple(cases[row.id]["cases"]) if row.id in cases else ()
                whose = self._belonging(row.source, attached)
                if not self._mine or is_own(self._reader, whose):
                    yield row, sees(self._reader, whose, tagged=bool(row.tags))

    def _belonging(self, source: str, cases: tuple[str, ...]) -> Belonging:
        key = (source, cases)
        if key not in self._known:
            self._known[key] = belonging(self._shelf, source, cases)
        return self._known[key]

    def finds(self, row: Any, *, whole: bool) -> bool:
        """Whether the reader finds it: as a whole, or by what everybody is shown."""
        return self._mine or whole or self._matches_bare(row)

    def _matches_bare(self, row: Any) -> bool:
        """Whether what everybody is shown matches, so that a hit gives nothing else away."""
        if not asks_bare(self._query):
            return False
        return all(word.upper() in row.id for word in self._query.words)

    def facets(self) -> tuple[str, ...]:
        """Of which every record has one that the reader may find as a whole."""
        own = group("h", self._reader.people)
        if self._mine:
            return own
        units = self._reader.units
        sources = [key for key, value in self._shelf.every("source") if value["unit"] in units]
        return (*own, *group("v", sorted(units)), *group("o", sources))


def hidden(connection: Connection, reader: Reader, records: Sequence[str]) -> frozenset[str]:
    """Those of these records that are not shown to the reader as a whole."""
    if reader.sees_everything:
        return frozenset()
    judge, found = Judge(connection, reader, Query()), set[str]()
    columns = (RECORD.c.id, RECORD.c.source, RECORD.c.tags)
    for some in batched(records, _AT_ONCE):
        rows = connection.execute(select(*columns).where(RECORD.c.id.in_(some))).all()
        found |= {row.id for row, whole in judge.judged(rows) if not whole}
    return frozenset(found)


def asks_bare(query: Query) -> bool:
    """Whether nothing but source, media type, time and words is asked for."""
    fields = (
        *(query.case, query.category, query.stage, query.officer, query.unit, query.condition),
        *(query.device, query.kind, query.number, query.party, query.place, query.subject),
        *(query.importance, query.tag),
    )
    return all(part is None for part in fields)
