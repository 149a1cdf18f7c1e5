"""What a walk has found in one folder of a source."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.complete.listing import Layer
from ingest.found import Found
from ingest.settle import Settled


@dataclass(slots=True)
class Folder:
    """One folder of a source as a walk has found it."""

    inside: bytes
    """Where it is below its source, b"" for the source itself."""
    device: int = -1
    """The file system's, where it is known; that of the folder above until it is listed."""
    remote: bool = False
    """Whether other machines write to that file system unseen."""
    files: dict[bytes, Found] = field(default_factory=dict)
    """By name; without those whose names are not taken."""
    whole: bool = True
    """Whether it could be listed to its end: else something may stand beside a file unseen."""
    copies: list[Found] = field(default_factory=list)
    """Files under names that programs give to a copy until it is whole."""
    linked: set[bytes] = field(default_factory=set)
    """Names of files that have other names too, anywhere."""
    settled: dict[bytes, Settled] = field(default_factory=dict)
    faults: list[tuple[bytes, str]] = field(default_factory=list)
    """Paths of files that cannot be looked into for a reason that nobody foresaw, and what."""
    marked: Mapping[bytes, bytes] = field(default_factory=dict)
    """Ready markers by the names that they mark."""
    listings: tuple[Layer, ...] = ()
    """Manifests of this folder and of those above it, the nearest first."""
