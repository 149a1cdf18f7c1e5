"""Which version of a key is the record.

The one that we wrote, if the version book knows it; else the oldest one, because what comes later
was put over it. Where that has not the bytes that the ledger names, whoever reads goes on to the
others (`other`): the version whose bytes match is the record, and the rest are findings of
`verify --storage`, never a reason to fail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from archive.ports import StoredVersion
from archive.stores.s3 import listing
from archive.stores.s3.client import Bucket

_REMEMBERED = 8192


@dataclass(frozen=True, slots=True)
class Standing:
    """One object as it was written and read back: version, end of its lock (None: none), hold."""

    version: str
    until: datetime | None = None
    held: bool = False


class VersionBook(Protocol):
    """Remembers across processes which version was written under a key."""

    def known(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Versions of those keys that the book knows."""

    def remember(self, written: Mapping[str, Standing]) -> None:
        """Note what was written; durable on return."""

    def forget(self, keys: Sequence[str]) -> None:
        """Those versions are destroyed."""


class NoBook:
    """For whoever has no database: everything is found by listing."""

    def known(self, keys: Sequence[str]) -> Mapping[str, str]:  # noqa: ARG002
        """Nothing."""
        return {}

    def remember(self, written: Mapping[str, Standing]) -> None:
        """Nothing is kept."""

    def forget(self, keys: Sequence[str]) -> None:
        """Nothing is kept."""


class Versions:
    """The version to read of each key; remembers the last few thousand. Safe between threads."""

    def __init__(self, bucket: Bucket, book: VersionBook) -> None:
        self._bucket = bucket
        self._book = book
        # No lock: it could be held at the moment of a fork, and each step here is whole by itself.
        self._last: dict[str, str] = {}
        self._tried: dict[str, list[str]] = {}

    def of(self, key: str) -> str | None:
        """The version that is the record, None if there is no such object."""
        found = self.known(key)
        if found is None:
            first = listing.oldest(self._bucket, key)
            found = first.version if first else None
        if found is not None:
            self.choose(key, found)
        return found

    def known(self, key: str) -> str | None:
        """The version, without asking the server."""
        found = self._last.get(key)
        return self._book.known([key]).get(key) if found is None else found

    def choose(self, key: str, version: str) -> None:
        """From now on, in this process, this version is the record."""
        if len(self._last) >= _REMEMBERED:
            self._last.clear()
        self._last[key] = version

    def wrote(self, written: Mapping[str, Standing]) -> None:
        """Note what was just written, here and in the book."""
        for key, standing in written.items():
            self.choose(key, standing.version)
        self._book.remember(written)

    def other(self, key: str) -> bool:
        """Go on to the next version of a key whose bytes were not right; False after the last.

        The first choice stands again then.
        """
        tried = self._tried.setdefault(key, [])
        current = self.of(key)
        if current is not None:
            tried.append(current)
        for found in self.candidates(key):
            if found.version not in tried:
                self.choose(key, found.version)
                return True
        if tried:
            self.choose(key, tried[0])
        del self._tried[key]
        return False

    def candidates(self, key: str) -> list[StoredVersion]:
        """All versions of a key, the oldest first."""
        return list(reversed(listing.of_key(self._bucket, key)))
