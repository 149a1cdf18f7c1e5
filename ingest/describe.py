"""record.json of a staged drop: what is known of it when it is sealed (docs/formats.md §6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from archive.pieces import PIECE_SIZE
from archive.times import format_time, parse_time
from ingest.kind import MEDIA, Media, detect, is_named_medium
from ingest.names import decode_name
from ingest.sidecar import Sidecar
from ingest.staging import HEAD_SIZE, Staged
from ingest.sweep import Drop
from ingest.text import TextInfo, read_text
from signing import canonical
from signing.digest import Digest

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class SidecarFacts:
    """A sidecar that was taken: what it says, and its own bytes."""

    parsed: Sidecar
    data: bytes
    digests: tuple[Digest, ...]


class Arrival(NamedTuple):
    """A drop that is staged: its number, which the record has as its id, and when it came.

    The times and the digests are in their canonical bytes; entry and record.json both have them.
    """

    drop: Drop
    number: str
    received_at: bytes
    first_hash_at: bytes
    digests: bytes


class Circumstances:
    """What the descriptions of one archive have in common."""

    def __init__(self, office: str, software: str) -> None:
        self.office = canonical.text(office)
        self.software = canonical.text(software)


class Look(Protocol):
    """Looks at a staged medium, or what has the name of one (ingest.media.look).

    Raises NoRecord where there is nothing in it, and nothing else, whatever the file is.
    """

    def __call__(
        self,
        source: Path | bytes,
        name: str,
        media_type: str,
        claims: Mapping[str, Any] | None,
        received_at: datetime,
    ) -> bytes:
        """The canonical bytes of `technical`."""


_FIRST = (
    *("claims", "digests", "findings", "first_hash_at", "folder", "folder_b64", "id", "media"),
    *("modified_at", "name", "name_b64", "office", "pieces", "received_at", "salt", "settle"),
    *("sidecar", "size", "software", "source"),
)
_RECORD = canonical.Form(*_FIRST, "text", "v")
_MEDIUM = canonical.Form(*_FIRST, "technical", "text", "v")
_MEDIA = canonical.Form("by", "type")
_PIECES = canonical.Form("root", "size")
_SETTLE = canonical.Form("lease", "seconds")
_TEXT = canonical.Form("encoding", "preview", "title")
_SIDECAR = canonical.Form("digests", "size")


def describe(
    arrival: Arrival,
    salt: bytes,
    staged: Staged,
    facts: Circumstances,
    sidecar: SidecarFacts | None,
    look: Look | None = None,
) -> bytes:
    """Write record.json; what device and sidecar say is kept as their claims.

    It is put together from canonical parts: one is written for every file. `look` is asked about
    media and what has the name of one, and about nothing else.
    """
    file, settled = arrival.drop.file, arrival.drop.settled
    name, folder = decode_name(file.name), decode_name(file.folder)
    complete, head = staged.size <= HEAD_SIZE, staged.start()
    text = read_text(head, complete=complete)
    media = detect(head, name.text, text, complete=complete)
    seen = look if media.type.startswith(MEDIA) or is_named_medium(name.text) else None
    technical = _technical(seen, arrival, staged, media, sidecar)
    return (_MEDIUM if technical else _RECORD)(
        b"null" if sidecar is None else canonical.encode(dict(sidecar.parsed.claims)),
        arrival.digests,
        b"[]" if sidecar is None else canonical.encode(findings(staged, sidecar)),
        arrival.first_hash_at,
        canonical.text(folder.text),
        canonical.text(folder.b64),
        b'"%s"' % arrival.number.encode(),
        _MEDIA(canonical.text(media.by), canonical.text(media.type)),
        _modified(staged.key.mtime_ns),
        canonical.text(name.text),
        canonical.text(name.b64),
        facts.office,
        _PIECES(b'"%s"' % str(staged.pieces_root).encode(), b"%d" % PIECE_SIZE),
        arrival.received_at,
        b'"%s"' % salt.hex().encode(),
        _SETTLE(_flag(settled.lease and staged.lease), b"%d" % settled.seconds),
        _sidecar(sidecar),
        b"%d" % staged.size,
        facts.software,
        canonical.text(file.source),
        *technical,
        _text(text),
        b"1",
    )


def _technical(
    look: Look | None,
    arrival: Arrival,
    staged: Staged,
    media: Media,
    sidecar: SidecarFacts | None,
) -> tuple[bytes, ...]:
    """What the file says of itself and in what condition it is; nothing where nobody looks."""
    if look is None:
        return ()
    source = staged.path if staged.data is None else staged.data
    if source is None:
        return ()
    claims = None if sidecar is None else sidecar.parsed.claims
    received_at = parse_time(arrival.received_at[1:-1].decode())
    name = decode_name(arrival.drop.file.name).text
    return (look(source, name, media.type, claims, received_at),)


def time_text(moment: datetime) -> bytes:
    """A time as canonical JSON."""
    return b'"%s"' % format_time(moment).encode()


def digests_text(digests: Sequence[Digest]) -> bytes:
    """Digests as canonical JSON."""
    return b'["%s"]' % '","'.join([str(digest) for digest in digests]).encode()


def _flag(value: bool) -> bytes:  # noqa: FBT001
    return b"true" if value else b"false"


def _text(text: TextInfo | None) -> bytes:
    if text is None:
        return b"null"
    values = (text.encoding, text.preview, text.title)
    return _TEXT(*(canonical.text(value) for value in values))


def _sidecar(sidecar: SidecarFacts | None) -> bytes:
    if sidecar is None:
        return b"null"
    return _SIDECAR(digests_text(sidecar.digests), b"%d" % len(sidecar.data))


def _modified(mtime_ns: int) -> bytes:
    """The file's own time; one that no calendar has becomes the beginning of 1970."""
    seconds, rest = divmod(mtime_ns, 10**9)
    try:
        return b'"%s.%06dZ"' % (_second(seconds), rest // 1000)
    except (ValueError, OverflowError, OSError):
        return time_text(datetime(1970, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=64)
def _second(seconds: int) -> bytes:
    # Many files are written within one second.
    return format_time(datetime.fromtimestamp(seconds, UTC))[: -len(".000000Z")].encode()


def findings(staged: Staged, sidecar: SidecarFacts) -> list[Mapping[str, str]]:
    """What was noticed at intake. A claimed digest that differs is sealed as found (design §3)."""
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
