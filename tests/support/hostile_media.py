"""Media that are made to harm whoever looks at them, each with what it tries.

`HOSTILE` has them all; the other `hostile_…` modules put theirs in when they are imported. What
they want to read are the canaries of a `Trap`: nobody may open those.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Trap:
    """What hostile files refer to."""

    folder: Path
    """Folder in which the hostile files lie; some canaries lie beside them."""
    film: Path
    """A film, by its absolute path."""
    transport: Path
    text: Path
    port: int
    """Where somebody listens on 127.0.0.1."""


@dataclass(frozen=True)
class Sparse:
    """Bytes with a hole after them."""

    head: bytes
    size: int


Content = bytes | Sparse


@dataclass(frozen=True)
class Hostile:
    """One input: its file name, what it tries, and how it is made."""

    name: bytes
    tries: str
    make: Callable[[Trap], Content]


HOSTILE: list[Hostile] = []
SLOW = {b"many.mp4", b"frames.aac", b"samples.mp4", b"silence.wav", b"hole.ts", b"scans.jpg"}
"""Those that use up their limits, which takes minutes where nobody is impatient."""


def hostile(
    name: str | bytes, tries: str
) -> Callable[[Callable[[Trap], Content]], Callable[[Trap], Content]]:
    """Put the function that makes a file into the table."""
    raw = name if isinstance(name, bytes) else name.encode()

    def put(make: Callable[[Trap], Content]) -> Callable[[Trap], Content]:
        HOSTILE.append(Hostile(raw, tries, make))
        return make

    return put
