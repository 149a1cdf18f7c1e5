"""Derivatives of records in a real small archive.

derived = Derived(make_archive(tmp_path))
record = derived.record(b"bytes")
derived.make(record, poster=b"picture")
derived.verify()
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from archive_fixture import Archive, policy_of
from sqlalchemy import select

from archive.derivatives import Derivatives, Made, Product
from archive.derived_rows import DERIVED
from archive.entry import Entry, check_body
from archive.ledger import ENTRY
from archive.report import Report
from archive.stored_log import LogTrust
from archive.verify.run import verify
from ingest.media.derive.deriver import Deriver
from ingest.media.originals import Originals
from ingest.media.tools import Programs, find_programs

TOOL = "ab" * 32


@dataclass
class Derived:
    """`live` stands in for the store, to fail or to be watched."""

    archive: Archive
    live: Any = None
    use: Derivatives = field(init=False)

    def __post_init__(self) -> None:
        archive = self.archive
        self.use = Derivatives(
            archive.db, self.live or archive.places.live, archive.sealer, archive.clock,
            archive.random,
        )  # fmt: skip

    def record(self, content: bytes = b"film") -> str:
        record = self.archive.accession(content).record
        self.archive.seal()
        return record

    def make(self, record: str, **contents: bytes) -> list[Made]:
        return self.use.made(record, products(**contents))

    def stored(self) -> list[str]:
        return [info.key for info in self.archive.places.live.list("derived/")]

    def path(self, key: str) -> Path:
        return self.archive.live / key

    def write(self, key: str, data: bytes) -> None:
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    def entries(self) -> list[Entry]:
        """What the ledger says was made; each in the form that it must have."""
        with self.archive.db.read() as connection:
            rows = connection.execute(select(ENTRY.c.data).order_by(ENTRY.c.log, ENTRY.c.idx))
            found = [Entry.parse(row.data) for row in rows]
        made = [entry for entry in found if entry.kind == "derived.made"]
        for entry in made:
            check_body(entry)
        return made

    def rows(self) -> dict[tuple[str, str], str]:
        with self.archive.db.read() as connection:
            rows = connection.execute(select(DERIVED)).all()
        return {(row.record, row.role): row.key for row in rows}

    def verify(self, **later: float) -> Report:
        """An inspection half an hour from now, or as much later as is said."""
        archive = self.archive
        now = archive.clock.now() + timedelta(**(later or {"minutes": 30}))
        places = archive.places
        return verify(places.evidence, places.live, policy_of(archive), now=now, workers=1)


def deriver_of(archive: Archive, programs: Programs | None = None) -> Deriver:
    """What makes the pictures of an archive."""
    store: Any = archive.places.evidence
    scratch = archive.home / "scratch"
    trust = LogTrust.of(archive.identity)
    return Deriver(
        archive.db,
        Originals(archive.db, archive.places, trust, scratch, store.open_object),
        Derivatives(archive.db, archive.places.live, archive.sealer, archive.clock, archive.random),
        find_programs() if programs is None else programs,
        archive.fs,
        scratch,
        archive.home / "locks",
    )


def products(**contents: bytes) -> list[Product]:
    """Pictures by their roles."""
    return [
        Product(role, "jpg", f"{role}/1", data, TOOL) for role, data in sorted(contents.items())
    ]
