"""Accesses: started by who asked, within the grant, and ended once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archive.registers.act import Act, Rule, SignedRule
from archive.registers.denials import denied
from archive.registers.requests import one_signer
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import enrolled
from archive.statements.body import SignedBody
from archive.times import format_time, parse_time

_OVER = {"exhausted": "GRANT_EXHAUSTED", "returned": "GRANT_EXHAUSTED", "expired": "GRANT_EXPIRED"}


def started(shelf: Shelf, act: Act, body: SignedBody) -> None:  # noqa: ARG001 - a SignedRule
    """`access.started`: by the requester, of the request, in its window and below its count."""
    payload, person = body.payload, one_signer(body)
    access, request = str(payload["access"]), str(payload["request"])
    found = shelf.get("request", request)
    if found is None:
        raise denied("REQUEST_UNKNOWN", request)
    if shelf.get("access", access) is not None:
        raise denied("ACCESS_EXISTS", access)
    check_may(shelf, found, person, body.accepted_at)
    check_covered(found, payload)
    before = _resumed(shelf, payload)
    if before is None and found["used"] >= found["count"]:
        raise denied("GRANT_EXHAUSTED", request)
    if before is not None:
        shelf.put("access", payload["resumes"], {**before, "resumed": True})
    shelf.put("access", access, new_access(payload, person, body.accepted_at))
    shelf.put("request", request, _with_start(found, payload, again=before is not None))


def check_may(shelf: Shelf, request: Value, person: str, now: datetime) -> None:
    """Denied unless this person may receive now under this request, whatever is left of it."""
    if person != request["person"]:
        raise denied("NOT_REQUESTER", person)
    if "administrator" in enrolled(shelf, person)["roles"]:
        raise denied("NO_CONTENT", person)
    if request["state"] != "granted":
        raise denied(_OVER.get(request["ended"], "NO_GRANT"), waiting_for(request))
    window = request["window"]
    if not parse_time(window["from"]) <= now <= parse_time(window["until"]):
        raise denied("GRANT_EXPIRED", f"{window['from']} to {window['until']}")
    if not request["original"]:
        raise denied("DERIVATIVE_ONLY")


def waiting_for(request: Value) -> str:
    """Who still has to approve, in roles and units; the request's state where it is nobody."""
    if request["state"] != "submitted":
        return str(request["ended"] or request["state"])
    named = (
        item["role"] + (f" of {item['unit']}" if item["unit"] else "")
        for item in request["still_needed"]
    )
    return "still needed: " + ", ".join(named)


def check_covered(request: Value, payload: Mapping[str, Any]) -> None:
    """Denied unless record, action, range and copies are of the request."""
    if payload["record"] not in request["records"]:
        raise denied("NOT_COVERED", str(payload["record"]))
    if payload["action"] != request["action"]:
        raise denied("NOT_COVERED", f"{payload['action']} instead of {request['action']}")
    if payload["copies"] is not None and payload["action"] == "view":
        raise denied("NOT_COVERED", "a view makes no copies")
    segments = request["segments"]
    if segments is not None and not any(_within(payload["range"], part) for part in segments):
        raise denied("NOT_COVERED", "the range")


def _within(inner: Mapping[str, int] | None, outer: Mapping[str, int] | None) -> bool:
    """Whether a range lies in another; None is the whole content."""
    if outer is None:
        return True
    return inner is not None and outer["from"] <= inner["from"] and inner["to"] <= outer["to"]


def _resumed(shelf: Shelf, payload: Mapping[str, Any]) -> Value | None:
    """The access that is gone on with: aborted halfway, and not gone on with before."""
    if payload["resumes"] is None:
        return None
    before = shelf.get("access", payload["resumes"])
    if before is None or before["state"] != "aborted" or not before["bytes"] or before["resumed"]:
        raise denied("ACCESS_UNKNOWN", str(payload["resumes"]))
    if (before["request"], before["record"]) != (payload["request"], payload["record"]):
        raise denied("NOT_COVERED", "the access that is resumed")
    if not _within(payload["range"], before["range"]):
        raise denied("NOT_COVERED", "the range of the access that is resumed")
    return before


def new_access(payload: Mapping[str, Any], person: str, at: datetime) -> dict[str, Any]:
    """The value of an access that begins."""
    same = ("request", "record", "action", "range", "resumes", "copies")
    return {
        **{key: payload[key] for key in same},
        "person": person,
        "at": format_time(at),
        "state": "open",
        "bytes": 0,
        "back": 0,
        "resumed": False,
        "concealed": False,
    }


def _with_start(request: Value, payload: Mapping[str, Any], *, again: bool) -> dict[str, Any]:
    copies = payload["copies"]["count"] if payload["copies"] else 0
    return {
        **request,
        "used": request["used"] + (not again),
        "broken": request["broken"] - again,
        "running": request["running"] + 1,
        "copies_given": request["copies_given"] + copies,
        "copies_out": request["copies_out"] + copies,
    }


def ended(shelf: Shelf, act: Act) -> None:
    """`access.completed` or `access.aborted`: once for every access."""
    access, count = str(act.body["access"]), int(act.body["bytes"])
    found = shelf.get("access", access)
    if found is None or found["state"] != "open" or found["concealed"]:
        raise denied("ACCESS_UNKNOWN", access)
    if found["record"] != act.subject:
        raise denied("NOT_COVERED", str(act.subject))
    completed = act.kind == "access.completed"
    state = "completed" if completed else "aborted"
    nothing = not completed and count == 0
    copies = found["copies"] if completed else None
    shelf.put("access", access, {**found, "state": state, "bytes": count, "copies": copies})
    request = shelf.get("request", found["request"])
    if request is not None:
        shelf.put("request", found["request"], _with_end(request, found, act, nothing=nothing))
    before = shelf.get("access", found["resumes"]) if nothing and found["resumes"] else None
    if before is not None:
        shelf.put("access", found["resumes"], {**before, "resumed": False})


def _with_end(request: Value, access: Value, act: Act, *, nothing: bool) -> dict[str, Any]:
    """The request after an end; an access that gave nothing leaves it as if it had not been."""
    aborted = act.kind == "access.aborted"
    again = access["resumes"] is not None
    lost = access["copies"]["count"] if aborted and access["copies"] else 0
    return {
        **request,
        "running": request["running"] - 1,
        "used": request["used"] - (nothing and not again),
        "broken": request["broken"] + (aborted and (again or not nothing)),
        "copies_given": request["copies_given"] - lost,
        "copies_out": request["copies_out"] - lost,
    }


SIGNED: Mapping[str, SignedRule] = {"access.started": started}
OWN: Mapping[str, Rule] = {"access.completed": ended, "access.aborted": ended}
