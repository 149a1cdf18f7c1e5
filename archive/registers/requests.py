"""Requests: asked for, decided on (`decisions`), and closed once nothing more can come of them.

A request's value says everything that decisions and accesses are judged by; rules that are adopted
later do not change it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from archive.errors import FormatError
from archive.matrix import Requirement
from archive.registers import asking
from archive.registers.act import Act, Data, Rule, SignedRule
from archive.registers.asking import Asked, Needed
from archive.registers.decisions import decided
from archive.registers.denials import denied
from archive.registers.forms import said
from archive.registers.remarks import remark
from archive.registers.shelf import Shelf, Value
from archive.statements.body import SignedBody
from archive.times import format_time, parse_time


def requested(shelf: Shelf, act: Act, body: SignedBody) -> None:
    """`access.requested`: lawful in this capacity, with everything that the rules want to see."""
    asked = Asked(one_signer(body), body.payload, data_of(act))
    request = str(body.payload["request"])
    if shelf.get("request", request) is not None:
        raise denied("REQUEST_EXISTS", request)
    need = judge(shelf, asked)
    value = new_request(shelf, asked, need, body.accepted_at)
    shelf.put("request", request, {**value, "detail_id": body.detail_id})


def judge(shelf: Shelf, asked: Asked) -> Requirement:
    """What the rules ask for, if the request may be made at all; else Denied."""
    asking.check_records(shelf, asked)
    rules = asking.rules_in_force(shelf)
    row = rules.row(asked.capacity, asked.payload["action"])
    asking.check_capacity(shelf, asked, row.by, own_records=row.own_records)
    asking.check_letter(shelf, asked)
    need = asking.requirement_of(shelf, asked.capacity, asked.payload["action"], asked.records)
    missing = asking.missing_needs(shelf, asked, need.row)
    if missing:
        raise denied("NEED_MISSING", ", ".join(missing))
    return need


def new_request(shelf: Shelf, asked: Asked, need: Requirement, at: datetime) -> dict[str, Any]:
    """The value of a request that was accepted at `at`; granted at once if nobody must approve."""
    needed: list[Needed] = asking.needed_approvals(shelf, need, asked.records)
    limits = asking.rules_in_force(shelf).limits
    window = None if needed else {"from": at, "until": at + timedelta(hours=need.hours)}
    same = ("capacity", "action", "case", "records", "segments", "purpose")
    return {
        **{key: asked.payload[key] for key in same},
        **said(asked.payload, "span"),
        "person": asked.person,
        "at": format_time(at),
        "needed": needed,
        "still_needed": needed,
        "approvals": [],
        "blockable": need.blockable,
        "original": need.original,
        "by": list(need.row.by),
        "own_records": need.row.own_records,
        "limits": {
            "count": need.count,
            "hours": need.hours,
            "max_count": limits.max_count,
            "max_hours": limits.max_hours,
        },
        "state": "submitted" if needed else "granted",
        "window": window and {key: format_time(moment) for key, moment in window.items()},
        "count": 0 if needed else need.count,
        "used": 0,
        "running": 0,
        "broken": 0,
        "copies_given": 0,
        "copies_out": 0,
        "refused_by": None,
        "ended": None,
        "detail_id": None,
    }


def closed(shelf: Shelf, act: Act) -> None:
    """`access.closed`: once, and for a reason that is so."""
    request = str(act.subject)
    found = shelf.get("request", request)
    if found is None:
        raise denied("REQUEST_UNKNOWN", request)
    code = act.body["code"]
    if code not in endings(found, act.at):
        raise denied("REQUEST_ENDED", remark("REQUEST_AS", request, code))
    shelf.put("request", request, {**found, "state": "closed", "ended": code})


def endings(request: Value, now: datetime) -> tuple[str, ...]:
    """Codes for which a request may be closed now, the most fitting first; empty for none.

    What is used up stays open while an access runs or may be resumed, or copies are outside.
    """
    state = request["state"]
    if state in ("refused", "withdrawn"):
        return (str(state),)
    if state not in ("submitted", "granted") or request["running"]:
        return ()
    found = []
    if state == "granted" and request["used"] >= request["count"] and not request["broken"]:
        if not request["copies_given"]:
            found.append("exhausted")
        elif not request["copies_out"]:
            found.append("returned")
    if any(parse_time(until) < now for until in _ends_of(request)):
        found.append("expired")
    return tuple(found)


def _ends_of(request: Value) -> list[str]:
    if request["window"] is not None:
        return [request["window"]["until"]]
    return [item["grant"]["until"] for item in request["approvals"] if item["grant"]]


def one_signer(body: SignedBody) -> str:
    """The person whose statement it is; FormatError where there are two."""
    if len(body.signers) != 1:
        raise FormatError(f"{body.kind} has one statement")
    return body.signers[0]


def data_of(act: Act) -> Data:
    """The data of the act's detail; FormatError where there is none."""
    data = act.detail()
    if data is None:
        raise FormatError(f"{act.kind} has a detail")
    return data


SIGNED: Mapping[str, SignedRule] = {"access.requested": requested, "access.decided": decided}
OWN: Mapping[str, Rule] = {"access.closed": closed}
