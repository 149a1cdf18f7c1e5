"""Drops made to harm whoever takes them: each with its name, what it tries, and how it is laid.

The modules `hostile_drops_*` put theirs into the table when they are imported.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scale import size

SEALED, QUARANTINED, LEFT = "sealed", "quarantined", "left alone"
MiB = 1 << 20
WHOLE = size(0, 1) == 1 or os.environ.get("CUNZHENG_WHOLE") == "1"
"""Whether sizes are as the table names them; in the suite they are small."""


class Hostile(NamedTuple):
    """One hostile drop."""

    name: str
    tries: str
    lay: Callable[[Path], None]
    """Puts it into a folder of the inbox."""
    outcome: str = SEALED
    codes: frozenset[str] = frozenset()
    """Findings that must be among those of the record."""
    slow: bool = False
    """Takes seconds: left out of the suite that is run every time."""


TABLE: dict[str, Hostile] = {}


def drop(
    name: str,
    tries: str,
    data: Callable[[], bytes],
    *codes: str,
    outcome: str = SEALED,
    slow: bool = False,
) -> None:
    """Put a file of these bytes into the table."""

    def lay(folder: Path) -> None:
        (folder / name).write_bytes(data())

    _enter(Hostile(name, tries, lay, outcome, frozenset(codes), slow))


def laid(
    name: str,
    tries: str,
    lay: Callable[[Path], None],
    *codes: str,
    outcome: str = SEALED,
    slow: bool = False,
) -> None:
    """Put something into the table that is more than a file of bytes."""
    _enter(Hostile(name, tries, lay, outcome, frozenset(codes), slow))


def _enter(hostile: Hostile) -> None:
    assert hostile.name not in TABLE
    TABLE[hostile.name] = hostile


def scaled(ordinary: int, whole: int) -> int:
    """A size in bytes: small in the suite, as named in the whole table."""
    return whole if WHOLE else ordinary
