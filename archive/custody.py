"""The custody of one record: everything the ledger says about it, in order, and how it is sealed:
intake, cases, holds, requests, decisions, accesses and copies.

Read from the database, which only the archive's own people can see; who must prove any of it to
others uses `archive.verify` or a proof bundle.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from archive import catalog, layout, ledger
from archive.desk.db_shelf import DbShelf
from archive.detail import Detail
from archive.entry import Entry
from archive.errors import ArchiveError, ContentAltered
from archive.ledger import ENTRY, HEAD, PENDING
from archive.parts import DESCRIPTION, part_of, read_small
from archive.people_names import names_of
from archive.ports import ObjectStore, read_all
from archive.record import RecordDescription
from archive.registers.holds import holds_of
from archive.registers.shelf import Value
from archive.seals import SEAL
from archive.tables import RecordRow
from archive.trace import Line, Trace, Traced
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
    """A record, its description (None with a `problem` where it cannot be had) and its events.

    A destroyed record has no description any more, which is no problem; that of a spilled one, and
    what the details of its entries say, is not read.

    `cases` and open `holds` are as the registers have them now, by id; `people` are the names of
    those who are named in all this, by person id.
    """

    record: RecordRow
    description: RecordDescription | None
    problem: str | None
    events: tuple[CustodyEvent, ...]
    cases: Mapping[str, Value]
    holds: Mapping[str, Value]
    people: Mapping[str, str]


def custody(connection: Connection, evidence: ObjectStore, record: str) -> Custody:
    """Everything about one record, oldest first; raises NotFound."""
    row = catalog.find_record(connection, record)
    shelf = DbShelf(connection)
    attached = shelf.get("record_cases", row.id) or {"cases": (), "detached": ()}
    trace = Trace(row.id, [*attached["cases"], *attached["detached"]], _opened_in(shelf))
    found = _entries(connection, row, trace)
    events = [_event(connection, evidence, log, index, entry) for log, index, entry in found]
    events = [_of_this_record(event, row.id) for event in events]
    events += _waiting(connection, trace)
    if row.spilled:
        events = [_without_words(event) for event in events]
    problem = None
    description = None
    try:
        accession = next((e for _, _, e in found if e.kind == "record.accessioned"), None)
        if not row.destroyed and not row.spilled:
            description = _description(evidence, row.id, accession)
    except ArchiveError as error:
        problem = str(error)
    cases = {case: shelf.get("case", case) or {} for case in attached["cases"]}
    holds = {h: shelf.get("hold", h) or {} for h in holds_of(shelf, row.id, attached["cases"])}
    return Custody(
        record=row,
        description=description,
        problem=problem,
        events=tuple(events),
        cases=cases,
        holds=holds,
        people=names_of(connection, evidence, _people(events, cases, holds)),
    )


def _opened_in(shelf: DbShelf) -> Callable[[str], str | None]:
    def record_of(access: str) -> str | None:
        found = shelf.get("access", access)
        return found["record"] if found else None

    return record_of


def _people(
    events: Iterable[CustodyEvent], cases: Mapping[str, Value], holds: Mapping[str, Value]
) -> set[str]:
    """Ids of everybody who signed, was denied, handles a case or placed a hold."""
    signers = {
        item["statement"]["person"] for event in events for item in event.body.get("statements", ())
    }
    signers |= {person for event in events if (person := event.body.get("person"))}
    handlers = {name for case in cases.values() for name in case.get("handlers", ())}
    return signers | handlers | {hold["placed_by"] for hold in holds.values() if hold}


def _entries(connection: Connection, row: RecordRow, trace: Trace) -> list[Traced]:
    """All entries about a record, in the order of the ledger."""
    years = {head.log: head.year for head in connection.execute(select(HEAD))}
    found = list(_of_its_source(connection, row))
    for stream in ("registry", "access"):
        found += trace.follow(_lines(connection, stream))
    return sorted(found, key=lambda item: (years[item[0]], item[1]))


def _of_its_source(connection: Connection, row: RecordRow) -> Iterator[Traced]:
    """The accession and what came after it in the stream of the record's source."""
    place = (ENTRY.c.log == row.log, ENTRY.c.idx == row.idx)
    first = connection.execute(select(ENTRY.c.seq).where(*place)).scalar()
    needle = f'"subject":"{row.id}"'.encode()
    for log, index, data in _lines(connection, f"source/{row.source}", int(first or 0)):
        if needle in data:
            entry = Entry.parse(data)
            if entry.subject == row.id:
                yield log, index, entry


def _lines(connection: Connection, stream: str, start: int = 0) -> Iterator[Line]:
    """Entries of a stream, read in portions."""
    query = select(ENTRY.c.log, ENTRY.c.idx, ENTRY.c.data).where(ENTRY.c.stream == stream)
    query = query.where(ENTRY.c.seq >= start).order_by(ENTRY.c.seq)
    for row in connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield row.log, row.idx, row.data


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


def _without_words(event: CustodyEvent) -> CustodyEvent:
    """What people wrote of a blocked record may tell of it; why it is blocked does not."""
    return event if event.kind == "record.spilled" else replace(event, detail=None, problem=None)


def _of_this_record(event: CustodyEvent, record: str) -> CustodyEvent:
    """Without the lines of other records, which not everybody may see who sees this one."""
    if event.detail is None or "list" not in event.detail:
        return event
    mine = [line for line in event.detail["list"] if line["record"] == record]
    return replace(event, detail={**event.detail, "list": mine})


def _sealed_at(connection: Connection, log: str, index: int) -> datetime | None:
    query = select(SEAL.c.gen_time).where(SEAL.c.log == log, SEAL.c.size > index)
    found = connection.execute(query.order_by(SEAL.c.size).limit(1)).scalar()
    return found if isinstance(found, datetime) else None


def _waiting(connection: Connection, trace: Trace) -> Iterable[CustodyEvent]:
    for row in connection.execute(select(PENDING).order_by(PENDING.c.number)):
        if trace.awaits(row.kind, row.subject, row.body):
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
    problem = f"The description of {record} is not the one that was sealed."
    if accession is None:
        raise ContentAltered(problem)
    part = part_of(record, accession.body, accession.at, DESCRIPTION)
    data = read_small(evidence, part)
    if str(Digest.of("sha256", data)) != accession.body["record"]:
        raise ContentAltered(problem)
    return RecordDescription.parse(data)
