"""C2SP tlog-tiles: how tree and entries stand in storage, and how proofs are read from them."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from archive.errors import FormatError
from archive.layout import TILE_WIDTH, TileSpan, entries_tile_key, hash_tile_key
from archive.merkle import HASH_SIZE, inclusion_path, node_hash, root_of

MAX_ENTRY = 65_535
_CACHED_TILES = 64

__all__ = [
    "MAX_ENTRY",
    "TileReader",
    "decode_entries",
    "encode_entries",
    "entries_tile_key",
    "hash_tile_key",
    "split_hashes",
]


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry after its length in two bytes, big endian."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise FormatError(f"an entry has at most {MAX_ENTRY} bytes, this one {len(entry)}")
        parts.append(len(entry).to_bytes(2, "big"))
        parts.append(entry)
    return b"".join(parts)


def decode_entries(bundle: bytes) -> list[bytes]:
    """The entries of a bundle; raises FormatError if the lengths do not add up."""
    entries = []
    position = 0
    while position < len(bundle):
        start = position + 2
        position = start + int.from_bytes(bundle[start - 2 : start], "big")
        if position > len(bundle) or start > len(bundle):
            raise FormatError("an entry bundle ends in the middle of an entry")
        entries.append(bundle[start:position])
    return entries


def split_hashes(tile: bytes) -> list[bytes]:
    """The hashes of a tile; raises FormatError if it does not hold whole hashes."""
    if len(tile) % HASH_SIZE or not tile:
        raise FormatError("a hash tile does not hold whole hashes")
    return [tile[i : i + HASH_SIZE] for i in range(0, len(tile), HASH_SIZE)]


class TileReader:
    """A tree of a known size, read tile by tile through `read(key) -> bytes`.

    Nothing read is trusted: a proof made here must be checked against a signed root.
    """

    def __init__(self, read: Callable[[str], bytes], log: str, size: int) -> None:
        self._read = read
        self._log = log
        self.size = size
        self._cache: OrderedDict[str, list[bytes]] = OrderedDict()

    def node(self, level: int, index: int) -> bytes:
        """Hash of the complete sub-tree of 2**level leaves number `index`."""
        tile_level, rest = divmod(level, 8)
        first = index << rest
        hashes = self._hashes(tile_level, first // TILE_WIDTH)
        start = first % TILE_WIDTH
        row = hashes[start : start + (1 << rest)]
        if len(row) != 1 << rest:
            raise FormatError(f"a tile of level {tile_level} is too short")
        while len(row) > 1:
            row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
        return row[0]

    def root(self) -> bytes:
        """Root of the whole tree as the tiles give it."""
        return root_of(self.size, self.node)

    def inclusion_path(self, index: int) -> list[bytes]:
        """Inclusion path of one leaf in the whole tree."""
        return inclusion_path(index, self.size, self.node)

    def entry(self, index: int) -> bytes:
        """Bytes of one entry."""
        entries = self._bundle(index // TILE_WIDTH)
        return entries[index % TILE_WIDTH]

    def bundles(self, start: int = 0) -> Iterator[list[bytes]]:
        """All entries from bundle number `start`, bundle by bundle."""
        for number in range(start, -(-self.size // TILE_WIDTH)):
            yield self._bundle(number)

    def _width(self, level: int, number: int) -> int:
        return min(TILE_WIDTH, (self.size >> (8 * level)) - number * TILE_WIDTH)

    def _bundle(self, number: int) -> list[bytes]:
        span = TileSpan(None, number, self._width(0, number))
        entries = self._cached(span.key(self._log), decode_entries)
        if len(entries) != span.width:
            raise FormatError(f"an entry bundle holds {len(entries)} entries, not {span.width}")
        return entries

    def _hashes(self, level: int, number: int) -> list[bytes]:
        span = TileSpan(level, number, self._width(level, number))
        hashes = self._cached(span.key(self._log), split_hashes)
        if len(hashes) != span.width:
            raise FormatError(f"a hash tile holds {len(hashes)} hashes, not {span.width}")
        return hashes

    def _cached(self, key: str, decode: Callable[[bytes], list[bytes]]) -> list[bytes]:
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = decode(self._read(key))
            if len(self._cache) > _CACHED_TILES:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return found
