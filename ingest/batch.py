"""A batch of drops on its way into the database."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from archive.ledger import NewEntry, Prepared
from archive.source_rows import Counts
from ingest.alone import Apart
from ingest.drops import Accepted, Rejected
from ingest.entries import Known
from ingest.late.entry import Amendment
from ingest.late.judging import Late

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
