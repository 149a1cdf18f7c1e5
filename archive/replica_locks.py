"""How an object has to be locked in a second store, and whether it may be copied at all.

By the catalog and the registers as they are now, because the first store may know no locks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.desk.db_shelf import DbShelf
from archive.desk.destroying import DESTROYING
from archive.registers.disposition import is_destroyed, is_split
from archive.registers.spill import is_spilled
from archive.registers.terms import held_by

_FOR_EVER = ("details/", "log/", "pki/")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock: `until` None for ever. `known` False: the database cannot say."""

    until: datetime | None = None
    held: bool = True
    known: bool = True


UNKNOWN = Lock(known=False)


def lock_of(connection: Connection, key: str) -> Lock:
    """The lock that an object needs now; what is locked for too long can never be taken back."""
    if key.startswith(_FOR_EVER):
        return Lock()
    rows = _records(connection, key)
    if not rows:
        return UNKNOWN
    shelf = DbShelf(connection)
    held = any(held_by(shelf, row.id) for row in rows)
    if any(row.permanent or row.first_lock is None for row in rows):
        return Lock()
    ends = [moment for row in rows for moment in (row.first_lock, row.retain_until) if moment]
    return Lock(max(ends), held)


def is_going(connection: Connection, key: str) -> bool:
    """Whether what an object holds is destroyed, is being destroyed, or is blocked as a secret."""
    records = [row.id for row in _records(connection, key)]
    if not records:
        return False
    begun = select(DESTROYING.c.record).where(DESTROYING.c.record.in_(records)).limit(1)
    if connection.execute(begun).first() is not None:
        return True
    shelf = DbShelf(connection)
    gone = [is_destroyed(shelf, record) or is_spilled(shelf, record) for record in records]
    alone = key.startswith("records/")
    return any(gone) and all(
        dead or (not alone and is_split(shelf, record))
        for record, dead in zip(records, gone, strict=True)
    )


def _records(connection: Connection, key: str) -> Sequence[Any]:
    """Lines of the catalog whose bytes an object holds."""
    folder, _, rest = key.partition("/")
    if folder == "records" and rest.count("/") == 2:
        where = RECORD.c.id == rest.split("/")[1]
    elif folder == "packs" and key.endswith(".zip"):
        where = RECORD.c.pack == key.rpartition("/")[2].removesuffix(".zip")
    else:
        return ()
    columns = (RECORD.c.id, RECORD.c.first_lock, RECORD.c.retain_until, RECORD.c.permanent)
    return connection.execute(select(*columns).where(where)).all()
