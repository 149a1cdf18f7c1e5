"""The tables of the index, and what else of the database touches them.

    remove(connection, record)      # at once: destroyed, lost, spilled
    refresh(connection, [record])   # its line in the catalog or its cases changed: read again soon

They are no part of what a rebuild restores: an index is made anew from ledger and objects at any
time. On SQLite words stand in a table of FTS5 without content, made of our own tokens; on
PostgreSQL in a column `words` (tsvector) of `document`.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, delete, select, update

from archive.column_types import text_type
from archive.index import lexemes
from archive.index.fields import COLUMNS, Document
from archive.rows import batched, insert_rows

FORM = 3
"""Of tokens and facets; an index of another form is made anew."""
_TABLES = sa.MetaData()
DOCUMENT = sa.Table(
    "document",
    _TABLES,
    # Counts up in the order of the ledger, so that the newest are found first.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("record", text_type(), nullable=False, unique=True),
    sa.Column("stale", sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.Column("problem", text_type()),
    sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("data", sa.LargeBinary(), nullable=False),
)
"""One row per record that is indexed; `data` is what of it was, compressed."""
INDEXING = sa.Table(
    "indexing",
    _TABLES,
    sa.Column("log", text_type(), primary_key=True),
    sa.Column("next", sa.BigInteger(), nullable=False),
    sa.Column("form", sa.Integer(), nullable=False),
)
"""How far each log is indexed: all before `next`."""
_WORDS = ", ".join(COLUMNS)
_MARKS = ", ".join("?" * len(COLUMNS))
_LEVEL = 1
_CHANGES = ""
"""The line of INDEXING that counts changes; no log has this name."""
_SCRUB = " "
"""The line that asks for `scrub`: 0 to begin, 1 begun."""
_LEARNT = "  "
"""The line that says how many records there were when `learn` last looked at them."""
_LEAST_TO_LEARN = 1_000
_MERGED, _NOTHING_MERGED = 2_000, 2
_TRUE = "true"


def make(connection: Connection) -> None:
    """Make the tables, empty."""
    _TABLES.create_all(connection)
    stale = "CREATE INDEX ix_document_{0} ON document (id) WHERE {1}"
    is_stale = "stale" if connection.dialect.name == "postgresql" else "stale = 1"
    connection.exec_driver_sql(stale.format("stale", is_stale))
    connection.exec_driver_sql(stale.format("problem", "problem IS NOT NULL"))
    _make_words(connection)


def _make_words(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE document ADD COLUMN words tsvector")
        connection.exec_driver_sql("CREATE INDEX ix_document_words ON document USING gin (words)")
        return
    # Our tokens stand between blanks: `ascii` takes every other character as it is, and knows no
    # table of characters that is older than the texts (unicode61 drops newer ones).
    connection.exec_driver_sql(
        f"CREATE VIRTUAL TABLE words USING fts5({_WORDS},"
        " content='', columnsize=0, tokenize='ascii')"
    )
    connection.exec_driver_sql("INSERT INTO words(words, rank) VALUES ('hashsize', 16777216)")


def clear(connection: Connection) -> None:
    """Empty the index: it begins anew."""
    _changed(connection)
    connection.execute(delete(INDEXING).where(INDEXING.c.log != _CHANGES))
    connection.execute(delete(DOCUMENT))
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql("DROP TABLE words")
        _make_words(connection)


def try_again(connection: Connection) -> None:
    """Take up again what could not be read."""
    connection.execute(update(DOCUMENT).where(DOCUMENT.c.problem.is_not(None)).values(tries=0))


# ── one record ──


class Ready(NamedTuple):
    """A record ready to be written: what is kept of it, and the tokens of each column."""

    record: str
    data: bytes
    columns: tuple[str, ...]
    problem: str | None


def ready(document: Document) -> Ready:
    """Most of the work of indexing a record; it needs no database."""
    data = zlib.compress(document.stored(), _LEVEL)
    return Ready(document.record, data, tuple(document.columns()), document.problem)


def put(connection: Connection, documents: Sequence[Ready]) -> None:
    """Index records, again where they were."""
    known = _known(connection, [one.record for one in documents])
    _forget_words(connection, known.values())
    number = connection.execute(select(sa.func.max(DOCUMENT.c.id))).scalar() or 0
    fresh, placed = [], []
    for one in documents:
        row = known.get(one.record)
        if row is not None:
            values = {"data": one.data, "problem": one.problem, "stale": False}
            tries = row.tries + 1 if one.problem else 0
            again = update(DOCUMENT).where(DOCUMENT.c.id == row.id)
            connection.execute(again.values(**values, tries=tries))
        else:
            number += 1
            tries = 1 if one.problem else 0
            fresh.append([number, one.record, one.problem, tries, one.data])
        placed.append((row.id if row is not None else number, one))
    insert_rows(connection, DOCUMENT, ("id", "record", "problem", "tries", "data"), fresh)
    _put_words(connection, placed)


def remove(connection: Connection, record: str, *, traceless: bool = False) -> None:
    """Take a record out, with its words; nothing where it is not in.

    `traceless`: what is left of them in older pages is to be merged away, see `scrub`.
    """
    known = _known(connection, [record])
    if known:
        _forget_words(connection, known.values())
        connection.execute(delete(DOCUMENT).where(DOCUMENT.c.record == record))
        if traceless:
            connection.execute(delete(INDEXING).where(INDEXING.c.log == _SCRUB))
            row = {"log": _SCRUB, "next": 0, "form": FORM}
            connection.execute(sa.insert(INDEXING), [row])


def refresh(connection: Connection, records: Sequence[str]) -> None:
    """Have records read again soon: their lines in the catalog, or their cases, changed."""
    found = 0
    for some in batched(records):
        stale = update(DOCUMENT).where(DOCUMENT.c.record.in_(some)).values(stale=True)
        found += connection.execute(stale).rowcount
    if found < len(records):
        _changed(connection)


def refresh_marked(connection: Connection, token: str) -> None:
    """The same for all records that have a facet."""
    if connection.dialect.name == "postgresql":
        where, value = "words @@ CAST(%s AS tsquery)", f"'{token}'"
    else:
        where, value = "id IN (SELECT rowid FROM words WHERE words MATCH ?)", f'"{token}"'
    connection.exec_driver_sql(f"UPDATE document SET stale = {_TRUE} WHERE {where}", (value,))  # noqa: S608
    _changed(connection)


def _changed(connection: Connection) -> None:
    """Say that what is being read for the index just now may have changed meanwhile."""
    count = update(INDEXING).where(INDEXING.c.log == _CHANGES).values(next=INDEXING.c.next + 1)
    if connection.execute(count).rowcount == 0:
        row = {"log": _CHANGES, "next": 1, "form": FORM}
        connection.execute(sa.insert(INDEXING), [row])


def changes(connection: Connection) -> int:
    """A number that rises when something changes of records that are not indexed yet."""
    query = select(INDEXING.c.next).where(INDEXING.c.log == _CHANGES)
    return int(connection.execute(query).scalar() or 0)


def next_of(connection: Connection, log: str) -> int:
    """The first entry of a log that is not indexed yet."""
    query = select(INDEXING.c.next).where(INDEXING.c.log == log, INDEXING.c.form == FORM)
    return int(connection.execute(query).scalar() or 0)


def set_next(connection: Connection, log: str, index: int) -> None:
    """Note how far a log is indexed."""
    connection.execute(delete(INDEXING).where(INDEXING.c.log == log))
    connection.execute(sa.insert(INDEXING), [{"log": log, "next": index, "form": FORM}])


def has_traces(connection: Connection) -> bool:
    """Whether `scrub` has something to do."""
    query = select(INDEXING.c.log).where(INDEXING.c.log == _SCRUB)
    return connection.execute(query).first() is not None


def scrub(connection: Connection) -> bool:
    """Merge a part of the index, so that no words of removed records stay behind in older pages;
    False where nothing is left to merge, or nobody asked (`remove` with `traceless`).
    """
    query = select(INDEXING.c.next).where(INDEXING.c.log == _SCRUB)
    begun = connection.execute(query).scalar()
    here = INDEXING.c.log == _SCRUB
    if connection.dialect.name == "postgresql":
        connection.execute(delete(INDEXING).where(here))  # VACUUM does it there
        return False
    if begun is None:
        return False
    before = connection.exec_driver_sql("SELECT total_changes()").scalar() or 0
    pages = -_MERGED if begun == 0 else _MERGED  # negative: begin a merge of everything
    connection.exec_driver_sql("INSERT INTO words(words, rank) VALUES ('merge', ?)", (pages,))
    after = connection.exec_driver_sql("SELECT total_changes()").scalar() or 0
    if after - before < _NOTHING_MERGED:
        connection.execute(delete(INDEXING).where(here))
        return False
    connection.execute(update(INDEXING).where(here).values(next=1))
    return True


def learn(connection: Connection) -> bool:
    """Have PostgreSQL look at the tables of a search, each time the index has doubled; whether it
    did. Left to itself it does so minutes after, and until then goes wrong ways to what is rare.
    """
    if connection.dialect.name != "postgresql":
        return False
    here = INDEXING.c.log == _LEARNT
    known = connection.execute(select(INDEXING.c.next).where(here)).scalar() or 0
    number = connection.execute(select(sa.func.max(DOCUMENT.c.id))).scalar() or 0
    if number < max(_LEAST_TO_LEARN, 2 * known):
        return False
    connection.exec_driver_sql("ANALYZE document, record, register")
    set_next(connection, _LEARNT, number)
    return True


def read(record: str, data: bytes, most: int = 0) -> Document:
    """What was indexed of a record; with `most` of the first so many bytes, at least all fields."""
    if not most:
        return Document.of_stored(record, zlib.decompress(data))
    packed = zlib.decompressobj()
    found = packed.decompress(data, most)
    while packed.unconsumed_tail and not Document.has_fields(found):
        found += packed.decompress(packed.unconsumed_tail, most)
    return Document.of_stored(record, found)


def _known(connection: Connection, records: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for some in batched(records):
        query = select(DOCUMENT).where(DOCUMENT.c.record.in_(some))
        found.update((row.record, row) for row in connection.execute(query))
    return found


def _put_words(connection: Connection, documents: Sequence[tuple[int, Ready]]) -> None:
    if connection.dialect.name == "postgresql":
        statement = "UPDATE document SET words = CAST(%s AS tsvector) WHERE id = %s"
        rows: list[Any] = [
            (lexemes.vector(one.columns, number), number) for number, one in documents
        ]
    else:
        statement = f"INSERT INTO words(rowid, {_WORDS}) VALUES (?, {_MARKS})"  # noqa: S608
        rows = [(number, *one.columns) for number, one in documents]
    if rows:
        connection.exec_driver_sql(statement, rows)


def _forget_words(connection: Connection, rows: Iterable[Any]) -> None:
    """FTS5 without content is told what to forget."""
    if connection.dialect.name == "postgresql":
        return
    statement = f"INSERT INTO words(words, rowid, {_WORDS}) VALUES ('delete', ?, {_MARKS})"  # noqa: S608
    gone = [(row.id, *read(row.record, row.data).columns()) for row in rows]
    if gone:
        connection.exec_driver_sql(statement, gone)
