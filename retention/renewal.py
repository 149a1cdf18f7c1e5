"""Renewal: dates in a store that end before the keeping does, lengthened before they are needed.

What is kept for ever has the farthest date that a server can hold. Such a date comes nearer; three
years before it, and at every run after that, it is set anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.database import Database
from archive.desk import keeping
from archive.errors import ArchiveError, StateUnknown
from archive.ports import Clock, Vault
from retention.locks import (
    LOCATION,
    LOCKING,
    Failure,
    Read,
    Unit,
    Wanted,
    protect,
    remember,
    versions_of,
)

AHEAD = timedelta(days=3 * 365)
PERMANENT = ("details/", "log/", "pki/")
"""Where everything is kept for ever (docs/formats.md §12)."""
_FOREVER = Wanted(permanent=True)


class Renewal:
    """Looks for dates that come near; `vaults` by the name of their store."""

    def __init__(self, database: Database, vaults: Mapping[str, Vault], clock: Clock) -> None:
        self._database = database
        self._vaults = vaults
        self._clock = clock

    def run(self, *, every: bool = False) -> tuple[int, list[Failure]]:
        """Renew what is known to end soon; how many objects, and what could not be.

        With `every`, each object in the permanent folders is asked for its date, which is slow.
        """
        renewed, failures = 0, []
        horizon = self._clock.now() + AHEAD
        self._note_records(horizon)
        for store, vault in self._vaults.items():
            found = self._asked(vault, horizon) if every else self._known(store, horizon)
            for key, version in found:
                try:
                    got = protect(vault, key, version, _FOREVER)
                    with self._database.write() as connection:
                        remember(connection, [Read(store, key, version, got)])
                except StateUnknown:
                    raise
                except ArchiveError as error:
                    failures.append(Failure(store, key, str(error)))
                else:
                    renewed += 1
        return renewed, failures

    def _asked(self, vault: Vault, horizon: datetime) -> Iterator[tuple[str, str]]:
        for folder in PERMANENT:
            for key, version in versions_of(vault, Unit(folder, folder)):
                got = vault.protection(key, version)
                soon = got.until is None or got.until < horizon
                if got.level in LOCKING and (soon or not got.held):
                    yield key, version

    def _known(self, store: str, horizon: datetime) -> Sequence[tuple[str, str]]:
        """Objects in the permanent folders whose date is known, and near."""
        near = (LOCATION.c.store == store) & (LOCATION.c.until < horizon)
        query = select(LOCATION.c.key, LOCATION.c.version).where(near).order_by(LOCATION.c.key)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [(row.key, row.version) for row in rows if row.key.startswith(PERMANENT)]

    def _note_records(self, horizon: datetime) -> None:
        """Have the locks of records looked at whose dates end before their keeping does."""
        near = LOCATION.c.until < horizon
        query = select(LOCATION.c.key, LOCATION.c.until).where(near).order_by(LOCATION.c.key)
        with self._database.write() as connection:
            for row in connection.execute(query).all():
                for record in _longer(connection, row.key, row.until):
                    keeping.note(connection, "record", record)


def _longer(connection: Connection, key: str, until: datetime) -> list[str]:
    """Records of a pack or of a folder that are kept longer than an object of theirs is locked."""
    parts = key.split("/")
    if parts[0] == "packs":
        here = RECORD.c.pack == parts[-1].removesuffix(".zip")
    elif parts[0] == "records" and len(parts) == 4:
        here = RECORD.c.id == parts[2]
    else:
        return []
    longer = RECORD.c.permanent | (RECORD.c.retain_until > until)
    found = select(RECORD.c.id).where(here, longer, ~RECORD.c.destroyed, ~RECORD.c.spilled)
    return list(connection.execute(found.limit(1)).scalars())
