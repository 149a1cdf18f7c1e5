"""Operations of disposition and packs: what is due, lists, execution. None hands out content."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, select

from archive import catalog
from archive.catalog import RECORD
from archive.desk import cases, disposition
from archive.desk.db_shelf import DbShelf
from archive.desk.reading import Reader
from archive.errors import ArchiveError, Denied, NotFound, UsageError
from archive.registers.disposition import EXECUTORS, check_disposable, check_whole, is_split
from archive.registers.keeping import Law
from archive.registers.retention import schedule_in_force
from archive.registers.terms import end_of, held_by
from archive.times import format_time
from cli.output import to_json
from cli.service import large
from cli.service.desk import Delivery, Document, Stream
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery
from cli.service.operations_oversight import asked_language, written
from cli.wiring_stock import stocked
from retention.due import due_now
from retention.execute import Destroyer, Outcome, Place
from retention.law import RetentionLaw
from retention.lists import find_disposition, list_table, read_list, summaries
from retention.warrant import replayed

_SEE = (
    "archivist",
    "legal_office",
    "approver.division_lead",
    "approver.principal",
    "inspector.internal",
    "inspector.judicial",
)


def _check_sees(reader: Reader) -> None:
    reader.check_role(*_SEE)


@delivery("disposition.due")
@contextmanager
def _due(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """What can be proposed now, with its lines; of `records` or a `case` alone if named.

    `kept` are those of the named that cannot be, with the reason.
    """
    check_params(params, {}, {"records": list, "case": str})
    law, now = RetentionLaw(), host.bench.clock.now()
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        _check_sees(reader)
        shelf = DbShelf(connection)
        schedule = schedule_in_force(shelf)["sha256"]
        named = _named(connection, params)
        found = due_now(connection, law, now, named)
        due = [one.record for one in found.due]
        lines = disposition.lines_of(connection, due)
        kept = list(_kept(shelf, law, named or (), set(due), now))
    ends = {one.record: one for one in found.due}
    yield large.stream(
        {
            "schedule": schedule,
            "due": [
                {
                    "end": format_time(ends[line["record"]].end),
                    "pack": ends[line["record"]].pack,
                    "line": line,
                }
                for line in lines
            ],
            "packs": [to_json(pack) for pack in found.packs],
            "waiting": [one.record for one in found.waiting],
            "held": found.held,
            "kept": kept,
        }
    )


def _named(connection: Connection, params: Params) -> Sequence[str] | None:
    """The records that are meant; None for everything."""
    found: set[str] = set()
    if params.get("case"):
        case, _ = cases.find_case(connection, params["case"])
        found |= set(cases.records_of(connection, case))
    for text in params.get("records") or ():
        if not isinstance(text, str):
            raise UsageError("Records are named by texts.")
        found.add(catalog.find_record(connection, text).id)
    return sorted(found) if params.get("case") or params.get("records") else None


def _kept(
    shelf: DbShelf, law: Law, named: Sequence[str], due: set[str], now: Any
) -> Iterator[Document]:
    """Why records that were named cannot be proposed."""
    for record in named:
        if record in due:
            continue
        try:
            check_disposable(shelf, law, record, now)
            check_whole(shelf, frozenset(named))
        except Denied as error:
            yield {"record": record, "code": error.code, "sentence": str(error)}
        else:
            yield {"record": record, "code": "DISPOSITION_OPEN", "sentence": "It is on a list."}


@delivery("disposition.list")
@contextmanager
def _list(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """Every disposition without its lines, newest first."""
    check_params(params, {})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        if not reader.holder and reader.roles.isdisjoint((*_SEE, *EXECUTORS)):
            _check_sees(reader)
        found = summaries(connection)
    yield large.stream({"dispositions": found})


@delivery("disposition.show")
@contextmanager
def _show(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """One disposition with its lines; who executes as administrator sees no names of records."""
    check_params(params, {"disposition": str})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        bare = not reader.holder and reader.roles == {"administrator"}
        if not bare:
            _check_sees(reader)
        found = read_list(connection, host.bench.evidence, params["disposition"])
    lines = [_line(one, bare=bare) for one in found.lines]
    kept = {key: item for key, item in found.value.items() if key not in ("records", "state")}
    yield large.stream(
        {
            "disposition": found.name,
            **kept,
            "state": found.state,
            "register_state": found.value["state"],
            "reason": None if bare else found.reason,
            "comments": [] if bare else list(found.comments),
            "destroyed": found.destroyed,
            "begun": found.begun,
            "lines": lines,
        }
    )


def _line(one: Any, *, bare: bool) -> Document:
    line = {"record": one.line["record"]} if bare else dict(one.line)
    more = {"size": one.size, "sha256": one.sha256, "destroyed": one.destroyed}
    times = {"received_at": to_json(one.received_at), "end": to_json(one.end)}
    return {**line, **more, **times}


@delivery("disposition.document")
@contextmanager
def _document(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The destruction list as a document."""
    check_params(params, {"disposition": str, "format": str, "lang": str})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        _check_sees(reader)
        found = read_list(connection, host.bench.evidence, params["disposition"])
    table = list_table(found, host.bench.clock.now(), asked_language(params))
    with written(host, table, params["format"]) as stream:
        yield stream


@delivery("disposition.run")
@contextmanager
def _run(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """Destroy what is left of an executed disposition; a line of JSON for every step.

    The last line is the outcome. Leaving early stops between two records; run it again.
    """
    check_params(params, {"disposition": str})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_role(*EXECUTORS)
        name, _ = find_disposition(connection, params["disposition"])
        total = len(disposition.left_of(connection, name))
    places = [Place(one.name, one.evidence, one.vault) for one in stocked(host.bench)]
    trusted, clock = host.bench.own_policy, host.bench.clock
    warrant = replayed(places[0].store, host.bench.live, trusted, RetentionLaw(), clock)
    destroyer = Destroyer(host.desk, places, host.bench.live, warrant)
    outcome = Outcome()

    def lines() -> Iterator[bytes]:
        for done, all_ in destroyer.steps(name, outcome):
            yield _json({"done": done, "of": all_})
        left = [{"record": o.record, "code": o.code, "sentence": o.sentence} for o in outcome.left]
        yield _json({"destroyed": outcome.destroyed, "left": left})

    yield Stream({"disposition": name, "records": total}, lines())


def _json(value: Document) -> bytes:
    return json.dumps(value).encode() + b"\n"


@delivery("packs.show")
@contextmanager
def _show_pack(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """A pack by its id, or by one of its records: its members, and what became of them."""
    check_params(params, {"pack": str})
    law, now = RetentionLaw(), host.bench.clock.now()
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        _check_sees(reader)
        shelf = DbShelf(connection)
        pack = _pack_named(connection, params["pack"])
        query = select(RECORD).where(RECORD.c.pack == pack).order_by(RECORD.c.idx)
        members = [_member(shelf, law, row, now) for row in connection.execute(query)]
    yield large.stream({"pack": pack, "members": members})


def _pack_named(connection: Connection, text: str) -> str:
    query = select(RECORD.c.pack).where(RECORD.c.pack == text.strip()).limit(1)
    found = connection.execute(query).scalar()
    if found is not None:
        return str(found)
    try:
        row = catalog.find_record(connection, text)
    except NotFound:
        raise NotFound(f"There is no pack {text[:60]}.") from None
    if row.pack is None:
        raise NotFound(f"The record {row.id} stands alone, in no pack.")
    return row.pack


def _member(shelf: DbShelf, law: Law, row: Any, now: Any) -> Document:
    try:
        end = end_of(shelf, law, row.id)
    except ArchiveError:
        end = None
    state = "kept"
    if row.destroyed:
        state = "destroyed"
    elif row.spilled:
        state = "spilled"
    elif held_by(shelf, row.id):
        state = "held"
    elif end is not None and end.due(now):
        state = "due"
    return {
        "record": row.id,
        "name": row.name,
        "size": row.size,
        "end": to_json(end.moment) if end else None,
        "permanent": bool(end and end.permanent),
        "state": state,
        "split": is_split(shelf, row.id),
    }
