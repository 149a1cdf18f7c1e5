"""The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1) with SHA-256: pure functions.

A tree is known by its complete sub-trees: `node(level, index)` is the hash of sub-tree number
`index` of 2**level leaves. Who holds that function can prove inclusion and consistency.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from archive.errors import ProofError

NodeSource = Callable[[int, int], bytes]
EMPTY_ROOT = sha256(b"").digest()
HASH_SIZE = 32


def leaf_hash(data: bytes) -> bytes:
    """H(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """H(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The right edge of a growing tree: at most 64 hashes, whatever the size.

    `hashes` are the roots of the complete sub-trees that make up `size`, largest first, one for
    every 1 bit of `size`.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count():
            raise ValueError("a compact range holds one hash for every 1 bit of its size")
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        size = self.size
        hashes = self.hashes
        while size & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes in order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Root of the tree of the present size."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def copy(self) -> "CompactRange":
        """An independent copy."""
        return CompactRange(self.size, self.hashes)


def root_of(size: int, node: NodeSource) -> bytes:
    """Root of the first `size` leaves."""
    return _range_hash(0, size, node) if size else EMPTY_ROOT


def _range_hash(start: int, end: int, node: NodeSource) -> bytes:
    """Hash of leaves [start, end); start is a multiple of the largest power of two below it."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    split = 1 << ((size - 1).bit_length() - 1)
    return node_hash(
        node(split.bit_length() - 1, start // split), _range_hash(start + split, end, node)
    )


def inclusion_path(index: int, size: int, node: NodeSource) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1, lowest sibling first."""
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    path = []
    start, end = 0, size
    while end - start > 1:
        split = start + (1 << ((end - start - 1).bit_length() - 1))
        if index < split:
            path.append(_range_hash(split, end, node))
            end = split
        else:
            path.append(_range_hash(start, split, node))
            start = split
    return path[::-1]


def consistency_path(size1: int, size2: int, node: NodeSource) -> list[bytes]:
    """PROOF(size1, D[size2]) of RFC 6962 §2.1.2."""
    if not 0 < size1 <= size2:
        raise ProofError(f"there is no consistency proof from {size1} to {size2}")
    path = []
    start, end, whole = 0, size2, True
    while size1 != end:
        split = start + (1 << ((end - start - 1).bit_length() - 1))
        if size1 <= split:
            path.append(_range_hash(split, end, node))
            end = split
        else:
            path.append(_range_hash(start, split, node))
            start, whole = split, False
    if not whole:
        path.append(_range_hash(start, end, node))
    return path[::-1]


def _check_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofError("a hash of a proof does not have 32 bytes")


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash stands at `index` under `root` (RFC 9162 §2.1.3.2); ProofError."""
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    _check_hashes(leaf, root, *path)
    first, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("the inclusion path is too long")
        if first & 1 or first == last:
            value = node_hash(sibling, value)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        first >>= 1
        last >>= 1
    if last != 0:
        raise ProofError("the inclusion path is too short")
    if value != root:
        raise ProofError("the inclusion path leads to another root")


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree of `size2` extends that of `size1` (RFC 9162 §2.1.4.2); ProofError.

    Convention for size 0: RFC 6962 defines no proof from an empty tree, so `size1` = 0 is refused.
    """
    if not 0 < size1 <= size2:
        raise ProofError(f"there is no consistency proof from {size1} to {size2}")
    if size1 == size2:
        if path or root1 != root2:
            raise ProofError("two trees of one size must have one root and an empty proof")
        return
    _check_hashes(root1, root2, *path)
    steps = list(path)
    if size1 & (size1 - 1) == 0:
        steps.insert(0, root1)
    if not steps:
        raise ProofError("the consistency proof is empty")
    _fold_consistency(size1, size2, root1, root2, steps)


def _fold_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, steps: Sequence[bytes]
) -> None:
    first, last = size1 - 1, size2 - 1
    while first & 1:
        first >>= 1
        last >>= 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if first & 1 or first == last:
            old = node_hash(step, old)
            new = node_hash(step, new)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            new = node_hash(new, step)
        first >>= 1
        last >>= 1
    if last != 0:
        raise ProofError("the consistency proof is too short")
    if old != root1 or new != root2:
        raise ProofError("the consistency proof leads to other roots")
