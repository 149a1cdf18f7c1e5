"""Many rows at once, past SQLAlchemy's work per row and value.

    insert_rows(connection, TABLE, ("id", "at"), [["01J…", moment], …])

With SQLite the values go to the driver as they are, only times are written as SQLAlchemy writes
them. Other databases get the same rows through SQLAlchemy.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, LargeBinary, String, Table, insert, select
from sqlalchemy.engine import Dialect

from archive.times import SHANGHAI

T = TypeVar("T")
MOST_VALUES = 10_000
_Change = Callable[[Any], Any]


def batched(values: Sequence[T], size: int = MOST_VALUES) -> Iterator[Sequence[T]]:
    """Values for `IN (…)`, a part at a time: databases take only so many parameters."""
    return (values[start : start + size] for start in range(0, len(values), size))


def insert_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[list[Any]]
) -> None:
    """Insert rows whose values stand in the order of `names`; the lists may be changed."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        named = [dict(zip(names, row, strict=True)) for row in rows]
        connection.execute(insert(table), named)
        return
    statement, changes = _plan(table, tuple(names), connection.dialect)
    for position, change in changes:
        _change(rows, position, change)
    connection.exec_driver_sql(statement, [tuple(row) for row in rows])


def _change(rows: Sequence[list[Any]], position: int, change: _Change) -> None:
    """Write one column's values for the driver; neighbours often are the same."""
    last, written = object(), None
    for row in rows:
        value = row[position]
        if value is None:
            continue
        if value is not last:
            last, written = value, change(value)
        row[position] = written


@lru_cache(maxsize=64)
def _plan(
    table: Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[tuple[int, _Change], ...]]:
    """The statement, and the columns whose values the driver takes in another form."""
    changes = []
    for position, name in enumerate(names):
        kind = table.c[name].type.dialect_impl(dialect)
        change = kind.bind_processor(dialect)
        if change is not None and not isinstance(kind, LargeBinary | String):
            changes.append((position, _quicker(change)))
    columns = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" * len(names))
    return f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})', tuple(changes)  # noqa: S608


def _quicker(change: _Change) -> _Change:
    """Half the time for moments, where the column writes them as SQLAlchemy does by itself."""
    try:
        same = all(change(moment) == _moment(moment) for moment in _SAMPLES)
    except (TypeError, ValueError, AttributeError):
        return change  # no column of moments
    return _moment if same else change


def _moment(moment: datetime) -> str:
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)  # devices state their own zone
    return moment.isoformat(" ", "microseconds")[:26]


_SAMPLES = (
    datetime(1, 2, 3, tzinfo=UTC),
    datetime(2026, 11, 22, 4, 5, 6, 7, tzinfo=SHANGHAI),
    datetime(9999, 12, 31, 23, 59, 59, 7, tzinfo=UTC),
)


def select_among(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    column: str,
    values: Sequence[Any],
    source: str | None = None,
) -> Iterator[Sequence[Any]]:
    """Columns (texts, bytes and plain integers) of all rows whose `column` is one of the values.

    With `source` only rows whose column of that name has this value.
    """
    for some in batched(values):
        if connection.dialect.name != "sqlite":
            query = select(*(table.c[name] for name in names)).where(table.c[column].in_(some))
            if source is not None:
                query = query.where(table.c.source == source)
            yield from connection.execute(query)
            continue
        columns = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" * len(some))
        where = "" if source is None else "source = ? AND "
        statement = f'SELECT {columns} FROM "{table.name}" WHERE {where}"{column}" IN ({marks})'  # noqa: S608
        parameters = (*some,) if source is None else (source, *some)
        yield from connection.exec_driver_sql(statement, parameters)
