"""Electronic signatures that stand in a document, as they were checked behind the seal: the data of
its `record.amended` (docs/formats.md §14). It is a claim with its time, no proof of the archive's.

check_signatures(data)       # about to be written: exactly these keys; FormatError
"""

import re
from collections.abc import Mapping

from archive import fields
from archive.document import MOST_TEXT
from archive.errors import FormatError
from archive.fields import Check, each, flag, maybe, obj, text

FORMS = ("pdf", "ofd")
KINDS = ("signature", "e_seal", "timestamp")
MOST_SIGNATURES, MOST_FINDINGS = 200, 200

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
_STATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def _code(value: object) -> None:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise FormatError("not a code")


def _short(value: object) -> None:
    if len(text(value)) > MOST_TEXT:
        raise FormatError(f"a text of at most {MOST_TEXT} characters was expected")


def _stated(value: object) -> None:
    if not isinstance(value, str) or not _STATED.fullmatch(value):
        raise FormatError("not a time of RFC 3339")


_SIGNATURE = obj(
    {
        "by": maybe(_short),
        "certificate": maybe(fields.sha256_digest),
        "covers_all": maybe(flag),
        "form": fields.one_of(FORMS),
        "intact": maybe(flag),
        "issuer": maybe(_short),
        "kind": fields.one_of(KINDS),
        "stated_at": maybe(_stated),
        "trusted": maybe(flag),
    }
)
_DATA: Mapping[str, Check] = {
    "checked_at": fields.moment,
    "findings": each(obj({"code": _code, "note": _short})),
    "signatures": each(_SIGNATURE),
}


def check_signatures(data: object) -> None:
    """Check the data of a `record.amended` about signatures; FormatError."""
    fields.exactly(data, _DATA, {})
    if isinstance(data, dict) and (
        len(data["signatures"]) > MOST_SIGNATURES or len(data["findings"]) > MOST_FINDINGS
    ):
        raise FormatError("too many signatures or findings")
