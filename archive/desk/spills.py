"""Use cases of spills: what is blocked and not gone yet, and what the archive says of its going.

    for one in pending(connection): one.record, one.waits
    entries = said_gone(desk, unit.records, cleared, versions)

Between blocking and going lie the locks of the stores; `retention.clearing` does the deleting.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete

from archive.database import Database
from archive.desk.db_shelf import DbShelf
from archive.desk.disposition import KEEPER, LOCATION, REPLICATION
from archive.desk.submit import Desk
from archive.ledger import NewEntry
from archive.registers import spill
from archive.registers.disposition import is_destroyed, pack_of, stores_of
from archive.registers.terms import held_by


@dataclass(frozen=True, slots=True)
class Pending:
    """A blocked record that is stored still.

    `locked` says until when a lock stands, by store (`forever` where it never ends); `others` is
    how many records keep its pack; `holds` are open holds, which keep nothing of it.
    """

    record: str
    spill: str
    at: str
    left: tuple[str, ...]
    cleared: tuple[str, ...]
    locked: dict[str, str]
    pack: str | None
    others: int
    holds: tuple[str, ...]


def pending(connection: Connection) -> Iterator[Pending]:
    """Every record that was spilled and is not gone, in the order of their ids."""
    shelf = DbShelf(connection)
    known = stores_of(shelf)
    for record, value in shelf.every("spilled"):
        if is_destroyed(shelf, record):
            continue
        cleared = spill.cleared_of(shelf, record)
        left = tuple(store for store in known if store not in cleared)
        ends = {store: spill.locked_until(shelf, record, store) for store in left}
        yield Pending(
            record,
            value["spill"],
            value["at"],
            left,
            tuple(cleared),
            {store: end for store, end in ends.items() if end is not None},
            pack_of(shelf, record),
            len(spill.others_of(shelf, record)),
            tuple(held_by(shelf, record)),
        )


def count(connection: Connection) -> int:
    """How many blocked records are stored still."""
    return sum(1 for _ in pending(connection))


def said_gone(
    desk: Desk, records: Sequence[str], stores: Collection[str], versions: int
) -> list[NewEntry]:
    """Submit what the run found gone; nothing where that is on the ledger already.

    `stores` are those that have nothing of these records any more, with those of earlier runs.
    """
    made = []
    with desk.database.write() as connection:
        shelf = DbShelf(connection)
        known = stores_of(shelf)
        for record in records:
            found = spill.spill_of(shelf, record)
            if found is None or is_destroyed(shelf, record):
                continue
            gone = sorted({*stores, *spill.cleared_of(shelf, record)})
            body: dict[str, Any] = {"stores": gone, "versions": versions}
            if gone == known:
                kind, body = "record.destroyed", {**body, "disposition": found["spill"]}
            elif gone != sorted(spill.cleared_of(shelf, record)):
                left = [store for store in known if store not in gone]
                kind, body = "record.cleared", {**body, "left": left, "spill": found["spill"]}
            else:
                continue
            made.append(desk.submit_own(connection, kind, "registry", record, body, KEEPER))
    return made


def forget_objects(database: Database, store: str, keys: Sequence[str]) -> None:
    """Nothing is looked for any more in a store under keys that are being deleted there."""
    with database.write() as connection:
        here = LOCATION.c.key.in_(keys) & (LOCATION.c.store == store)
        connection.execute(delete(LOCATION).where(here))
        connection.execute(delete(REPLICATION).where(REPLICATION.c.key.in_(keys)))
