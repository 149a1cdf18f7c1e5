"""The tables of the index, and what else of the database touches them.

    remove(connection, record)      # at once: destroyed, lost, blocked
    refresh(connection, [record])   # its line in the catalog or its cases changed: read again soon

They are no part of what a rebuild restores: an index is made anew from ledger and objects at any
time. On SQLite words stand in a table of FTS5 without content, made of our own tokens; on
PostgreSQL in a column `words` (tsvector) of `document`.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, delete, select, update

from archive.column_types import text_type
from archive.index import lexemes
from archive.index.fields import COLUMNS, Document
from archive.rows import batched

FORM = 1
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
    connection.execute(delete(INDEXING))
    connection.execute(delete(DOCUMENT))
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql("DROP TABLE words")
        _make_words(connection)


# ── one record ──


def put(connection: Connection, documents: Sequence[Document]) -> None:
    """Index records, again where they were."""
    if not documents:
        return
    known = _known(connection, [one.record for one in documents])
    _forget_words(connection, known.values())
    number = connection.execute(select(sa.func.max(DOCUMENT.c.id))).scalar() or 0
    fresh, again = [], []
    for document in documents:
        data = zlib.compress(document.stored(), _LEVEL)
        row = known.get(document.record)
        if row is not None:
            tries = row.tries + 1 if document.problem else 0
            again.append((row.id, document, data, tries))
        else:
            number += 1
            fresh.append((number, document, data, 1 if document.problem else 0))
    rows = [
        {"id": number, "record": one.record, "data": data, "problem": one.problem, "tries": tries}
        for number, one, data, tries in fresh
    ]
    if rows:
        connection.execute(sa.insert(DOCUMENT), rows)
    for number, one, data, tries in again:
        values = {"data": data, "problem": one.problem, "tries": tries, "stale": False}
        connection.execute(update(DOCUMENT).where(DOCUMENT.c.id == number).values(**values))
    _put_words(connection, [(number, one) for number, one, _, _ in (*fresh, *again)])


def remove(connection: Connection, record: str) -> None:
    """Take a record out, with its words; nothing where it is not in."""
    known = _known(connection, [record])
    if known:
        _forget_words(connection, known.values())
        connection.execute(delete(DOCUMENT).where(DOCUMENT.c.record == record))


def refresh(connection: Connection, records: Sequence[str]) -> None:
    """Have records read again soon; those that are not indexed yet are read anyway."""
    for some in batched(records):
        stale = update(DOCUMENT).where(DOCUMENT.c.record.in_(some)).values(stale=True)
        connection.execute(stale)


def scrub(connection: Connection) -> None:
    """Merge all parts, so that no words of removed records are left behind in older ones."""
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql("INSERT INTO words(words) VALUES ('optimize')")


def read(record: str, data: bytes, most: int = 0) -> Document:
    """What was indexed of a record; with `most` only of the first so many bytes."""
    if not most:
        return Document.of_stored(record, zlib.decompress(data))
    return Document.of_stored(record, zlib.decompressobj().decompress(data, most))


def _known(connection: Connection, records: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for some in batched(records):
        query = select(DOCUMENT).where(DOCUMENT.c.record.in_(some))
        found.update((row.record, row) for row in connection.execute(query))
    return found


def _put_words(connection: Connection, documents: Sequence[tuple[int, Document]]) -> None:
    if connection.dialect.name == "postgresql":
        statement = "UPDATE document SET words = CAST(%s AS tsvector) WHERE id = %s"
        rows: list[Any] = [(lexemes.vector(one.columns()), number) for number, one in documents]
    else:
        statement = f"INSERT INTO words(rowid, {_WORDS}) VALUES (?, {_MARKS})"  # noqa: S608
        rows = [(number, *one.columns()) for number, one in documents]
    connection.exec_driver_sql(statement, rows)


def _forget_words(connection: Connection, rows: Iterable[Any]) -> None:
    """FTS5 without content is told what to forget."""
    if connection.dialect.name == "postgresql":
        return
    statement = f"INSERT INTO words(words, rowid, {_WORDS}) VALUES ('delete', ?, {_MARKS})"  # noqa: S608
    gone = [(row.id, *read(row.record, row.data).columns()) for row in rows]
    if gone:
        connection.exec_driver_sql(statement, gone)
