"""How a drop stands to the sidecars of stations: by which mapping, and by which bytes."""

from typing import NamedTuple

FILE, ROW, TWICE, LIST, ALONE = "file", "row", "twice", "list", "alone"
JSON = ""
"""Instead of a mapping's name: `<name>.json`."""


class Claim(NamedTuple):
    """What a mapping says of a drop.

    `kind` is `file` (its sidecar is a file in the form of the mapping), `row` (its sidecar is a row
    of a list, with the bytes `data`), `twice` (several rows name it, and differ; `data` are those
    of the first), `list` (the drop is itself a list, a record of its own), or `alone` (the drop is
    a sidecar whose file is not there).
    """

    mapping: str
    kind: str
    data: bytes | None = None
    number: int = 0
    """Which row of its list it is, from 1."""
    listed_in: bytes = b""
    """Name of the list that a row stands in."""
    missing: tuple[str, ...] = ()
    """Of a list: names in it that no file of its folder has."""

    @property
    def is_row(self) -> bool:
        """Whether it is a sidecar without a file of its own."""
        return self.kind in (ROW, TWICE)
