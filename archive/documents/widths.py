"""Widths of columns, guessed from the first rows without losing them."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from archive.documents.table import Value

SAMPLE = 200

Row = tuple[Value, ...]


def sample(rows: Iterable[Row]) -> tuple[list[Row], Iterator[Row]]:
    """The first rows, and an iterator over all rows, those included."""
    rest = iter(rows)
    first = list(islice(rest, SAMPLE))
    return first, chain(first, rest)
