"""From a signed batch to stored, read-back bytes: step 6 and 7 of a seal (design §3).

Order: contents, descriptions, details and certificates; every new tile into live, full ones too,
and all of it read back; where tiles are full, the signed note and then the full tiles in evidence;
the rest of the seal's files, read back; the pointer. A seal in storage therefore never speaks of
anything that is not there, and a full tile stands in evidence only below a note that vouches for
it: a database rebuilt after a crash goes on from that note and makes no other tile for its place.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, insert, select

from archive import layout
from archive.cause import carried
from archive.errors import ContentAltered, LedgerBlocked, LedgerForked
from archive.layout import TILE_WIDTH, TileSpan
from archive.ledger import (
    ENTRY,
    UNSTORED,
    Appended,
    NewObject,
    tree_edge,
)
from archive.merkle import CompactRange, leaf_hash
from archive.packing import Described, descriptions
from archive.ports import LiveStore, ObjectStore, Pointer, PutItem, StagedFile
from archive.tables import TileRootRow
from archive.tiles import encode_entries, split_hashes

TILE_ROOT = TileRootRow.__table__  # type: ignore[attr-defined]
_READ_BACK_THREADS = 2
_LARGE = 1 << 20


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything goes: evidence, live, the pointer, and the staging folder it comes from.

    `replicas` are the names of the stores to which all evidence is copied afterwards.
    """

    evidence: ObjectStore
    live: LiveStore
    pointer: Pointer
    staging: Path
    replicas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile to be written; `root` is set for full hash tiles."""

    span: TileSpan
    data: bytes
    root: bytes | None


def unstored_objects(connection: Connection, log: str, start: int, end: int) -> list[NewObject]:
    """Objects that belong to the entries [start, end) and are not known to be stored."""
    query = (
        select(UNSTORED)
        .join(ENTRY, ENTRY.c.pending == UNSTORED.c.pending)
        .where(ENTRY.c.log == log, ENTRY.c.idx >= start, ENTRY.c.idx < end)
        .order_by(UNSTORED.c.id)
    )
    return [
        NewObject(row.key, row.size, row.sha256, row.data, row.path, row.retain_until)
        for row in connection.execute(query)
    ]


def build_tiles(
    connection: Connection, log: str, old: int, new: int, entries: Sequence[Appended]
) -> list[Tile]:
    """The tiles of a tree that grew from one size to another; the same bytes every time.

    `entries` are those from the beginning of the first open tile on.
    """
    first = old - old % TILE_WIDTH
    fresh: dict[tuple[int, int], bytes] = {}
    leaves: dict[int, list[bytes]] = {}
    tiles = []
    for span in layout.tiles_between(old, new):
        start = span.number * TILE_WIDTH
        end = start + span.width
        if span.level is None:
            data = [entry.data for entry in entries[start - first : end - first]]
            leaves[span.number] = [leaf_hash(entry) for entry in data]
            tiles.append(Tile(span, encode_entries(data), None))
            continue
        if span.level == 0:
            hashes = leaves[span.number]
        else:
            hashes = _tile_hashes(connection, log, span.level, start, end, fresh)
        root = None
        if span.width == TILE_WIDTH:
            tree = CompactRange()
            tree.extend(hashes)
            root = fresh[span.level, span.number] = tree.root()
        tiles.append(Tile(span, b"".join(hashes), root))
    return tiles


def _tile_hashes(
    connection: Connection,
    log: str,
    level: int,
    start: int,
    end: int,
    fresh: dict[tuple[int, int], bytes],
) -> list[bytes]:
    query = select(TILE_ROOT.c.number, TILE_ROOT.c.hash).where(
        TILE_ROOT.c.log == log,
        TILE_ROOT.c.level == level - 1,
        TILE_ROOT.c.number >= start,
        TILE_ROOT.c.number < end,
    )
    known = {row.number: row.hash for row in connection.execute(query)}
    return [known.get(n) or fresh[level - 1, n] for n in range(start, end)]


def check_tiles(tiles: Iterable[Tile], tree: CompactRange) -> None:
    """Refuse tiles that are not of the signed tree; a full one shows in the open one above it.

    Raises LedgerForked: the database was edited.
    """
    for tile in tiles:
        if tile.span.level is None or tile.span.width == TILE_WIDTH:
            continue
        part = CompactRange()
        part.extend(split_hashes(tile.data))
        if part.hashes != tree_edge(tree, tile.span.level):
            raise LedgerForked(
                f"Tile {tile.span.number} of level {tile.span.level} is not of the signed tree:"
                " the database was changed."
            )


def save_tile_roots(connection: Connection, log: str, tiles: Iterable[Tile]) -> None:
    """Keep the roots of full tiles for the tiles above them."""
    rows = [
        {"log": log, "level": tile.span.level, "number": tile.span.number, "hash": tile.root}
        for tile in tiles
        if tile.root is not None
    ]
    if rows:
        connection.execute(insert(TILE_ROOT), rows)


def store_batch(
    places: Places,
    log: str,
    objects: Sequence[NewObject],
    tiles: Sequence[Tile],
    note: NewObject,
    packed: Mapping[str, Sequence[Described]],
) -> dict[str, bytes]:
    """Store objects, tiles and, before full tiles, the note; read everything back.

    `packed` says which records lie in a pack, by its key. Returns the bytes of the small JSON
    objects that were read back, by key, those in packs under the keys that they would have alone.
    Raises LedgerBlocked if a staged file is gone and its object is not stored either.
    """
    places.evidence.put(_items(places, objects))
    small = read_back(places.evidence, objects, packed)
    fresh = [NewObject.of(t.span.key(log), t.data) for t in tiles]
    places.live.put(_items(places, fresh))
    read_back(places.live, fresh)
    full = [new for new, t in zip(fresh, tiles, strict=True) if t.span.width == TILE_WIDTH]
    if full:
        places.evidence.put(_items(places, [note]))
        places.evidence.put(_items(places, full))
        read_back(places.evidence, full)
    return small


def _items(places: Places, objects: Iterable[NewObject]) -> list[PutItem]:
    items = []
    for new in objects:
        if new.data is not None:
            items.append(PutItem(new.key, new.data, new.retain_until, new.sha256))
            continue
        assert new.path is not None  # noqa: S101 - an object has bytes or a path
        path = f"{places.staging}/{new.path}"
        if os.path.exists(path):
            staged = StagedFile(Path(path))
            items.append(PutItem(new.key, staged, new.retain_until, new.sha256))
        elif places.evidence.stat(new.key) is None:
            raise LedgerBlocked(
                f"The staged bytes of {new.key} are gone. Nothing can be sealed until they are"
                " back, or the record is given up with `cunzheng seal abandon --reason …`."
            )
    return items


def store_seal(places: Places, objects: Sequence[NewObject]) -> None:
    """Store a seal's files and read them back."""
    places.evidence.put([PutItem(new.key, new.data or b"", sha256=new.sha256) for new in objects])
    read_back(places.evidence, objects)


def to_copy(
    log: str, objects: Sequence[NewObject], tiles: Iterable[Tile], files: Sequence[NewObject]
) -> list[NewObject]:
    """What a published seal brought into evidence, in the order in which it was stored."""
    full = [NewObject.of(t.span.key(log), t.data) for t in tiles if t.span.width == TILE_WIDTH]
    return [*objects, files[0], *full, *files[1:]]


def read_back(
    store: ObjectStore,
    objects: Sequence[NewObject],
    packed: Mapping[str, Sequence[Described]] | None = None,
) -> dict[str, bytes]:
    """Read what was written and compare its SHA-256; raises ContentAltered.

    Returns the small JSON objects, and those in packs, see `store_batch`. Large objects are read by
    several threads at once (hashlib lets go of the interpreter).
    """
    packs = packed or {}
    large = [new for new in objects if new.size >= _LARGE and new.key not in packs]
    small = [new for new in objects if new.size < _LARGE and new.key not in packs]
    found = {new.key: _read_checked(store, new) for new in small}
    for new in objects:
        if new.key in packs:
            # At most some tens of MiB, see ingest.packing.
            data = _read_checked(store, new)
            found.update(descriptions(new.key, data, packs[new.key]))
    if large:
        with ThreadPoolExecutor(_READ_BACK_THREADS) as threads:
            for _ in threads.map(carried(partial(_hash_checked, store)), large):
                pass
    return {key: data for key, data in found.items() if key.endswith(".json")}


def _read_checked(store: ObjectStore, new: NewObject) -> bytes:
    data = b"".join(store.read(new.key))
    if len(data) != new.size or sha256(data).digest() != new.sha256:
        raise ContentAltered(f"{new.key} does not read back as it was written.")
    return data


def _hash_checked(store: ObjectStore, new: NewObject) -> None:
    total = sha256()
    for chunk in store.read(new.key):
        total.update(chunk)
    if total.digest() != new.sha256:
        raise ContentAltered(f"{new.key} does not read back as it was written.")


def superseded_tiles(live: LiveStore, log: str, tiles: Iterable[Tile]) -> Iterator[str]:
    """Keys in live of tiles whose full tile is stored in evidence and read back."""
    for tile in tiles:
        if tile.span.width == TILE_WIDTH:
            key = tile.span.key(log)
            yield key
            for info in live.list(f"{key}.p/"):
                yield info.key
