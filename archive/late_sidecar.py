"""A sidecar that came after its file was sealed: the data of its `record.amended` (docs/formats.md
§14), and what it means for the catalog.

    check_late_sidecar(data)            # exactly its keys, bytes and digests agree; FormatError
    columns_of(row, claims)             # columns of the catalog, where no sidecar came in time
"""

import base64
from collections.abc import Mapping
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.fields import Check, count, each, maybe, obj, text
from archive.times import claimed_time
from signing.digest import Digest

WHAT = "sidecar"
MOST_SIZE = 1 << 20
MOST_FINDINGS = 500
_CHECKS: Mapping[str, Check] = {
    "claims": fields.anything,
    "digests": fields.digest_texts,
    "findings": each(obj({"code": text, "note": text})),
    "name": text,
    "name_b64": maybe(fields.base64_bytes),
    "sidecar": fields.base64_bytes,
    "size": count,
}
_PLAIN = {
    "case": "case_no",
    "category": "category",
    "stage": "stage",
    "unit": "unit",
    "item": "item",
    "subject": "subject",
    "place": "place",
    "importance": "importance",
    "device": "device",
}
"""Claims that are columns as they stand."""
_BY_DEFAULT = frozenset(("unit", "officers", "device"))
"""Columns that something else fills where no sidecar claims them."""


def check_late_sidecar(value: Any) -> None:
    """Check the data of the detail; FormatError."""
    fields.exactly(value, _CHECKS, {})
    if not isinstance(value["claims"], dict):
        raise FormatError("claims are an object")
    if value["size"] > MOST_SIZE or len(value["findings"]) > MOST_FINDINGS:
        raise FormatError("too large for a sidecar")
    raw = base64.b64decode(value["sidecar"])
    if len(raw) != value["size"]:
        raise FormatError("its bytes have another size")
    for stated in value["digests"]:
        algorithm = stated.partition(":")[0]
        if str(Digest.of(algorithm, raw)) != stated:
            raise FormatError("its bytes have another digest")


def claims_of(data: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The claims in the data of a detail; none where it cannot be read."""
    found = (data or {}).get("claims")
    return found if isinstance(found, dict) else {}


def words_of(claims: Mapping[str, Any]) -> str:
    """What a sidecar says in words of its own, beside the columns of the catalog."""
    said = [claims.get(name) for name in ("note", "name", "item")]
    return " ".join(one for one in said if isinstance(one, str))


def columns_of(
    row: Mapping[str, Any], claims: Mapping[str, Any], *, again: bool = False
) -> dict[str, Any]:
    """What the claims add to a line of the catalog: only where no sidecar said anything before.

    The order is that of an accession: a sidecar, then the file's name, then the register of
    sources. So what these two gave in place of a claim yields to one, as it does where the sidecar
    came in time. A time of recording by the file itself stays. One that comes after another late
    one (`again`) fills what is open and changes nothing.
    """
    yields = _BY_DEFAULT if row.get("sidecar_sha256") is None and not again else frozenset()
    said = {column: claims.get(name) for name, column in _PLAIN.items()}
    said["tags"] = " ".join(claims.get("tags") or ()) or None
    said["officers"] = officers_text(claims) or None
    if row.get("captured_start") is None and row.get("captured_end") is None:
        said["captured_start"] = claimed_time(claims.get("capture_start"))
        said["captured_end"] = claimed_time(claims.get("capture_end"))
    return {
        column: value
        for column, value in said.items()
        if value is not None and (row.get(column) is None or column in yields)
    }


def officers_text(claims: Mapping[str, Any]) -> str:
    """Officers as the catalog has them."""
    return " ".join(
        " ".join(str(part) for part in one.values()) if isinstance(one, dict) else str(one)
        for one in claims.get("officers") or ()
    )
