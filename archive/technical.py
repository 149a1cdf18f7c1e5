"""What a medium is and in what condition: `technical` of record.json, and the data of
`record.amended` (docs/formats.md §13).

    check_technical(value)      # about to be written: exactly these keys; FormatError
    check_amendment(data)       # the same of an amendment's detail
    read_technical(value)       # read: what a later version added does not harm
"""

import re
from collections.abc import Mapping
from typing import Any

from archive import fields, vocabulary
from archive.errors import FormatError
from archive.fields import Check, count, each, flag, maybe, obj, text, whole

MOST_STREAMS = 64
"""Streams of one medium that are described."""
MOST_FINDINGS = 100
"""Findings that a condition has."""
MOST_TEXT = 500
"""Characters of a text that comes from a file."""

SOURCES = ("sidecar", "name", "container", "exif")
"""Who says when something was recorded."""

_LOCAL = re.compile(
    r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d(\.\d{1,9})?(Z|[+-][0-2]\d:[0-5]\d)?", re.ASCII
)
_RATE = re.compile(r"\d{1,12}/\d{1,12}", re.ASCII)
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
_PLACE = re.compile(r"[+-]?\d{1,8}(\.\d{1,12})?", re.ASCII)


def _like(pattern: re.Pattern[str], what: str) -> Check:
    def run(value: object) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise FormatError(f"not {what}")

    return run


_MOMENT = maybe(fields.moment)
_CONDITION = obj(
    {
        "findings": each(obj({"code": _like(_CODE, "a code"), "note": text})),
        "verdict": fields.one_of(vocabulary.CONDITIONS),
    }
)
_TOOLS = each(obj({"name": text, "sha256": fields.hex64, "version": text}))
_STREAM = obj(
    {
        **dict.fromkeys(("codec", "pixel_format", "profile", "type"), maybe(text)),
        **dict.fromkeys(
            ("bit_rate", "channels", "duration_ms", "frames", "height", "sample_rate", "width"),
            maybe(count),
        ),
        "frame_rate": maybe(_like(_RATE, "a frame rate")),
        "index": count,
        "rotation": maybe(whole),
    }
)
_CLAIM = obj({"by": fields.one_of(SOURCES), "end": _MOMENT, "start": _MOMENT})
_TECHNICAL: Mapping[str, Check] = {
    "container": maybe(text),
    "duration_ms": maybe(count),
    "bit_rate": maybe(count),
    "streams": each(_STREAM),
    "created_at": maybe(_like(_LOCAL, "a time")),
    "device": maybe(
        obj(
            {
                **dict.fromkeys(("make", "model", "serial"), maybe(text)),
                "by": maybe(fields.one_of(("container", "exif", "name"))),
            }
        )
    ),
    "place": maybe(
        obj(
            {
                **dict.fromkeys(("latitude", "longitude"), _like(_PLACE, "a number")),
                "altitude": maybe(_like(_PLACE, "a number")),
            }
        )
    ),
    "puid": maybe(text),
    "segment": maybe(
        obj(
            {
                **dict.fromkeys(("device", "officer", "unit"), maybe(text)),
                "important": flag,
                "number": maybe(count),
                "profile": text,
                "start": maybe(_like(_LOCAL, "a time")),
            }
        )
    ),
    "captured": obj(
        {
            "by": maybe(fields.one_of(SOURCES)),
            "claims": each(_CLAIM),
            "end": _MOMENT,
            "offset_ms": maybe(whole),
            "start": _MOMENT,
            "zone_assumed": flag,
        }
    ),
    "condition": _CONDITION,
    "tools": _TOOLS,
}
_STRETCHES = each(obj({"from_ms": count, "to_ms": count}))
_AMENDMENT: Mapping[str, Check] = {
    "condition": _CONDITION,
    "essence": each(
        obj({"codec": maybe(text), "index": count, "sha256": fields.hex64, "type": maybe(text)})
    ),
    "frames": each(obj({"decoded": count, "index": count})),
    "stretches": obj(dict.fromkeys(("black", "frozen", "silent"), _STRETCHES)),
    "tools": _TOOLS,
}


def check_technical(value: object) -> None:
    """Check what is about to be written: exactly its keys, each in its form; FormatError."""
    fields.exactly(value, _TECHNICAL, {})


def check_amendment(data: object) -> None:
    """Check the data of a `record.amended` about media; FormatError."""
    fields.exactly(data, _AMENDMENT, {})


def read_technical(value: object) -> None:
    """Check what is read: an object whose parts in use have their kinds; FormatError.

    Of a later version it may have other keys. The catalog, which reads it too, uses no others.
    """
    if not isinstance(value, dict):
        raise FormatError("an object was expected")
    for key, check in _IN_USE.items():
        if value.get(key) is not None:
            try:
                check(value[key])
            except FormatError as error:
                raise FormatError(f"{key}: {error}") from error


def _part(checks: Mapping[str, Check]) -> Check:
    def run(value: object) -> None:
        if not isinstance(value, dict):
            raise FormatError("an object was expected")
        for key, check in checks.items():
            check(value.get(key))

    return run


_IN_USE: Mapping[str, Check] = {
    "captured": _part({"start": _MOMENT, "end": _MOMENT}),
    "condition": _part({"verdict": fields.one_of(vocabulary.CONDITIONS)}),
    "duration_ms": count,
    "segment": _part({"device": maybe(text), "number": maybe(count)}),
}


def verdict_of(value: Any) -> str | None:
    """The verdict that `technical`, or an amendment's data, states; None where it states none."""
    found = (value or {}).get("condition") or {}
    verdict = found.get("verdict")
    return str(verdict) if verdict else None
