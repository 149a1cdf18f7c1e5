"""A vault in memory over the keys of a directory store: dates, legal holds, and trouble to order.

vault = MemoryVault(archive.places.evidence, archive.clock)
vault.refused.add("packs/")        # every change below it is not kept
vault.away = True                  # nothing answers
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from archive.errors import ObjectMissing, ProtectionMissing, StillLocked, Unreachable
from archive.ports import ObjectStore, Protection, StoredVersion

FARTHEST = datetime(2099, 12, 31, tzinfo=UTC)
VERSION = "v1"


@dataclass
class MemoryVault:
    """Keeps what it is told, as a server with compliance locks does, unless `refused` says no."""

    store: ObjectStore
    level: str = "compliance"
    until: dict[str, datetime] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    away: bool = False
    calls: list[str] = field(default_factory=list)

    def versions(self, prefix: str, after: str = "") -> Iterator[StoredVersion]:
        self._ask(f"versions {prefix}")
        for info in self.store.list(prefix, after):
            yield StoredVersion(info.key, VERSION, info.size, info.modified, latest=True)

    def protection(self, key: str, version: str) -> Protection:
        self._ask(f"protection {key}")
        return self._found(key, version)

    def extend(self, key: str, version: str, until: datetime | None) -> Protection:
        self._ask(f"extend {key}")
        if not self._refuses(key):
            end = min(until or FARTHEST, FARTHEST)
            self.until[key] = max(end, self.until.get(key, end))
            if until is None:
                self.held.add(key)
        found = self._found(key, version)
        if found.until is None or found.until < min(until or FARTHEST, FARTHEST):
            raise ProtectionMissing(f"{key} is not locked as long as it should be.")
        return found

    def hold(self, key: str, version: str, *, on: bool) -> Protection:
        self._ask(f"hold {key} {on}")
        if not self._refuses(key):
            (self.held.add if on else self.held.discard)(key)
        return self._found(key, version)

    def destroy(self, key: str, version: str) -> None:
        raise StillLocked(f"{key} {version}")

    def _found(self, key: str, version: str) -> Protection:
        if version != VERSION or self.store.stat(key) is None:
            raise ObjectMissing(key)
        return Protection(self.level, self.until.get(key), key in self.held)

    def _ask(self, call: str) -> None:
        self.calls.append(call)
        if self.away:
            raise Unreachable("The server does not answer.")

    def _refuses(self, key: str) -> bool:
        return any(key.startswith(prefix) for prefix in self.refused)
