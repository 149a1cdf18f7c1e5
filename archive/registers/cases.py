"""The register of cases: number, unit, handlers, sensitivity, and which records belong to one.

case_id = …; shelf.get("case", case_id)["handlers"]
cases_of(shelf, record)                            # case ids, also of closed ones
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.registers.act import Act, Rule, SignedRule
from archive.registers.denials import denied
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import has_role, sole_signer
from archive.statements.body import SignedBody

_HEAD = "approver.department_head"
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


def check_records(shelf: Shelf, records: Iterable[str]) -> None:
    """Raise Denied RECORD_UNKNOWN for a record that the archive does not have."""
    for record in records:
        if shelf.get("record", record) is None:
            raise denied("RECORD_UNKNOWN", record)


def _opened(shelf: Shelf, act: Act, body: SignedBody) -> None:
    payload = body.payload
    _check_keeper(shelf, body, payload["unit"], payload["handlers"])
    if shelf.get("case", payload["case"]) is not None:
        raise denied("CASE_EXISTS", payload["case"])
    number = _number(act)
    if number is not None:
        if shelf.get("case_number", number) is not None:
            raise denied("CASE_EXISTS")
        shelf.put("case_number", number, {"case": payload["case"]})
    value = {field: payload[field] for field in (*_KEPT, "opened", "sensitivity")}
    shelf.put("case", payload["case"], {**value, "closed": None, "number": number})


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
    signer = sole_signer(shelf, body)
    taken_away = set(case["sensitivity"]) - set(payload["sensitivity"])
    if taken_away and not has_role(signer, "archivist", "legal_office"):
        raise denied("ROLE_MISSING", "archivist legal_office")
    only_sensitivity = all(payload[field] == case[field] for field in _KEPT)
    if not (only_sensitivity and has_role(signer, "legal_office")):
        _check_keeper(shelf, body, case["unit"], ())
    if body.signers[0] in (*case["handlers"], *payload["handlers"]):
        raise denied("CASE_OWN", body.signers[0])
    _change(shelf, payload["case"], {f: payload[f] for f in (*_KEPT, "sensitivity")})


def _closed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    case = _open_case(shelf, body.payload["case"])
    _check_keeper(shelf, body, case["unit"], case["handlers"])
    _change(shelf, body.payload["case"], {"closed": body.payload["closed"]})


def _attached(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    _check_kept(shelf, body)
    _attach(shelf, body.payload["case"], body.payload["records"])


def _detached(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    _check_kept(shelf, body)
    case, records = body.payload["case"], body.payload["records"]
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
    known_case(shelf, case)
    for record in records:
        found = shelf.get("record_cases", record)
        if found is not None and case in found["detached"]:
            raise denied("ATTACHMENT", record)
    _attach(shelf, case, records)


def _check_kept(shelf: Shelf, body: SignedBody) -> None:
    case = _open_case(shelf, body.payload["case"])
    _check_keeper(shelf, body, case["unit"], case["handlers"])


def _check_keeper(shelf: Shelf, body: SignedBody, unit: str, handlers: Iterable[str]) -> None:
    """An archivist, or the head of the case's unit, who is not among its handlers."""
    signer = sole_signer(shelf, body)
    heads = has_role(signer, _HEAD) and signer["unit"] == unit
    if not heads and not has_role(signer, "archivist"):
        raise denied("ROLE_MISSING", f"archivist {_HEAD}")
    if body.signers[0] in handlers:
        raise denied("CASE_OWN", body.signers[0])


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
