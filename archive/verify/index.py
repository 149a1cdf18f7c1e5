"""The index of one verification: a private SQLite file outside the archive, gone afterwards.

`record.pack` is the key of a packed record's pack, `start` and `stop` where it stands there with
its two or three `files`.
`destroyed` and `split` are filled by the registers: records whose destruction counts, and members
of packs that a `pack.split` that counts has given objects of their own. `excused` are records of
which it cannot be told yet (`archive.verify.disposals`). `derived` are derivatives in the order of
the ledger, `stored` the keys of those that stand in live.

SQLite keeps it in memory while it is small and spills to the temporary folder when it grows, so
the walk over a ledger of any length needs the same memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

_SCHEMA = """
CREATE TABLE seal(log TEXT, size INTEGER, note INTEGER, cms INTEGER, modified REAL,
                  root BLOB, oldest INTEGER, latest INTEGER, PRIMARY KEY(log, size)) WITHOUT ROWID;
CREATE TABLE linked(log TEXT, size INTEGER, note TEXT, p7s TEXT, tst TEXT, place TEXT,
                    PRIMARY KEY(log, size)) WITHOUT ROWID;
CREATE TABLE late(log TEXT, size INTEGER, tst TEXT, place TEXT);
CREATE TABLE pki(key TEXT, place TEXT);
CREATE TABLE record(id TEXT, log TEXT, idx INTEGER, at TEXT, body TEXT, size INTEGER,
                    pack TEXT, start INTEGER, stop INTEGER, files INTEGER);
CREATE TABLE lost(id TEXT, log TEXT, idx INTEGER, place TEXT);
CREATE INDEX lost_id ON lost(id);
CREATE TABLE destroyed(id TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID;
CREATE TABLE excused(id TEXT PRIMARY KEY, code TEXT, place TEXT) WITHOUT ROWID;
CREATE TABLE spilled(id TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID;
CREATE TABLE cleared(id TEXT, store TEXT, place TEXT, PRIMARY KEY(id, store)) WITHOUT ROWID;
CREATE TABLE going(id TEXT, store TEXT, place TEXT, PRIMARY KEY(id, store)) WITHOUT ROWID;
CREATE TABLE split(id TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID;
CREATE TABLE derived(id TEXT, role TEXT, key TEXT, digest TEXT, parent TEXT, place TEXT);
CREATE INDEX derived_key ON derived(key);
CREATE TABLE stored(key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE reference(kind TEXT, id TEXT, log TEXT, idx INTEGER, place TEXT);
CREATE TABLE detail(id TEXT, digest TEXT, kind TEXT, subject TEXT, at TEXT, place TEXT);
CREATE TABLE act(n INTEGER PRIMARY KEY, log TEXT, idx INTEGER, kind TEXT, actor TEXT, subject TEXT,
                 at TEXT, body TEXT, verdict INTEGER);
CREATE TABLE shelf(name TEXT, key TEXT, value TEXT, PRIMARY KEY(name, key)) WITHOUT ROWID;
CREATE TABLE said(person TEXT, accepted TEXT, place TEXT);
CREATE INDEX said_person ON said(person, accepted);
CREATE TABLE running(access TEXT PRIMARY KEY, at TEXT, place TEXT) WITHOUT ROWID;
CREATE TABLE concealed(access TEXT PRIMARY KEY, at TEXT, place TEXT) WITHOUT ROWID;
CREATE TABLE claim(id TEXT PRIMARY KEY, number TEXT) WITHOUT ROWID;
CREATE TABLE outage(log TEXT, id TEXT, since INTEGER, until INTEGER, reason TEXT);
CREATE TABLE known(log TEXT, size INTEGER, root BLOB, name TEXT, note BLOB);
CREATE TABLE receipt(log TEXT, idx INTEGER, leaf BLOB, name TEXT, record TEXT);
CREATE INDEX known_place ON known(log, size);
CREATE INDEX receipt_place ON receipt(log, idx);
CREATE INDEX late_place ON late(log, size);
CREATE TABLE selected(id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE suspect(key TEXT, kind TEXT, id TEXT, young INTEGER);
CREATE INDEX suspect_id ON suspect(id);
"""
_CACHE_KIB = 24_000


class Index:
    """Tables of one verification. Rows are plain tuples in the order of the schema's columns."""

    def __init__(self, store: str = "first") -> None:
        """`store` is the name of the store whose bytes are read."""
        self.store = store
        # An empty name is a private file that SQLite itself removes.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(
            f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIB};"
            f"PRAGMA temp_store=FILE; {_SCHEMA}"
        )

    def add(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows; on a key that is there already the first row stays."""
        rows = list(rows)
        if rows:
            marks = ",".join("?" * len(rows[0]))
            self._db.executemany(f"INSERT OR IGNORE INTO {table} VALUES({marks})", rows)

    def run(self, sql: str, *values: Any) -> None:
        """Change something."""
        self._db.execute(sql, values)

    def rows(self, sql: str, *values: Any) -> Iterator[Any]:
        """A query, row by row."""
        return iter(self._db.execute(sql, values))

    def one(self, sql: str, *values: Any) -> Any:
        """The first row, or None."""
        return self._db.execute(sql, values).fetchone()

    def __enter__(self) -> Self:
        self._db.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
