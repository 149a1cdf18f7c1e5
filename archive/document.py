"""What a text or document says of itself: `document` of record.json (docs/formats.md §14).

check_document(value)       # about to be written: exactly these keys; FormatError
read_document(value)        # read: what a later version added does not harm
"""

import re
from collections.abc import Mapping

from archive import fields
from archive.errors import FormatError
from archive.fields import Check, count, each, flag, maybe, obj, text

MOST_PARTIES = 16
MOST_FINDINGS = 50
MOST_TEXT = 200
"""Characters of a text that comes from a file."""
EXAMINED, NOT_EXAMINED = "examined", "not_examined"
PARTY_ROLES = ("party", "legal_representative", "officer", "witness", "agency")

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)


def _code(value: object) -> None:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise FormatError("not a code")


def _short(value: object) -> None:
    if len(text(value)) > MOST_TEXT:
        raise FormatError(f"a text of at most {MOST_TEXT} characters was expected")


def _percent(value: object) -> None:
    if count(value) > 100:
        raise FormatError("more than 100 of 100")


_CHECKS: Mapping[str, Check] = {
    "classification": fields.one_of((EXAMINED, NOT_EXAMINED)),
    "confidence": maybe(_percent),
    "date": maybe(fields.date_text),
    "findings": each(obj({"code": _code, "note": _short})),
    "language": maybe(_short),
    "number": maybe(_short),
    "pages": maybe(count),
    "parties": each(obj({"name": _short, "role": fields.one_of(PARTY_ROLES)})),
    "puid": maybe(_short),
    "readable": flag,
    "signatures": count,
}


def check_document(value: object) -> None:
    """Check what is about to be written; FormatError."""
    fields.exactly(value, _CHECKS, {})
    if isinstance(value, dict) and (
        len(value["parties"]) > MOST_PARTIES or len(value["findings"]) > MOST_FINDINGS
    ):
        raise FormatError("too many parties or findings")


def read_document(value: object) -> None:
    """Check what was read; keys of a later version are left alone."""
    if not isinstance(value, dict):
        raise FormatError("an object was expected")
    fields.exactly({key: value.get(key) for key in _CHECKS}, _CHECKS, {})
