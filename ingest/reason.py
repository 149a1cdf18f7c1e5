"""`reason.json` of a quarantined drop: why it could not be taken, and what it was.

The folder quarantine/<id>/ has `content` (or only `sidecar`, of one that came after its file),
`sidecar` where there was one, and this. It is no evidence: the digests of the files stand in the
detail of `drop.rejected`, which the ledger commits to.
"""

import base64
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from archive.errors import FormatError
from archive.times import format_time, parse_time
from ingest.claim import JSON, Claim
from ingest.errors import SidecarBad
from ingest.found import Drop
from ingest.names import decode_name
from signing import canonical
from signing.errors import SigningError

REASON = "reason.json"
_MOST = 1 << 20


class Reason(NamedTuple):
    """What `reason.json` says. Of one written by an earlier version only the sentences are known.

    `late` is the record that a sidecar by itself came too late for.
    """

    code: str
    english: str
    chinese: str
    source: str | None = None
    name: bytes | None = None
    folder: bytes = b""
    received_at: datetime | None = None
    sidecar: bytes | None = None
    """The sidecar's own name; of the row of a list, that of the list."""
    mapping: str = JSON
    kind: str = ""
    number: int = 0
    late: str | None = None


def reason_text(
    drop: Drop, bad: SidecarBad, received_at: datetime, late: str | None = None
) -> bytes:
    """The bytes of `reason.json`."""
    file, claim = drop.file, drop.claim or Claim(JSON, "")
    beside = drop.sidecar_name
    return canonical.encode(
        {
            "code": bad.code,
            "folder_b64": _b64(file.folder),
            "kind": claim.kind,
            "late": late,
            "mapping": claim.mapping,
            "name": decode_name(file.name).text,
            "name_b64": _b64(file.name),
            "number": claim.number,
            "received_at": format_time(received_at),
            "sentence": bad.english,
            "sentence_zh": bad.chinese,
            "sidecar_b64": None if beside is None else _b64(beside),
            "source": file.source,
        }
    )


def read_reason(path: Path) -> Reason:
    """Read `reason.json`; raises FormatError where it is missing or not one."""
    try:
        with path.open("rb") as file:
            value: Any = canonical.decode(file.read(_MOST))
        known = Reason(value["code"], value["sentence"], value["sentence_zh"])
        if "source" not in value:
            return known
        beside = value["sidecar_b64"]
        return known._replace(
            source=value["source"],
            name=base64.b64decode(value["name_b64"]),
            folder=base64.b64decode(value["folder_b64"]),
            received_at=parse_time(value["received_at"]),
            sidecar=None if beside is None else base64.b64decode(beside),
            mapping=value["mapping"],
            kind=value["kind"],
            number=value["number"],
            late=value["late"],
        )
    except (OSError, SigningError, KeyError, TypeError, ValueError) as error:
        raise FormatError("the reason of this quarantined drop cannot be read") from error


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
