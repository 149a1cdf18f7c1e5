"""A batch of drops on its way into the database, and what becomes of it."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple

from archive.ledger import NewEntry, Prepared
from archive.source_rows import Counts
from ingest.alone import Apart
from ingest.drops import Accepted, Rejected
from ingest.entries import Known
from ingest.found import Drop, Found
from ingest.late.entry import Amendment
from ingest.late.judging import Judged, Late

RawPath = bytes
Taken = Accepted | Rejected
"""What goes into the database with the batch; refused drops have commits of their own."""


@dataclass(slots=True)
class Batch:
    """What goes into the database with one commit, and the staged files behind it."""

    known: Known
    now: datetime
    apart: Apart
    entries: list[NewEntry | Prepared] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    sources: dict[str, bytes] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    rejected: list[Rejected] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    amendments: list[Amendment] = field(default_factory=list)

    def unjudged(self, judged: Judged) -> list[bytes]:
        """Paths of late sidecars that could not be read now, and of the files that they are of."""
        done = {one.file for one in judged.amendments} | {one.file for one in judged.told}
        done.update(judged.secret, judged.alone, (one[0] for one in judged.bad))
        left = [late for late in self.late if late.file is not None and late.file not in done]
        return [path for late in left if late.file for path in (late.file.path, *late.paths)]


class Fault(NamedTuple):
    """A drop that cannot be taken for a reason that nobody foresaw; it stays where it is."""

    drop: Drop
    what: str


@dataclass(slots=True)
class Admitted:
    """What became of a batch: how many were taken, and which drops must settle anew."""

    records: int = 0
    bytes: int = 0
    redropped: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    refused: int = 0
    refused_in_place: list[Found] = field(default_factory=list)
    """Refused drops that could not be renamed, and still stand under their names."""
    known: int = 0
    unsettled: list[Drop] = field(default_factory=list)
    unreadable: list[Drop] = field(default_factory=list)
    late_sidecars: list[Found] = field(default_factory=list)
    """Sidecars that came after their files, and of which nothing can be made any more."""
    alone: list[Found] = field(default_factory=list)
    """Sidecars without files, of which nothing was taken."""
    amended: list[str] = field(default_factory=list)
    """Records that got a sidecar which came after their files."""
    late_secrets: list[str] = field(default_factory=list)
    """Records of which a sidecar that came later says that they are state secrets."""
    faults: list[Fault] = field(default_factory=list)
    again: list[RawPath] = field(default_factory=list)
    """Paths of what could not be read now though its drop was known: they settle anew."""

    def add(self, other: "Admitted") -> None:
        """What became of another part of the batch."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
