"""Decisions on requests: approved by everybody who must, refused by any of them, or withdrawn."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from archive.errors import FormatError
from archive.registers.act import Act
from archive.registers.asking import Needed
from archive.registers.denials import denied
from archive.registers.remarks import remark
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import enrolled
from archive.statements.body import SignedBody
from archive.times import format_time, parse_time

_LIVING = ("submitted", "granted")


def decided(shelf: Shelf, act: Act, body: SignedBody) -> None:  # noqa: ARG001 - a SignedRule
    """`access.decided`: by who may, in a role that is needed, within the limits."""
    if len(body.signers) != 1:
        raise FormatError(f"{body.kind} has one statement")
    person, payload = body.signers[0], body.payload
    request = str(payload["request"])
    found = shelf.get("request", request)
    if found is None:
        raise denied("REQUEST_UNKNOWN", request)
    if found["state"] not in _LIVING:
        raise denied("REQUEST_ENDED", request)
    if not found["blockable"] and payload["decision"] != "withdraw":
        raise denied("NOT_BLOCKABLE")
    changed = _TAKEN[payload["decision"]](shelf, found, person, body)
    shelf.put("request", request, {**found, **changed})


def _withdraw(_shelf: Shelf, request: Value, person: str, body: SignedBody) -> dict[str, Any]:
    if person != request["person"]:
        raise denied("NOT_APPROVER", remark("ONLY_REQUESTER"))
    _without_grant(body)
    return {"state": "withdrawn"}


def _refuse(shelf: Shelf, request: Value, person: str, body: SignedBody) -> dict[str, Any]:
    met = _right(shelf, request, person, body, request["needed"])
    _without_grant(body)
    return {"state": "refused", "refused_by": _taken(person, met, body)}


def _approve(shelf: Shelf, request: Value, person: str, body: SignedBody) -> dict[str, Any]:
    if any(item["person"] == person for item in request["approvals"]):
        raise denied("DECIDED_TWICE", person)
    if request["state"] == "granted":
        raise denied("REQUEST_ENDED", remark("APPROVED_ALREADY"))
    met = _right(shelf, request, person, body, request["still_needed"])
    grant = body.payload["grant"]
    _check_grant(grant, request["limits"], body.accepted_at)
    approval = {**_taken(person, met, body), "grant": grant}
    approvals = [*request["approvals"], approval]
    left = [item for item in request["still_needed"] if item != met]
    changed: dict[str, Any] = {"approvals": approvals, "still_needed": left}
    return changed if left else {**changed, **_granted(request, approvals, body.accepted_at)}


def _taken(person: str, met: Needed, body: SignedBody) -> dict[str, Any]:
    return {
        "person": person,
        "role": met["role"],
        "at": format_time(body.accepted_at),
        "detail_id": body.detail_id,
    }


_TAKEN = {"approve": _approve, "refuse": _refuse, "withdraw": _withdraw}


def _right(
    shelf: Shelf, request: Value, person: str, body: SignedBody, needed: list[Needed]
) -> Needed:
    """The need that this person meets in the role of the statement; Denied for none."""
    if person == request["person"]:
        raise denied("SELF_APPROVAL", person)
    fitting = [
        item
        for item in deciders(needed, enrolled(shelf, person))
        if item["role"] == body.payload["role"]
    ]
    if not fitting:
        raise denied("NOT_APPROVER", remark("PERSON_AS", person, body.payload["role"]))
    return fitting[0]


def deciders(needed: list[Needed], person: Value) -> list[Needed]:
    """Those of the approvals that this person could give."""
    return [
        item
        for item in needed
        if item["role"] in person["roles"] and item["unit"] in (None, person["unit"])
    ]


def _without_grant(body: SignedBody) -> None:
    if body.payload["grant"] is not None:
        raise denied("GRANT_BEYOND", remark("ONLY_APPROVALS_GRANT"))


def _check_grant(grant: Mapping[str, Any] | None, limits: Mapping[str, int], now: datetime) -> None:
    if grant is None:
        return
    begin, end = parse_time(grant["from"]), parse_time(grant["until"])
    if end <= now:
        raise denied("GRANT_BEYOND", remark("OVER_ALREADY"))
    if grant["count"] > limits["max_count"]:
        raise denied("GRANT_BEYOND", remark("AT_MOST_ACCESSES", limits["max_count"]))
    if end - max(begin, now) > timedelta(hours=limits["max_hours"]):
        raise denied("GRANT_BEYOND", remark("AT_MOST_HOURS", limits["max_hours"]))


def _granted(request: Value, approvals: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """State, window and count when the last approval is in.

    Whoever named no grant of his own gave the rules' count and hours from now on.
    """
    limits = request["limits"]
    usual = {
        "count": limits["count"],
        "from": format_time(now),
        "until": format_time(now + timedelta(hours=limits["hours"])),
    }
    grants = [item["grant"] or usual for item in approvals]
    # The ledger's times have one form, so that text compares as time does.
    begin = max(format_time(now), *(grant["from"] for grant in grants))
    end = min(grant["until"] for grant in grants)
    if begin >= end:
        raise denied("GRANT_BEYOND", remark("NO_COMMON_TIME"))
    return {
        "state": "granted",
        "window": {"from": begin, "until": end},
        "count": min(grant["count"] for grant in grants),
    }
