"""Release: a record leaves the archive only under a signed start, and only as it was sealed.

    order -> `access.started` admitted and sealed -> entry proved from storage -> record.json and
    piece list checked against it -> every 4 MiB piece hashed before any of it is handed out ->
    `access.completed` or `access.aborted`

The database only says where to look. A process that dies on the way leaves an open access and a
lock that the kernel lets go; `abort_dead_accesses` finds both and ends the access on the ledger.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from sqlalchemy import Connection, select

from archive import catalog, ledger
from archive.access_lock import AccessLock
from archive.catalog import RECORD
from archive.cause import cause, within
from archive.database import Database
from archive.desk.access_rows import ACCESS, close_row, extent_size, open_row
from archive.desk.checked_range import checked_range
from archive.desk.db_shelf import DbShelf
from archive.desk.submit import Desk
from archive.detail import Detail
from archive.errors import (
    ArchiveError,
    CopyNotMade,
    DataBad,
    DeliveryEnded,
    Denied,
    FormatError,
    ObjectMissing,
    StateUnknown,
    Unreachable,
    UsageError,
)
from archive.ledger import NewEntry
from archive.publish import Places
from archive.record import RecordDescription
from archive.registers.denials import denied
from archive.sealed_record import PieceAltered, SealedRecord
from archive.statements.kinds import check_payload
from archive.statements.statement import Signed
from archive.stored_log import LogTrust, StoredLog
from archive.tables import RecordRow

ACTOR = "system/retrieve"
"""Who says how an access ended."""
MEDIA = "system/media"
"""Who says what was made of a record."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A statement with its detail, as a person hands it in."""

    signed: Signed
    detail: Detail | None


@dataclass(frozen=True, slots=True)
class Order:
    """What it takes to receive: the start, and before it the request where both come at once."""

    started: Handed
    requested: Handed | None
    account: str

    @property
    def payload(self) -> Any:
        """The start's payload; raises FormatError for a statement of another kind."""
        statement = self.started.signed.statement
        if statement.kind != "access.started":
            raise FormatError("a statement was made for an entry of another kind")
        check_payload(statement.kind, statement.payload)
        return statement.payload

    @property
    def person(self) -> str:
        """Whose start it is said to be."""
        return self.started.signed.statement.person


class Book(Protocol):
    """How one access is put on the ledger, openly or concealed."""

    def begin(self) -> list[NewEntry]:
        """Submit the beginning and open the access' row; raises Denied (recorded), FormatError."""

    def end(self, connection: Connection, count: int, code: str | None) -> NewEntry | None:
        """Submit the end and close the row; None if it is closed already."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a release works with. `locks` is a folder for the locks of running accesses."""

    desk: Desk
    places: Places
    trust: LogTrust
    locks: Path

    @property
    def database(self) -> Database:
        """The archive's database."""
        return self.desk.database

    def open(self, order: Order) -> "Retrieval":
        """A retrieval under a start of one's own, to be used in a `with` statement.

        Raises NotFound, UsageError or FormatError; nothing is written before it is entered.
        """
        return self.retrieval(order, OpenBook(self, order))

    def retrieval(self, order: Order, book: Book) -> "Retrieval":
        """The same with another way of putting it on the ledger."""
        payload = order.payload
        with self.database.read() as connection:
            row = catalog.find_record(connection, payload["record"])
        extent = payload["range"] or {"from": 0, "to": row.size}
        if extent["to"] > row.size:
            raise UsageError(f"The record {row.id} has {row.size} bytes, the range ends later.")
        return Retrieval(self, row, order, book)

    def abort_dead_accesses(self) -> list[str]:
        """End accesses whose process died, as `access.aborted` with code `PROCESS_ENDED`.

        Returns their ids. `bytes` is what the process noted last, and all that it could have
        handed out where the note is gone: never less than what left. The caller lets the sealer
        run. Concealed ones are for `archive.desk.conceal`.
        """
        with self.database.read() as connection:
            wanted = select(ACCESS).where(ACCESS.c.open, ACCESS.c.concealed.is_(False))
            rows = connection.execute(wanted).all()
        return [row.id for row in rows if self._abort_if_dead(row)]

    def _abort_if_dead(self, row: Any) -> bool:
        with AccessLock(self.locks, row.id) as lock:
            if not lock.held:
                return False
            with self.database.write() as connection:
                count = lock.noted
                if count is None:
                    count = self._could_have(connection, row)
                ended = self.end(connection, row.id, row.record, count, "PROCESS_ENDED")
            return ended is not None

    def _could_have(self, connection: Connection, row: Any) -> int:
        """All that an access could have handed out."""
        value = DbShelf(connection).get("access", row.id)
        if value and "form" in value:
            return int(value["made"]["size"]) if "made" in value else 0
        return extent_size(connection, row.record, value["range"] if value else None)

    def end(
        self, connection: Connection, access: str, record: str, count: int, code: str | None
    ) -> NewEntry | None:
        """Submit the end of an open access and close its row; None if it is closed already."""
        if not close_row(connection, access):
            return None
        body: dict[str, Any] = {"access": access, "bytes": count}
        kind = "access.completed"
        if code is not None:
            kind, body["code"] = "access.aborted", code
        return self.desk.submit_own(connection, kind, "access", record, body, ACTOR)


class OpenBook:
    """An access that everybody who may read the ledger sees at once."""

    def __init__(self, parts: Release, order: Order) -> None:
        self._parts = parts
        self._order = order
        self._payload = order.payload

    def begin(self) -> list[NewEntry]:
        """See Book."""
        desk, order = self._parts.desk, self._order
        handed = [part for part in (order.requested, order.started) if part is not None]
        parts = [desk.prepare([part.signed], part.detail, order.account) for part in handed]
        part = parts[0]
        try:
            with desk.database.write() as connection:
                entries = []
                for part in parts:
                    entries.append(desk.submit_prepared(connection, part))
                open_row(connection, self._payload, part.body.signers[0], part.at)
        except Denied as error:
            desk.record_denial(error, order.account, part.body)
            raise
        return entries

    def end(self, connection: Connection, count: int, code: str | None) -> NewEntry | None:
        """See Book."""
        payload = self._payload
        return self._parts.end(connection, payload["access"], payload["record"], count, code)


class Retrieval:
    """One access to one record, used as a context manager.

    On entering, the start is durable and the record is checked as far as it can be without its
    content. Inside, `pieces`, `sidecar` and `record_json` hand out checked bytes. On leaving, in
    whatever way, the end of the access is on the ledger.
    """

    def __init__(self, parts: Release, row: RecordRow, order: Order, book: Book) -> None:
        self._parts = parts
        self._row = row
        self._order = order
        self._book = book
        self._record: SealedRecord | None = None
        self._stack = ExitStack()
        self._lock: AccessLock | None = None
        self._begun = self._sealed_start = False
        self.access: str = order.payload["access"]
        self.request: str = order.payload["request"]
        self.span: Mapping[str, int] | None = order.payload.get("span")
        extent = order.payload["range"] or {"from": 0, "to": row.size}
        self.start: int = extent["from"]
        self.stop: int = extent["to"]
        self.handed_out = 0
        self.place = ("", 0)
        """Log and index of the entry with which the access began, once it is sealed."""

    def __enter__(self) -> "Retrieval":
        """Seal the start, then check entry, description and piece list.

        Raises Denied, Unreachable if the start cannot be sealed, ContentAltered, ObjectMissing.
        """
        try:
            self._take_lock()
            self._begin()
            with cause(self._cause):
                self._record = self._open_record()
                self._record.prepare()
        except BaseException as error:
            self._leave(error)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Seal how the access ended; after a success this raises if that cannot be done now."""
        self._leave(error)

    @property
    def description(self) -> RecordDescription:
        """record.json, checked against its entry."""
        return self._sealed.description

    @property
    def record_json(self) -> bytes:
        """The bytes of record.json."""
        return self._sealed.record_json

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the access' range, in parts of at most 4 MiB.

        Each is checked before it is handed out. Raises PieceAltered or ObjectMissing.
        """
        with closing(checked_range(self._sealed, self.start, self.stop)) as parts:
            yield from self.counted(within(self._cause, parts))

    def original(self) -> Iterator[bytes]:
        """All bytes of the record, checked, for a copy to be made from; they stay in the house."""
        with closing(checked_range(self._sealed, 0, self.description.size)) as parts:
            yield from within(self._cause, parts)

    def piece_hashes(self) -> Sequence[bytes]:
        """SHA-256 of every piece of the record, checked."""
        with cause(self._cause):
            return self._sealed.piece_hashes()

    def counted(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """The same parts, each counted before it is handed out; Denied once it is blocked."""
        for part in parts:
            self._check_open()
            self.handed_out += len(part)
            if self._lock is not None:
                self._lock.note(self.handed_out)
            yield part

    def _check_open(self) -> None:
        """Denied where the record was spilled since the access began."""
        query = select(RECORD.c.spilled).where(RECORD.c.id == self._row.id)
        with self._parts.database.read() as connection:
            if connection.execute(query).scalar():
                raise denied("RECORD_SPILLED", self._row.id)

    def say_made(self, body: Mapping[str, Any]) -> None:
        """Put `derived.made` on the ledger; it is sealed on return. Raises Denied, Unreachable."""
        desk = self._parts.desk
        with desk.database.write() as connection:
            record = self.description.record_id
            entry = desk.submit_own(connection, "derived.made", "registry", record, body, MEDIA)
        desk.wait([entry])

    def sidecar(self) -> bytes | None:
        """The sidecar's original bytes, checked; None if there was none. Not counted in bytes."""
        with cause(self._cause):
            return self._sealed.sidecar()

    @property
    def _cause(self) -> str:
        """What a server's access log shows of this access: the entry with which it began."""
        log, index = self.place
        return f"entry {log}#{index}"

    @property
    def _sealed(self) -> SealedRecord:
        if self._record is None:
            raise RuntimeError("a retrieval is used inside its `with` statement")
        return self._record

    def _take_lock(self) -> None:
        parts, order = self._parts, self._order
        lock = self._stack.enter_context(AccessLock(parts.locks, self.access))
        if not lock.held:
            error = denied("ACCESS_EXISTS", self.access)
            parts.desk.record_denial(error, order.account, None, order.person)
            raise error
        lock.note(0)
        self._lock = lock

    def _begin(self) -> None:
        entries = self._book.begin()
        self._begun = True
        self.place = self._parts.desk.wait(entries)[-1]
        self._sealed_start = True

    def _open_record(self) -> SealedRecord:
        parts, row = self._parts, self._row
        with parts.database.read() as connection:
            head = ledger.head_of(connection, row.log)
        size = head.published if head else 0
        stored = StoredLog(parts.places, parts.trust, row.log, size)
        return SealedRecord(parts.places.evidence, stored.prove(row.idx, size), row.id)

    def _leave(self, error: BaseException | None) -> None:
        """End the access on the ledger and let the lock go; `error` is what ended it, if any."""
        with self._stack:
            self._record = None
            if isinstance(error, StateUnknown) or not self._begun:
                return  # in an unknown state nothing more is written; found later as a dead access
            try:
                self._end(self._code(error))
            except ArchiveError as second:
                if error is None or isinstance(second, StateUnknown):
                    raise
                error.add_note(f"The end of the access is not sealed yet: {second}")

    def _code(self, error: BaseException | None) -> str | None:
        if not self._sealed_start:
            return "NOT_SEALED"
        return None if error is None else end_code(error)

    def _end(self, code: str | None) -> None:
        with self._parts.database.write() as connection:
            entry = self._book.end(connection, self.handed_out, code)
        if entry is not None and self._sealed_start:
            self._parts.desk.wait([entry])


def end_code(error: BaseException) -> str:
    """The code of `access.aborted` for what ended a retrieval."""
    if isinstance(error, (CopyNotMade, DeliveryEnded, Denied)):
        return error.code
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code
    return "FAILED"


_CODES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (PieceAltered, "PIECE_ALTERED"),
    (DataBad, "RECORD_ALTERED"),
    (ObjectMissing, "OBJECT_MISSING"),
    (Unreachable, "UNREACHABLE"),
    (OSError, "WRITE_FAILED"),
    ((KeyboardInterrupt, SystemExit, GeneratorExit), "INTERRUPTED"),
)
