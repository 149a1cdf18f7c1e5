"""record.json of a staged drop: what is known of it when it is sealed (docs/formats.md §6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from archive.pieces import PIECE_SIZE
from archive.record import RecordDescription
from archive.times import format_time
from ingest.kind import detect
from ingest.names import decode_name
from ingest.sidecar import Sidecar
from ingest.staging import HEAD_SIZE, Staged
from ingest.sweep import Drop
from ingest.text import read_text
from signing.digest import Digest


@dataclass(frozen=True, slots=True)
class SidecarFacts:
    """A sidecar that was taken: what it says, and its own bytes."""

    parsed: Sidecar
    data: bytes
    digests: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when a drop was found."""

    drop: Drop
    office: str
    received_at: datetime
    first_hash_at: datetime
    software: str


def describe(
    record_id: str,
    salt: bytes,
    staged: Staged,
    facts: Circumstances,
    sidecar: SidecarFacts | None,
) -> RecordDescription:
    """Build the description; what device and sidecar say is kept as their claims."""
    file, settled = facts.drop.file, facts.drop.settled
    name, folder = decode_name(file.name), decode_name(file.folder)
    complete = staged.size <= HEAD_SIZE
    head = staged.start()
    text = read_text(head, complete=complete)
    media = detect(head, name.text, text, complete=complete)
    return RecordDescription.build(
        {
            "v": 1,
            "id": record_id,
            "salt": salt.hex(),
            "name": name.text,
            "name_b64": name.b64,
            "folder": folder.text,
            "folder_b64": folder.b64,
            "size": staged.size,
            "digests": [str(digest) for digest in staged.digests],
            "pieces": {"size": PIECE_SIZE, "root": str(staged.pieces_root)},
            "media": {"type": media.type, "by": media.by},
            "text": _text(text),
            "source": file.source,
            "office": facts.office,
            "received_at": format_time(facts.received_at),
            "first_hash_at": format_time(facts.first_hash_at),
            "modified_at": format_time(_modified(staged.key.mtime_ns)),
            "settle": {
                "lease": settled.lease and staged.lease,
                "seconds": settled.seconds,
            },
            "sidecar": _sidecar(sidecar),
            "claims": dict(sidecar.parsed.claims) if sidecar else None,
            "findings": findings(staged, sidecar),
            "software": facts.software,
        }
    )


def _text(text: Any) -> Mapping[str, str] | None:
    if text is None:
        return None
    return {"encoding": text.encoding, "title": text.title, "preview": text.preview}


def _sidecar(sidecar: SidecarFacts | None) -> Mapping[str, Any] | None:
    if sidecar is None:
        return None
    digests = [str(digest) for digest in sidecar.digests]
    return {"digests": digests, "size": len(sidecar.data)}


def _modified(mtime_ns: int) -> datetime:
    """The file's own time; one that no calendar has becomes the nearest that it has."""
    try:
        return datetime.fromtimestamp(mtime_ns // 10**9, UTC).replace(
            microsecond=mtime_ns % 10**9 // 1000
        )
    except (ValueError, OverflowError, OSError):
        return datetime(1970, 1, 1, tzinfo=UTC)


def findings(staged: Staged, sidecar: SidecarFacts | None) -> Sequence[Mapping[str, str]]:
    """What was noticed at intake. A claimed digest that differs is sealed as found (design §3)."""
    if sidecar is None:
        return []
    found = {digest.algorithm: digest.value.hex() for digest in staged.digests}
    found.update(staged.claimed)
    return [
        {
            "code": "CLAIMED_DIGEST_DIFFERS",
            "note": f"the sidecar claims {algorithm}:{claimed}, the file has"
            f" {algorithm}:{found[algorithm]}",
        }
        for algorithm, claimed in sorted(sidecar.parsed.digests.items())
        if found[algorithm] != claimed
    ]


def extra_algorithms(sidecar: SidecarFacts | None, digests: Sequence[str]) -> list[str]:
    """Algorithms that only the sidecar asks for."""
    if sidecar is None:
        return []
    return [algorithm for algorithm in sidecar.parsed.digests if algorithm not in digests]
