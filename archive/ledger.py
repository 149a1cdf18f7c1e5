"""The ledger in the database: what is submitted, appended by compare-and-swap, and re-read.

Appending gives indices and stream positions, once and for ever, in one transaction. Nothing here
signs or stores; archive.seal does that with what stands committed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, delete, func, insert, select, update

from archive.errors import LedgerForked, StateUnknown
from archive.layout import TILE_WIDTH
from archive.lines import LineMaker
from archive.merkle import HASH_SIZE, CompactRange, leaf_hash
from archive.rows import batched, insert_rows
from archive.tables import EntryRow, HeadRow, PendingRow, UnstoredRow
from archive.waiting_bodies import check_waiting
from signing import canonical
from signing.digest import Digest

HEAD = HeadRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
PENDING = PendingRow.__table__  # type: ignore[attr-defined]
UNSTORED = UnstoredRow.__table__  # type: ignore[attr-defined]
_PENDING_COLUMNS = (
    *("id", "kind", "stream", "actor", "at", "subject", "body"),
    *("urgent", "pack"),
)
_ENTRY_COLUMNS = ("log", "idx", "stream", "seq", "leaf", "data", "pending")


@dataclass(frozen=True, slots=True)
class NewObject:
    """An object to be stored with an entry: bytes, or a staged file (path below staging/)."""

    key: str
    size: int
    sha256: bytes
    data: bytes | None = None
    path: str | None = None
    retain_until: datetime | None = None
    """Its first lock, where the store has locks; None: for ever."""

    @classmethod
    def of(cls, key: str, data: bytes, retain_until: datetime | None = None) -> "NewObject":
        """An object whose bytes are at hand."""
        digest = Digest.of("sha256", data).value
        return cls(key, len(data), digest, data=data, retain_until=retain_until)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What shall become an entry. `id` is a fresh ULID; urgent ones do not wait for the TSA."""

    id: str
    kind: str
    stream: str
    actor: str
    at: datetime
    subject: str | None
    body: Mapping[str, Any]
    objects: tuple[NewObject, ...] = ()
    urgent: bool = False
    pack: str | None = None
    """Staged pack that the record lies in; all members of one go into the same batch."""


class Prepared(NamedTuple):
    """A new entry whose body is encoded already, see NewEntry: one is made for every record."""

    id: str
    kind: str
    stream: str
    actor: str
    at: datetime
    subject: str | None
    body: bytes
    objects: tuple[NewObject, ...] = ()
    pack: str | None = None
    urgent: bool = False


class Waiting(NamedTuple):
    """What is submitted, as the database has it: the body in its canonical bytes."""

    id: str
    kind: str
    stream: str
    actor: str
    subject: str | None
    body: bytes
    pack: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """One log's head; see tables.HeadRow."""

    log: str
    year: int
    size: int
    signed: int
    published: int
    frontier: CompactRange = field(compare=False)
    fence: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry as it stands committed."""

    index: int
    data: bytes
    pending: str | None


def submit(connection: Connection, entries: Iterable[NewEntry | Prepared]) -> None:
    """Put entries and their objects into the way to the ledger; durable when committed."""
    pending: list[list[object]] = []
    unstored: list[dict[str, object]] = []
    for new in entries:
        body = new.body if isinstance(new, Prepared) else canonical.encode(dict(new.body))
        line = [new.id, new.kind, new.stream, new.actor, new.at, new.subject, body]
        pending.append([*line, new.urgent, new.pack])
        if new.objects:
            unstored.extend(_unstored(new.id, item) for item in new.objects)
    insert_rows(connection, PENDING, _PENDING_COLUMNS, pending)
    if unstored:
        connection.execute(insert(UNSTORED), unstored)


def add_objects(connection: Connection, pending: str, objects: Sequence[NewObject]) -> None:
    """Objects for an entry that is appended in this transaction."""
    if objects:
        connection.execute(insert(UNSTORED), [_unstored(pending, item) for item in objects])


def _unstored(pending: str, item: NewObject) -> dict[str, object]:
    return {
        "pending": pending,
        "key": item.key,
        "path": item.path,
        "data": item.data,
        "size": item.size,
        "sha256": item.sha256,
        "retain_until": item.retain_until,
    }


def waiting(connection: Connection, *, only_urgent: bool, limit: int) -> list[Waiting]:
    """Submitted entries in the order in which they were submitted, without their objects.

    A pack is never cut in two: where the limit falls between its members, the rest comes too.
    Raises LedgerForked for a body that is no canonical JSON: the database was edited.
    """
    c = PENDING.c
    columns = (c.number, c.id, c.kind, c.stream, c.actor, c.subject, c.body, c.pack)
    query = select(*columns).order_by(c.number).limit(limit)
    if only_urgent:
        query = query.where(c.urgent)
    rows: list[Any] = [*connection.execute(query).all()]
    packs = {row.pack for row in rows if row.pack is not None}
    if packs and (only_urgent or len(rows) == limit):
        members = connection.execute(select(*columns).where(c.pack.in_(packs)))
        rows = sorted({row.number: row for row in (*rows, *members)}.values())
    for row in rows:
        check_waiting(row.id, row.body)
    return [Waiting(*row[1:]) for row in rows]


def is_waiting(connection: Connection, *, only_urgent: bool) -> bool:
    """Whether anything is submitted that can be appended."""
    query = select(PENDING.c.number).limit(1)
    if only_urgent:
        query = query.where(PENDING.c.urgent)
    return connection.execute(query).first() is not None


def current_head(connection: Connection) -> Head | None:
    """The newest log's head, open or just closed."""
    row = connection.execute(select(HEAD).order_by(HEAD.c.year.desc()).limit(1)).first()
    return _head(row) if row else None


def head_of(connection: Connection, log: str) -> Head | None:
    """The head of one log."""
    row = connection.execute(select(HEAD).where(HEAD.c.log == log)).first()
    return _head(row) if row else None


def _head(row: Any) -> Head:
    hashes = [row.frontier[i : i + HASH_SIZE] for i in range(0, len(row.frontier), HASH_SIZE)]
    return Head(
        log=row.log,
        year=row.year,
        size=row.size,
        signed=row.signed,
        published=row.published,
        frontier=CompactRange(row.signed, hashes),
        fence=row.fence,
        closed=row.closed,
    )


def open_head(connection: Connection, log: str, before: Head | None) -> Head:
    """A new log's empty head; it takes over the fencing number of the one before."""
    year = int(log.rpartition("-")[2])
    head = Head(log, year, 0, 0, 0, CompactRange(), before.fence if before else 0, closed=False)
    row = {
        "log": log,
        "year": year,
        "size": 0,
        "signed": 0,
        "published": 0,
        "frontier": b"",
        "fence": head.fence,
        "closed": False,
    }
    connection.execute(insert(HEAD), [row])
    return head


def append(
    connection: Connection,
    head: Head,
    entries: Sequence[NewEntry | Waiting],
    *,
    at: datetime | None = None,
    closes: bool = False,
) -> None:
    """Append entries and move the head, in the caller's transaction.

    All have the time `at`, or the first one's. The head moves by compare-and-swap on its size and
    fencing number: StateUnknown if another sealer moved it although we hold the lease.
    """
    positions = _stream_positions(connection, {entry.stream for entry in entries})
    made = LineMaker(at or _time_of(entries))
    rows: list[list[Any]] = []
    for index, new in enumerate(entries, head.size):
        seq, prev = positions.get(new.stream, (0, None))
        body = new.body if isinstance(new.body, bytes) else canonical.encode(dict(new.body))
        data = made.line(new.kind, new.stream, new.actor, new.subject, body, seq, prev)
        leaf = leaf_hash(data)
        positions[new.stream] = (seq + 1, leaf)
        rows.append([head.log, index, new.stream, seq, leaf, data, new.id])
    insert_rows(connection, ENTRY, _ENTRY_COLUMNS, rows)
    _swap(connection, head, size=head.size + len(rows), closed=closes)
    done = select(ENTRY.c.pending).where(ENTRY.c.log == head.log, ENTRY.c.idx >= head.size)
    connection.execute(delete(PENDING).where(PENDING.c.id.in_(done)))


def _time_of(entries: Sequence[NewEntry | Waiting]) -> datetime:
    return next(entry.at for entry in entries if isinstance(entry, NewEntry))


def _stream_positions(
    connection: Connection, streams: Iterable[str]
) -> dict[str, tuple[int, bytes | None]]:
    """For each stream its next `seq` and the leaf hash of its newest entry, in whatever log."""
    found: dict[str, tuple[int, bytes | None]] = {}
    for stream in streams:
        query = (
            select(ENTRY.c.seq, ENTRY.c.leaf)
            .where(ENTRY.c.stream == stream)
            .order_by(ENTRY.c.seq.desc())
            .limit(1)
        )
        row = connection.execute(query).first()
        if row:
            found[stream] = (row.seq + 1, row.leaf)
    return found


def _swap(connection: Connection, head: Head, **values: object) -> None:
    moved = connection.execute(
        update(HEAD)
        .where(HEAD.c.log == head.log, HEAD.c.size == head.size, HEAD.c.fence == head.fence)
        .values(**values)
    )
    if moved.rowcount != 1:
        raise StateUnknown("Another sealer moved the ledger's head; this one stops.")


def set_signed(connection: Connection, head: Head, frontier: CompactRange) -> None:
    """Record that the tree has a note at its present size."""
    _swap(connection, head, signed=frontier.size, frontier=b"".join(frontier.hashes))


def set_published(connection: Connection, head: Head) -> None:
    """Record that everything up to the signed size is stored and read back."""
    _swap(connection, head, published=head.signed)


def take_fence(connection: Connection, log: str) -> int:
    """Raise the fencing number: whoever held the lease before can no longer move the head."""
    connection.execute(update(HEAD).where(HEAD.c.log == log).values(fence=HEAD.c.fence + 1))
    return int(connection.execute(select(HEAD.c.fence).where(HEAD.c.log == log)).scalar_one())


def rehash(connection: Connection, head: Head) -> CompactRange:
    """Read the committed entries after the last signed size and hash them again.

    The signed entries of the open tile are read too, because they are stored once more with it.
    Raises LedgerForked if a row's leaf hash is not that of its bytes, an index is missing, or the
    open tile is not what was signed: the database was edited after the entries were appended.
    """
    tree = head.frontier.copy()
    edge = CompactRange()
    start = index = head.signed - head.signed % TILE_WIDTH
    c = ENTRY.c
    rows = _rows(connection, head.log, start, head.size, c.idx, c.data, c.leaf)
    for index, (found, data, leaf) in enumerate(rows, start):
        if found != index or leaf_hash(data) != leaf:
            raise LedgerForked(f"Entry {index} of {head.log} was changed in the database.")
        (edge if index < head.signed else tree).append(leaf)
    if (start + edge.size, tree.size) != (head.signed, head.size):
        raise LedgerForked(f"Entries of {head.log} after {index} are gone from the database.")
    if edge.hashes != tree_edge(head.frontier, 0):
        raise LedgerForked(f"Signed entries of {head.log} from {start} on were changed.")
    return tree


def tree_edge(tree: CompactRange, level: int) -> list[bytes]:
    """The part of a compact range that lies in the open tile of a level (docs/formats.md §4)."""
    bits = range(tree.size.bit_length() - 1, -1, -1)
    hashes = zip((bit for bit in bits if tree.size >> bit & 1), tree.hashes, strict=True)
    return [value for bit, value in hashes if bit // 8 == level]


def _rows(
    connection: Connection, log: str, start: int, end: int, *columns: Column[Any]
) -> Iterable[Any]:
    query = (
        select(*columns)
        .where(ENTRY.c.log == log, ENTRY.c.idx >= start, ENTRY.c.idx < end)
        .order_by(ENTRY.c.idx)
    )
    return connection.execute(query).all()


def entries_between(connection: Connection, log: str, start: int, end: int) -> list[Appended]:
    """Committed entries [start, end) of a log."""
    c = ENTRY.c
    return [Appended(*row) for row in _rows(connection, log, start, end, c.idx, c.data, c.pending)]


def leaves_between(connection: Connection, log: str, start: int, end: int) -> list[bytes]:
    """Leaf hashes [start, end) of a log."""
    return [leaf for (leaf,) in _rows(connection, log, start, end, ENTRY.c.leaf)]


def place_of(connection: Connection, pending: str) -> tuple[str, int] | None:
    """Log and index of an entry that was submitted under this id, once it is appended."""
    query = select(ENTRY.c.log, ENTRY.c.idx).where(ENTRY.c.pending == pending)
    row = connection.execute(query).first()
    return (row.log, row.idx) if row else None


def published_places(connection: Connection, pending: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Log and index of all that were submitted under these ids and are durable."""
    query = (
        select(ENTRY.c.pending, ENTRY.c.log, ENTRY.c.idx)
        .join(HEAD, HEAD.c.log == ENTRY.c.log)
        .where(ENTRY.c.idx < HEAD.c.published)
    )
    return {
        row.pending: (row.log, row.idx)
        for some in batched(pending)
        for row in connection.execute(query.where(ENTRY.c.pending.in_(some)))
    }


def pending_count(connection: Connection) -> int:
    """Entries that wait to be appended."""
    return int(connection.execute(select(func.count()).select_from(PENDING)).scalar_one())
