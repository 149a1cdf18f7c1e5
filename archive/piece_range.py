"""Pieces of a record beside its piece root: who has their bytes checks them without the rest.

    range_proof(hashes, 2, 5)       # hashes of the pieces 2 to 4, and what stands around them

The proof of a row of neighbours is one list, not one of each: the roots of the largest sub-trees
that hold none of them, from left to right (docs/formats.md §13).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from archive.merkle import CompactRange, leaf_hash
from archive.pieces import PIECE_SIZE

MOST_PIECES = 4096
"""Of more pieces only the numbers are told: 16 GiB."""


def range_proof(hashes: Sequence[bytes], start: int, stop: int) -> dict[str, Any]:
    """The value of `pieces` for the bytes [start, stop) of a content with these piece hashes."""
    first, end = start // PIECE_SIZE, -(-stop // PIECE_SIZE)
    told: dict[str, Any] = {"count": len(hashes), "first": first, "size": PIECE_SIZE}
    if end - first > MOST_PIECES:
        return {**told, "digests": None, "number": end - first, "path": None}
    digests = [f"sha256:{one.hex()}" for one in hashes[first:end]]
    path = [f"sha256:{one.hex()}" for one in _around(hashes, first, end, 0, len(hashes))]
    return {**told, "digests": digests, "number": end - first, "path": path}


def _around(hashes: Sequence[bytes], first: int, end: int, low: int, high: int) -> Iterator[bytes]:
    """Roots of the largest sub-trees of leaves [low, high) that lie outside of [first, end)."""
    if high <= first or end <= low:
        tree = CompactRange()
        tree.extend(leaf_hash(one) for one in hashes[low:high])
        yield tree.root()
    elif high - low > 1:
        split = low + (1 << ((high - low - 1).bit_length() - 1))
        yield from _around(hashes, first, end, low, split)
        yield from _around(hashes, first, end, split, high)
