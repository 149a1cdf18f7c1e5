"""A whole small archive in a temporary folder: real sealer, real files, real keys, a clock to set.

archive = make_archive(tmp_path)
archive.seal()                                     # opens the log
record = archive.accession(b"bytes")               # submits; archive.seal() makes it durable
archive.clock.advance(hours=2)
"""

import atexit
import random
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from archive import layout, ledger
from archive.database import Database
from archive.detail import Detail
from archive.durable import FileSystem, write_new
from archive.identity import Identity
from archive.ids import RANDOM_BYTES, new_ulid
from archive.keyring import Keyring, embedded_timestamper, found, load_identity
from archive.lease import Lease
from archive.ledger import NewEntry, NewObject
from archive.pieces import PIECE_SIZE, PieceHasher, pieces_root
from archive.publish import Places
from archive.record import RecordDescription
from archive.seal import Drained, Sealer
from archive.stores.directory import DirectoryPointer, DirectoryStore
from archive.system_entries import LogSettings
from archive.times import format_time, parse_time
from signing.digest import Digest
from signing.trust import Limits, LogKey, TrustPolicy, TsaRoot

START = datetime(2026, 11, 22, 4, 0, 0, tzinfo=UTC)
PASSPHRASE = "correct horse"
ARCHIVE_ID = "cunzheng.local/01test"
SOURCE = "DSJ-0012345"
URL_FILE = "database.url"
ELSEWHERE: list[Callable[[], str]] = []
"""Gives the URL of a new PostgreSQL database for every archive, where a run asks for it."""
_FOUNDED: dict[datetime, Path] = {}


@dataclass
class FakeClock:
    """Stands where it is set; every look moves it on by a millisecond, so that identifiers rise."""

    moment: datetime = START
    ticks: float = 0.0

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def monotonic(self) -> float:
        self.ticks += 0.05
        return self.ticks

    def advance(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


@dataclass
class Accession:
    """What was submitted for one record."""

    record: str
    entry: NewEntry
    description: RecordDescription
    content: bytes
    sidecar: bytes | None


@dataclass
class Archive:
    """An archive and its parts. Replace `db` and `sealer` by `reopen()` after moving files."""

    home: Path
    clock: FakeClock
    db: Database
    places: Places
    keyring: Keyring
    identity: Identity
    settings: LogSettings
    sealer: Sealer
    fs: FileSystem
    numbers: random.Random = field(repr=False)
    first_lock: Callable[[datetime], datetime] | None = None
    """Where a schedule is in force: the end of the first lock of what was received."""

    @property
    def evidence(self) -> Path:
        return self.home / "store" / "evidence"

    @property
    def live(self) -> Path:
        return self.home / "store" / "live"

    def random(self, count: int) -> bytes:
        return self.numbers.randbytes(count)

    def ulid(self) -> str:
        return new_ulid(self.clock.now(), self.random(RANDOM_BYTES))

    def new_sealer(self, **changed: Any) -> Sealer:
        """Another sealer over the same home, as another process would have it."""
        parts: dict[str, Any] = {
            "database": self.db,
            "places": self.places,
            "identity": self.identity,
            "lease": Lease(self.home / "seal.lock", self.db),
            "clock": self.clock,
            "random": self.random,
            "settings": self.settings,
            **changed,
        }
        return Sealer(**parts)

    def reopen(self) -> None:
        """A new database connection and sealer, as after a restart."""
        self.db.close()
        self.db = open_database(self.home)
        self.sealer = self.new_sealer()

    def seal(self) -> Drained:
        drained = self.sealer.drain()
        assert drained is not None
        return drained

    def submit(self, *entries: NewEntry) -> None:
        with self.db.write() as connection:
            ledger.submit(connection, entries)

    def place(self, entry: NewEntry) -> tuple[str, int]:
        """Log and index of a submitted entry."""
        with self.db.read() as connection:
            found_at = ledger.place_of(connection, entry.id)
        assert found_at is not None
        return found_at

    def head(self) -> ledger.Head:
        with self.db.read() as connection:
            head = ledger.current_head(connection)
        assert head is not None
        return head

    def heartbeats(self, count: int) -> list[NewEntry]:
        """Submit entries that say nothing, to make the ledger grow."""
        made = [
            NewEntry(self.ulid(), "log.heartbeat", "log", "system/test", self.clock.now(), None, {})
            for _ in range(count)
        ]
        self.submit(*made)
        return made

    def accession(
        self,
        content: bytes = b"case notes\n",
        *,
        sidecar: bytes | None = None,
        source: str = SOURCE,
        staged: bool = False,
        changed: Mapping[str, Any] | None = None,
    ) -> Accession:
        """Submit a record; `staged` puts its content into staging/, as intake does.

        `changed` replaces fields of record.json.
        """
        made = self.describe(content, sidecar=sidecar, source=source, changed=changed)
        entry = NewEntry(
            self.ulid(),
            "record.accessioned",
            f"source/{source}",
            "system/ingest",
            self.clock.now(),
            made.record_id,
            self.body_of(made),
            objects=tuple(self._objects(made, content, sidecar, staged=staged)),
        )
        self.submit(entry)
        return Accession(made.record_id, entry, made, content, sidecar)

    def body_of(self, made: RecordDescription) -> dict[str, Any]:
        """The body of a record's accession, with its first lock where there is one."""
        body = accession_body(made)
        if self.first_lock is not None:
            until = self.first_lock(parse_time(body["received_at"]))
            body["retain_until"] = format_time(until)
        return body

    def describe(
        self,
        content: bytes,
        *,
        sidecar: bytes | None = None,
        source: str = SOURCE,
        changed: Mapping[str, Any] | None = None,
    ) -> RecordDescription:
        """A record.json for these bytes."""
        now = format_time(self.clock.now())
        value: dict[str, Any] = {
            "v": 1,
            "id": self.ulid(),
            "salt": self.random(16).hex(),
            "name": "笔录.txt",
            "name_b64": None,
            "folder": "",
            "folder_b64": None,
            "size": len(content),
            "digests": digests(content),
            "pieces": {"size": PIECE_SIZE, "root": str(pieces_root(piece_hashes(content)))},
            "media": {"type": "text/plain", "by": "content"},
            "text": None,
            "source": source,
            "office": self.identity.office,
            "received_at": now,
            "first_hash_at": now,
            "modified_at": now,
            "settle": {"lease": True, "seconds": 2},
            "sidecar": {"digests": digests(sidecar), "size": len(sidecar)} if sidecar else None,
            "claims": None,
            "findings": [],
            "software": self.settings.software,
        }
        return RecordDescription.build({**value, **(changed or {})})

    def detail(self, kind: str, data: Mapping[str, Any]) -> Detail:
        return Detail(self.ulid(), kind, self.random(16), data)

    def source_entry(self, kind: str, source: str = SOURCE, /, **data: Any) -> NewEntry:
        """A source.registered or source.confirmed entry with its detail."""
        name = {"name": source, "name_b64": None, "state": "unconfirmed"}
        detail = self.detail(kind, {**name, **data})
        body = {"detail": str(detail.digest()), "detail_id": detail.id}
        objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
        actor = "account/1000" if kind == "source.confirmed" else "system/ingest"
        now = self.clock.now()
        return NewEntry(self.ulid(), kind, "registry", actor, now, source, body, objects)

    def _objects(
        self, made: RecordDescription, content: bytes, sidecar: bytes | None, *, staged: bool
    ) -> list[NewObject]:
        record = made.record_id
        objects = [
            self._content(record, content, staged=staged),
            NewObject.of(layout.record_key(record), made.to_bytes()),
        ]
        if sidecar is not None:
            objects.append(NewObject.of(layout.sidecar_key(record), sidecar))
        if made.has_pieces:
            pieces = b"".join(piece_hashes(content))
            objects.append(NewObject.of(layout.pieces_key(record), pieces))
        return objects

    def _content(self, record: str, content: bytes, *, staged: bool) -> NewObject:
        key = layout.content_key(record)
        if not staged:
            return NewObject.of(key, content)
        write_new(self.fs, self.places.staging / record, (content,))
        self.fs.sync_file_system(self.places.staging)
        return NewObject(key, len(content), sha256(content).digest(), path=record)


def accession_body(made: RecordDescription) -> dict[str, Any]:
    value = made.value
    same = ("first_hash_at", "office", "received_at", "size", "source")
    record = str(Digest.of("sha256", made.to_bytes()))
    return {**{key: value[key] for key in same}, "content": value["digests"], "record": record}


def digests(data: bytes) -> list[str]:
    return [str(Digest.of(algorithm, data)) for algorithm in ("sha256", "sm3")]


def piece_hashes(content: bytes) -> tuple[bytes, ...]:
    hasher = PieceHasher()
    hasher.update(content)
    return hasher.finish()


def places_in(home: Path, fs: FileSystem) -> Places:
    return Places(
        DirectoryStore(home / "store/evidence", home / "scratch", fs),
        DirectoryStore(home / "store/live", home / "scratch", fs),
        DirectoryPointer(home / "store/live/log/checkpoint", home / "scratch/ptr", fs),
        home / "staging",
    )


def policy_of(archive: Archive, **limits: int) -> TrustPolicy:
    """What an inspector of this archive trusts."""
    root = archive.keyring.certificate("root")
    since = START - timedelta(days=1)
    return TrustPolicy(
        archive.identity.archive_id,
        (LogKey(archive.identity.log_signer.public_key(), since),),
        (root,),
        (TsaRoot(root, "internal"),),
        Limits(**limits),
    )


def open_database(home: Path) -> Database:
    database = Database(database_url(home))
    database.prepare()
    return database


def database_url(home: Path) -> str:
    """Where the database of this home is; `URL_FILE` names one outside."""
    outside = home / URL_FILE
    return outside.read_text() if outside.exists() else f"sqlite:///{home}/cunzheng.db"


def make_archive(
    tmp_path: Path,
    clock: FakeClock | None = None,
    *,
    batch: int = 512,
    fs: FileSystem | None = None,
    url: str | None = None,
) -> Archive:
    """A founded archive whose ledger is still empty; `fs` stands in for the real disk.

    `url` is of an empty PostgreSQL database.
    """
    clock = clock or FakeClock()
    numbers = random.Random(7)
    fs = fs or FileSystem()
    keyring = Keyring(_founded_keys(tmp_path, clock), PASSPHRASE)
    for name in ("store/evidence", "store/live", "staging", "scratch"):
        (tmp_path / name).mkdir(parents=True)
    places = places_in(tmp_path, fs)
    timestamper = embedded_timestamper(keyring, clock.now, lambda: numbers.getrandbits(120))
    identity = load_identity(keyring, ARCHIVE_ID, "main", timestamper, time_is_local=True)
    settings = LogSettings(("sha256", "sm3"), 3600, "cunzheng test", "read-only", batch)
    if url is None and ELSEWHERE:
        url = ELSEWHERE[-1]()
    if url is not None:
        (tmp_path / URL_FILE).write_text(url)
    database = open_database(tmp_path)
    lease = Lease(tmp_path / "seal.lock", database)
    sealer = Sealer(database, places, identity, lease, clock, numbers.randbytes, settings)
    return Archive(
        tmp_path, clock, database, places, keyring, identity, settings, sealer, fs, numbers
    )


def _founded_keys(home: Path, clock: FakeClock) -> Path:
    """A copy of keys that are founded once per test process and moment (key stretching is slow)."""
    moment = clock.moment
    if moment not in _FOUNDED:
        folder = Path(tempfile.mkdtemp(prefix="cunzheng-test-keys-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        numbers = random.Random(11)
        found(Keyring(folder, PASSPHRASE), "示例局", moment, lambda: numbers.getrandbits(120))
        _FOUNDED[moment] = folder
    shutil.copytree(_FOUNDED[moment], home / "keys")
    return home / "keys"
