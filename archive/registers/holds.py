"""Holds 封存: what must be kept whatever its period, until the unit that said so lifts it."""

from collections.abc import Mapping, Sequence

from archive.errors import FormatError
from archive.registers.act import Act, SignedRule
from archive.registers.cases import check_records, known_case
from archive.registers.denials import denied
from archive.registers.shelf import Shelf
from archive.registers.signers import has_role, sole_signer
from archive.statements.body import SignedBody
from archive.times import format_time

_KEEPERS = ("archivist", "legal_office", "inspector.internal", "inspector.judicial")


def holds_of(shelf: Shelf, record: str, cases: Sequence[str]) -> Sequence[str]:
    """Ids of the open holds on a record, its own and those of the cases it is attached to."""
    found = [shelf.get("record_holds", record)]
    found += [shelf.get("case_holds", case) for case in cases]
    return sorted({hold for value in found if value for hold in value["holds"]})


def _placed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    payload = body.payload
    signer = _keeper(shelf, body)
    if not payload["records"] and payload["case"] is None:
        raise FormatError("a hold is on records, on a case, or on both")
    if shelf.get("hold", payload["hold"]) is not None:
        raise FormatError("there is a hold with this id already")
    if payload["case"] is not None:
        known_case(shelf, payload["case"])
    check_records(shelf, payload["records"])
    for name, key in _places(payload["records"], payload["case"]):
        found = shelf.get(name, key)
        holds = sorted({*(found["holds"] if found else ()), payload["hold"]})
        shelf.put(name, key, {"holds": holds})
    value = {"records": list(payload["records"]), "case": payload["case"], "lifted": False}
    words = {"detail": body.detail, "detail_id": body.detail_id}
    at = format_time(body.accepted_at)
    placed = {"unit": signer, "placed_by": body.signers[0], "placed_at": at, **words, **value}
    shelf.put("hold", payload["hold"], placed)


def _lifted(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    name: str = body.payload["hold"]
    unit = _keeper(shelf, body)
    hold = shelf.get("hold", name)
    if hold is None or hold["lifted"]:
        raise denied("HOLD_UNKNOWN", name)
    if hold["unit"] != unit:
        raise denied("HOLD_OTHER", name)
    for place, key in _places(hold["records"], hold["case"]):
        found = shelf.get(place, key)
        left = [other for other in found["holds"] if other != name] if found else []
        shelf.put(place, key, {"holds": left})
    shelf.put("hold", name, {**hold, "lifted": True})


def _keeper(shelf: Shelf, body: SignedBody) -> str:
    """The unit of who signed, who may place and lift holds."""
    signer = sole_signer(shelf, body)
    if not has_role(signer, *_KEEPERS):
        raise denied("ROLE_MISSING", " ".join(_KEEPERS))
    unit: str = signer["unit"]
    return unit


def _places(records: Sequence[str], case: str | None) -> list[tuple[str, str]]:
    places = [("record_holds", record) for record in records]
    return places if case is None else [*places, ("case_holds", case)]


SIGNED: Mapping[str, SignedRule] = {"hold.placed": _placed, "hold.lifted": _lifted}
