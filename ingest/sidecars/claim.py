"""How a drop stands to the sidecars of stations: by which mapping, and by which bytes."""

from typing import NamedTuple

FILE, ROW, TWICE, LIST = "file", "row", "twice", "list"


class Claim(NamedTuple):
    """What a mapping says of a drop.

    `kind` is `file` (its sidecar is a file in the form of the mapping), `row` (its sidecar is a row
    of a list, with the bytes `data`), `twice` (several rows name it, and differ; `data` are those
    of the first), or `list` (the drop is itself a list, a record of its own).
    """

    mapping: str
    kind: str
    data: bytes | None = None
    number: int = 0
    """Which row of its list it is, from 1."""

    @property
    def is_row(self) -> bool:
        """Whether it is a sidecar without a file of its own."""
        return self.kind in (ROW, TWICE)
