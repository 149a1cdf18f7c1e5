"""Forms of an access: bytes as they were sealed, or a copy that is made for it (formats §13).

A copy is made while its access is open. `derived.made` says what it is before any of it is handed
out, so the end of the access is held against it.
"""

from collections.abc import Mapping
from typing import Any

from archive.errors import FormatError
from archive.registers.act import Act, Rule
from archive.registers.denials import denied
from archive.registers.remarks import remark
from archive.registers.shelf import Shelf, Value
from archive.vocabulary import FOR_ONE_ACCESS

Part = Mapping[str, int] | None


def within(inner: Part, outer: Part) -> bool:
    """Whether a range or span lies in another; None is the whole."""
    if outer is None:
        return True
    return inner is not None and outer["from"] <= inner["from"] and inner["to"] <= outer["to"]


def said(payload: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """What a payload says of these keys, which it may have."""
    return {key: payload[key] for key in keys if key in payload}


def check_asked_span(payload: Mapping[str, Any]) -> None:
    """Denied unless a request's span comes with the bytes of it, of one record."""
    if "span" not in payload:
        return
    if payload["action"] != "excerpt":
        raise denied("NOT_COVERED", remark("SEGMENTS_FOR_EXCERPTS"))
    if payload["segments"] is None:
        raise denied("NEED_MISSING", "segments")
    if len(payload["records"]) != 1:
        raise denied("NOT_COVERED", remark("SPAN_OF_ONE_RECORD"))


def check_form(request: Value, payload: Mapping[str, Any]) -> None:
    """Denied where the form of an access does not fit what was asked for."""
    form, span = payload.get("form"), payload.get("span")
    if form is None:
        if span is not None:
            raise denied("NOT_COVERED", remark("THE_SPAN"))
        if request.get("span") is not None:
            # Its bytes may hold far more than its time: what else lies between the packets.
            raise denied("NOT_COVERED", remark("SPAN_AS_COPY"))
        return
    if payload["resumes"] is not None:
        raise denied("NOT_COVERED", remark("FORM_ANEW"))
    if form == "excerpt" and (payload["action"] != "excerpt" or span is None):
        raise denied("NOT_COVERED", remark("THE_SPAN"))
    asked = request.get("span")
    if (span is None) != (asked is None) or not within(span, asked):
        raise denied("NOT_COVERED", remark("THE_SPAN"))
    if span is None and payload["range"] is not None:
        raise denied("NOT_COVERED", remark("THE_RANGE"))  # a copy of the whole shows more


def made(shelf: Shelf, act: Act) -> None:
    """`derived.made`: of an access that is open and has this form, once, within what it is of."""
    body = act.body
    if body["role"] not in FOR_ONE_ACCESS:
        if body["access"] is not None or body["key"] is None:
            raise FormatError("only a copy that is made for an access names one, and is not kept")
        return
    access = str(body["access"])
    found = shelf.get("access", access)
    if found is None or found["state"] != "open" or found.get("form") != body["role"]:
        raise denied("ACCESS_UNKNOWN", access)
    if "made" in found or body["key"] is not None:
        raise denied("ACCESS_UNKNOWN", remark("MADE_ALREADY"))
    _check_extent(shelf, found, act)
    shelf.put("access", access, {**found, "made": said(body, "digest", "size", "span", "range")})


def _check_extent(shelf: Shelf, access: Value, act: Act) -> None:
    body, record = act.body, shelf.get("record", access["record"])
    same = record is not None and body["parent"] == f"sha256:{record['sha256']}"
    if access["record"] != act.subject or not same:
        raise denied("NOT_COVERED", str(act.subject))
    span, part, asked = body.get("span"), body.get("range"), access.get("span")
    if (span is None) != (asked is None) or not within(span, asked):
        raise denied("NOT_COVERED", remark("THE_SPAN"))
    if (span is None) != (part is None) or not within(part, access["extent"] if part else None):
        raise denied("NOT_COVERED", remark("THE_RANGE"))


def check_end(access: Value, *, completed: bool, count: int) -> None:
    """Denied where an access with a form ends with other bytes than were made for it."""
    if "form" not in access:
        return
    size = access["made"]["size"] if "made" in access else None
    fits = count == size if completed else count <= (size or 0)
    if not fits:
        raise denied("NOT_COVERED", remark("BYTES_OF_COPY", count, size or 0))


OWN: Mapping[str, Rule] = {"derived.made": made}
