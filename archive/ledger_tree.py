"""The tree as the database has it: nodes and inclusion paths for receipts."""

from collections.abc import Callable

from sqlalchemy import Connection, select

from archive.layout import TILE_WIDTH
from archive.ledger import leaves_between
from archive.merkle import inclusion_path, node_hash
from archive.publish import TILE_ROOT

_CACHED_NODES = 65_536
_TILE_LEVELS = 8


class LedgerTree:
    """A log's tree at a published size, inside one read transaction."""

    def __init__(self, connection: Connection, log: str, size: int) -> None:
        self._connection = connection
        self._log = log
        self.size = size
        self._nodes: dict[tuple[int, int], bytes] = {}

    def inclusion_path(self, index: int) -> list[bytes]:
        """Inclusion path of one leaf, lowest sibling first."""
        return inclusion_path(index, self.size, self.node)

    def tile_paths(self, number: int, encode: Callable[[bytes], bytes]) -> list[list[bytes]]:
        """Inclusion paths of all leaves of one tile, in their order, every hash encoded.

        The leaves of a full tile share the upper part of their paths, and need each node below it
        only once.
        """
        start = number * TILE_WIDTH
        if start + TILE_WIDTH > self.size:
            paths = (self.inclusion_path(index) for index in range(start, self.size))
            return [[encode(step) for step in path] for path in paths]
        above = [encode(step) for step in self.inclusion_path(start)[_TILE_LEVELS:]]
        end = start + TILE_WIDTH
        below = [
            [encode(self.node(level, n)) for n in range(start >> level, end >> level)]
            for level in range(_TILE_LEVELS)
        ]
        return [
            [row[index >> level ^ 1] for level, row in enumerate(below)] + above
            for index in range(TILE_WIDTH)
        ]

    def node(self, level: int, index: int) -> bytes:
        """Hash of the complete sub-tree of 2**level leaves number `index`."""
        key = (level, index)
        if key not in self._nodes:
            if level % 8 == 0:
                self._load(level // 8, index // TILE_WIDTH)
            else:
                left, right = self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1)
                self._nodes[key] = node_hash(left, right)
        return self._nodes[key]

    def _load(self, tile_level: int, number: int) -> None:
        if len(self._nodes) > _CACHED_NODES:
            self._nodes.clear()
        start, end = number * TILE_WIDTH, (number + 1) * TILE_WIDTH
        if tile_level == 0:
            leaves = leaves_between(self._connection, self._log, start, min(end, self.size))
            found = dict(enumerate(leaves, start))
        else:
            query = select(TILE_ROOT.c.number, TILE_ROOT.c.hash).where(
                TILE_ROOT.c.log == self._log,
                TILE_ROOT.c.level == tile_level - 1,
                TILE_ROOT.c.number >= start,
                TILE_ROOT.c.number < end,
            )
            found = {row.number: row.hash for row in self._connection.execute(query)}
        self._nodes.update({(8 * tile_level, n): value for n, value in found.items()})
