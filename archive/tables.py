"""The database's tables (design §5). Only `entry`, `head` and `seal` carry evidence; the rest is a
projection of ledger and objects, or work in progress that a crash resumes from.

`pending` and `unstored` are the way into the ledger: what shall become an entry, and the objects
that must be stored with it. A row leaves them only when its step is durable.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from archive.column_types import Unsigned, counted_type


class HeadRow(SQLModel, table=True):
    """One log's head. `size` is appended, `signed` has a note, `published` is stored and read back.

    `frontier` is the compact range (32-byte hashes) of the first `signed` entries.
    """

    __tablename__ = "head"
    log: str = Field(primary_key=True)
    year: int
    size: int = Field(sa_type=BigInteger)
    signed: int = Field(sa_type=BigInteger)
    published: int = Field(sa_type=BigInteger)
    frontier: bytes = Field(sa_type=LargeBinary)
    fence: int = Field(sa_type=BigInteger)
    closed: bool = False


class EntryRow(SQLModel, table=True):
    """An appended entry: its bytes and leaf hash; `pending` is the id it was submitted under."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("stream", "seq"),)
    log: str = Field(primary_key=True)
    idx: int = Field(primary_key=True, sa_type=BigInteger)
    stream: str
    seq: int = Field(sa_type=BigInteger)
    leaf: bytes = Field(sa_type=LargeBinary)
    data: bytes = Field(sa_type=LargeBinary)
    pending: str | None = Field(default=None, unique=True)


class SealRow(SQLModel, table=True):
    """A seal's three files. `token_linked` says that a late token is named in a later batch."""

    __tablename__ = "seal"
    log: str = Field(primary_key=True)
    size: int = Field(primary_key=True, sa_type=BigInteger)
    previous: int = Field(sa_type=BigInteger)
    note: bytes = Field(sa_type=LargeBinary)
    p7s: bytes = Field(sa_type=LargeBinary)
    tst: bytes | None = Field(default=None, sa_type=LargeBinary)
    gen_time: datetime | None = None
    late: bool = False
    token_linked: bool = True


class TileRootRow(SQLModel, table=True):
    """Root of a full tile, so that upper tiles need not read 256 lower ones again."""

    __tablename__ = "tile_root"
    log: str = Field(primary_key=True)
    level: int = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)


class PendingRow(SQLModel, table=True):
    """An entry to be appended; `body` is JSON. Urgent ones do not wait for the TSA.

    `number` rises with every row: the ledger's order is that in which entries were accepted.
    """

    __tablename__ = "pending"
    __table_args__ = ({"sqlite_autoincrement": True},)
    number: int | None = Field(default=None, primary_key=True, sa_type=counted_type())
    id: str = Field(unique=True)
    kind: str
    stream: str
    actor: str
    at: datetime
    subject: str | None = None
    body: bytes = Field(sa_type=LargeBinary)
    urgent: bool = False
    pack: str | None = Field(default=None, index=True)
    """Staged pack that the record lies in; all members of one go into the same batch."""


class UnstoredRow(SQLModel, table=True):
    """An object that must be stored with its entry: bytes, or the path of a staged file."""

    __tablename__ = "unstored"
    id: int | None = Field(default=None, primary_key=True, sa_type=counted_type())
    pending: str = Field(index=True)
    key: str
    path: str | None = None
    data: bytes | None = Field(default=None, sa_type=LargeBinary)
    size: int = Field(sa_type=BigInteger)
    sha256: bytes = Field(sa_type=LargeBinary)
    retain_until: datetime | None = None
    """The first lock, a floor; None: for ever."""


class LocationRow(SQLModel, table=True):
    """Where a stored object stands on a server with versions: found again by any rebuild."""

    __tablename__ = "location"
    store: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    version: str
    until: datetime | None = None
    held: bool = False
    """Lock and legal hold as they were last set and read back."""


class ReplicationRow(SQLModel, table=True):
    """An object that is in the first store and not yet read back from a replica.

    `sha256` is its digest where the sealer knew it, `until` its first lock (None: for ever). A
    `problem` is a code of `archive.replica`: such a row waits for a person.
    """

    __tablename__ = "replication"
    id: int | None = Field(default=None, primary_key=True, sa_type=counted_type())
    store: str = Field(index=True)
    key: str = Field(index=True)
    since: datetime
    sha256: bytes | None = Field(default=None, sa_type=LargeBinary)
    until: datetime | None = None
    problem: str | None = None


class DestroyingRow(SQLModel, table=True):
    """A record of which perhaps a part is deleted already: nothing that would keep it is accepted.

    It stands here from before the first deletion until `record.destroyed` is submitted.
    """

    __tablename__ = "destroying"
    record: str = Field(primary_key=True)
    disposition: str


class KeepingRow(SQLModel, table=True):
    """A record or case whose locks and legal holds in the stores may not be what they should be.

    Put there with the entry that changed it, taken away once every store was read back.
    """

    __tablename__ = "keeping"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    """`record` or `case`: all records of the case."""
    key: str
    problem: str | None = None
    """Why the last try failed."""


class OutageRow(SQLModel, table=True):
    """A time in which the archive could not seal as it should."""

    __tablename__ = "outage"
    id: str = Field(primary_key=True)
    reason: str
    since: datetime
    until: datetime | None = None


def _of_media(column: str) -> Index:
    """An index of media alone: the many text records pay nothing for it."""
    where = text(f"{column} IS NOT NULL")
    return Index(f"ix_record_{column}", column, sqlite_where=where, postgresql_where=where)


class RecordRow(SQLModel, table=True):
    """The catalog: what search looks at. Rebuilt from ledger and record.json at any time."""

    __tablename__ = "record"
    __table_args__ = (
        _of_media("device"),
        _of_media("condition"),
        Index("ix_record_place", "log", "idx"),
    )
    id: str = Field(primary_key=True)
    log: str
    idx: int = Field(sa_type=BigInteger)
    source: str = Field(index=True)
    name: str
    name_raw: bytes = Field(sa_type=LargeBinary)
    folder: str
    folder_raw: bytes = Field(sa_type=LargeBinary)
    size: int = Field(sa_type=BigInteger)
    sha256: bytes = Field(sa_type=LargeBinary, index=True)
    sidecar_sha256: bytes | None = Field(default=None, sa_type=LargeBinary)
    media_type: str
    case_no: str | None = Field(default=None, index=True)
    category: str | None = None
    stage: str | None = None
    unit: str | None = None
    officers: str | None = None
    captured_start: datetime | None = None
    captured_end: datetime | None = None
    received_at: datetime = Field(index=True)
    title: str | None = None
    preview: str | None = None
    lost: bool = False
    pack: str | None = Field(default=None, index=True)
    """Pack that it was stored in; after a split its own objects stand beside it."""
    pack_place: bytes | None = Field(default=None, sa_type=LargeBinary)
    """`pack` of the accession's body, as JSON."""
    first_lock: datetime | None = None
    """`retain_until` of the accession's body."""
    retain_until: datetime | None = Field(default=None, index=True)
    """End of keeping as far as it is set; None: nothing is set, or for ever (`permanent`)."""
    permanent: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    destroyed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    spilled: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Blocked as a state secret; what it says of itself is not here any more."""
    item: str | None = None
    """Row of the list of what is recorded, as claimed."""
    device: str | None = None
    segment: int | None = None
    duration_ms: int | None = Field(default=None, sa_type=BigInteger)
    condition: str | None = None
    """Last verdict on a medium (docs/formats.md §13)."""
    kind: str | None = None
    """Short name of what it is: `pdf`, `docx`, `txt`, `video` …"""
    doc_number: str | None = None
    doc_date: str | None = None
    parties: str | None = None
    language: str | None = None
    pages: int | None = None
    readable: bool | None = None
    """False: pages without any text, such as scans. The six before it follow `document` of
    record.json (docs/formats.md §14)."""
    subject: str | None = None
    place: str | None = None
    importance: str | None = None
    tags: str | None = None
    """Sensitivities of the record itself, joined by spaces."""


class LookingRow(SQLModel, table=True):
    """A sealed medium that is still to be decoded, or of which pictures are still to be made.

    Put there with the catalog's line, taken away once the amendment is submitted and the
    derivatives stand. `task` is `examine`, `derive`, or `wish` for what somebody asked for in words
    (`wish`); `tries` and `problem` say how it went.
    """

    __tablename__ = "looking"
    id: int | None = Field(default=None, primary_key=True, sa_type=counted_type())
    record: str = Field(index=True)
    task: str
    since: datetime
    tries: int = 0
    problem: str | None = None
    wish: str | None = None


class DerivedRow(SQLModel, table=True):
    """The derivative of a role that counts for a record: the last `derived.made`."""

    __tablename__ = "derived"
    record: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    key: str
    digest: bytes = Field(sa_type=LargeBinary)
    size: int = Field(sa_type=BigInteger)
    recipe: str
    made_at: datetime
    log: str
    idx: int = Field(sa_type=BigInteger)


class SourceRow(SQLModel, table=True):
    """A folder of the inbox: registered by itself, confirmed by a person."""

    __tablename__ = "source"
    id: str = Field(primary_key=True)
    name: bytes = Field(sa_type=LargeBinary)
    state: str
    label: str | None = None
    kind: str | None = None
    unit: str | None = None
    first_seen: datetime
    last_seen: datetime | None = None
    terms: str | None = None
    """JSON: what the register says besides (docs/formats.md §14, `source.confirmed`)."""


class SourceHourRow(SQLModel, table=True):
    """What came from a source within an hour, as the ledger's entries say: few rows, so that rates
    and quotas need no look at the records.
    """

    __tablename__ = "source_hour"
    source: str = Field(primary_key=True)
    hour: datetime = Field(primary_key=True, index=True)
    """Its beginning."""
    records: int = Field(sa_type=BigInteger)
    bytes: int = Field(sa_type=BigInteger)
    """Of the records."""
    redropped: int = Field(sa_type=BigInteger)
    rejected: int = Field(sa_type=BigInteger)
    refused: int = Field(sa_type=BigInteger)


class IntakeRow(SQLModel, table=True):
    """The state of one drop, from staged to released (design §3)."""

    __tablename__ = "intake"
    __table_args__ = (
        UniqueConstraint("source", "path", "dev", "ino", "size", "mtime_ns", "ctime_ns"),
    )
    id: str = Field(primary_key=True)
    source: str
    path: bytes = Field(sa_type=LargeBinary)
    dev: int = Field(sa_type=Unsigned)
    ino: int = Field(sa_type=Unsigned)
    size: int = Field(sa_type=BigInteger)
    mtime_ns: int = Field(sa_type=BigInteger)
    ctime_ns: int = Field(sa_type=BigInteger)
    sha256: bytes = Field(sa_type=LargeBinary)
    sidecar_sha256: bytes | None = Field(default=None, sa_type=LargeBinary)
    state: str = Field(index=True)
    record: str | None = None
    pending: str | None = None
    release: str
    moved_to: bytes | None = Field(default=None, sa_type=LargeBinary)
    sidecar_path: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Where its sidecar stands; None: at the path with `.json`, empty: nowhere by itself."""
    sidecar_moved_to: bytes | None = Field(default=None, sa_type=LargeBinary)
    beside: str | None = None
    """JSON: further files that are released with it (ingest.beside)."""
    at: datetime


class ResolvedRow(SQLModel, table=True):
    """A quarantined drop: what the last `drop.resolved` of it says; `open` before there is one."""

    __tablename__ = "resolved"
    quarantine: str = Field(primary_key=True)
    source: str
    outcome: str
    record: str | None = None
    at: datetime


class AccessRow(SQLModel, table=True):
    """A retrieval that was started; `open` until its end is on the ledger.

    A concealed one names nobody here; who it was stands in its opening (docs/formats.md §11).
    """

    __tablename__ = "access"
    id: str = Field(primary_key=True)
    record: str
    person: str | None = None
    at: datetime
    open: bool = True
    concealed: bool = False


class RegisterRow(SQLModel, table=True):
    """One value of the registers (`archive.registers`): people, cases, requests and the rest.

    `value` is JSON. Everything here follows from the ledger and is replayed by a rebuild.
    """

    __tablename__ = "register"
    shelf: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    value: bytes = Field(sa_type=LargeBinary)
