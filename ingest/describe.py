"""record.json of a staged drop: what is known of it when it is sealed (docs/formats.md §6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import compress, product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from archive.kinds import short_kind
from archive.pieces import PIECE_SIZE
from archive.source_terms import UNSAID, Registered
from archive.times import format_time, parse_time
from ingest.documents.understand import Understood
from ingest.errors import KindNotAllowed
from ingest.kind import MEDIA, Media, detect, is_named_medium
from ingest.names import decode_name, sealable
from ingest.remarks import remarks_on
from ingest.sidecar import Sidecar
from ingest.staging import HEAD_SIZE, Staged
from ingest.sweep import Drop
from ingest.text import TextInfo, read_text
from signing import canonical
from signing.digest import Digest


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
    """What the descriptions of one archive have in common.

    `registered` is what the register says of its sources; it is replaced before each batch.
    """

    def __init__(self, office: str, software: str) -> None:
        self.office = canonical.text(office)
        self.software = canonical.text(software)
        self.registered: Mapping[str, Registered] = {}


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
        profile: str | None = None,
    ) -> bytes:
        """The canonical bytes of `technical`; `profile` is the only one that reads the name."""


class Understand(Protocol):
    """Says what a drop is and what it states of itself (ingest.documents.understand).

    Raises Classified for what is marked as a state secret, and nothing else, whatever the file is.
    """

    def __call__(
        self,
        source: Path | bytes,
        head: bytes,
        complete: bool,  # noqa: FBT001
        name: str,
        size: int,
    ) -> Understood:
        """`head` are the first bytes of `source`, all of them if `complete`."""


_KEYS = (
    *("claims", "digests", "findings", "first_hash_at", "folder", "folder_b64", "id", "media"),
    *("modified_at", "name", "name_b64", "office", "pieces", "received_at", "salt", "settle"),
    *("sidecar", "size", "software", "source", "text", "v"),
)
_SOMETIMES = ("document", "register", "technical")
_FORMS = {
    there: canonical.Form(*sorted((*_KEYS, *compress(_SOMETIMES, there))))
    for there in product((False, True), repeat=len(_SOMETIMES))
}
"""record.json by which of _SOMETIMES it has."""
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
    understand: Understand | None = None,
) -> bytes:
    """Write record.json; what device and sidecar say is kept as their claims.

    It is put together from canonical parts: one is written for every file. `look` is asked about
    media and what has the name of one, and about nothing else; `understand` about everything.
    Raises Classified where that does, NoRecord where `look` does, KindNotAllowed.
    """
    file, settled = arrival.drop.file, arrival.drop.settled
    name, folder = decode_name(file.name), decode_name(file.folder)
    media, text, document = _understood(understand, staged, name.text)
    registered = facts.registered.get(file.source, UNSAID)
    register = _register(registered, media.type)
    seen = look if media.type.startswith(MEDIA) or is_named_medium(name.text) else None
    technical = _technical(seen, arrival, staged, media, sidecar, registered.profile)
    return _FORMS[document is not None, bool(register), bool(technical)](
        b"null" if sidecar is None else canonical.encode(dict(sidecar.parsed.claims)),
        arrival.digests,
        *(() if document is None else (document,)),
        _findings(arrival.drop, staged, sidecar),
        arrival.first_hash_at,
        canonical.text(folder.text),
        canonical.text(folder.b64),
        b'"%s"' % arrival.number.encode(),
        _MEDIA(canonical.text(media.by), canonical.text(media.type)),
        _modified(staged.modified_ns),
        canonical.text(name.text),
        canonical.text(name.b64),
        facts.office,
        _PIECES(b'"%s"' % str(staged.pieces_root).encode(), b"%d" % PIECE_SIZE),
        arrival.received_at,
        *register,
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


def _understood(understand: Understand | None, staged: Staged, name: str) -> Understood:
    """Kind, text and `document`; of what is not understood, kind and text alone."""
    complete, head = staged.size <= HEAD_SIZE, staged.start()
    source = staged.path if staged.data is None else staged.data
    if understand is not None and source is not None:
        return understand(source, head, complete, name, staged.size)
    text = read_text(head, complete=complete, name=name)
    return Understood(detect(head, name, text, complete=complete), text, None)


def _findings(drop: Drop, staged: Staged, sidecar: SidecarFacts | None) -> bytes:
    """What was noticed of the arrival, and of what the sidecar claims."""
    if sidecar is None and not drop.notes:
        return b"[]"
    noticed = [{"code": code, "note": sealable(note)} for code, note in drop.notes]
    return canonical.encode([*noticed, *(findings(staged, sidecar) if sidecar else ())])


def _register(registered: Registered, media_type: str) -> tuple[bytes, ...]:
    """What the register says of the source; raises KindNotAllowed."""
    if registered.kinds and short_kind(media_type) not in registered.kinds:
        raise KindNotAllowed(short_kind(media_type), registered.kinds)
    return () if registered.text is None else (registered.text,)


def _technical(
    look: Look | None,
    arrival: Arrival,
    staged: Staged,
    media: Media,
    sidecar: SidecarFacts | None,
    profile: str | None,
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
    if profile is None:
        return (look(source, name, media.type, claims, received_at),)
    return (look(source, name, media.type, claims, received_at, profile),)


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
    differing = [
        {
            "code": "CLAIMED_DIGEST_DIFFERS",
            "note": f"the sidecar claims {algorithm}:{claimed}, the file has"
            f" {algorithm}:{found[algorithm]}",
        }
        for algorithm, claimed in sorted(sidecar.parsed.digests.items())
        if found[algorithm] != claimed
    ]
    odd = remarks_on(sidecar.parsed.claims)
    return [*differing, *({"code": code, "note": note} for code, note in odd)]


def extra_algorithms(sidecar: SidecarFacts | None, digests: Sequence[str]) -> list[str]:
    """Algorithms that only the sidecar asks for."""
    if sidecar is None:
        return []
    return [algorithm for algorithm in sidecar.parsed.digests if algorithm not in digests]
