"""Trees of any size: every proof made is accepted, one changed hash is not, tiles agree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import ProofError
from archive.layout import tiles_between
from archive.merkle import (
    CompactRange,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from archive.tiles import TileReader, decode_entries, encode_entries


class Tree:
    """A tree whose nodes are computed the slow way."""

    def __init__(self, size: int) -> None:
        self.entries = [b"entry %d" % number for number in range(size)]
        self.leaves = [leaf_hash(entry) for entry in self.entries]

    def node(self, level: int, index: int) -> bytes:
        part = CompactRange()
        part.extend(self.leaves[index << level : (index + 1) << level])
        return part.root()

    def tiles(self, log: str) -> dict[str, bytes]:
        made = {}
        for span in tiles_between(0, len(self.leaves)):
            start = span.number * 256
            if span.level is None:
                data = encode_entries(self.entries[start : start + span.width])
            else:
                rows = range(start, start + span.width)
                data = b"".join(self.node(8 * span.level, row) for row in rows)
            made[span.key(log)] = data
        return made


@given(st.integers(1, 400), st.data())
@settings(max_examples=60, deadline=None)
def test_proofs_hold_and_break(size: int, data: st.DataObject) -> None:
    tree = Tree(size)
    index = data.draw(st.integers(0, size - 1))
    older = data.draw(st.integers(1, size))
    root, old = root_of(size, tree.node), root_of(older, tree.node)
    path = inclusion_path(index, size, tree.node)
    verify_inclusion(tree.leaves[index], index, size, path, root)
    proof = consistency_path(older, size, tree.node)
    verify_consistency(older, size, old, root, proof)
    for place in range(len(path)):
        bad = [*path[:place], bytes(32), *path[place + 1 :]]
        with pytest.raises(ProofError):
            verify_inclusion(tree.leaves[index], index, size, bad, root)
    for place in range(len(proof)):
        bad = [*proof[:place], bytes(32), *proof[place + 1 :]]
        with pytest.raises(ProofError):
            verify_consistency(older, size, old, root, bad)


@given(st.integers(1, 1500), st.data())
@settings(max_examples=15, deadline=None)
def test_tiles_give_the_same_tree(size: int, data: st.DataObject) -> None:
    tree = Tree(size)
    tiles = tree.tiles("main-2026")
    reader = TileReader(tiles.__getitem__, "main-2026", size)
    assert reader.root() == root_of(size, tree.node)
    assert [entry for bundle in reader.bundles() for entry in bundle] == tree.entries
    index = data.draw(st.integers(0, size - 1))
    assert reader.entry(index) == tree.entries[index]
    assert reader.inclusion_path(index) == inclusion_path(index, size, tree.node)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_are_strict_inverses(entries: list[bytes]) -> None:
    assert decode_entries(encode_entries(entries)) == entries
