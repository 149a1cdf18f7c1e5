"""Operations of supervised retrieval: asking, deciding, receiving, giving back.

Every one that changes something brings a statement that its person signed; the desk judges it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import BinaryIO

from archive.desk import ask, cases
from archive.desk.closing import keep_house
from archive.desk.conceal import Confidential
from archive.desk.db_shelf import DbShelf
from archive.desk.reading import Reader
from archive.desk.release import Handed, Order, Retrieval
from archive.desk.showing import Shown, check_order, shown
from archive.desk.submit import Accepted
from archive.detail import Detail
from archive.errors import NotFound, UsageError
from archive.proof import proof_bundle
from archive.registers.cases import cases_of
from archive.registers.concealed import Start
from archive.registers.shelf import Value
from cli.output import to_json
from cli.service import large
from cli.service.claims import follow_claims
from cli.service.copies import copy_head, copy_of
from cli.service.cover_facts import concealed_release, cover_facts, open_release
from cli.service.desk import MAX_PIECE, Delivery, Document, Stream
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.handed import handed_from
from cli.service.letters import seal_letter
from cli.service.operations import Caller, Host, Params, delivery, operation, starting, upload
from cli.service.signed import detail_from, statement_from

_EXPLAINERS = ("archivist", "inspector.internal", "inspector.judicial")
_BUNDLE = "court_bundle"


def _confidential_of(host: Host) -> Confidential:
    return host.bench.confidential(host.mode)


@starting
def _keep_house(host: Host) -> None:
    host.housekeeping.append(lambda: keep_house(_confidential_of(host)))


# --- asking


@operation("request.explain")
def _explain(host: Host, caller: Caller, params: Params) -> Document:
    """What a request would take, before it is made: one's own, or anybody's for who supervises."""
    optional = {"person": str, "capacity": str, "case": str}
    check_params(params, {"action": str, "records": list}, optional)
    follow_claims(host)
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_records()
        shelf = DbShelf(connection)
        person = _person(reader, params.get("person"))
        records = ask.record_ids(connection, [str(item) for item in params["records"]])
        named = params.get("case")
        case = cases.find_shown(connection, reader, named)[0] if named else None
        capacity = params.get("capacity")
        found = ask.explained(shelf, person, params["action"], records, case, capacity)
        own = _own_copies(shelf, person)
        handled = [] if named else _handled(shelf, person, records)
    return {
        "person": person,
        "records": records,
        "case": case,
        "capacity": found.capacity,
        "needed": [dict(item) for item in found.needed],
        "conceal": found.conceal,
        "explanation": to_json(found.explanation),
        "handled": handled,
        **own,
    }


def _person(reader: Reader, named: str | None) -> str:
    if named is not None:
        if named not in reader.people:
            reader.check_role(*_EXPLAINERS)
        return named
    if len(reader.people) != 1:
        raise UsageError("Say who asks.")
    return reader.people[0]


def _own_copies(shelf: DbShelf, person: str) -> Document:
    value = shelf.get("person", person)
    never = value is not None and "administrator" in value["roles"]
    return {"unit": value["unit"] if value else None, "never": never}


def _handled(shelf: DbShelf, person: str, records: list[str]) -> list[str]:
    """Numbers (or ids) of the person's cases that all these records belong to."""
    cases_of_all = set.intersection(*(set(cases_of(shelf, record)) for record in records))
    found = [(case, shelf.get("case", case)) for case in sorted(cases_of_all)]
    return [
        value["number"] or case for case, value in found if value and person in value["handlers"]
    ]


@upload("letter.seal")
def _letter(host: Host, caller: Caller, params: Params, stream: BinaryIO) -> Document:
    """Seal a letter as a record of the source `letters`; by an archivist."""
    check_params(params, {"name": str})
    with gate(host, caller) as reader:
        reader.check_role("archivist")
    return seal_letter(host.bench, params["name"], stream)


@operation("request.submit")
def _submit(host: Host, caller: Caller, params: Params) -> Document:
    """Ask; the statement is of the kind `access.requested`."""
    check_params(params, {"statement": dict, "detail": dict})
    follow_claims(host)
    handed = handed_from(params, "access.requested")
    return _done(host, _put(host, caller, handed))


@operation("request.decide")
def _decide(host: Host, caller: Caller, params: Params) -> Document:
    """Approve, refuse or withdraw."""
    check_params(params, {"statement": dict}, {"detail": dict})
    return _done(host, _put(host, caller, handed_from(params, "access.decided")))


@operation("access.back")
def _back(host: Host, caller: Caller, params: Params) -> Document:
    """Copies that came back, or were destroyed outside."""
    check_params(params, {"statement": dict}, {"detail": dict})
    handed = handed_from(params, "access.returned", "access.destroyed")
    accepted = _put(host, caller, handed)
    ((log, index),) = host.desk.wait(accepted.entries)
    with host.bench.database.read() as connection:
        value = DbShelf(connection).get("access", str(accepted.body.payload["access"])) or {}
    given = value["copies"]["count"] if value.get("copies") else 0
    return {"log": log, "index": index, "copies": given, "back": value.get("back", 0)}


def _put(host: Host, caller: Caller, handed: Handed) -> Accepted:
    return host.desk.submit([handed.signed], handed.detail, str(caller.uid))


def _done(host: Host, accepted: Accepted) -> Document:
    """What became of a request, once the entry is durable."""
    ((log, index),) = host.desk.wait(accepted.entries)
    request = str(accepted.body.payload["request"])
    with host.bench.database.read() as connection:
        value = DbShelf(connection).get("request", request)
    if value is None:
        raise NotFound(f"There is no request {request}.")
    return {"log": log, "index": index, "request": request, **_outline(value)}


_OUTLINE = ("state", "person", "capacity", "action", "purpose", "case", "at", "approvals", "needed")
_COUNTS = ("still_needed", "window", "count", "used", "copies_given", "copies_out", "ended")


def _outline(value: Value) -> Document:
    shown = {key: value[key] for key in (*_OUTLINE, *_COUNTS, "blockable", "refused_by")}
    return {**shown, "records": len(value["records"])}


@delivery("request.list")
@contextmanager
def _list(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """Requests that the caller may see; `all` with those that are closed."""
    check_params(params, {"all": bool})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        found = ask.requests_of(connection, reader, unfinished=not params["all"])
    yield large.stream({"requests": [{"request": key, **_outline(value)} for key, value in found]})


@delivery("request.show")
@contextmanager
def _show(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """One request with its words, decisions and accesses."""
    check_params(params, {"request": str})
    bench = host.bench
    with gate(host, caller) as reader, bench.database.read() as connection:
        request, value = ask.find_request(connection, reader, params["request"])
        accesses = ask.accesses_of(connection, request)
        sizes = ask.sizes_of(connection, value["records"])
    decisions = [*value["approvals"], *([value["refused_by"]] if value["refused_by"] else [])]
    document = {
        "request": request,
        **_outline(value),
        "records": value["records"],
        "sizes": sizes,
        "segments": value["segments"],
        "span": value.get("span"),
        "limits": value["limits"],
        "words": ask.words(bench.evidence, value["detail_id"]),
        "comments": [ask.words(bench.evidence, item["detail_id"]) for item in decisions],
        "accesses": [{"access": key, **item} for key, item in accesses],
    }
    yield large.stream(document)


# --- receiving


@delivery("access.receive")
@contextmanager
def _receive(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The bytes of a record; the head says what they are, the parts what follows the content."""
    check_params(
        params, {"started": dict, "confidential": bool}, {"requested": dict, "derived": str}
    )
    order = _order(caller, params)
    if params.get("derived"):
        check_order(order, params["derived"])
    confidential = _confidential_of(host)
    if host.mode == "single":
        keep_house(confidential)
    way = confidential if params["confidential"] else confidential.release
    with (
        way.open(order) as retrieval,
        copy_of(host, order, retrieval) as copy,
        _shown(host, retrieval, params.get("derived")) as picture,
    ):
        parts = _parts(host, retrieval, order.payload["action"])
        head = _head(retrieval, parts)
        if copy is not None:
            head = copy_head(head, copy)
        if params["confidential"]:
            head["start"] = confidential.opening(retrieval.access)["start"]
        if order.payload["action"] != "view":
            head["cover"] = _cover(host, order, head)
        rest = (data[at : at + MAX_PIECE] for data in parts.values() for at in _steps(data))
        content = retrieval.pieces() if copy is None else copy.parts
        if picture is not None:
            head, content = shown_head(head, picture), picture.parts
        yield Stream(head, chain(content, rest), lambda: {"bytes": retrieval.handed_out})


@contextmanager
def _shown(host: Host, retrieval: Retrieval, role: str | None) -> Iterator[Shown | None]:
    """What was made of the record, where that is wanted in its place."""
    if role is None:
        yield None
        return
    release = _confidential_of(host).release
    with shown(release, retrieval, role, host.bench.folder("scratch")) as picture:
        yield picture


def shown_head(head: Document, picture: Shown) -> Document:
    """The head of a delivery of a derivative."""
    name = f"{head['name']}.{picture.role}.{picture.extension}"
    ends = {"size": picture.size, "from": 0, "to": picture.size}
    return {**head, **ends, "name": name, "digests": [picture.digest], "derived": picture.role}


def _cover(host: Host, order: Order, head: Document) -> Document:
    if "start" in head:
        return cover_facts(host.bench, concealed_release(Start.parse(head["start"])))
    noted = order.started.detail.data if order.started.detail else None
    request = str(order.payload["request"])
    return cover_facts(host.bench, open_release(host.bench, head["access"], request, noted))


def _steps(data: bytes) -> range:
    return range(0, len(data), MAX_PIECE)


def _order(caller: Caller, params: Params) -> Order:
    started = handed_from(params["started"], "access.started")
    requested = params.get("requested")
    asked = None if requested is None else handed_from(requested, "access.requested")
    return Order(started, asked, str(caller.uid))


def _parts(host: Host, retrieval: Retrieval, action: str) -> Mapping[str, bytes]:
    """What a court gets beside the content: sidecar, record.json, and the record's proof."""
    if action != _BUNDLE:
        return {}
    bench, release = host.bench, _confidential_of(host).release
    record = retrieval.description.record_id
    proof = proof_bundle(bench.database, bench.places, release.trust, record)
    files = {f"proof/{name}": data for name, data in proof.items()}
    sidecar = retrieval.sidecar()
    beside = {} if sidecar is None else {"sidecar": sidecar}
    return {"record.json": retrieval.record_json, **beside, **files}


def _head(retrieval: Retrieval, parts: Mapping[str, bytes]) -> Document:
    value = retrieval.description.value
    log, index = retrieval.place
    return {
        "access": retrieval.access,
        "record": retrieval.description.record_id,
        "name": value["name"],
        "size": retrieval.description.size,
        "from": retrieval.start,
        "to": retrieval.stop,
        "digests": value["digests"],
        "log": log,
        "index": index,
        "parts": [{"name": name, "size": len(data)} for name, data in parts.items()],
    }


# --- confidential accesses


@operation("access.opening")
def _opening(host: Host, caller: Caller, params: Params) -> Document:
    """The end of a confidential access, for who holds its start and is enrolled."""
    check_params(params, {"start": dict})
    with gate(host, caller):
        pass
    start = Start.parse(params["start"])
    access = str(start.started.statement.payload["access"])
    kept = _confidential_of(host).opening(access)
    if kept["start"] != dict(start.value):
        raise NotFound(f"Nothing is kept of a confidential access {access}.")
    return {"end": kept["end"]}


@operation("access.reveal")
def _reveal(host: Host, caller: Caller, params: Params) -> Document:
    """Open a confidential access."""
    check_params(params, {"statements": list, "detail": dict})
    signed = [statement_from(value, "access.opened") for value in params["statements"]]
    detail: Detail = detail_from(params["detail"])
    accepted = _confidential_of(host).reveal(signed, detail, str(caller.uid))
    ((log, index),) = host.desk.wait(accepted.entries)
    return {"log": log, "index": index, "access": str(accepted.body.payload["access"])}
