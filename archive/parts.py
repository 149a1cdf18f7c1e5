"""Where the files of one record stand: objects of their own, or a stretch of a pack (formats §12).

    part = part_of(record_id, body, at, "content")     # from the accession alone
    for chunk in read_part(store, part): …

A packed record that was split off has both; the pack is asked first, and the bytes are checked by
whoever reads them, so it does not matter which of the two answers. `places_of` has both, for
readers who go on to the second where the first has other bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import layout
from archive.errors import FormatError, ObjectMissing
from archive.pack import PackPlace, place_of
from archive.ports import ObjectStore, read_all

CONTENT, DESCRIPTION, SIDECAR, PIECES = "content", "record.json", "sidecar", "pieces"
_STRETCH = 1 << 20
_KEYS = {
    CONTENT: layout.content_key,
    DESCRIPTION: layout.record_key,
    SIDECAR: layout.sidecar_key,
    PIECES: layout.pieces_key,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a record. `size` is known for packed ones; `own` is its key when it stands alone.

    `pack` is the pack's key, None for a record that never was in one.
    """

    own: str
    pack: str | None = None
    start: int = 0
    size: int | None = None


def part_of(record: str, body: Mapping[str, Any], at: datetime, name: str) -> Part:
    """Where a file of a record stands, by its accession's body and time; raises FormatError.

    A packed record has no piece list, and perhaps no sidecar: its part then stands alone too.
    """
    own = _KEYS[name](record)
    found = place_of(body)
    if found is None:
        return Part(own)
    pack, place = found
    span = _span(place, record, name)
    return Part(own) if span is None else Part(own, layout.pack_key(pack, at), *span)


def _span(place: PackPlace, record: str, name: str) -> tuple[int, int] | None:
    if name == CONTENT:
        return place.content()
    if name == DESCRIPTION:
        return place.record_json(record)
    return place.sidecar_bytes(record) if name == SIDECAR else None


def places_of(part: Part) -> Sequence[Part]:
    """The places of a file one by one: its pack, then its own object."""
    if part.pack is None:
        return (part,)
    return part, Part(part.own)


def find_part(store: ObjectStore, part: Part) -> bool:
    """Whether one of its places is stored; what stands there is another question."""
    return any(store.stat(one.pack or one.own) is not None for one in places_of(part))


def read_small(store: ObjectStore, part: Part, limit: int = 64 * 1024 * 1024) -> bytes:
    """A small file whole; raises ObjectMissing, and FormatError beyond `limit` bytes."""
    if part.pack is None or part.size is None:
        return read_all(store, part.own, limit)
    if part.size > limit:
        raise FormatError(f"a file in {part.pack} is larger than {limit} bytes")
    return b"".join(read_part(store, part))


class Nearby:
    """Reads small files of records that stand near each other in packs, with few requests.

    The stretch of a pack that was read last is kept.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._pack = ""
        self._start = 0
        self._stretch = b""

    def read(self, part: Part, limit: int) -> bytes:
        """As `read_small`."""
        if part.pack is None or part.size is None or not part.size <= min(limit, _STRETCH):
            return read_small(self._store, part, limit)
        begin = part.start - self._start
        if part.pack != self._pack or not 0 <= begin <= len(self._stretch) - part.size:
            try:
                stretch = b"".join(self._store.read(part.pack, part.start, _STRETCH))
            except ObjectMissing:
                return read_small(self._store, Part(part.own), limit)
            self._pack, self._start, self._stretch, begin = part.pack, part.start, stretch, 0
        return self._stretch[begin : begin + part.size]


def read_part(
    store: ObjectStore, part: Part, start: int = 0, length: int | None = None
) -> Iterator[bytes]:
    """Yield a part's bytes, or a range of them; raises ObjectMissing where neither place has it."""
    if part.pack is None or part.size is None:
        yield from store.read(part.own, start, length)
        return
    left = max(0, part.size - start)
    left = left if length is None else min(left, length)
    chunks = store.read(part.pack, part.start + start, left)
    try:
        first = next(chunks, b"")
    except ObjectMissing:
        yield from store.read(part.own, start, length)
        return
    yield first
    yield from chunks
