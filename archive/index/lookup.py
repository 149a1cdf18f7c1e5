"""Questions to the index: which records, the newest first, and how many."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, false, func, or_, select

from archive.index import lexemes
from archive.index.places import DOCUMENT, FORM, INDEXING
from archive.index.problems import POSSIBLE_SECRET
from archive.index.query import Asked, sqlite
from archive.tables import RecordRow

_MOST_NAMED = 20
RECORD = RecordRow.__table__  # type: ignore[attr-defined]
_SHOWN = (
    *(DOCUMENT.c.id.label("number"), DOCUMENT.c.data, DOCUMENT.c.stale),
    *(RECORD.c.id, RECORD.c.source, RECORD.c.tags),
    *(RECORD.c.captured_start, RECORD.c.received_at),
)


def numbers(
    connection: Connection,
    asked: Asked,
    *,
    most: int,
    top: int | None = None,
    skip: int = 0,
    begin: bool = False,
) -> list[int]:
    """Numbers of the newest records that match, from the newest on; none above `top`."""
    if not asked.may_match:
        return []
    limit = newest(connection) if top is None else top
    if connection.dialect.name == "postgresql":
        wish = lexemes.expression(asked, begin=begin)
        return _by_stretches(connection, wish, limit, skip + most)[skip:]
    wish = sqlite(asked, begin=begin)
    found = connection.exec_driver_sql(_SQLITE, (wish, limit, most, skip))
    return [row[0] for row in found]


def _by_stretches(connection: Connection, wish: str, limit: int, most: int) -> list[int]:
    """What matches a tsquery, stretch by stretch, so that the oldest are not looked at in vain."""
    found: list[int] = []
    high = limit
    for lowest, blocks in lexemes.stretches(limit):
        asked = (f"({wish}) & ({blocks})", lowest, high, most - len(found))
        found += [row[0] for row in connection.exec_driver_sql(_STRETCH, asked)]
        if len(found) >= most:
            break
        high = lowest - 1
    return found


_SQLITE = (
    "SELECT rowid FROM words WHERE words MATCH ? AND rowid <= ?"
    " ORDER BY rowid DESC LIMIT ? OFFSET ?"
)
_STRETCH = (
    "SELECT id FROM (SELECT id FROM document WHERE words @@ CAST(%s AS tsquery) OFFSET 0) AS hit"
    " WHERE id BETWEEN %s AND %s ORDER BY id DESC LIMIT %s"
)
"""OFFSET 0 keeps the planner from walking through all records of the stretch instead."""


def count(
    connection: Connection, asked: Asked, most: int, *, top: int | None = None, begin: bool = False
) -> int:
    """How many match, at most so many."""
    return len(numbers(connection, asked, most=most, top=top, begin=begin))


def reads_to_count(connection: Connection, asked: Asked) -> bool:
    """Whether records are read to see if they match: PostgreSQL's index knows words, no phrases."""
    phrases = any(len(term.tokens) > 1 for term in asked.terms)
    return phrases and connection.dialect.name == "postgresql"


def newest(connection: Connection) -> int:
    """The number of the newest record in the index; 0 where there is none."""
    return int(connection.execute(select(func.max(DOCUMENT.c.id))).scalar() or 0)


def lines(connection: Connection, found: Sequence[int]) -> list[Any]:
    """What judging and ranking needs of records, in the order of their numbers."""
    query = select(*_SHOWN).join(RECORD, RECORD.c.id == DOCUMENT.c.record)
    rows = {row.number: row for row in connection.execute(query.where(DOCUMENT.c.id.in_(found)))}
    return [rows[number] for number in found if number in rows]


def data_of(connection: Connection, records: Sequence[str]) -> dict[str, bytes]:
    """What is kept of records that are in the index."""
    query = select(DOCUMENT.c.record, DOCUMENT.c.data).where(DOCUMENT.c.record.in_(records))
    return {row.record: row.data for row in connection.execute(query)}


def behind(connection: Connection) -> tuple[Any, Any]:
    """Conditions on records: not in the index yet, and to be read again."""
    known = {row.log: row for row in connection.execute(select(INDEXING))}
    parts: list[Any] = []
    for log in logs(connection):
        row = known.get(log)
        start = row.next if row is not None and row.form == FORM else 0
        parts.append(and_(RECORD.c.log == log, RECORD.c.idx >= start))
    stale = select(DOCUMENT.c.record).where(DOCUMENT.c.stale)
    return or_(false(), *parts), RECORD.c.id.in_(stale)


def logs(connection: Connection) -> Iterator[str]:
    """Logs of records, by an index rather than by all of them."""
    log: str | None = ""
    while log is not None:
        log = connection.execute(select(func.min(RECORD.c.log)).where(RECORD.c.log > log)).scalar()
        if log is not None:
            yield log


def fresh(connection: Connection) -> int:
    """How many records are not in the index yet."""
    return _count(connection, behind(connection)[0])


def waiting(connection: Connection) -> int:
    """How many records are not in the index yet, or to be read again."""
    return sum(_count(connection, one) for one in behind(connection))


def _count(connection: Connection, which: Any) -> int:
    here = ~RECORD.c.lost & ~RECORD.c.destroyed & ~RECORD.c.spilled
    query = select(func.count()).select_from(RECORD).where(which, here)
    return int(connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class State:
    """How the index stands: records in it, not in it yet, and those that could not be read."""

    indexed: int
    waiting: int
    problems: Mapping[str, int]
    suspects: tuple[str, ...] = ()
    """The newest records that somebody has to look at: they may be a state secret."""

    def document(self) -> dict[str, Any]:
        """The same as JSON data."""
        found: dict[str, Any] = {
            "indexed": self.indexed,
            "waiting": self.waiting,
            "problems": dict(self.problems),
        }
        if self.suspects:
            found["possible_secrets"] = list(self.suspects)
        return found


def state_of(connection: Connection) -> State:
    """How the index stands."""
    indexed = int(connection.execute(select(func.count()).select_from(DOCUMENT)).scalar_one())
    failed = select(DOCUMENT.c.problem, func.count()).where(DOCUMENT.c.problem.is_not(None))
    problems = {row[0]: row[1] for row in connection.execute(failed.group_by(DOCUMENT.c.problem))}
    suspects = select(DOCUMENT.c.record).where(DOCUMENT.c.problem == POSSIBLE_SECRET)
    newest_first = suspects.order_by(DOCUMENT.c.id.desc()).limit(_MOST_NAMED)
    named = connection.execute(newest_first).scalars() if POSSIBLE_SECRET in problems else ()
    return State(indexed, waiting(connection), problems, tuple(named))
