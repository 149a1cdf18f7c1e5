"""Operations of the register: people, rules, cases and holds. None of them hands out content."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from archive import catalog
from archive.desk import cases, people, registry
from archive.desk.db_shelf import DbShelf
from archive.desk.outside import take_lists
from archive.detail import Detail
from archive.errors import Denied, FormatError, NotFound, UsageError
from archive.fields import hex64
from archive.people_names import enrolments_of, names_of
from archive.registers.denials import denied
from archive.registers.shelf import Value
from archive.statements.statement import Signed
from archive.times import format_time
from cli.keeping import locks_of
from cli.parts import office_of
from cli.rule_text import check_rule_text
from cli.service import large
from cli.service.claims import follow_claims
from cli.service.desk import Delivery, Document
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery, operation, starting
from signing import canonical
from signing.authority import read_request
from signing.errors import CanonicalError

_MOST_HISTORY = 1000
_ENROLMENT = ("post", "unit_name", "certificate_no", "certificate_until")
_FAILED = ("WRONG_PASSPHRASE",)
_KEEPING = ("hold.lifted", "hold.placed", "retention.extended")
"""Kinds after which locks in the stores change."""


@starting
def _keep_house(host: Host) -> None:
    def step() -> None:
        if expired := people.expire_due(host.desk):
            host.desk.wait(expired)
        follow_claims(host)

    host.housekeeping.append(step)


# --- who signs


@operation("people.whose")
def _whose(host: Host, caller: Caller, params: Params) -> Document:
    """Who has a key (hex SHA-256 of its SubjectPublicKeyInfo), with the certificate to name."""
    check_params(params, {"key": str})
    found = _holder_of(host, params["key"])
    if found is None:
        error = denied("SIGNER_UNKNOWN")
        host.desk.record_denial(error, str(caller.uid), None)
        raise error
    name, person = found
    return {
        "archive": host.bench.settings.archive,
        "certificate": person["certificate"],
        "person": name,
        "roles": person["roles"],
        "unit": person["unit"],
    }


@operation("people.known")
def _known(host: Host, caller: Caller, params: Params) -> Document:
    """Whether there is or was a person of this id."""
    check_params(params, {"person": str})
    with gate(host, caller), host.bench.database.read() as connection:
        return {"known": DbShelf(connection).get("person", params["person"]) is not None}


@operation("attempt.failed")
def _attempt_failed(host: Host, caller: Caller, params: Params) -> Document:
    """Put on the ledger that a key could not be opened; `key` as in `people.whose`, if known."""
    check_params(params, {"code": str}, {"key": str})
    if params["code"] not in _FAILED:
        raise UsageError("This is no failed attempt that is reported.")
    found = _holder_of(host, params["key"]) if params.get("key") else None
    error: Denied = denied(params["code"])
    host.desk.record_denial(error, str(caller.uid), None, found[0] if found else None)
    return {}


def _holder_of(host: Host, key: str) -> tuple[str, Value] | None:
    hex64(key)
    with host.bench.database.read() as connection:
        shelf = DbShelf(connection)
        held = shelf.get("key", key)
        person = shelf.get("person", held["person"]) if held else None
    if held is None or person is None:
        return None
    return held["person"], person


@operation("people.certificate")
def _certificate(host: Host, caller: Caller, params: Params) -> Document:
    """A certificate for the key of a request (PKCS #10, PEM): worth nothing until enrolled."""
    check_params(params, {"request": str, "person": str, "unit": str}, {"days": int})
    days = params.get("days")
    now = host.bench.clock.now()
    key = read_request(params["request"].encode(), params["person"])
    office = office_of(host.bench)
    with gate(host, caller):
        if days is None:
            made = office.issue(key, params["person"], params["unit"], now)
        else:
            life = timedelta(days=min(days, 100_000))
            made = office.issue(key, params["person"], params["unit"], now, life)
    return {"certificate": base64.b64encode(made).decode()}


@operation("people.lists")
def _lists(host: Host, caller: Caller, params: Params) -> Document:
    """Take revocation lists of an outside authority; by an archivist or administrator."""
    check_params(params, {"lists": list, "certificates": list})
    with gate(host, caller) as reader:
        reader.check_role("archivist", "administrator")
        lists = [_bytes(item) for item in params["lists"]]
        authorities = [_bytes(item) for item in params["certificates"]]
        return {"taken": take_lists(host.desk, lists, authorities)}


@operation("register.submit")
def _submit(host: Host, caller: Caller, params: Params) -> Document:
    """Take signed statements of a kind of the register; sealed when it answers."""
    optional = {"detail": dict, "certificate": str, "chain": list}
    check_params(params, {"statements": list}, optional)
    statements = [Signed.from_value(item) for item in params["statements"]]
    if not statements:
        raise UsageError("Nobody signed.")
    detail = detail_of(params.get("detail"))
    if detail is not None and detail.kind == "rules.adopted":
        check_rule_text(statements[0].statement.payload.get("name"), detail.data.get("text"))
    certificate = params.get("certificate")
    accepted = registry.submit(
        host.desk,
        statements,
        detail,
        str(caller.uid),
        certificate=None if certificate is None else _bytes(certificate),
        chain=[_bytes(item) for item in params.get("chain") or ()],
    )
    log, index = host.desk.wait(accepted.entries)[0]
    linked = [len(entry.body["records"]) for entry in accepted.more if entry.kind == "case.linked"]
    subject = accepted.entry.subject
    place = {"sealed": True, "log": log, "index": index, "subject": subject}
    kept = {"locks_waiting": _keep(host)} if accepted.entry.kind in _KEEPING else {}
    return {**place, "linked": sum(linked), **kept}


def _keep(host: Host) -> int:
    """Let locks follow; how many wait. A service does it within a minute, beside its answers."""
    locks = locks_of(host.bench)
    return locks.work().waiting if host.mode == "single" else locks.count()


def detail_of(value: dict[str, Any] | None) -> Detail | None:
    """A detail as it crosses the boundary: the object that is stored; raises FormatError."""
    if value is None:
        return None
    try:
        return Detail.parse(canonical.encode(value))
    except CanonicalError as error:
        raise FormatError(f"the detail is not canonical: {error}") from error


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise FormatError("a certificate in base64 was expected") from error


# --- looking


@delivery("people.list")
@contextmanager
def _list_people(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """Everybody who is or was enrolled; for everybody who is."""
    check_params(params, {})
    now = host.bench.clock.now()
    with gate(host, caller), host.bench.database.read() as connection:
        found = list(DbShelf(connection).every("person"))
        names = names_of(connection, host.bench.evidence, [name for name, _ in found])
    shown = [_person(name, person, names.get(name), host) for name, person in found]
    yield large.stream({"people": shown, "at": format_time(now)})


@delivery("people.show")
@contextmanager
def _show_person(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """One person and what the register says of him; reasons not for handlers, but for himself."""
    check_params(params, {"person": str})
    name = params["person"]
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        person = DbShelf(connection).get("person", name)
        if person is None:
            raise NotFound(f"There is no person {name[:40]}.")
        words = enrolments_of(connection, host.bench.evidence, [name]).get(name, {})
        events = _history(connection, host, name)
        if not (reader.holder or name in reader.people or reader.roles - {"handler"}):
            events = [{**event, "words": None} for event in events]
    shown = _person(name, person, words.get("name"), host)
    enrolment = {field: words.get(field) for field in _ENROLMENT}
    yield large.stream({**shown, **enrolment, "history": events})


def _person(name: str, person: Value, called: str | None, host: Host) -> Document:
    shown = ("account", "certificate", "founder", "roles", "unit", "revoked_since")
    return {
        "person": name,
        "name": called,
        "state": people.state_of(person, host.bench.clock.now()),
        "valid_from": person["valid_from"],
        "valid_until": person["valid_until"],
        **{field: person[field] for field in shown},
    }


def _history(connection: Connection, host: Host, subject: str) -> list[Document]:
    found = registry.history(connection, host.bench.evidence, subject)
    return [
        {
            "kind": item["entry"]["kind"],
            "at": item["entry"]["at"],
            "actor": item["entry"]["actor"],
            "signers": _signers(item["entry"]["body"]),
            "log": item["log"],
            "index": item["index"],
            "words": item["data"],
            **_code(item["entry"]["body"]),
        }
        for item in found[-_MOST_HISTORY:]
    ]


def _code(body: Value) -> Document:
    """The reference code that an entry gives; nothing of others."""
    payloads = (signed["statement"]["payload"] for signed in body.get("statements", ()))
    return next(({"ref_code": one["ref_code"]} for one in payloads if "ref_code" in one), {})


def _signers(body: Value) -> list[str]:
    return [signed["statement"]["person"] for signed in body.get("statements", ())]


@operation("rules.show")
def _show_rules(host: Host, caller: Caller, params: Params) -> Document:
    """The text of rules in force; for everybody who is enrolled."""
    check_params(params, {"name": str})
    with gate(host, caller), host.bench.database.read() as connection:
        found = DbShelf(connection).get("rules", params["name"])
    if found is None:
        raise NotFound(f"No rules {params['name'][:40]} are in force.")
    return {"name": params["name"], "rules": found["sha256"], "text": found["text"]}


@delivery("case.list")
@contextmanager
def _list_cases(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """All cases, newest first; closed ones only if `closed`."""
    check_params(params, {}, {"closed": bool, "unit": str})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_records()
        found = [
            {"case": case, **value}
            for case, value in DbShelf(connection).every("case")
            if (params.get("closed") or value["closed"] is None)
            and params.get("unit") in (None, value["unit"])
            and cases.shown_to(reader, value)
        ]
    yield large.stream({"cases": found[::-1]})


@delivery("case.show")
@contextmanager
def _show_case(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """One case by number or id: its state, its records' ids, what the register says of it."""
    check_params(params, {"case": str})
    follow_claims(host)
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_records()
        case, value = cases.find_shown(connection, reader, params["case"])
        records = cases.records_of(connection, case)
        waiting = cases.claims_left(connection, case, value)
        events = _history(connection, host, case)
    title = next(
        (e["words"]["title"] for e in events if e["words"] and "title" in e["words"]), None
    )
    found = {"title": title, "records": records, "claims_waiting": waiting, "history": events}
    yield large.stream({"case": case, **value, **found})


@delivery("hold.list")
@contextmanager
def _list_holds(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """All holds, newest first; lifted ones only if `lifted`. Reasons are not for handlers."""
    check_params(params, {}, {"lifted": bool})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_records()
        told = bool(reader.holder or reader.roles - {"handler"})
        found = [
            _hold(host, hold, value, told=told)
            for hold, value in DbShelf(connection).every("hold")
            if params.get("lifted") or not value["lifted"]
        ]
    yield large.stream({"holds": found[::-1]})


def _hold(host: Host, hold: str, value: Value, *, told: bool) -> Document:
    words = registry.read_words(host.bench.evidence, value) if told else None
    shown = {key: item for key, item in value.items() if key not in ("detail", "detail_id")}
    said = {key: words[key] if words else None for key in ("reason", "document_no")}
    return {"hold": hold, **shown, **said}


@operation("record.ids")
def _record_ids(host: Host, caller: Caller, params: Params) -> Document:
    """Whole ids for beginnings of ids; raises NotFound."""
    check_params(params, {"records": list})
    wanted: Sequence[Any] = params["records"]
    if not all(isinstance(text, str) for text in wanted):
        raise UsageError("Records are named by texts.")
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_records()
        found = [catalog.find_record(connection, text).id for text in wanted]
    return {"records": found}
