"""Room for drops: what would leave less than a reserve on the disk waits, and others go on."""

from collections.abc import Callable, Sequence

from ingest.found import Drop

_EACH = 4096
"""Bytes that a file takes beside its own, at the least."""


class Room:
    """Says which drops of a batch there is room for.

    A drop's bytes are written once: from staging they go into the store by a link, or to a bucket.
    """

    def __init__(self, free: Callable[[], int], reserve: int) -> None:
        """`free` tells the bytes that are free where staging is; `reserve` stays free."""
        self._free = free
        self.reserve = reserve
        self.held = 0
        """Drops that were held back since `begin`."""
        self.largest = 0
        """Bytes of the largest of them."""

    def begin(self) -> None:
        """Count anew."""
        self.held = self.largest = 0

    def free(self) -> int:
        """Bytes above the reserve; 0 where there is less."""
        return max(0, self._free() - self.reserve)

    def fitting(self, drops: Sequence[Drop]) -> list[Drop]:
        """The drops that there is room for, in their order; the others are held back."""
        free = self.free()
        fit = []
        for drop in drops:
            size = drop.file.key.size
            if size + _EACH <= free:
                free -= size + _EACH
                fit.append(drop)
            else:
                self.held += 1
                self.largest = max(self.largest, size)
        return fit
