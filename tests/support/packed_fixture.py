"""An archive that takes drops into packs, and a look into what it stored.

packed = Packed(tmp_path)
packed.take({"a.txt": b"one", "b.txt": b"two"})      # admitted and sealed
packed.records()                                       # by name: content as it stands in the store
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from archive_fixture import SOURCE, Archive, make_archive
from sqlalchemy import select

from archive import ledger
from archive.catalog import RECORD
from archive.entry import Entry, check_body
from archive.ledger import ENTRY, PENDING, UNSTORED
from archive.parts import CONTENT, DESCRIPTION, SIDECAR, part_of, read_part
from ingest.by_hand import drops_of
from ingest.intake import Admitted, Intake, IntakeSettings
from ingest.register import Maker
from ingest.releasing import Releaser, ReleaseSettings

FOLDERS = ("inbox", "outbox", "quarantine", "purge", "taken")


@dataclass
class Packed:
    """One archive and its intake; `changed` are settings of the intake."""

    home: Path
    batch: int = 512
    changed: dict[str, Any] = field(default_factory=dict)
    archive: Archive = field(init=False)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        self.archive = make_archive(self.home, batch=self.batch)
        for name in FOLDERS:
            (self.home / name).mkdir()
        self.archive.seal()
        self.intake = self.new_intake()

    def new_intake(self) -> Intake:
        archive, home = self.archive, self.home
        rest = ReleaseSettings(home / "inbox", home / "purge", home / "taken", timedelta(hours=24))
        settings: dict[str, Any] = {
            "office": "main",
            "digests": archive.settings.digests,
            "release": "keep",
            "software": archive.settings.software,
            "storage": "read-only",
            **{name: home / name for name in ("inbox", "staging", "outbox", "quarantine")},
            "pack_up_to": 1 << 18,
            **self.changed,
        }
        return Intake(
            archive.db,
            archive.sealer,
            archive.places.evidence,
            archive.fs,
            archive.clock,
            Maker(archive.random),
            IntakeSettings(**settings),
            Releaser(archive.fs, archive.clock, rest, lambda _: None),
        )

    def admit(self, files: Mapping[str, bytes], folder: str = "drops") -> Admitted:
        """Stage and submit, nothing more; a name that ends in .json is a sidecar."""
        place = self.home / folder
        place.mkdir(exist_ok=True)
        for name, data in files.items():
            (place / name).write_bytes(data)
        return self.intake.admit(list(drops_of([place], SOURCE)))

    def take(self, files: Mapping[str, bytes], folder: str = "drops") -> Admitted:
        """Stage, submit and seal."""
        admitted = self.admit(files, folder)
        self.intake.finish()
        self.intake.clean_up()
        return admitted

    def entries(self, kind: str = "record.accessioned") -> list[Entry]:
        """Entries of a kind, each with a body as the format asks."""
        with self.archive.db.read() as connection:
            rows = connection.execute(select(ENTRY.c.data).order_by(ENTRY.c.log, ENTRY.c.idx))
            found = [Entry.parse(row.data) for row in rows]
        for entry in found:
            check_body(entry)
        return [entry for entry in found if entry.kind == kind]

    def part(self, entry: Entry, name: str) -> bytes:
        """A file of a record, from wherever its entry says that it stands."""
        part = part_of(str(entry.subject), entry.body, entry.at, name)
        return b"".join(read_part(self.archive.places.evidence, part))

    def records(self) -> dict[str, bytes]:
        """Contents by name; each must be what its entry and its catalog line say."""
        found = {}
        for entry in self.entries():
            content, text = self.part(entry, CONTENT), self.part(entry, DESCRIPTION)
            assert len(content) == entry.body["size"]
            assert entry.body["record"] == digest(text)
            assert entry.body["content"][0] == digest(content)
            row = self.row(str(entry.subject))
            assert row["pack"] == (entry.body.get("pack") or {}).get("id")
            if row["sidecar_sha256"] is not None:
                assert digest(self.part(entry, SIDECAR)) == f"sha256:{row['sidecar_sha256'].hex()}"
            found[row["name"]] = content
        return found

    def row(self, record: str) -> Mapping[str, Any]:
        """A record's line of the catalog."""
        with self.archive.db.read() as connection:
            query = select(RECORD).where(RECORD.c.id == record)
            return dict(connection.execute(query).mappings().one())

    def packs(self) -> list[Path]:
        return sorted((self.archive.evidence / "packs").rglob("*.zip"))

    def alone(self) -> list[str]:
        """Ids of the records that have objects of their own."""
        folder = self.archive.evidence / "records"
        return sorted(path.parent.name for path in folder.rglob("content"))

    def staged(self) -> list[Path]:
        return [path for path in (self.home / "staging").rglob("*") if path.is_file()]

    def waiting(self) -> tuple[int, int]:
        """How many entries and objects are on their way."""
        with self.archive.db.read() as connection:
            pending = connection.execute(select(PENDING)).all()
            unstored = connection.execute(select(UNSTORED)).all()
        return len(pending), len(unstored)

    def published(self) -> ledger.Head:
        head = self.archive.head()
        assert head.published == head.size
        return head


def digest(data: bytes) -> str:
    from signing.digest import Digest

    return str(Digest.of("sha256", data))
