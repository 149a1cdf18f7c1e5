"""`seal abandon`: giving up records whose staged bytes are gone, so that the ledger can go on.

A batch that is appended cannot be taken back. Its accession stays on the ledger for ever, followed
by `record.lost` with a reason and a person, and verification reports `CONTENT_LOST` from then on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from archive import layout, ledger
from archive.actors import Doer, stated
from archive.database import Database
from archive.detail import Detail
from archive.entry import Entry
from archive.errors import NotFound
from archive.ids import RANDOM_BYTES, new_ulid
from archive.lease import Lease
from archive.ledger import ENTRY, UNSTORED, Head, NewEntry, NewObject
from archive.ports import Clock
from archive.publish import Places
from archive.tables import IntakeRow

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A record that was given up: where its accession stands, and the objects that are gone."""

    record: str
    log: str
    index: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Abandoner:
    """What giving up works with."""

    database: Database
    places: Places
    lease: Lease
    clock: Clock
    random: Callable[[int], bytes]

    def abandon(self, by: Doer, reason: str) -> list[Abandoned]:
        """Give up every record of the unfinished batch whose bytes cannot be had.

        Submits `record.lost` for each; the caller lets the sealer run, which stores the rest of the
        batch. Raises UsageError, or NotFound if nothing is missing.
        """
        actor, name = by.actor, by.name
        why = stated(reason, "a reason")
        with self.lease.hold(wait=True), self.database.write() as connection:
            head = ledger.current_head(connection)
            gone = self._gone(connection, head) if head else []
            if not gone:
                raise NotFound("No staged bytes are missing; there is nothing to abandon.")
            # First all deletions: new objects may get the row numbers that become free, and the
            # members of a pack name the same row.
            for lost, _, rows in gone:
                self._give_up(connection, lost, rows)
            made = [self._entry(lost, stream, actor, name, why) for lost, stream, _ in gone]
            ledger.submit(connection, made)
        return [lost for lost, _, _ in gone]

    def _gone(
        self, connection: Connection, head: Head
    ) -> list[tuple[Abandoned, str, tuple[int, ...]]]:
        """Records with missing objects, their streams, and the rows of those objects."""
        query = (
            select(UNSTORED.c.id, UNSTORED.c.key, UNSTORED.c.path, ENTRY.c.idx, ENTRY.c.data)
            .join(ENTRY, ENTRY.c.pending == UNSTORED.c.pending)
            .where(ENTRY.c.log == head.log, ENTRY.c.idx >= head.published)
            .where(UNSTORED.c.path.is_not(None))
            .order_by(ENTRY.c.idx, UNSTORED.c.id)
        )
        found: dict[int, tuple[bytes, list[Any]]] = {}
        for row in connection.execute(query):
            if not self._can_be_had(row.path, row.key):
                found.setdefault(row.idx, (row.data, []))[1].append(row)
        gone = []
        for index, (data, rows) in found.items():
            ids, keys = tuple(row.id for row in rows), tuple(row.key for row in rows)
            for member, entry in self._with_pack(connection, head, index, Entry.parse(data)):
                lost = Abandoned(str(entry.subject), head.log, member, keys)
                gone.append((lost, entry.stream, ids))
        return gone

    def _with_pack(
        self, connection: Connection, head: Head, index: int, first: Entry
    ) -> list[tuple[int, Entry]]:
        """An entry with its index, and those of all other records that lie in the same pack."""
        pack = first.body.get("pack")
        if pack is None:
            return [(index, first)]
        batch = ledger.entries_between(connection, head.log, index, head.size)
        near = [(new.index, Entry.parse(new.data)) for new in batch]
        return [(i, e) for i, e in near if (e.body.get("pack") or {}).get("id") == pack["id"]]

    def _can_be_had(self, path: str, key: str) -> bool:
        staged = (self.places.staging / path).exists()
        return staged or self.places.evidence.stat(key) is not None

    def _give_up(self, connection: Connection, lost: Abandoned, rows: tuple[int, ...]) -> None:
        connection.execute(delete(UNSTORED).where(UNSTORED.c.id.in_(rows)))
        # If the drop still lies in the inbox, it is taken anew, as another record.
        connection.execute(delete(INTAKE).where(INTAKE.c.record == lost.record))

    def _entry(self, lost: Abandoned, stream: str, actor: str, person: str, why: str) -> NewEntry:
        kind = "record.lost"
        data = {"person": person, "reason": why}
        detail = Detail(self._id(), kind, self.random(16), data)
        body = {
            "detail": str(detail.digest()),
            "detail_id": detail.id,
            "entry": {"index": lost.index, "log": lost.log},
        }
        objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
        now = self.clock.now()
        return NewEntry(
            self._id(), kind, stream, actor, now, lost.record, body, objects, urgent=True
        )

    def _id(self) -> str:
        return new_ulid(self.clock.now(), self.random(RANDOM_BYTES))
