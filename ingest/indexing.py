"""Brings the index up to the ledger, step by step, in the order of the ledger.

    indexer = Indexer(database, texts)
    while indexer.step(go_on): …

How far it is stands in the database and moves with what was written, in one transaction: a kill
costs a batch that is read again. While a batch is written the next one is being read. A record
that cannot be read is indexed by its fields; it is tried again `MOST_TRIES` times, then when asked.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from archive.database import Database
from archive.desk.db_shelf import DbShelf
from archive.desk.indexed import attached_to
from archive.index import lookup, places
from archive.index.fields import Document, facets_of, texts_of
from archive.index.places import DOCUMENT, Ready, ready
from archive.late_details import LateDetails
from archive.ledger import ENTRY
from archive.tables import RecordRow
from ingest.index_text import Read, Texts

RECORD = RecordRow.__table__  # type: ignore[attr-defined]
GoOn = Callable[[], bool]
MOST_TRIES = 3
_BATCH = 512
_BATCH_BYTES = 16 << 20
_HERE = ~RECORD.c.lost & ~RECORD.c.destroyed & ~RECORD.c.spilled
_NAMES = (
    *("id", "idx", "name", "folder", "title", "preview", "doc_number", "case_no", "officers"),
    *("unit", "parties", "subject", "place", "device", "category", "stage", "source", "kind"),
    *("condition", "importance", "tags", "media_type", "captured_start", "received_at", "size"),
    *("sidecar_sha256", "lost", "destroyed", "spilled"),
)
_COLUMNS = tuple(RECORD.c[name] for name in _NAMES)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was read for the index: up to `end` of a log, when so many things had changed."""

    log: str
    end: int
    documents: list[Ready]
    changes: int
    full: bool


class Indexer:
    """Indexes what is sealed; one at a time per archive (its caller holds a lock)."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database = database
        self._texts = texts
        self._ahead: Future[_Batch | None] | None = None
        self._thread = ThreadPoolExecutor(1, "index")
        self._late = LateDetails()

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(cancel_futures=True)

    def step(self, go_on: GoOn = lambda: True) -> int:
        """Index some records; how many were looked at, 0 where nothing is left or told to stop.

        Raises Unreachable where the store does not answer: what waits stays.
        """
        if not go_on():
            return 0
        return self._again(_stale) or self._fresh() or self._again(_failed) or self._scrub()

    def restart(self) -> None:
        """Forget everything: the index begins anew."""
        self._ahead = None
        with self._database.write() as connection:
            places.clear(connection)

    def try_again(self) -> None:
        """Take up again what could not be read."""
        with self._database.write() as connection:
            places.try_again(connection)

    def mend(self) -> int:
        """Compare the index with the catalog: take out what is gone, begin anew where some is
        missing. Returns how many records differed.
        """
        with self._database.write() as connection:
            gone = select(DOCUMENT.c.record).outerjoin(RECORD, RECORD.c.id == DOCUMENT.c.record)
            absent = RECORD.c.id.is_(None) | ~_HERE
            lost = list(connection.execute(gone.where(absent)).scalars())
            for record in lost:
                places.remove(connection, record)
            missing = self._missing(connection)
            if missing:
                places.clear(connection)
        return len(lost) + missing

    def _missing(self, connection: Connection) -> int:
        counted = select(func.count()).select_from(RECORD).where(_HERE)
        should = int(connection.execute(counted).scalar_one()) - lookup.fresh(connection)
        there = int(connection.execute(select(func.count()).select_from(DOCUMENT)).scalar_one())
        return max(0, should - there)

    def _scrub(self) -> int:
        with self._database.write() as connection:
            return int(places.scrub(connection))

    # ── new records ──

    def _fresh(self) -> int:
        ahead, self._ahead = self._ahead, None
        batch = ahead.result() if ahead else self._prepare(None)
        if batch is None and ahead:
            batch = self._prepare(None)
        if batch is None:
            return 0
        if batch.full:
            self._ahead = self._thread.submit(self._prepare, (batch.log, batch.end))
        with self._database.write() as connection:
            if places.changes(connection) != batch.changes or (
                places.next_of(connection, batch.log) >= batch.end
            ):
                self._ahead = None
                return len(batch.documents) or 1  # what was read is old: once more
            places.put(connection, _still_there(connection, batch.documents))
            places.set_next(connection, batch.log, batch.end)
            places.learn(connection)
        return len(batch.documents) or 1

    def _prepare(self, after: tuple[str, int] | None) -> _Batch | None:
        with self._database.read() as connection:
            changes = places.changes(connection)
            for log in lookup.logs(connection):
                start = places.next_of(connection, log)
                if after is not None and log == after[0]:
                    start = max(start, after[1])
                rows = self._with_late(connection, _rows(connection, log, start))
                if rows:
                    attached = _attached(connection, rows)
                    break
            else:
                return None
        kept = [row for row in rows if not (row["lost"] or row["destroyed"] or row["spilled"])]
        read = self._texts.read(kept)
        documents = [
            _document(row, one, attached.get(row["id"], ()))
            for row, one in zip(kept, read, strict=True)
        ]
        return _Batch(log, rows[-1]["idx"] + 1, documents, changes, len(rows) > 1)

    # ── those that changed, or could not be read ──

    def _again(self, where: Any) -> int:
        with self._database.read() as connection:
            changes = places.changes(connection)
            query = select(DOCUMENT.c.record, DOCUMENT.c.data, DOCUMENT.c.problem)
            query = query.where(where()).order_by(DOCUMENT.c.id).limit(_BATCH)
            kept = {row.record: row for row in connection.execute(query)}
            rows = self._with_late(connection, _named(connection, [*kept]))
            attached = _attached(connection, rows)
        if not kept:
            return 0
        if where is _failed:
            read = self._texts.read(rows)
        else:
            read = self._texts.again(rows, [_as_before(kept[row["id"]]) for row in rows])
        documents = [
            _document(row, one, attached.get(row["id"], ()))
            for row, one in zip(rows, read, strict=True)
        ]
        with self._database.write() as connection:
            if places.changes(connection) == changes:
                for record in kept.keys() - {row["id"] for row in rows}:
                    places.remove(connection, record)
                places.put(connection, _still_there(connection, documents))
        return len(kept)

    def _with_late(
        self, connection: Connection, rows: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        late = self._late.of(connection, rows) if rows else {}
        return [{**row, "late": late.get(row["id"], ())} for row in rows]


def _stale() -> Any:
    return DOCUMENT.c.stale


def _failed() -> Any:
    return DOCUMENT.c.problem.is_not(None) & (DOCUMENT.c.tries < MOST_TRIES)


def _as_before(row: Any) -> Read:
    """The text that was read of a record whose fields or notes changed."""
    return Read("", places.read(row.record, row.data).texts[-1], row.problem)


def _document(row: Mapping[str, Any], read: Read, attached: Sequence[Any]) -> Ready:
    texts = texts_of(row, read.note, read.body)
    return ready(Document(row["id"], texts, facets_of(row, attached), read.problem))


def _rows(connection: Connection, log: str, start: int) -> list[dict[str, Any]]:
    """The next records of a log with their entries; not too many bytes at once."""
    query = _with_entries().where(RECORD.c.log == log, RECORD.c.idx >= start)
    found, size = [], 0
    for row in connection.execute(query.order_by(RECORD.c.idx).limit(_BATCH)).mappings():
        found.append(dict(row))
        size += min(row["size"], 1 << 20)
        if size > _BATCH_BYTES:
            break
    return found


def _named(connection: Connection, records: Sequence[str]) -> list[dict[str, Any]]:
    query = _with_entries().where(RECORD.c.id.in_(records), _HERE)
    return [dict(row) for row in connection.execute(query).mappings()]


def _with_entries() -> Any:
    same = (ENTRY.c.log == RECORD.c.log) & (ENTRY.c.idx == RECORD.c.idx)
    return select(*_COLUMNS, ENTRY.c.data).join(ENTRY, same)


def _attached(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The cases that records are attached to."""
    shelf = DbShelf(connection)
    found = shelf.many("record_cases", [row["id"] for row in rows])
    return {record: attached_to(shelf, value["cases"]) for record, value in found.items()}


def _still_there(connection: Connection, documents: list[Ready]) -> list[Ready]:
    """Without those that were destroyed or blocked while they were read."""
    ids = [one.record for one in documents]
    query = select(RECORD.c.id).where(RECORD.c.id.in_(ids), ~_HERE)
    gone = set(connection.execute(query).scalars())
    return [one for one in documents if one.record not in gone]
