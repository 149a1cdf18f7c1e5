"""How each source does: when it was last seen, how much comes of it, whether it has gone quiet.

    for stand in sort_by_urgency(read_stands(connection, clock.now())): ...
    history = read_history(connection, "DSJ-0012345", clock.now())

Read from the table of sources and from the hours of `archive.source_rows`; never from the records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from archive.source_rows import COUNTED, HOUR, SOURCE
from archive.source_terms import CONFIRMED, LETTERS, RETIRED, UNCONFIRMED, Terms
from archive.status import Warned
from archive.times import SHANGHAI

MEGABYTE = 1_000_000
DAY, WEEK = timedelta(days=1), timedelta(days=7)
_MOST_NAMED = 5


class Amount(NamedTuple):
    """What came of a source within a time; `bytes` are those of the records."""

    records: int = 0
    bytes: int = 0
    redropped: int = 0
    rejected: int = 0
    refused: int = 0

    def plus(self, other: "Amount") -> "Amount":
        """Both together."""
        return Amount(*(a + b for a, b in zip(self, other, strict=True)))


NONE = Amount()


@dataclass(frozen=True, slots=True)
class Stand:
    """How one source stands; `day` is what came within the last 24 hours, this one included.

    `used` are the bytes of today (Asia/Shanghai) where there is a quota.
    """

    source: str
    name: bytes
    state: str
    label: str | None
    kind: str | None
    unit: str | None
    first_seen: datetime
    last_seen: datetime | None
    terms: Terms
    silence: timedelta
    day: Amount
    used: int = 0

    @property
    def silent(self) -> bool:
        """Whether it has been quiet for longer than the register allows; a retired one may be."""
        hours = self.terms.silence_hours
        return (
            self.state == CONFIRMED and hours is not None and self.silence > timedelta(hours=hours)
        )

    @property
    def full(self) -> bool:
        """Whether today's quota is used up."""
        quota = self.terms.quota_mb
        return self.state == CONFIRMED and quota is not None and self.used >= quota * MEGABYTE

    @property
    def holds_back(self) -> bool:
        """Whether its drops wait in the inbox."""
        return self.full or self.state == RETIRED

    @property
    def is_unconfirmed(self) -> bool:
        """Whether somebody has to confirm it; our own source of letters is nobody's to confirm."""
        return self.state == UNCONFIRMED and self.source != LETTERS


def read_stands(connection: Connection, now: datetime) -> list[Stand]:
    """Every source, by its id."""
    day = _since(connection, HOUR.c.hour > now - DAY)
    rows = connection.execute(select(SOURCE).order_by(SOURCE.c.id)).all()
    said = {row.id: Terms.parse(row.terms) for row in rows}
    used = used_today(connection, [key for key, terms in said.items() if terms.quota_mb], now)
    return [
        Stand(
            *(row.id, row.name, row.state, row.label, row.kind, row.unit),
            row.first_seen,
            row.last_seen,
            said[row.id],
            max(now - (row.last_seen or row.first_seen), timedelta()),
            day.get(row.id, NONE),
            used.get(row.id, 0),
        )
        for row in rows
    ]


def used_today(connection: Connection, sources: Sequence[str], now: datetime) -> Mapping[str, int]:
    """Bytes of the records that came today of these sources, by Asia/Shanghai."""
    if not sources:
        return {}
    today = _since(connection, HOUR.c.hour >= beginning_of_day(now))
    return {source: today[source].bytes for source in sources if source in today}


def beginning_of_day(now: datetime) -> datetime:
    """Midnight in Asia/Shanghai, which is a whole hour of UTC."""
    return now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def sort_by_urgency(stands: Iterable[Stand]) -> list[Stand]:
    """The silent first, then those at their quota, the unconfirmed, and the last seen."""

    def urgency(stand: Stand) -> tuple[Any, ...]:
        rank = (stand.silent, stand.full, stand.is_unconfirmed, stand.state != RETIRED)
        longest_first = -stand.silence if stand.silent else stand.silence
        return (*(not yes for yes in rank), longest_first, stand.source)

    return sorted(stands, key=urgency)


def source_warnings(stands: Iterable[Stand], held: Mapping[str, int]) -> tuple[Warned, ...]:
    """What somebody should look at: devices that have gone quiet, sources whose drops wait.

    `held` is how many drops of a retired source, or of one at its quota, lie in the inbox.
    """
    found = [*stands]
    silent = [stand for stand in sort_by_urgency(found) if stand.silent]
    full = [stand.source for stand in found if stand.full and held.get(stand.source)]
    retired = [s.source for s in found if s.state == RETIRED and held.get(s.source)]
    warned = []
    if silent:
        names = _named([stand.source for stand in silent])
        since = silent[0].last_seen or silent[0].first_seen
        warned.append(
            Warned("SOURCE_SILENT", {"count": len(silent), "sources": names, "since": since})
        )
    for code, sources in (("SOURCE_QUOTA", full), ("SOURCE_RETIRED", retired)):
        if sources:
            drops = sum(held[source] for source in sources)
            warned.append(Warned(code, {"count": drops, "sources": _named(sources)}))
    return tuple(warned)


def _named(sources: Sequence[str]) -> str:
    shown = ", ".join(sources[:_MOST_NAMED])
    return f"{shown} …" if len(sources) > _MOST_NAMED else shown


@dataclass(frozen=True, slots=True)
class History:
    """What came of one source: in all, within 24 hours and 7 days, and when."""

    total: Amount
    day: Amount
    week: Amount
    hours: tuple[tuple[datetime, Amount], ...]
    """The last 24 hours, each by its beginning; the last one is not over."""
    days: tuple[tuple[datetime, Amount], ...]
    """The last 7 days in Asia/Shanghai, each by its beginning; the last one is today."""


def read_history(connection: Connection, source: str, now: datetime) -> History:
    """The history of a source; nothing of one that is not known."""
    today = beginning_of_day(now)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    first_day = today - 6 * DAY
    query = select(HOUR).where(HOUR.c.source == source, HOUR.c.hour >= min(first_day, now - WEEK))
    hours: dict[datetime, Amount] = {}
    days: dict[datetime, Amount] = {}
    for row in connection.execute(query):
        amount = _amount(row)
        hours[row.hour] = amount
        start = beginning_of_day(row.hour)
        days[start] = days.get(start, NONE).plus(amount)
    last_hours = [this_hour - timedelta(hours=back) for back in range(23, -1, -1)]
    last_days = [today - back * DAY for back in range(6, -1, -1)]
    return History(
        total=_totals(connection, source).get(source, NONE),
        day=_sum(amount for hour, amount in hours.items() if hour > now - DAY),
        week=_sum(amount for hour, amount in hours.items() if hour > now - WEEK),
        hours=tuple((hour, hours.get(hour, NONE)) for hour in last_hours),
        days=tuple((day, days.get(day, NONE)) for day in last_days),
    )


def read_totals(connection: Connection, now: datetime) -> Mapping[str, tuple[Amount, Amount]]:
    """Of every source what came in all, and within 7 days."""
    week = _since(connection, HOUR.c.hour > now - WEEK)
    return {
        source: (total, week.get(source, NONE)) for source, total in _totals(connection).items()
    }


def _since(connection: Connection, when: Any) -> dict[str, Amount]:
    """What came within some hours, by source.

    Not grouped by the database: SQLite would walk through all hours there are, in their order.
    """
    found: dict[str, Amount] = {}
    for row in connection.execute(select(HOUR).where(when)):
        found[row.source] = found.get(row.source, NONE).plus(_amount(row))
    return found


def _totals(connection: Connection, source: str | None = None) -> dict[str, Amount]:
    """What came in all, by source."""
    query = select(HOUR.c.source, *(func.sum(HOUR.c[name]).label(name) for name in COUNTED))
    if source is not None:
        query = query.where(HOUR.c.source == source)
    return {row.source: _amount(row) for row in connection.execute(query.group_by(HOUR.c.source))}


def _amount(row: Any) -> Amount:
    return Amount(*(int(getattr(row, name)) for name in COUNTED))


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = NONE
    for amount in amounts:
        total = total.plus(amount)
    return total
