"""The table of sources, and what came from each of them hour by hour.

    terms = terms_of(connection).get(source, Terms())
    Counts().add(...); counts.save(connection)

Counts follow from the ledger's entries alone; a rebuild makes the same ones.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive.source_terms import CONFIRMED, LETTERS, UNSAID, Registered, Terms, registered
from archive.tables import SourceHourRow, SourceRow
from archive.times import parse_time

SOURCE = SourceRow.__table__  # type: ignore[attr-defined]
HOUR = SourceHourRow.__table__  # type: ignore[attr-defined]
COUNTED = ("records", "bytes", "redropped", "rejected", "refused")
ARRIVALS = {
    "record.accessioned": "records",
    "record.redropped": "redropped",
    "drop.rejected": "rejected",
}
"""Kinds of entries that say that something came, and what they are counted as."""
REFUSED = "CLASSIFIED_REFUSED"
OWN = "own"


def terms_of(connection: Connection) -> Mapping[str, Terms]:
    """The terms of every confirmed source that has any."""
    wanted = (SOURCE.c.state == CONFIRMED) & SOURCE.c.terms.is_not(None)
    rows = connection.execute(select(SOURCE.c.id, SOURCE.c.terms).where(wanted))
    return {row.id: Terms.parse(row.terms) for row in rows}


def states(connection: Connection) -> Mapping[str, str]:
    """The state of every source; `own` for the one of letters, which nobody has to confirm."""
    found = {row.id: row.state for row in connection.execute(select(SOURCE.c.id, SOURCE.c.state))}
    if LETTERS in found:
        found[LETTERS] = OWN
    return found


def read_registered(connection: Connection) -> Mapping[str, Registered]:
    """What intake needs of confirmed sources; those of which nothing is said are not in it."""
    c = SOURCE.c
    query = select(c.id, c.kind, c.unit, c.terms).where(c.state == CONFIRMED)
    said = {
        row.id: registered(Terms.parse(row.terms), row.kind, row.unit)
        for row in connection.execute(query)
    }
    return {source: found for source, found in said.items() if found != UNSAID}


class Counts:
    """What came, by source and hour; `save` adds it to what the table has."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, datetime], Counter[str]] = defaultdict(Counter)
        self._last: dict[str, datetime] = {}

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """An entry of a kind in ARRIVALS."""
        what = ARRIVALS[kind]
        if body.get("code") == REFUSED:
            what = "refused"
        size = body["size"] if what == "records" else 0
        self.add(body["source"], parse_time(body["received_at"]), what, size)

    def add(self, source: str, at: datetime, what: str, size: int = 0) -> None:
        """One thing that came: `what` is one of COUNTED, `at` when it was received."""
        counts = self._counts[source, _hour(at)]
        counts[what] += 1
        counts["bytes"] += size
        self._last[source] = max(at, self._last.get(source, at))

    def save(self, connection: Connection) -> None:
        """Write them."""
        for (source, hour), counts in self._counts.items():
            here = (HOUR.c.source == source) & (HOUR.c.hour == hour)
            more = {name: HOUR.c[name] + count for name, count in counts.items()}
            if connection.execute(update(HOUR).where(here).values(**more)).rowcount == 0:
                row = {"source": source, "hour": hour, **dict.fromkeys(COUNTED, 0), **counts}
                connection.execute(insert(HOUR), [row])
        self._counts.clear()

    def save_last_seen(self, connection: Connection) -> None:
        """Write when each source was last seen, where that is later than what the table has."""
        for source, at in self._last.items():
            here = (SOURCE.c.id == source) & (SOURCE.c.last_seen < at)
            connection.execute(update(SOURCE).where(here).values(last_seen=at))
        self._last.clear()


@lru_cache(maxsize=8)
def _beginning(year: int, month: int, day: int, hour: int) -> datetime:
    # A batch has thousands of one hour.
    return datetime(year, month, day, hour, tzinfo=UTC)


def _hour(moment: datetime) -> datetime:
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return _beginning(at.year, at.month, at.day, at.hour)
