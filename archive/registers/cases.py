"""The register of cases: number, unit, handlers, sensitivity, and which records belong to one.

A handler reads what is attached to his case, so whoever names handlers brings a second person, or
heads the unit; and a unit takes records of its own, others are an archivist's to attach.

case_id = …; shelf.get("case", case_id)["handlers"]
cases_of(shelf, record)                            # case ids, also of closed ones
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.registers.act import Act, Rule, SignedRule
from archive.registers.asking import source_unit, units_of
from archive.registers.denials import denied
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import enrolled, has_role, more_than_handler, sole_signer
from archive.statements.body import SignedBody

HEAD = "approver.department_head"
_OF_SENSITIVITY = ("archivist", "legal_office")
_KEPT = ("category", "handlers", "importance", "unit")


def plain_number(number: str) -> str:
    """A case number as it is compared: NFC, without space around it."""
    return unicodedata.normalize("NFC", number).strip()


def cases_of(shelf: Shelf, record: str) -> Sequence[str]:
    """Ids of the cases that a record is attached to."""
    found = shelf.get("record_cases", record)
    return found["cases"] if found else ()


def known_case(shelf: Shelf, case: str) -> Value:
    """A case; Denied CASE_UNKNOWN."""
    found = shelf.get("case", case)
    if found is None:
        raise denied("CASE_UNKNOWN", case)
    return found


def former_handlers(case: Value) -> Sequence[str]:
    """Who was taken off a case at some time; some may handle it again."""
    found: Sequence[str] = case.get("former", ())
    return found


def check_records(shelf: Shelf, records: Iterable[str]) -> None:
    """Raise Denied RECORD_UNKNOWN for a record that the archive does not have."""
    for record in records:
        if shelf.get("record", record) is None:
            raise denied("RECORD_UNKNOWN", record)


def _opened(shelf: Shelf, act: Act, body: SignedBody) -> None:
    payload = body.payload
    _check_namer(shelf, body, payload["unit"], named=payload["handlers"])
    _check_not_handler(body, payload["handlers"])
    _check_people(shelf, payload["handlers"])
    if shelf.get("case", payload["case"]) is not None:
        raise denied("CASE_EXISTS", payload["case"])
    number = _number(act)
    if number is not None:
        if shelf.get("case_number", number) is not None:
            raise denied("CASE_EXISTS")
        shelf.put("case_number", number, {"case": payload["case"]})
    value = {field: payload[field] for field in (*_KEPT, "opened", "sensitivity")}
    shelf.put("case", payload["case"], {**value, "closed": None, "decided": None, "number": number})


def _number(act: Act) -> str | None:
    data = act.detail()
    if data is None:
        return None
    number = plain_number(data["number"])
    if not number:
        raise FormatError("a case has a number")
    return number


def _changed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    payload = body.payload
    case = _open_case(shelf, payload["case"])
    signers = [enrolled(shelf, signer) for signer in body.signers]
    less_sensitive = set(case["sensitivity"]) - set(payload["sensitivity"])
    if less_sensitive and not any(has_role(signer, *_OF_SENSITIVITY) for signer in signers):
        raise denied("ROLE_MISSING", " ".join(_OF_SENSITIVITY))
    only_sensitivity = all(payload[field] == case[field] for field in _KEPT)
    named = set(payload["handlers"]) - set(case["handlers"])
    if not (only_sensitivity and has_role(sole_signer(shelf, body), "legal_office")):
        _check_namer(shelf, body, case["unit"], named=named)
    _check_not_handler(body, (*case["handlers"], *payload["handlers"]))
    _check_people(shelf, named)
    left = set(case["handlers"]) - set(payload["handlers"])
    former = {"former": sorted(left.union(former_handlers(case)))} if left else {}
    changed = {f: payload[f] for f in (*_KEPT, "sensitivity")}
    _change(shelf, payload["case"], changed | former)


def _closed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    _check_kept(shelf, body)
    case, closed = body.payload["case"], body.payload["closed"]
    if closed < known_case(shelf, case)["opened"]:
        raise denied("CASE_DATES", case)
    _change(shelf, case, {"closed": closed, "decided": body.payload["decided"]})


def _attached(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    _check_kept(shelf, body)
    case, records = body.payload["case"], body.payload["records"]
    signer = sole_signer(shelf, body)
    if not has_role(signer, "archivist"):
        _check_own_records(shelf, records, signer["unit"])
    _attach(shelf, case, records)


def _check_own_records(shelf: Shelf, records: Iterable[str], unit: str) -> None:
    check_records(shelf, records)
    for record in records:
        owners = units_of(shelf, record)
        if owners and unit not in owners:
            raise denied("RECORD_OTHER", record)


def _detached(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    case, records = body.payload["case"], body.payload["records"]
    known = _open_case(shelf, case)
    if known["sensitivity"]:
        # What leaves such a case needs fewer approvals from then on.
        if not has_role(sole_signer(shelf, body), *_OF_SENSITIVITY):
            raise denied("ROLE_MISSING", " ".join(_OF_SENSITIVITY))
        _check_not_handler(body, known["handlers"])
    else:
        _check_kept(shelf, body)
    for record in records:
        if case not in cases_of(shelf, record):
            raise denied("ATTACHMENT", record)
    for record in records:
        found = shelf.get("record_cases", record) or {"cases": [], "detached": []}
        left = [other for other in found["cases"] if other != case]
        detached = sorted({*found["detached"], case})
        shelf.put("record_cases", record, {"cases": left, "detached": detached})


def _linked(shelf: Shelf, act: Act) -> None:
    """By the claims of the records, also after the case was closed; never against a person."""
    case, records = act.subject or "", act.body["records"]
    known = known_case(shelf, case)
    check_records(shelf, records)
    for record in records:
        if not claim_counts(shelf, record, known):
            raise denied("RECORD_OTHER", record)
        found = shelf.get("record_cases", record)
        if found is not None and case in found["detached"]:
            raise denied("ATTACHMENT", record)
    _attach(shelf, case, records)


def claim_counts(shelf: Shelf, record: str, case: Value) -> bool:
    """Whether a record that claims a case's number is linked to it: not another unit's."""
    return source_unit(shelf, record) in (None, case["unit"])


def names_alone(person: Value, unit: str) -> bool:
    """Whether somebody names handlers of a unit's case without a second person."""
    return has_role(person, HEAD) and person["unit"] == unit


def _check_kept(shelf: Shelf, body: SignedBody) -> None:
    case = _open_case(shelf, body.payload["case"])
    _check_keeper(shelf, body, case["unit"])
    _check_not_handler(body, case["handlers"])


def _check_namer(shelf: Shelf, body: SignedBody, unit: str, *, named: Collection[str]) -> None:
    """Where handlers are named: the unit's head, or an archivist and another person."""
    if not named:
        _check_keeper(shelf, body, unit)
        return
    signers = [enrolled(shelf, signer) for signer in body.signers]
    if len(signers) == 1 and names_alone(signers[0], unit):
        return
    if not any(has_role(signer, "archivist") for signer in signers):
        raise denied("ROLE_MISSING", f"archivist {HEAD}")
    if len(signers) < 2 or not all(more_than_handler(signer) for signer in signers):
        raise denied("SECOND_MISSING", " ".join(sorted(named)))


def _check_people(shelf: Shelf, named: Collection[str]) -> None:
    for person in sorted(named):
        enrolled(shelf, person)


def _check_keeper(shelf: Shelf, body: SignedBody, unit: str) -> None:
    """An archivist, or the head of the case's unit."""
    signer = sole_signer(shelf, body)
    if not names_alone(signer, unit) and not has_role(signer, "archivist"):
        raise denied("ROLE_MISSING", f"archivist {HEAD}")


def _check_not_handler(body: SignedBody, handlers: Collection[str]) -> None:
    for signer in body.signers:
        if signer in handlers:
            raise denied("CASE_OWN", signer)


def _open_case(shelf: Shelf, case: str) -> Value:
    found = known_case(shelf, case)
    if found["closed"] is not None:
        raise denied("CASE_CLOSED", case)
    return found


def _attach(shelf: Shelf, case: str, records: Sequence[str]) -> None:
    check_records(shelf, records)
    for record in records:
        if case in cases_of(shelf, record):
            raise denied("ATTACHMENT", record)
    for record in records:
        found = shelf.get("record_cases", record) or {"cases": [], "detached": []}
        cases = sorted({*found["cases"], case})
        shelf.put("record_cases", record, {**found, "cases": cases})


def _change(shelf: Shelf, case: str, changed: Mapping[str, Any]) -> None:
    shelf.put("case", case, {**known_case(shelf, case), **changed})


def _source_confirmed(shelf: Shelf, act: Act) -> None:
    """A source's unit is free text; only one in the form of a unit id can own records."""
    data = act.detail()
    unit = data.get("unit") if data else None
    try:
        found = fields.unit_id(unit)
    except FormatError:
        found = None
    shelf.put("source", act.subject or "", {"unit": found})


SIGNED: Mapping[str, SignedRule] = {
    "case.opened": _opened,
    "case.changed": _changed,
    "case.closed": _closed,
    "case.attached": _attached,
    "case.detached": _detached,
}
OWN: Mapping[str, Rule] = {"case.linked": _linked, "source.confirmed": _source_confirmed}
