"""A bucket with versions and locks in memory: the ports of a place, and what its owner can do.

bucket = MemoryBucket(clock)
bucket.put([PutItem("records/…", b"bytes", until)])      # as an ObjectStore
bucket.over("records/…", b"forged")                     # as somebody with the bucket's credentials
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from archive.errors import ObjectConflict, ObjectMissing, StillLocked, Unreachable
from archive.ports import (
    ObjectInfo,
    PlaceFacts,
    Protection,
    PutItem,
    StoredVersion,
)

FARTHEST = datetime(2099, 12, 31, tzinfo=UTC)


@dataclass
class Version:
    """One version; `level` is "none" without a lock."""

    id: str
    data: bytes
    modified: datetime
    marker: bool = False
    level: str = "none"
    until: datetime | None = None
    held: bool = False
    sha256: bytes | None = None


@dataclass
class MemoryBucket:
    """Evidence; `away` makes it unreachable."""

    clock: Any
    level: str = "compliance"
    facts_now: PlaceFacts = field(
        default_factory=lambda: PlaceFacts("s3://memory", "memory 1", True, True)
    )
    away: bool = False
    blind: bool = False
    """Whoever asks may not see locks."""
    _keys: dict[str, list[Version]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    # ── ObjectStore ──

    def put(self, items: Sequence[PutItem]) -> None:
        for item in items:
            self._answer()
            data = item.source if isinstance(item.source, bytes) else item.source.path.read_bytes()
            objects = [v for v in self._keys.get(item.key, ()) if not v.marker]
            if objects:
                if objects[0].data != data:
                    raise ObjectConflict(f"{item.key} is already stored with other bytes")
                continue
            self._add(item.key, data, item.retain_until)

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self._answer()
        data = self._oldest(key).data
        part = data[start:] if length is None else data[start : start + length]
        if part:
            yield part

    def stat(self, key: str) -> ObjectInfo | None:
        self._answer()
        try:
            found = self._oldest(key)
        except ObjectMissing:
            return None
        return ObjectInfo(key, len(found.data), found.modified)

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        self._answer()
        for key in sorted(self._keys):
            if key.startswith(prefix) and key > after and (info := self.stat(key)):
                yield info

    def discard(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._keys.pop(key, None)

    # ── Vault ──

    def versions(self, prefix: str, after: str = "") -> Iterator[StoredVersion]:
        self._answer()
        for key in sorted(self._keys):
            if key.startswith(prefix) and key > after:
                for age, v in enumerate(reversed(self._keys[key])):
                    yield StoredVersion(key, v.id, len(v.data), v.modified, age == 0, v.marker)

    def protection(self, key: str, version: str) -> Protection:
        self._answer()
        v = self._version(key, version)
        return Protection(v.level, v.until, v.held, v.sha256)

    def extend(self, key: str, version: str, until: datetime | None) -> Protection:
        v = self._version(key, version)
        end = until or FARTHEST
        v.level, v.until = self.level, max(v.until or end, end)
        v.held = v.held or until is None
        return self.protection(key, version)

    def hold(self, key: str, version: str, *, on: bool) -> Protection:
        self._version(key, version).held = on
        return self.protection(key, version)

    def destroy(self, key: str, version: str) -> None:
        v = self._version(key, version)
        if v.held or (v.until and v.until > self.clock.now()):
            raise StillLocked(f"{key} is locked")
        self.lose(key, version)

    # ── Inspectable ──

    def facts(self) -> PlaceFacts:
        self._answer()
        return self.facts_now

    def shows_locks(self, key: str, version: str) -> bool:
        return not self.blind

    def read_version(self, key: str, version: str) -> Iterator[bytes]:
        yield self._version(key, version).data

    # ── what can be done behind the archive's back ──

    def names(self, part: str = "") -> list[str]:
        return [key for key in sorted(self._keys) if part in key]

    def of(self, key: str) -> Version:
        """The version that the archive wrote."""
        return self._oldest(key)

    def over(self, key: str, data: bytes) -> None:
        """A newer version."""
        self._keys.setdefault(key, []).append(self._made(data))

    def hide(self, key: str) -> None:
        """A delete marker."""
        self._keys[key].append(replace(self._made(b""), marker=True))

    def lose(self, key: str, version: str | None = None) -> None:
        """Gone, whatever the lock says: through the server's own tools."""
        left = [v for v in self._keys[key] if version is not None and v.id != version]
        self._keys[key] = left
        if not left:
            del self._keys[key]

    def settings(self, **changed: Any) -> None:
        self.facts_now = replace(self.facts_now, **changed)

    # ──

    def _answer(self) -> None:
        if self.away:
            raise Unreachable("The bucket does not answer.")

    def _made(self, data: bytes) -> Version:
        modified = self.clock.now()
        return Version(f"v{next(self._numbers)}", data, modified, sha256=sha256(data).digest())

    def _add(self, key: str, data: bytes, until: datetime | None) -> None:
        made = self._made(data)
        if self.level != "none":
            made.level, made.until, made.held = self.level, until or FARTHEST, until is None
        self._keys.setdefault(key, []).append(made)

    def _oldest(self, key: str) -> Version:
        for version in self._keys.get(key, ()):
            if not version.marker:
                return version
        raise ObjectMissing(f"{key} is not in the store")

    def _version(self, key: str, version: str) -> Version:
        for found in self._keys.get(key, ()):
            if found.id == version:
                return found
        raise ObjectMissing(f"{key} is not in the store")
