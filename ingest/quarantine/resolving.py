"""How a quarantined drop ends: taken after all, or rejected by a person. Nothing is deleted.

The bytes go the ordinary way again, from where they lie; the entry `drop.resolved` follows in a
commit of its own. A crash between the two leaves the drop open, and the next try finds that it was
taken: the entry is then all that is left to do.
"""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, select

from archive import resolved
from archive.actors import Doer, stated
from archive.database import Database
from archive.durable import FileSystem
from archive.errors import NotFound, Refused, Unreachable
from archive.ledger import NewEntry, submit
from archive.ports import Clock
from ingest.claim import ALONE, JSON, Claim
from ingest.errors import AmendedBefore, FoundSecret, SourceUnreadable, StillRejected
from ingest.found import Found
from ingest.intake import INTAKE, Intake
from ingest.late.judging import Late
from ingest.names import decode_name
from ingest.quarantine.rejections import SIDECAR
from ingest.quarantine.secret import Secrets
from ingest.quarantine.shelf import Item, Kept, altered, unknown
from ingest.register import Maker
from signing.digest import Digest

ACCESSIONED, REDROPPED, AMENDED, REJECTED = "accessioned", "redropped", "amended", "rejected"
REFUSED = "refused"
_Files = TypeVar("_Files")


class Ended(NamedTuple):
    """How a drop ended, and the id under which the entry that says so is pending."""

    outcome: str
    record: str | None
    pending: str


class Resolver:
    """Tries drops again, and puts on the ledger how they ended."""

    def __init__(
        self,
        database: Database,
        fs: FileSystem,
        clock: Clock,
        maker: Maker,
        by: Doer,
        seal: Callable[[], bool],
    ) -> None:
        """`by` is who says so. `seal` seals what was submitted, and whether all of it is."""
        self._db = database
        self._fs = fs
        self._clock = clock
        self._maker = maker
        self._by = by
        self._seal = seal

    def retry(
        self,
        intake: Intake,
        item: Item,
        attached: tuple[Found, Claim | None] | None = None,
        reason: str | None = None,
    ) -> Ended:
        """Take a drop after all, perhaps with another sidecar.

        Raises StillRejected with the same or another reason, or where what lies here is not what
        was rejected; Refused for one that is resolved; FoundSecret for one that turns out to be a
        state secret: once that is sealed, nothing of it stays here.
        """
        if self._outcome(item) == REFUSED and item.has_bytes:
            raise self._wiped(intake, item)  # a crash came before, or no seal could be made
        self.check_open(item)
        if item.has_content:
            outcome, record = self._taken(intake, item, attached)
        else:
            outcome, record = self._amended(intake, item, attached)
        return self.end(item, outcome, record, attached[0] if attached else None, reason)

    def check_open(self, item: Item) -> None:
        """Raises Refused for a drop that is resolved."""
        outcome = self._outcome(item)
        if outcome is not None:
            raise Refused(f"{item.number} is resolved: {outcome}.")

    def _outcome(self, item: Item) -> str | None:
        with self._db.read() as connection:
            row = resolved.resolved(connection).get(item.number)
        return None if row is None else str(row.outcome)

    def _taken(
        self, intake: Intake, item: Item, attached: tuple[Found, Claim | None] | None
    ) -> tuple[str, str]:
        drop = self._same(item, lambda: item.drop(attached))
        result = intake.admit([drop])
        if result.refused:
            raise self._secret(intake, item)
        with self._db.read() as connection:
            row = self._row(connection, drop.file)
        if row is None or row.record is None:
            raise Refused(f"{item.number} changed while it was read; try again.")
        # An accession has the number of its record, a re-drop one of its own.
        return (ACCESSIONED if row.id == row.record else REDROPPED), row.record

    def _same(self, item: Item, found: Callable[[], _Files]) -> _Files:
        """Its files as they are now, which are those that were sealed; raises StillRejected.

        They are found before they are compared: whoever changes one later changes its key.
        """
        try:
            files = found()
        except (OSError, SourceUnreadable):
            raise StillRejected(item.condition() or altered(item.number)) from None
        if (bad := item.condition()) is not None:
            raise StillRejected(bad)
        return files

    def _row(self, connection: Connection, file: Found) -> Any:
        c = INTAKE.c
        query = select(c.id, c.record).where(
            c.source == file.source, c.path == file.path, c.record.is_not(None)
        )
        return connection.execute(query.order_by(c.id.desc())).first()

    def _amended(
        self, intake: Intake, item: Item, attached: tuple[Found, Claim | None] | None
    ) -> tuple[str, str]:
        """A sidecar that came after its file: the record must still have none."""
        record = item.reason.late or ""
        mapping = item.reason.mapping
        stated_claim = None if mapping == JSON else Claim(mapping, ALONE)
        file = self._same(item, lambda: item.found(SIDECAR, item.reason.name or b""))
        beside, claim = attached or (file, stated_claim)
        c = INTAKE.c
        with self._db.read() as connection:
            path = connection.execute(
                select(c.path).where(c.record == record, c.sidecar_sha256.is_(None))
            ).scalar()
        if path is None:
            if self._is_amended(record, beside):
                return AMENDED, record
            raise AmendedBefore(record)
        late = Late(file.source, beside, beside.name, claim, (bytes(path),))
        result = intake.amend([late])
        if result.refused:
            raise self._secret(intake, item)
        if record not in result.amended:
            raise Refused(f"The record {record} cannot be amended any more.")
        return AMENDED, record

    def _is_amended(self, record: str, beside: Found) -> bool:
        """Whether just this sidecar amended the record: a crash came before the entry."""
        c = INTAKE.c
        data = Path(os.fsdecode(beside.path)).read_bytes()
        wanted = select(c.id).where(
            c.record == record, c.sidecar_sha256 == Digest.of("sha256", data).value
        )
        with self._db.read() as connection:
            return connection.execute(wanted).first() is not None

    def _secret(self, intake: Intake, item: Item) -> FoundSecret:
        """End what turned out to be a state secret, and keep nothing of it."""
        self.end(item, REFUSED, None, None, None)
        return self._wiped(intake, item)

    def _wiped(self, intake: Intake, item: Item) -> FoundSecret:
        """Wipe it, but never before it is sealed who found it, and when; raises Unreachable."""
        if not self._sealed_now():
            raise Unreachable(
                f"{item.number} is marked as a state secret and refused; its copies are wiped when"
                " that is sealed: try it again then."
            )
        with intake.resting():
            Secrets(self._db, self._fs).forget(item)
        return FoundSecret(item.number)

    def _sealed_now(self) -> bool:
        """Seal what was submitted; whether all of it is."""
        return self._seal()

    def reject(self, item: Item, reason: str) -> Ended:
        """End it without taking it; the bytes stay, whatever they are by now.

        Raises Refused where it is resolved, StillRejected where nobody rejected it before.
        """
        self.check_open(item)
        if item.sealed is None:
            raise StillRejected(unknown(item.number))
        return self.end(item, REJECTED, None, None, reason)

    def end(
        self,
        item: Item,
        outcome: str,
        record: str | None,
        attached: Found | None,
        reason: str | None,
    ) -> Ended:
        """Submit the entry; the drop counts as resolved from then on."""
        now = self._clock.now()
        files = item.files() if attached is not None else []
        data = {
            "files": [_file(_kept(attached))] if attached is not None else [],
            "person": self._by.name,
            "reason": None if reason is None else stated(reason, "a reason"),
            "replaced": [_file(one) for one in files if one.role == SIDECAR],
        }
        with self._db.write() as connection:
            if (row := resolved.resolved(connection).get(item.number)) is not None:
                raise Refused(f"{item.number} is resolved: {row.outcome}.")
            pending = self._submit(connection, item, outcome, record, data, now)
        return Ended(outcome, record, pending)

    def _submit(
        self,
        connection: Connection,
        item: Item,
        outcome: str,
        record: str | None,
        data: Mapping[str, Any],
        now: datetime,
    ) -> str:
        source = item.reason.source
        if source is None:
            raise NotFound(f"Nothing says from which source {item.number} came.")
        detail, stored = self._maker.detail(resolved.KIND, now, dict(data))
        body = {
            "detail": str(detail.digest()),
            "detail_id": detail.id,
            "outcome": outcome,
            "quarantine": item.number,
            "source": source,
        }
        pending = self._maker.id(now)
        entry = NewEntry(
            pending, resolved.KIND, "registry", self._by.actor, now, record, body, (stored,)
        )
        submit(connection, [entry])
        resolved.save(connection, body, record, now)
        return pending


def _kept(found: Found) -> Kept:
    data = Path(os.fsdecode(found.path)).read_bytes()
    return Kept(SIDECAR, found.name, len(data), str(Digest.of("sha256", data)))


def _file(kept: Kept) -> dict[str, Any]:
    name = decode_name(kept.name)
    return {
        "name": name.text,
        "name_b64": name.b64,
        "size": kept.size,
        "digests": [kept.sha256],
    }
