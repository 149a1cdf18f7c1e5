"""What the ledger says of one object, and of one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from archive.vocabulary import LEVELS

DATED = ("governance", "compliance")
"""Levels with an end and with legal holds; those of files have neither."""
_RANKS = {level: rank for rank, level in enumerate(LEVELS)}


def rank(level: str) -> int:
    """How strong a level is; one that nobody knows protects nothing."""
    return _RANKS.get(level, 0)


@dataclass(frozen=True, slots=True)
class Expected:
    """One object as the ledger has it.

    `needed` is False for what may stand there and need not. `level` is the least that was stated
    when it was written. `until` is to when it must be locked at least, None for ever; `held`
    whether it needs a legal hold; `kept` that it is still needed whatever the lock says (its case
    runs). `size` and `sha256` are None where only the bytes themselves can be judged. `records` are
    the records whose bytes it holds, `place` the entry that names it.
    """

    key: str
    level: str
    needed: bool = True
    until: datetime | None = None
    held: bool = True
    kept: bool = False
    size: int | None = None
    sha256: bytes | None = None
    records: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the ledger last said of a place as a whole, by `store.probed`.

    `settings` and `server` are None where nothing was recorded.
    """

    level: str
    server: str | None = None
    settings: Mapping[str, str] | None = field(default=None)
