"""The table of sources, and what came from each of them hour by hour.

    terms = terms_of(connection).get(source, Terms())
    Counts().add(...); counts.save(connection)

Counts follow from the ledger's entries alone; a rebuild makes the same ones.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from archive.source_terms import CONFIRMED, Terms
from archive.tables import SourceHourRow, SourceRow

SOURCE = SourceRow.__table__  # type: ignore[attr-defined]
HOUR = SourceHourRow.__table__  # type: ignore[attr-defined]
COUNTED = ("records", "bytes", "redropped", "rejected", "refused")


def terms_of(connection: Connection) -> Mapping[str, Terms]:
    """The terms of every confirmed source that has any."""
    wanted = (SOURCE.c.state == CONFIRMED) & SOURCE.c.terms.is_not(None)
    rows = connection.execute(select(SOURCE.c.id, SOURCE.c.terms).where(wanted))
    return {row.id: Terms.parse(row.terms) for row in rows}


def hour_of(moment: datetime) -> datetime:
    """The hour a moment lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class Counts:
    """What came, by source and hour; `save` adds it to what the table has."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, datetime], Counter[str]] = defaultdict(Counter)

    def add(self, source: str, at: datetime, what: str, count: int = 1) -> None:
        """`what` is one of COUNTED; `at` when it was received."""
        self._counts[source, hour_of(at)][what] += count

    def save(self, connection: Connection) -> None:
        """Write them."""
        for (source, hour), counts in self._counts.items():
            here = (HOUR.c.source == source) & (HOUR.c.hour == hour)
            more = {name: HOUR.c[name] + count for name, count in counts.items()}
            if connection.execute(update(HOUR).where(here).values(**more)).rowcount == 0:
                row = {"source": source, "hour": hour, **dict.fromkeys(COUNTED, 0), **counts}
                connection.execute(insert(HOUR), [row])
        self._counts.clear()
