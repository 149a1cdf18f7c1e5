"""The version book: which version of a key was written, in the database (table `location`).

It is a projection, like the catalog: whatever it does not know is found by listing the bucket.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from sqlalchemy import Delete, delete, insert, select

from archive.database import Database
from archive.ports import StoredVersion
from archive.stores.s3.versions import Standing
from archive.tables import LocationRow

LOCATION = LocationRow.__table__  # type: ignore[attr-defined]
FIRST, REPLICA = "first", "replica"
"""Names of stores, as the ledger has them."""

_AT_ONCE = 500


class Locations:
    """A VersionBook of one store; `database` is only opened when it is asked or told something."""

    def __init__(self, database: Callable[[], Database], store: str = FIRST) -> None:
        self._database = database
        self._store = store

    def known(self, keys: Sequence[str]) -> Mapping[str, str]:
        """See VersionBook.known."""
        found: dict[str, str] = {}
        with self._database().read() as connection:
            for some in _chunks(keys):
                query = select(LOCATION.c.key, LOCATION.c.version).where(
                    LOCATION.c.store == self._store, LOCATION.c.key.in_(some)
                )
                found |= {row.key: row.version for row in connection.execute(query)}
        return found

    def remember(self, written: Mapping[str, Standing]) -> None:
        """See VersionBook.remember."""
        rows = [
            {
                "store": self._store,
                "key": key,
                "version": standing.version,
                "until": standing.until,
                "held": standing.held,
            }
            for key, standing in written.items()
        ]
        with self._database().write() as connection:
            for some in _chunks(list(written)):
                connection.execute(self._delete(some))
            if rows:
                connection.execute(insert(LOCATION), rows)

    def refill(self, found: Iterable[StoredVersion]) -> None:
        """Forget everything and note what a listing shows; nothing is known of locks then."""
        with self._database().write() as connection:
            connection.execute(delete(LOCATION).where(LOCATION.c.store == self._store))
            rows = iter(found)
            while some := list(islice(rows, _AT_ONCE)):
                values = [{"store": self._store, "key": v.key, "version": v.version} for v in some]
                connection.execute(insert(LOCATION), values)

    def forget(self, keys: Sequence[str]) -> None:
        """See VersionBook.forget."""
        with self._database().write() as connection:
            for some in _chunks(keys):
                connection.execute(self._delete(some))

    def _delete(self, keys: Sequence[str]) -> Delete:
        return delete(LOCATION).where(LOCATION.c.store == self._store, LOCATION.c.key.in_(keys))


def _chunks(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
