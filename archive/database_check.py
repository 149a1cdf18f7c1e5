"""The archive's own database as verification may see it: it is only read.

Implements `archive.verify.Database`. Looking at an archive changes none of its bytes.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Engine,
    LargeBinary,
    Row,
    Select,
    cast,
    create_engine,
    literal,
    select,
    tuple_,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from archive import catalog, derived_rows, postgresql
from archive.catalog import RECORD
from archive.database_url import parse_url
from archive.errors import Unreachable
from archive.late_sidecar import WHAT
from archive.layout import detail_key
from archive.ledger import ENTRY, HEAD, PENDING, UNSTORED
from archive.merkle import leaf_hash
from archive.replica_queue import REPLICATION
from archive.seals import SEAL
from archive.tables import RegisterRow

REGISTER = RegisterRow.__table__  # type: ignore[attr-defined]
_ROWS_AT_ONCE = 4096
_MOST_CONNECTIONS = 4
_COLUMNS = [column.name for column in RECORD.c]
_PUBLISHED = select(HEAD.c.log, HEAD.c.published)
_SQLITE = "sqlite:///"


class LedgerCopy:
    """The database's copy of the ledger; `close` it at the end."""

    def __init__(self, url: str) -> None:
        """Raises Unreachable if there is no database, or it cannot be read."""
        self.accessions = 0
        """How many records the leaves that were read accession, as far as they are published."""
        self.lost: set[str] = set()
        self.spilled: set[str] = set()
        """Records that these leaves call lost."""
        self.amended: dict[str, str] = {}
        """Key of the detail of the last full check of a medium."""
        self.late: dict[str, list[str]] = {}
        """Keys of the details of sidecars that came later."""
        self._url = url
        self._engine, self._process = _reader(url), os.getpid()
        try:
            self._read(select(ENTRY.c.idx).limit(1))
        except Unreachable:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def leaves(self, log: str) -> Iterator[bytes]:
        """Leaf hashes of a log's entries, computed anew from their bytes, in order.

        A missing index ends them. Raises Unreachable if the database fails on the way.
        """
        start = 0
        published = next((row.published for row in self._read(_PUBLISHED) if row.log == log), 0)
        # Cast, because an edit by hand may have left a text where bytes belong.
        data = cast(ENTRY.c.data, LargeBinary).label("data")
        columns = select(ENTRY.c.idx, data).where(ENTRY.c.log == log)
        while True:
            portion = columns.where(ENTRY.c.idx >= start).order_by(ENTRY.c.idx)
            rows = self._read(portion.limit(_ROWS_AT_ONCE))
            for expected, row in enumerate(rows, start):
                if row.idx != expected:
                    return
                if expected < published:
                    self._note_kind(row.data)
                yield leaf_hash(row.data)
            if len(rows) < _ROWS_AT_ONCE:
                return
            start += len(rows)

    def unsealed(self) -> frozenset[str]:
        """Keys of the objects whose entries are appended and not yet published.

        Those of derivatives begin with `live/`, and may wait longer.
        """
        batch = (ENTRY.c.log == HEAD.c.log) & (ENTRY.c.idx >= HEAD.c.published)
        query = select(UNSTORED.c.key).join(ENTRY, ENTRY.c.pending == UNSTORED.c.pending)
        keys = {row.key for row in self._read(query.join(HEAD, batch))}
        made = (row[0] for part in derived_rows.UNSEALED for row in self._read(part))
        return frozenset(keys | {f"live/{key}" for key in derived_rows.keys_in(made)})

    def at_rest(self, sizes: Mapping[str, int]) -> bool:
        """Whether it has just these entries, by log, and none that wait."""
        if self._read(select(PENDING.c.number).limit(1)):
            return False
        return {row.log: row.size for row in self._read(select(HEAD.c.log, HEAD.c.size))} == sizes

    def registers(self) -> Iterator[tuple[str, str, object]]:
        """Rows of its registers (name, key, JSON value), by name and key in code point order."""
        value = cast(REGISTER.c.value, LargeBinary).label("value")
        place = tuple_(REGISTER.c.shelf, REGISTER.c.key)
        columns = select(REGISTER.c.shelf, REGISTER.c.key, value)
        columns = columns.order_by(REGISTER.c.shelf, REGISTER.c.key).limit(_ROWS_AT_ONCE)
        last = ("", "")
        while rows := self._read(columns.where(place > tuple_(*map(literal, last)))):
            yield from ((row.shelf, row.key, row.value) for row in rows)
            last = (rows[-1].shelf, rows[-1].key)

    def _note_kind(self, data: bytes) -> None:
        # In canonical JSON these bytes can stand nowhere else: quotes inside a text are escaped.
        if b'"kind":"record.accessioned"' in data:
            self.accessions += 1
        elif b'"kind":"record.lost"' in data:
            self.lost.add(str(json.loads(data)["subject"]))
        elif b'"kind":"record.spilled"' in data:
            said = json.loads(data)["body"]["statements"][0]["statement"]["payload"]
            self.spilled.update(said["records"])
        elif b'"kind":"record.amended"' in data:
            said = json.loads(data)
            record, key = str(said["subject"]), detail_key(str(said["body"]["detail_id"]))
            if said["body"]["what"] == "media":
                self.amended[record] = key
            elif said["body"]["what"] == WHAT:
                self.late.setdefault(record, []).append(key)

    def portions(self) -> Iterator[tuple[str, str | None]]:
        """The catalog in parts for `catalog`: after which id each begins, and with which it ends.

        The last one has no end.
        """
        ids = select(RECORD.c.id).order_by(RECORD.c.id)
        last = ""
        while rows := self._read(ids.where(RECORD.c.id > last).offset(_ROWS_AT_ONCE - 1).limit(1)):
            yield last, rows[0].id
            last = rows[0].id
        yield last, None

    def catalog(
        self, after: str = "", until: str | None = None
    ) -> Iterator[tuple[dict[str, Any], bytes | None]]:
        """Lines of the catalog, and the entry at the place each names, in the order of ids.

        Those beyond the id `after`, up to and with `until`.
        """
        data = cast(ENTRY.c.data, LargeBinary).label("entry_data")
        place = (ENTRY.c.log == RECORD.c.log) & (ENTRY.c.idx == RECORD.c.idx)
        columns = select(RECORD, data).outerjoin(ENTRY, place).order_by(RECORD.c.id)
        columns = columns if until is None else columns.where(RECORD.c.id <= until)
        last = after
        while rows := self._read(columns.where(RECORD.c.id > last).limit(_ROWS_AT_ONCE)):
            for row in rows:
                yield dict(zip(_COLUMNS, row, strict=False)), row[-1]
            last = rows[-1].id

    def notes(self) -> list[tuple[str, bytes]]:
        """The newest note of every log that was stored and read back: (log, note).

        Signed notes prove themselves, so a store that is older than they are is found out.
        """
        newest = (SEAL.c.log == HEAD.c.log) & (SEAL.c.size == HEAD.c.published)
        query = select(HEAD.c.log, SEAL.c.note).join(SEAL, newest).order_by(HEAD.c.year)
        return [(row.log, row.note) for row in self._read(query)]

    def is_queued(self, store: str, key: str) -> bool:
        """Whether an object still waits to be copied to a second store."""
        mine = (REPLICATION.c.store == store) & (REPLICATION.c.key == key)
        return bool(self._read(select(REPLICATION.c.id).where(mine).limit(1)))

    def is_behind(self, store: str) -> bool:
        """Whether anything waits to be copied to a second store."""
        query = select(REPLICATION.c.id).where(REPLICATION.c.store == store).limit(1)
        return bool(self._read(query))

    def record_id(self, beginning: str) -> str:
        """The one record whose id begins so, in the catalog; raises NotFound or Unreachable."""
        try:
            with self._engine.connect() as connection:
                return catalog.find_record(connection, beginning).id
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        if self._process != os.getpid():
            # A connection is not shared with the process that this one was forked from.
            self._engine.dispose(close=False)
            self._engine, self._process = _reader(self._url), os.getpid()
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).all()
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: SQLAlchemyError) -> Unreachable:
        reason: object = getattr(error, "orig", None) or type(error).__name__
        if isinstance(error, DBAPIError) and self._engine.dialect.name == "postgresql":
            reason = postgresql.reason(error, self._engine.url)
        return Unreachable(f"The database cannot be read ({reason}).")


def _reader(url: str) -> Engine:
    """An engine that changes nothing."""
    address = parse_url(url)
    if address.get_backend_name() != "sqlite":
        engine = postgresql.make_engine(address, postgresql.SCHEMA_NAME, _MOST_CONNECTIONS)
        return engine.execution_options(**postgresql.READING)
    return create_engine(_reading(Path(address.database or "")))


def _reading(path: Path) -> str:
    """URL by which SQLite reads a file and leaves everything beside it as it was.

    With a write-ahead log of somebody else, or of a crash, read-only is enough; it creates and
    checkpoints nothing. Without one SQLite makes its two side files and, opened normally, takes
    them away again, which read-only it does not. Where it may not make any, nobody writes either.
    """
    path = path.resolve()
    if not path.is_file():
        raise Unreachable(f"There is no database at {path}.")
    if Path(f"{path}-wal").exists():
        mode = "mode=ro"
    elif os.access(path.parent, os.W_OK) and os.access(path, os.W_OK):
        mode = "mode=rw"
    else:
        mode = "mode=ro&immutable=1"
    return f"{_SQLITE}{path.as_uri()}?{mode}&uri=true"
