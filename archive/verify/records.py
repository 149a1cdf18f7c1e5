"""One record that stands alone: description, content, sidecar and pieces against its entry.

Runs in a worker; packed records are checked by `archive.verify.packs`.
The content is read once for all digests and the piece hashes together.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from archive import layout
from archive.errors import ArchiveError, FormatError, ObjectMissing
from archive.other_versions import other_version
from archive.parts import DESCRIPTION, Part
from archive.pieces import PIECE_SIZE, PieceHasher, pieces_root
from archive.record import RecordDescription
from archive.verify.context import JSON_LIMIT, Context, Found, fetch, fetch_part, guarded
from signing.digest import Digest, Hasher
from signing.errors import SigningError

THREADS_FROM = 64 * 1024 * 1024
"""From this size on every algorithm hashes in a thread of its own."""

FILES = ("content", "pieces", "record.json", "sidecar")
_AGREES = ("first_hash_at", "office", "received_at", "size", "source")


@dataclass(frozen=True, slots=True)
class RecordJob:
    """A record to check: its entry's place and body (JSON text), and the sizes of its objects."""

    record: str
    place: str
    body: str
    objects: Mapping[str, int]


@dataclass(slots=True)
class RecordFacts:
    """What came of some records; `read` counts the bytes hashed."""

    records: int = 0
    read: int = 0
    found: Found = field(default_factory=list)


def check_records(context: Context, jobs: Sequence[RecordJob]) -> RecordFacts:
    """Check some records."""
    facts = RecordFacts()
    for job in jobs:
        guarded(lambda job=job: _check(context, job, facts), job.record, facts.found)  # type: ignore[misc]
        facts.records += 1
    return facts


def _check(context: Context, job: RecordJob, facts: RecordFacts) -> None:
    body = json.loads(job.body)
    description = _description(context, job, body, facts.found)
    hashes = _content(context, job, body, facts)
    if description is None:
        return
    if hashes is not None and pieces_root(hashes) != description.pieces_root:
        reason = "the content has another root over its pieces"
        facts.found.append(("RECORD_DISAGREES", job.record, {"reason": reason}))
    _sidecar(context, job, description, facts)
    _pieces(context, job, description, hashes, facts.found)


def _description(
    context: Context, job: RecordJob, body: Mapping[str, Any], found: Found
) -> RecordDescription | None:
    """record.json, if it has its digest, is well formed and agrees with the entry."""
    if DESCRIPTION not in job.objects:
        found.append(("RECORD_MISSING", job.record, {}))
        return None
    part = Part(layout.record_key(job.record), size=job.objects[DESCRIPTION] or None)
    data = read_description(context, job.record, body["record"], part, found)
    return None if data is None else parse_description(job.record, data, body, found)


def parse_description(
    record: str, data: bytes, body: Mapping[str, Any], found: Found
) -> RecordDescription | None:
    """record.json if it is well formed, else None; a finding too where the entry says otherwise."""
    try:
        description = RecordDescription.parse(data)
    except (FormatError, KeyError, TypeError) as error:
        found.append(("RECORD_DISAGREES", record, {"reason": str(error)}))
        return None
    value = description.value
    wrong = [key for key in _AGREES if value[key] != body[key]]
    wrong += ["id"] if value["id"] != record else []
    wrong += ["digests"] if value["digests"] != body["content"] else []
    wrong += ["tags"] if _tags(value["claims"]) != body.get("tags", []) else []
    if wrong:
        reason = f"other values of {', '.join(wrong)}"
        found.append(("RECORD_DISAGREES", record, {"reason": reason}))
    return description


def _tags(claims: object) -> object:
    """What the sidecar claims of why the record is sensitive; [] where it says nothing."""
    return (claims.get("tags") or []) if isinstance(claims, dict) else []


def read_description(
    context: Context, record: str, digest: str, part: Part, found: Found
) -> bytes | None:
    """The bytes of record.json if they have their digest, else None and a finding."""
    mine: Found = []
    data = fetch_part(context.evidence, part, JSON_LIMIT, mine, "RECORD_MISSING", "RECORD_ALTERED")
    found.extend((code, record, details) for code, _, details in mine)
    key = part.pack or part.own
    while data is not None and f"sha256:{sha256(data).hexdigest()}" != digest:
        if not other_version(context.evidence, key):
            found.append(("RECORD_ALTERED", record, {"key": key}))
            return None
        data = fetch_part(context.evidence, part, JSON_LIMIT, [], None, "RECORD_ALTERED") or b""
    return data


def _content(
    context: Context, job: RecordJob, body: Mapping[str, Any], facts: RecordFacts
) -> tuple[bytes, ...] | None:
    """Piece hashes of the content if it has all its digests, else None and a finding."""
    key, size = layout.content_key(job.record), body["size"]
    found = facts.found
    if "content" not in job.objects:
        found.append(("CONTENT_MISSING", job.record, {"key": key}))
        return None
    if job.objects["content"] != size and not _has_version_of(context, key, size):
        details = {"key": key, "size": size, "stored": job.objects["content"]}
        # A link in place of the object is listed with size 0 and cannot be read: it is missing.
        missing = job.objects["content"] == 0 and context.evidence.stat(key) is None
        found.append(("CONTENT_MISSING" if missing else "CONTENT_ALTERED", job.record, details))
        return None
    expected = tuple(Digest.parse(text) for text in body["content"])
    try:
        algorithms = [digest.algorithm for digest in expected]
        digests, hashes = _hash(context, key, size, algorithms)
        while digests != expected and other_version(context.evidence, key):
            digests, hashes = _hash(context, key, size, algorithms)
    except ObjectMissing:
        found.append(("CONTENT_MISSING", job.record, {"key": key}))
        return None
    except (ArchiveError, OSError) as error:
        found.append(("STORE_UNREADABLE", job.record, {"key": key, "reason": str(error)}))
        return None
    facts.read += size
    if digests == expected:
        return hashes
    details = {"key": key, "differs": [str(d) for d in expected if d not in digests]}
    details.update(_damaged_pieces(context, job, hashes))
    found.append(("CONTENT_ALTERED", job.record, details))
    return None


def _has_version_of(context: Context, key: str, size: int) -> bool:
    """Whether another version than the listed one has the right size; it is read from now on."""
    while other_version(context.evidence, key):
        found = context.evidence.stat(key)
        if found is not None and found.size == size:
            return True
    return False


def _hash(
    context: Context, key: str, size: int, algorithms: Sequence[str]
) -> tuple[tuple[Digest, ...], tuple[bytes, ...]]:
    """All digests and the piece hashes in one read."""
    if size <= PIECE_SIZE:
        # An empty content is read too: a link in its place is listed with size 0 as well.
        data = b"".join(context.evidence.read(key, 0, max(size, 1)))
        digests = tuple(Digest.of(name, data) for name in algorithms)
        # One piece is the content itself, so its hash is there already.
        first = next(digest.value for digest in digests if digest.algorithm == "sha256")
        return digests, (first,) if size else ()
    pieces = PieceHasher()
    with Hasher(algorithms, threads=size >= THREADS_FROM) as hasher:
        for chunk in context.evidence.read(key, 0, size):
            hasher.update(chunk)
            pieces.update(chunk)
        return hasher.finish(), pieces.finish()


def _damaged_pieces(
    context: Context, job: RecordJob, hashes: Sequence[bytes]
) -> dict[str, list[int]]:
    """Which pieces differ from the stored list: a hint where to look, not a judgement."""
    if "pieces" not in job.objects:
        return {}
    data = fetch(
        context.evidence, layout.pieces_key(job.record), JSON_LIMIT, [], None, "PIECES_ALTERED"
    )
    if data is None or len(data) != 32 * len(hashes):
        return {}
    wrong = [n for n, piece in enumerate(hashes) if data[32 * n : 32 * n + 32] != piece]
    return {"pieces": wrong[:100]}


def _sidecar(
    context: Context, job: RecordJob, description: RecordDescription, facts: RecordFacts
) -> None:
    key, found = layout.sidecar_key(job.record), facts.found
    if not description.sidecar:
        if "sidecar" in job.objects:
            found.append(("OBJECT_UNEXPECTED", key, {}))
        return
    mine: Found = []
    data = fetch(context.evidence, key, JSON_LIMIT, mine, "SIDECAR_MISSING", "SIDECAR_ALTERED")
    found.extend((code, job.record, details) for code, _, details in mine)
    if data is None:
        return
    facts.read += len(data)
    wrong = [d for d in description.sidecar if Digest.of(d.algorithm, data) != d]
    if wrong or len(data) != description.value["sidecar"]["size"]:
        found.append(("SIDECAR_ALTERED", job.record, {"key": key}))


def _pieces(
    context: Context,
    job: RecordJob,
    description: RecordDescription,
    hashes: Sequence[bytes] | None,
    found: Found,
) -> None:
    key = layout.pieces_key(job.record)
    if not description.has_pieces:
        if "pieces" in job.objects:
            found.append(("OBJECT_UNEXPECTED", key, {}))
        return
    limit = 64 + 32 * (description.size // PIECE_SIZE + 1)
    mine: Found = []
    data = fetch(context.evidence, key, limit, mine, "PIECES_MISSING", "PIECES_ALTERED")
    found.extend((code, job.record, details) for code, _, details in mine)
    if data is None:
        return
    try:
        if hashes is None:
            hashes = [data[i : i + 32] for i in range(0, len(data), 32)]
            wrong = len(data) % 32 != 0 or pieces_root(hashes) != description.pieces_root
        else:
            wrong = data != b"".join(hashes)
    except SigningError:
        wrong = True
    if wrong:
        found.append(("PIECES_ALTERED", job.record, {"key": key}))
