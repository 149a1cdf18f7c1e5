"""Two stores read as one: what the first one lacks comes from the second. Nothing is written."""

import heapq
from collections.abc import Iterator, Sequence

from archive.errors import ObjectMissing, UsageError
from archive.ports import ObjectInfo, ObjectStore, PutItem


class Union:
    """An ObjectStore over two; of keys that both have the first one's object counts."""

    def __init__(self, first: ObjectStore, second: ObjectStore) -> None:
        self._first = first
        self._second = second

    def put(self, items: Sequence[PutItem]) -> None:
        """Refused."""
        raise UsageError(f"{len(items)} objects cannot be written: these stores are only read.")

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See ObjectStore.read."""
        chunks = self._first.read(key, start, length)
        try:
            begun = next(chunks, b"")
        except ObjectMissing:
            yield from self._second.read(key, start, length)
            return
        yield begun
        yield from chunks

    def stat(self, key: str) -> ObjectInfo | None:
        """See ObjectStore.stat."""
        return self._first.stat(key) or self._second.stat(key)

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """See ObjectStore.list."""
        last = None
        both = (self._first.list(prefix, after), self._second.list(prefix, after))
        # Of equal keys merge gives the first store's first.
        for info in heapq.merge(*both, key=lambda info: info.key):
            if info.key != last:
                yield info
            last = info.key
