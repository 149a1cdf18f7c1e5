"""Retrieval: a record leaves the archive only after an entry says so, and only as it was sealed.

    find -> `access.started` sealed -> entry proved from storage -> record.json and piece list
    checked against it -> every 4 MiB piece hashed before it is handed out -> `access.completed`
    or `access.aborted`

The database only says where to look. A process that dies on the way leaves an open access and a
lock that the kernel lets go; `abort_dead_accesses` finds both and ends the access on the ledger.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive import catalog, layout, ledger, submitting
from archive.access_lock import AccessLock
from archive.actors import stated, user_actor
from archive.database import Database
from archive.detail import Detail
from archive.errors import ArchiveError, DataBad, ObjectMissing, StateUnknown, Unreachable
from archive.ids import RANDOM_BYTES, new_ulid
from archive.ledger import NewEntry, NewObject
from archive.ports import Clock
from archive.publish import Places
from archive.record import RecordDescription
from archive.seal import Sealer
from archive.sealed_record import PieceAltered, SealedRecord
from archive.stored_log import LogTrust, StoredLog
from archive.tables import AccessRow, RecordRow

ACCESS = AccessRow.__table__  # type: ignore[attr-defined]
Progress = Callable[[int, int], None]
"""Called with the bytes handed out so far and the record's size."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, as entry and detail name them, and why."""

    actor: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Retriever:
    """What retrieval works with. `locks` is a folder for the locks of running accesses."""

    database: Database
    places: Places
    sealer: Sealer
    trust: LogTrust
    clock: Clock
    random: Callable[[int], bytes]
    locks: Path
    timeout: float = 60.0

    def open(
        self, record: str, *, person: str, reason: str, progress: Progress | None = None
    ) -> "Retrieval":
        """A retrieval, to be used in a `with` statement; nothing is read or written before.

        `record` is an identifier or its unique beginning. Raises NotFound or UsageError.
        """
        request = Request(
            user_actor(person), stated(person, "a person's name"), stated(reason, "a reason")
        )
        with self.database.read() as connection:
            row = catalog.find_record(connection, record)
        return Retrieval(self, row, request, progress)

    def abort_dead_accesses(self) -> list[str]:
        """End accesses whose process died, as `access.aborted` with code `PROCESS_ENDED`.

        Returns their ids. `bytes` is what the process noted last, and the record's size where the
        note is gone: never less than what left. The caller lets the sealer run.
        """
        with self.database.read() as connection:
            rows = connection.execute(select(ACCESS).where(ACCESS.c.open)).all()
        return [row.id for row in rows if self._abort_if_dead(row)]

    def _abort_if_dead(self, row: Any) -> bool:
        with AccessLock(self.locks, row.id) as lock:
            if not lock.held:
                return False
            with self.database.write() as connection:
                count = lock.noted
                if count is None:
                    count = _size_of(connection, row.record)
                ended = self.end(connection, row.id, row.record, row.person, count, "PROCESS_ENDED")
            return ended is not None

    def end(
        self,
        connection: Connection,
        access: str,
        record: str,
        person: str,
        count: int,
        code: str | None,
    ) -> NewEntry | None:
        """Submit the end of an access and close its row; None if it is closed already."""
        still_open = (ACCESS.c.id == access, ACCESS.c.open)
        closed = connection.execute(update(ACCESS).where(*still_open).values(open=False))
        if closed.rowcount != 1:
            return None
        body: dict[str, Any] = {"access": access, "bytes": count}
        kind = "access.completed"
        if code is not None:
            kind, body["code"] = "access.aborted", code
        actor = "system/retrieve" if code == "PROCESS_ENDED" else user_actor(person)
        entry = self._entry(kind, actor, record, body)
        ledger.submit(connection, [entry])
        return entry

    def start(
        self, connection: Connection, access: str, record: str, request: "Request"
    ) -> NewEntry:
        """Submit `access.started` with its detail and open the access' row."""
        now = self.clock.now()
        kind = "access.started"
        data = {"person": request.person, "reason": request.reason}
        detail = Detail(self.new_id(), kind, self.random(16), data)
        row = {"id": access, "record": record, "person": request.person, "at": now, "open": True}
        connection.execute(insert(ACCESS), [row])
        body = {
            "access": access,
            "action": "copy",
            "detail": str(detail.digest()),
            "detail_id": detail.id,
        }
        objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
        entry = self._entry(kind, request.actor, record, body, objects)
        ledger.submit(connection, [entry])
        return entry

    def wait(self, entry: NewEntry) -> None:
        """Return once the entry is durable; raises Unreachable."""
        submitting.wait(self.sealer, self.database, [entry], self.clock, self.timeout)

    def _entry(
        self,
        kind: str,
        actor: str,
        record: str,
        body: dict[str, Any],
        objects: tuple[NewObject, ...] = (),
    ) -> NewEntry:
        now = self.clock.now()
        return NewEntry(
            self.new_id(), kind, "access", actor, now, record, body, objects, urgent=True
        )

    def new_id(self) -> str:
        """A fresh identifier."""
        return new_ulid(self.clock.now(), self.random(RANDOM_BYTES))


def _size_of(connection: Connection, record: str) -> int:
    row = catalog.find_record(connection, record)
    return row.size


class Retrieval:
    """One access to one record, used as a context manager.

    On entering, `access.started` is durable and the record is checked as far as it can be without
    its content. Inside, `pieces`, `sidecar` and `record_json` hand out checked bytes. On leaving,
    in whatever way, the end of the access is on the ledger.
    """

    def __init__(
        self, retriever: Retriever, row: RecordRow, request: Request, progress: Progress | None
    ) -> None:
        self._parts = retriever
        self._row = row
        self._request = request
        self._progress = progress
        self._record: SealedRecord | None = None
        self._stack = ExitStack()
        self._lock: AccessLock | None = None
        self.access = retriever.new_id()
        self._started = False
        self.handed_out = 0

    def __enter__(self) -> "Retrieval":
        """Seal `access.started`, then check entry, description and piece list.

        Raises Unreachable if the entry cannot be sealed, ContentAltered, ObjectMissing.
        """
        self._lock = self._stack.enter_context(AccessLock(self._parts.locks, self.access))
        self._lock.note(0)
        try:
            self._start()
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

    @property
    def piece_count(self) -> int:
        """How many pieces the content has."""
        return self._sealed.piece_count

    def pieces(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Pieces [first, last) of the content, 4 MiB each but for the last; all by default.

        Each is checked before it is handed out. Raises PieceAltered or ObjectMissing.
        """
        size = self._sealed.description.size
        for piece in self._sealed.pieces(first, last):
            self.handed_out += len(piece)
            if self._lock is not None:
                self._lock.note(self.handed_out)
            yield piece
            if self._progress is not None:
                self._progress(self.handed_out, size)

    def sidecar(self) -> bytes | None:
        """The sidecar's original bytes, checked; None if there was none. Not counted in bytes."""
        return self._sealed.sidecar()

    @property
    def _sealed(self) -> SealedRecord:
        if self._record is None:
            raise RuntimeError("a retrieval is used inside its `with` statement")
        return self._record

    def _start(self) -> None:
        parts, record = self._parts, self._row.id
        with parts.database.write() as connection:
            entry = parts.start(connection, self.access, record, self._request)
        parts.wait(entry)
        self._started = True

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
            if isinstance(error, StateUnknown):
                return  # nothing may be written any more; found later as a dead access
            try:
                self._end(self._code(error))
            except ArchiveError as second:
                if error is None or isinstance(second, StateUnknown):
                    raise
                error.add_note(f"The end of the access is not sealed yet: {second}")

    def _code(self, error: BaseException | None) -> str | None:
        if not self._started:
            return "NOT_SEALED"
        return None if error is None else end_code(error)

    def _end(self, code: str | None) -> None:
        parts, request = self._parts, self._request
        with parts.database.write() as connection:
            entry = parts.end(
                connection, self.access, self._row.id, request.person, self.handed_out, code
            )
        if entry is not None and self._started:
            parts.wait(entry)


def end_code(error: BaseException) -> str:
    """The code of `access.aborted` for what ended a retrieval."""
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
