"""What the use cases need from outside: stores, the pointer and the clock.

Promises are part of each port; tests/contract holds every implementation to them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

CHUNK = 4 * 1024 * 1024
"""Reads hand out at most this many bytes at once, so memory does not grow with objects."""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A finished file on the archive's own disk that shall become an object."""

    path: Path


@dataclass(frozen=True, slots=True)
class PutItem:
    """One object to write: its key, and its bytes or the staged file that holds them.

    `retain_until` is the lock that the object gets where the place has locks; None there means for
    ever: the farthest date that the server can hold, and a legal hold. `sha256` is the digest of
    the bytes where the caller has it, so that no store needs to read a file twice.
    """

    key: str
    source: bytes | StagedFile
    retain_until: datetime | None = None
    sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a listing says of an object: key, size in bytes, time of writing (a claim)."""

    key: str
    size: int
    modified: datetime


class ObjectStore(Protocol):
    """Create-only objects under keys; nothing can be replaced or deleted through it."""

    def put(self, items: Sequence[PutItem]) -> None:
        """Write all items; every one is durable on return.

        A key that already holds the same bytes passes, other bytes raise ObjectConflict.
        Unreachable when the store does not answer or is full.
        """

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of an object or of a range, in chunks of at most 4 MiB.

        Raises ObjectMissing on the first step where there is no such object.
        """

    def stat(self, key: str) -> ObjectInfo | None:
        """Size and time of an object, or None."""

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """All objects below a prefix (a whole folder, ending in `/`, or empty), keys ascending.

        `after` leaves out every key up to and including it.
        """


class LiveStore(ObjectStore, Protocol):
    """The place without locks: superseded partial tiles may be discarded here."""

    def discard(self, keys: Iterable[str]) -> None:
        """Remove objects; a missing one is no error."""


class Pointer(Protocol):
    """One small object that is replaced in place: a hint, never evidence."""

    def replace(self, data: bytes) -> None:
        """Put new bytes in place of the old ones, atomically and durably."""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of an object, or a delete marker, as the server lists it.

    `version` is the server's id, "" in a place without versions. `latest` is what a plain GET sees.
    """

    key: str
    version: str
    size: int
    modified: datetime
    latest: bool
    marker: bool = False


@dataclass(frozen=True, slots=True)
class Protection:
    """What keeps one version: `level` of vocabulary.LEVELS, the end of its lock, a legal hold.

    `sha256` is the digest that a server keeps beside the bytes: its word, never fixity. `remarks`
    are codes of findings and their subjects, about what else is odd with the object.
    """

    level: str
    until: datetime | None = None
    held: bool = False
    sha256: bytes | None = None
    remarks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What a place says of itself and its settings now, for an inspection.

    `versioned` and `locking` are None where the place knows no such thing (a folder). `settings`
    are digests (`sha256:…`) of what decides who may do what, by name. `hiding` are the lifecycle
    rules that hide, remove or move objects, `public` what is open to everybody, `uploads` the
    unfinished ones (key, id, begun at). `skew` is by how many seconds its clock is off, at least.
    `unknown` says by name what could not be asked, and why.
    """

    place: str
    server: str | None = None
    versioned: bool | None = None
    locking: bool | None = None
    skew: float = 0.0
    settings: Mapping[str, str] = field(default_factory=dict)
    hiding: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    uploads: tuple[tuple[str, str, datetime], ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)


class Inspectable(Protocol):
    """What only an inspection asks of a place."""

    def facts(self) -> PlaceFacts:
        """Its settings. Raises Unreachable where the place does not answer at all."""

    def shows_locks(self, key: str, version: str) -> bool:
        """Whether this account may see locks: without the right a server shows none."""

    def read_version(self, key: str, version: str) -> Iterator[bytes]:
        """Yield the bytes of one version, in chunks of at most 4 MiB; raises ObjectMissing."""


class Vault(Protocol):
    """Versions and locks of one place. Only archive.keeping and `verify --storage` use it."""

    def versions(self, prefix: str, after: str = "") -> Iterator[StoredVersion]:
        """Every version and delete marker below a prefix, keys ascending, newest first per key."""

    def protection(self, key: str, version: str) -> Protection:
        """What the server says of one version now. Raises ObjectMissing, Unreachable."""

    def extend(self, key: str, version: str, until: datetime | None) -> Protection:
        """Lengthen a lock (None: for ever) and read it back; a lock never becomes shorter.

        Raises ProtectionMissing if the server did not keep what it accepted.
        """

    def hold(self, key: str, version: str, *, on: bool) -> Protection:
        """Switch the legal hold of one version and read it back."""

    def destroy(self, key: str, version: str) -> None:
        """Delete one version or marker for good. Raises StillLocked where a lock refuses it."""


class Clock(Protocol):
    """The two clocks of the system."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that never step back."""


def read_all(store: ObjectStore, key: str, limit: int = 64 * 1024 * 1024) -> bytes:
    """A whole small object; refuses more than `limit` bytes."""
    from archive.errors import FormatError

    parts = []
    size = 0
    for part in store.read(key):
        size += len(part)
        if size > limit:
            raise FormatError(f"{key} is larger than {limit} bytes")
        parts.append(part)
    return b"".join(parts)
