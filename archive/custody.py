"""The custody of one record: everything the ledger says about it, in order, and how it is sealed.

Read from the database, which only the archive's own people can see; who must prove any of it to
others uses `archive.verify` or a proof bundle.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from archive import catalog, layout, ledger
from archive.detail import Detail
from archive.entry import Entry
from archive.errors import ArchiveError, ContentAltered
from archive.ledger import ENTRY, HEAD, PENDING
from archive.ports import ObjectStore, read_all
from archive.record import RecordDescription
from archive.seals import SEAL
from archive.tables import RecordRow
from signing import canonical
from signing.digest import Digest

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """One entry about the record.

    `place` is None while it waits for the ledger; `sealed_at` is the genTime of the first seal
    above it, None until it is published and has its token. `detail` is what the entry may not say
    (who, why), None where there is none or it cannot be read; then `problem` says so.
    """

    kind: str
    actor: str
    at: datetime
    log: str | None
    index: int | None
    sealed_at: datetime | None
    body: Mapping[str, Any]
    detail: Mapping[str, Any] | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Custody:
    """A record, its description (None with a `problem` where it cannot be had) and its events."""

    record: RecordRow
    description: RecordDescription | None
    problem: str | None
    events: tuple[CustodyEvent, ...]


def custody(connection: Connection, evidence: ObjectStore, record: str) -> Custody:
    """Everything about one record, oldest first; raises NotFound."""
    row = catalog.find_record(connection, record)
    years = {head.log: head.year for head in connection.execute(select(HEAD))}
    found = [*_in_stream(connection, row, "access"), *_of_its_source(connection, row)]
    found.sort(key=lambda item: (years[item[0]], item[1]))
    events = [_event(connection, evidence, log, index, entry) for log, index, entry in found]
    events += _waiting(connection, row.id)
    problem = None
    description = None
    try:
        accession = next((e for _, _, e in found if e.kind == "record.accessioned"), None)
        description = _description(evidence, row.id, accession)
    except ArchiveError as error:
        problem = str(error)
    return Custody(row, description, problem, tuple(events))


def _of_its_source(connection: Connection, row: RecordRow) -> Iterator[tuple[str, int, Entry]]:
    """The accession and what came after it in the stream of the record's source."""
    place = (ENTRY.c.log == row.log, ENTRY.c.idx == row.idx)
    first = connection.execute(select(ENTRY.c.seq).where(*place)).scalar()
    return _in_stream(connection, row, f"source/{row.source}", int(first or 0))


def _in_stream(
    connection: Connection, row: RecordRow, stream: str, start: int = 0
) -> Iterator[tuple[str, int, Entry]]:
    """Entries of a stream whose subject is the record; the stream is read in portions."""
    needle = f'"subject":"{row.id}"'.encode()
    query = select(ENTRY.c.log, ENTRY.c.idx, ENTRY.c.data).where(ENTRY.c.stream == stream)
    query = query.where(ENTRY.c.seq >= start).order_by(ENTRY.c.seq)
    options = query.execution_options(yield_per=_ROWS_AT_ONCE)
    for log, index, data in connection.execute(options):
        if needle in data:
            entry = Entry.parse(data)
            if entry.subject == row.id:
                yield log, index, entry


def _event(
    connection: Connection, evidence: ObjectStore, log: str, index: int, entry: Entry
) -> CustodyEvent:
    detail, problem = None, None
    head = ledger.head_of(connection, log)
    published = head is not None and index < head.published
    try:
        # Before that the detail may not be stored yet, which is no fault.
        detail = _detail(evidence, entry.body) if published else None
    except ArchiveError as error:
        problem = str(error)
    return CustodyEvent(
        entry.kind,
        entry.actor,
        entry.at,
        log,
        index,
        _sealed_at(connection, log, index) if published else None,
        entry.body,
        detail,
        problem,
    )


def _sealed_at(connection: Connection, log: str, index: int) -> datetime | None:
    query = select(SEAL.c.gen_time).where(SEAL.c.log == log, SEAL.c.size > index)
    found = connection.execute(query.order_by(SEAL.c.size).limit(1)).scalar()
    return found if isinstance(found, datetime) else None


def _waiting(connection: Connection, record: str) -> Iterable[CustodyEvent]:
    query = select(PENDING).where(PENDING.c.subject == record).order_by(PENDING.c.id)
    for row in connection.execute(query):
        body: Any = canonical.decode(row.body)
        yield CustodyEvent(row.kind, row.actor, row.at, None, None, None, body)


def _detail(evidence: ObjectStore, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    number = body.get("detail_id")
    if not number:
        return None
    data = read_all(evidence, layout.detail_key(number))
    if str(Digest.of("sha256", data)) != body["detail"]:
        raise ContentAltered(f"The detail {number} is not the one that was sealed.")
    return Detail.parse(data).data


def _description(evidence: ObjectStore, record: str, accession: Entry | None) -> RecordDescription:
    data = read_all(evidence, layout.record_key(record))
    if accession is None or str(Digest.of("sha256", data)) != accession.body["record"]:
        raise ContentAltered(f"The description of {record} is not the one that was sealed.")
    return RecordDescription.parse(data)
