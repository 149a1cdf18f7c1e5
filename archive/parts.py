"""Where the files of one record stand: objects of their own, or a stretch of a pack (formats §12).

    part = part_of(record_id, body, at, "content")     # from the accession alone
    for chunk in read_part(store, part): …

A packed record that was split off has both; the pack is asked first, and the bytes are checked by
whoever reads them, so it does not matter which of the two answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import layout
from archive.errors import ObjectMissing
from archive.pack import PackPlace, place_of
from archive.ports import ObjectStore

CONTENT, DESCRIPTION, SIDECAR, PIECES = "content", "record.json", "sidecar", "pieces"
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
