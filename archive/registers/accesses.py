"""Accesses: started by who asked, within the grant, and ended once.

One that broke off is gone on with (`resumes`) without counting again. Such a chain ends: every
access but the first begins where the one before left off, at most a piece earlier, and never before
where the one before that left off.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archive.pieces import PIECE_SIZE
from archive.registers.act import Act, Rule, SignedRule
from archive.registers.asking import Asked, check_capacity
from archive.registers.denials import denied
from archive.registers.forms import check_end, check_form, said, within
from archive.registers.remarks import Remark, remark
from archive.registers.requests import one_signer
from archive.registers.shelf import Shelf, Value
from archive.statements.body import SignedBody
from archive.times import format_time, parse_time

_OVER = {"exhausted": "GRANT_EXHAUSTED", "returned": "GRANT_EXHAUSTED", "expired": "GRANT_EXPIRED"}


def started(shelf: Shelf, act: Act, body: SignedBody) -> None:  # noqa: ARG001 - a SignedRule
    """`access.started`: by the requester, of the request, in its window and below its count."""
    payload, person = body.payload, one_signer(body)
    access, request = str(payload["access"]), str(payload["request"])
    found = shelf.get("request", request)
    if found is None:
        raise denied("REQUEST_NONE", request)
    if shelf.get("access", access) is not None:
        raise denied("ACCESS_EXISTS", access)
    check_may(found, person, body.accepted_at)
    check_covered(found, payload)
    check_still(shelf, found, payload)
    extent = extent_of(shelf, payload)
    before = _resumed(shelf, payload, extent)
    if before is None and found["used"] >= found["count"]:
        raise denied("GRANT_EXHAUSTED", request)
    if before is not None:
        shelf.put("access", payload["resumes"], {**before, "resumed": True})
    value = new_access(payload, person, body.accepted_at, extent, before)
    shelf.put("access", access, value)
    shelf.put("request", request, _with_start(found, payload, again=before is not None))


def check_may(request: Value, person: str, now: datetime) -> None:
    """Denied unless this person may receive now under this request, whatever is left of it."""
    if person != request["person"]:
        raise denied("NOT_REQUESTER", person)
    if request["state"] != "granted":
        raise denied(_OVER.get(request["ended"], "NO_GRANT"), waiting_for(request))
    window = request["window"]
    if not parse_time(window["from"]) <= now <= parse_time(window["until"]):
        raise denied("GRANT_EXPIRED", remark("SPAN", window["from"], window["until"]))
    if not request["original"]:
        raise denied("DERIVATIVE_ONLY")


def waiting_for(request: Value) -> str | Remark:
    """Who still has to approve, in roles and units; the request's state where it is nobody."""
    if request["state"] != "submitted":
        return str(request["ended"] or request["state"])
    named = (
        item["role"] + (f" of {item['unit']}" if item["unit"] else "")
        for item in request["still_needed"]
    )
    return remark("STILL_NEEDED", ", ".join(named))


def check_covered(request: Value, payload: Mapping[str, Any]) -> None:
    """Denied unless record, action, range and copies are of the request."""
    if payload["record"] not in request["records"]:
        raise denied("NOT_COVERED", str(payload["record"]))
    if payload["action"] != request["action"]:
        raise denied("NOT_COVERED", remark("INSTEAD_OF", payload["action"], request["action"]))
    _check_copies(payload)
    segments = request["segments"]
    if segments is not None and not any(within(payload["range"], part) for part in segments):
        raise denied("NOT_COVERED", remark("THE_RANGE"))
    check_form(request, payload)


def _check_copies(payload: Mapping[str, Any]) -> None:
    copies = payload["copies"]
    if payload["action"] == "view":
        if copies is not None:
            raise denied("NOT_COVERED", remark("VIEW_NO_COPIES"))
    elif copies is None or not copies["medium"].strip():
        raise denied("NEED_MISSING", remark("COPIES_UNSAID"))


def check_still(shelf: Shelf, request: Value, payload: Mapping[str, Any]) -> None:
    """Denied unless the requester has the capacity still, for this record.

    The registers are those of now, the row of the rules is that of the request.
    """
    now = {**request, "records": [payload["record"]]}
    asked = Asked(request["person"], now, {})
    check_capacity(shelf, asked, request["by"], own_records=request["own_records"])


def extent_of(shelf: Shelf, payload: Mapping[str, Any]) -> Mapping[str, int]:
    """From where to where an access goes; Denied for one that is gone, or a range beyond it."""
    record = shelf.get("record", payload["record"])
    if record is None:
        raise denied("RECORD_UNKNOWN", str(payload["record"]))
    if shelf.get("spilled", payload["record"]) is not None:
        raise denied("RECORD_SPILLED", str(payload["record"]))
    if shelf.get("destroyed", payload["record"]) is not None:
        raise denied("RECORD_DESTROYED", str(payload["record"]))
    part: Mapping[str, int] = payload["range"] or {"from": 0, "to": record["size"]}
    if part["to"] > record["size"]:
        raise denied("NOT_COVERED", remark("THE_RANGE"))
    return part


def _resumed(shelf: Shelf, payload: Mapping[str, Any], extent: Mapping[str, int]) -> Value | None:
    """The access that is gone on with: aborted halfway, and not gone on with before."""
    if payload["resumes"] is None:
        return None
    before = shelf.get("access", payload["resumes"])
    if before is None or before["resumed"] or not _halfway(before):
        raise denied("ACCESS_UNKNOWN", str(payload["resumes"]))
    if (before["request"], before["record"]) != (payload["request"], payload["record"]):
        raise denied("NOT_COVERED", remark("ACCESS_RESUMED"))
    least = max(_reached(before) - PIECE_SIZE, before["least"])
    if extent["from"] < least or extent["to"] != before["extent"]["to"]:
        raise denied("NOT_COVERED", remark("GO_ON_WITHIN", least, before["extent"]["to"]))
    return before


def _halfway(access: Value) -> bool:
    """Whether an access ended before everything was handed out, but not before anything was.

    A copy that is made for an access is made anew for another one.
    """
    if "form" in access:
        return False
    extent = access["extent"]
    size = int(extent["to"] - extent["from"])
    return bool(access["state"] == "aborted" and 0 < access["bytes"] < size)


def _reached(access: Value) -> int:
    return int(access["extent"]["from"] + access["bytes"])


def new_access(
    payload: Mapping[str, Any],
    person: str,
    at: datetime,
    extent: Mapping[str, int],
    before: Value | None = None,
) -> dict[str, Any]:
    """The value of an access that begins; `before` is the one that it goes on with.

    `least`: no access that goes on with it begins before this byte.
    """
    same = ("request", "record", "action", "range", "resumes", "copies")
    return {
        **{key: payload[key] for key in same},
        **said(payload, "form", "span"),
        "person": person,
        "at": format_time(at),
        "extent": dict(extent),
        "least": max(extent["from"], _reached(before) if before else 0),
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
    check_end(found, completed=completed, count=count)
    state = "completed" if completed else "aborted"
    nothing = not completed and count == 0
    copies = found["copies"] if completed else None
    value = {**found, "state": state, "bytes": count}
    shelf.put("access", access, {**value, "copies": copies})
    request = shelf.get("request", found["request"])
    if request is not None:
        shelf.put("request", found["request"], _with_end(request, value, nothing=nothing))
    before = shelf.get("access", found["resumes"]) if nothing and found["resumes"] else None
    if before is not None:
        shelf.put("access", found["resumes"], {**before, "resumed": False})


def _with_end(request: Value, access: Value, *, nothing: bool) -> dict[str, Any]:
    """The request after an end; an access that gave nothing leaves it as if it had not been."""
    aborted = access["state"] == "aborted"
    again = access["resumes"] is not None
    lost = access["copies"]["count"] if aborted and access["copies"] else 0
    return {
        **request,
        "running": request["running"] - 1,
        "used": request["used"] - (nothing and not again),
        "broken": request["broken"] + ((nothing and again) or _halfway(access)),
        "copies_given": request["copies_given"] - lost,
        "copies_out": request["copies_out"] - lost,
    }


SIGNED: Mapping[str, SignedRule] = {"access.started": started}
OWN: Mapping[str, Rule] = {"access.completed": ended, "access.aborted": ended}
