"""Entries beyond the snapshot, held against the signed note that covers them: a sealer went on
meanwhile, or has not finished its newest seal. Nothing is believed that the note does not sign.
"""

from collections.abc import Iterator
from hashlib import sha256

from archive.errors import FormatError, ObjectMissing
from archive.layout import TILE_WIDTH
from archive.merkle import HASH_SIZE, CompactRange, leaf_hash
from archive.ports import read_all
from archive.tiles import TileReader, decode_entries, encode_entries
from archive.verify.context import BUNDLE_LIMIT, Context
from signing.checkpoint import Checkpoint

_MOST = 1 << 20
"""No sealer adds more in the time of one verification."""


def entries_beyond(
    context: Context, log: str, start: int, checkpoint: Checkpoint
) -> Iterator[bytes]:
    """Entries from index `start` up to the size of a checkpoint, each as its root has it.

    Raises FormatError or ObjectMissing if the tiles do not reach it or are of another tree, and
    Unreachable. What was yielded before is of the signed tree.
    """
    first = start // TILE_WIDTH
    if checkpoint.size - start > _MOST:
        raise FormatError(f"more than {_MOST} entries were added")
    reader = TileReader(lambda key: _read_tile(context, key), log, checkpoint.size)
    tree = CompactRange(first * TILE_WIDTH, _edge(reader, first * TILE_WIDTH))
    seen = []
    for entries in reader.bundles(first):
        leaves = [leaf_hash(entry) for entry in entries]
        seen.append(sha256(b"".join(leaves)).digest())
        tree.extend(leaves)
    if tree.root() != checkpoint.root:
        raise FormatError("the tiles have another root")
    # Read twice, so that memory stays flat; what the second reading gives must be the same.
    for number, entries in enumerate(reader.bundles(first), first):
        if sha256(b"".join(map(leaf_hash, entries))).digest() != seen[number - first]:
            raise FormatError(f"the bundle {number} changed while it was read")
        yield from entries[max(0, start - number * TILE_WIDTH) :]


def _edge(reader: TileReader, size: int) -> list[bytes]:
    """Right edge of the tree's first `size` leaves, largest sub-tree first."""
    hashes = []
    done = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(reader.node(level, done >> level))
            done += 1 << level
    return hashes


def _read_tile(context: Context, key: str) -> bytes:
    """A tile from where it stands: before a seal is finished full tiles are in live only, and a
    partial one may have been filled and pruned since.
    """
    base, _, width = key.partition(".p/")
    places = [(context.evidence, base), (context.live, base)]
    if width:
        places.insert(0, (context.live, key))
    for store, name in places:
        try:
            data = read_all(store, name, BUNDLE_LIMIT)
        except ObjectMissing:
            continue
        return _beginning(base, data, int(width)) if width else data
    raise ObjectMissing(f"{key} is not in the store")


def _beginning(base: str, data: bytes, width: int) -> bytes:
    if "/tile/entries/" in base:
        return encode_entries(decode_entries(data)[:width])
    return data[: HASH_SIZE * width]
