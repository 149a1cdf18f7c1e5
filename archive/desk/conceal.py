"""Confidential accesses of supervision: committed before the first byte, opened later.

    with confidential.open(order) as retrieval: ...
    confidential.opening(access)     # {"access", "start", "end"}: what opens it

What was committed stands in `<folder>/<access>.json`, for the archive's account alone, and is given
to whoever asked. The ledger and the database name neither person nor record until it is opened.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from archive import fields
from archive.access_lock import AccessLock
from archive.desk.access_rows import ACCESS, close_row, extent_size, open_row
from archive.desk.certificates import stored_certificate
from archive.desk.db_shelf import DbShelf
from archive.desk.release import Order, Release, Retrieval
from archive.desk.submit import GATE, Accepted, Prepared
from archive.detail import Detail
from archive.durable import FileSystem, disk_errors, replace
from archive.errors import Denied, NotFound, UsageError
from archive.ids import check_ulid
from archive.ledger import NewEntry
from archive.registers import concealed
from archive.registers.act import Act
from archive.registers.admit import admit
from archive.registers.denials import denied
from archive.registers.shelf import Overlay
from archive.statements.kinds import SIGNED
from archive.statements.statement import Signed
from archive.times import format_time
from signing import canonical

PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Confidential:
    """Confidential releases; `folder` keeps what opens them."""

    release: Release
    folder: Path
    fs: FileSystem

    def open(self, order: Order) -> Retrieval:
        """A retrieval that the ledger does not explain yet; see `Release.open`.

        Request and start come together: one that was made openly cannot be concealed.
        """
        if order.requested is None:
            raise UsageError("A confidential access brings its own request.")
        return self.release.retrieval(order, ConcealedBook(self, order))

    def opening(self, access: str) -> dict[str, Any]:
        """What opens an access; `end` is null while it runs. Raises NotFound."""
        check_ulid(access)
        try:
            data = self._path(access).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"Nothing is kept of a confidential access {access}.") from None
        return fields.decode_object(data, "the opening of an access")

    def keep(self, access: str, start: Mapping[str, Any], end: Mapping[str, Any] | None) -> None:
        """Write down durably what opens an access."""
        data = canonical.encode({"access": access, "start": dict(start), "end": end})
        with disk_errors(str(self.folder)):
            self.folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            temporary = self.folder / f".{access}.part"
            replace(self.fs, self._path(access), data, temporary, PRIVATE)

    def _path(self, access: str) -> Path:
        return self.folder / f"{access}.json"

    def abort_dead_accesses(self) -> list[str]:
        """End confidential accesses whose process died, as `PROCESS_ENDED`; returns their ids."""
        with self.release.database.read() as connection:
            wanted = select(ACCESS.c.id).where(ACCESS.c.open, ACCESS.c.concealed)
            found = connection.execute(wanted).scalars().all()
        return [access for access in found if self._abort_if_dead(access)]

    def _abort_if_dead(self, access: str) -> bool:
        with AccessLock(self.release.locks, access) as lock:
            if not lock.held:
                return False
            with self.release.database.write() as connection:
                count = lock.noted
                if count is None:
                    count = self._extent(connection, access)
                return self.end(connection, access, count, "PROCESS_ENDED") is not None

    def _extent(self, connection: Connection, access: str) -> int:
        """All that an access could have handed out; 0 where nothing is known of it."""
        try:
            payload = self.opening(access)["start"]["started"]["statement"]["payload"]
        except NotFound:
            return 0
        return extent_size(connection, payload["record"], payload["range"])

    def end(
        self, connection: Connection, access: str, count: int, code: str | None
    ) -> NewEntry | None:
        """Commit to the end of an access and close its row; None if it is closed already."""
        if not close_row(connection, access):
            return None
        desk = self.release.desk
        end = {"bytes": count, "code": code, "salt": desk.random(_SALT_BYTES).hex()}
        with suppress(NotFound):  # what is gone cannot be opened, but the access has an end
            self.keep(access, self.opening(access)["start"], end)
        body = {"access": access, "commitment": concealed.commitment(end)}
        return desk.submit_own(connection, "access.concealed_end", "access", None, body, GATE)

    def reveal(self, signed: list[Signed], detail: Detail, account: str) -> Accepted:
        """Submit `access.opened`; the statements inside are judged like its own.

        What is claimed inside counts for nothing before it is what was committed: every denial is
        one of whoever brings it.
        """
        desk = self.release.desk
        part = desk.prepare(signed, detail, account)
        access = str(part.body.payload["access"])
        with desk.recording(account, part.body):
            with desk.database.read() as connection:
                start = concealed.check_committed(DbShelf(connection), access, detail.data)
            desk.check_signatures(start.statements, start.accepted_at)
            with desk.database.write() as connection:
                entry = desk.submit_prepared(connection, part)
        return Accepted(entry, part.body)


class ConcealedBook:
    """An access that only its commitment stands for."""

    def __init__(self, parts: Confidential, order: Order) -> None:
        self._parts = parts
        self._order = order
        self._access = str(order.payload["access"])

    def begin(self) -> list[NewEntry]:
        """See `archive.desk.release.Book`."""
        parts, order = self._parts, self._order
        desk = parts.release.desk
        handed = [part for part in (order.requested, order.started) if part is not None]
        found = [
            desk.prepare([part.signed], part.detail, order.account, secret=True) for part in handed
        ]
        start = self._start(found)
        try:
            with desk.database.write() as connection:
                self._judge(connection, found, start)
                parts.keep(self._access, start.value, None)
                entry = self._submit(connection, found[-1], start)
        except Denied as error:
            desk.record_denial(error, order.account, found[-1].body, secret=True)
            raise
        return [entry]

    def end(self, connection: Connection, count: int, code: str | None) -> NewEntry | None:
        """See `archive.desk.release.Book`."""
        return self._parts.end(connection, self._access, count, code)

    def _start(self, parts: list[Prepared]) -> concealed.Start:
        requested, started = parts
        value = {
            "accepted_at": format_time(started.at),
            "account": self._order.account,
            "requested": requested.body.statements[0].value(),
            "requested_detail": _object(requested.detail),
            "salt": self._parts.release.desk.random(_SALT_BYTES).hex(),
            "started": started.body.statements[0].value(),
            "started_detail": _object(started.detail),
        }
        return concealed.Start.parse(value)

    def _judge(self, connection: Connection, parts: list[Prepared], start: concealed.Start) -> None:
        """As if both were submitted openly, and that they may be concealed."""
        desk, shelf = self._parts.release.desk, DbShelf(connection)
        if shelf.get("access", self._access) is not None:
            raise denied("ACCESS_EXISTS", self._access)
        overlay = Overlay(shelf)
        for part in parts:
            admit(overlay, _act(connection, part), desk.archive_id)
        rules = shelf.get("rules", "access")
        digest = rules["sha256"] if rules else None
        concealed.judge_start(shelf, desk.archive_id, self._access, start, digest)

    def _submit(self, connection: Connection, part: Prepared, start: concealed.Start) -> NewEntry:
        desk = self._parts.release.desk
        open_row(connection, self._order.payload, None, part.at)
        body = {
            "accepted_at": start.value["accepted_at"],
            "access": self._access,
            "commitment": concealed.commitment(start.value),
            "host": desk.host,
            "spent": concealed.spent(start),
        }
        return desk.submit_own(connection, "access.concealed", "access", None, body, GATE)


def _object(detail: Detail | None) -> dict[str, Any] | None:
    return None if detail is None else fields.decode_object(detail.to_bytes(), "a detail")


def _act(connection: Connection, part: Prepared) -> Act:
    body, detail = part.body, part.detail
    subject = SIGNED[body.kind].subject
    return Act(
        kind=body.kind,
        actor=f"user/{body.signers[0]}",
        subject=body.payload[subject] if subject else None,
        body=body.value(),
        at=part.at,
        detail=lambda: None if detail is None else detail.data,
        certificate=lambda digest: stored_certificate(connection, digest),
    )
