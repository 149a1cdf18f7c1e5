"""Piece hashes: the content cut every 4 MiB, so that each part is checked before it goes out."""

from collections.abc import Sequence
from hashlib import sha256

from archive.merkle import CompactRange, leaf_hash
from signing.digest import Digest

PIECE_SIZE = 4 * 1024 * 1024


def pieces_root(hashes: Sequence[bytes]) -> Digest:
    """RFC 6962 root whose leaf inputs are the 32-byte piece hashes (docs/formats.md §6)."""
    if len(hashes) == 1:
        return Digest("sha256", leaf_hash(hashes[0]))
    tree = CompactRange()
    tree.extend(leaf_hash(piece) for piece in hashes)
    return Digest("sha256", tree.root())


class PieceHasher:
    """Hashes pieces in the same pass as everything else; takes chunks of any length."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []
        self._open = sha256()
        self._room = PIECE_SIZE

    def update(self, chunk: bytes | memoryview) -> None:
        """Add the next bytes."""
        view = memoryview(chunk)
        while len(view) >= self._room:
            self._open.update(view[: self._room])
            view = view[self._room :]
            self.hashes.append(self._open.digest())
            self._open = sha256()
            self._room = PIECE_SIZE
        if view:
            self._open.update(view)
            self._room -= len(view)

    def finish(self) -> tuple[bytes, ...]:
        """Close the last piece; returns all piece hashes (32 bytes each), none for no bytes."""
        if self._room < PIECE_SIZE:
            self.hashes.append(self._open.digest())
            self._open = sha256()
            self._room = PIECE_SIZE
        return tuple(self.hashes)
