"""What a station says of one file, wherever it stands: by places, whatever the form.

A place is a column's heading (CSV), or a path of elements with perhaps an attribute at its end
(XML): `Case/Number`, `@start`, `Officer/@id`. Names of elements are without their namespaces.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ingest.errors import SidecarBad

MOST_ROWS = 10_000
"""Rows of one list."""
MOST_DEPTH = 32
"""Levels of an XML file."""


class Row(Protocol):
    """One file's part."""

    def text(self, place: str) -> str | None:
        """What stands at a place, without space around it; None for nothing.

        Raises SidecarBad where several things stand there.
        """
        ...

    def each(self, place: str) -> Sequence["Row"]:
        """Parts that stand at a place, in their order."""
        ...

    def texts(self) -> Iterator[str]:
        """Every text in it, whether any mapping asks for it or not."""
        ...


class Listed(Protocol):
    """A row of a list with its own bytes."""

    @property
    def row(self) -> Row:
        """What it says."""
        ...

    @property
    def number(self) -> int:
        """Which one of the list it is, from 1."""
        ...

    def bare(self) -> "Listed":
        """The same without what it says, which needs most of the memory."""
        ...

    def data(self) -> bytes:
        """Its bytes, so that it can be read by itself; raises SidecarBad."""
        ...


def too_many_rows() -> SidecarBad:
    """More than MOST_ROWS."""
    return SidecarBad(
        "SIDECAR_ROWS",
        f"The list has more than {MOST_ROWS} rows.",
        f"清单超过 {MOST_ROWS} 行。",
    )


def several(place: str) -> SidecarBad:
    """A place that should hold one thing."""
    return SidecarBad(
        "SIDECAR_FIELD",
        f"Several things stand at {place} in the sidecar, where one may be.",
        f"附带说明的 {place} 处有多个值，只应有一个。",
    )
