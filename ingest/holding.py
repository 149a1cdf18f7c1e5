"""Drops that wait in the inbox because of their source: a retired one, or one at its day's quota.

    gate = SourceGate(database, clock.now, inbox)
    gate.look()                    # before a batch: what the register says now
    for told in gate.told(): ...   # each reason once, as long as it lasts
    if gate.takes(drop): ...

Nothing is lost: such drops lie where they are, and are taken on the next day, once the quota is
raised, or once the source is confirmed again.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection, select

from archive.database import Database
from archive.rows import select_among
from archive.source_rows import SOURCE, terms_of
from archive.source_stats import MEGABYTE, Stand, used_today
from archive.source_terms import RETIRED
from ingest.returned import INTAKE, key_of, without_device
from ingest.settle import FileKey
from ingest.sweep import Drop, Noticed, is_ignored

RETIRED_SOURCE, OVER_QUOTA = "source_retired", "over_quota"
"""Reasons, as `Noticed` has them."""


class SourceGate:
    """Lets through what may be taken now; remembers what it has told.

    The file that goes above a quota is taken still: one that is larger than the whole quota would
    wait for ever.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._db = database
        self._now = now
        self._retired: frozenset[str] = frozenset()
        self._left: dict[str, int] = {}
        self._held: dict[str, Noticed] = {}
        self._told: dict[str, str] = {}

    def look(self) -> None:
        """Read the register, and how much of each quota is left."""
        with self._db.read() as connection:
            retired = connection.execute(select(SOURCE.c.id).where(SOURCE.c.state == RETIRED))
            self._retired = frozenset(retired.scalars())
            quotas = {
                source: terms.quota_mb * MEGABYTE
                for source, terms in terms_of(connection).items()
                if terms.quota_mb
            }
            used = used_today(connection, [*quotas], self._now())
        self._left = {source: quota - used.get(source, 0) for source, quota in quotas.items()}

    def takes(self, drop: Drop) -> bool:
        """Whether a drop may be taken; `told` says of which sources some may not."""
        source = drop.file.source
        reason = None
        if source in self._retired:
            reason = RETIRED_SOURCE
        elif source in self._left:
            if self._left[source] > 0:
                self._left[source] -= drop.file.key.size
            else:
                reason = OVER_QUOTA
        if reason is None:
            return True
        if source not in self._held:
            self._held[source] = Noticed(_folder(drop), reason)
        return False

    def told(self) -> Iterator[Noticed]:
        """At the end of a sweep: sources whose drops wait, once as long as they do."""
        for source, noticed in self._held.items():
            if self._told.get(source) != noticed.reason:
                yield noticed
        self._told = {source: noticed.reason for source, noticed in self._held.items()}
        self._held = {}


def waiting_of(connection: Connection, inbox: bytes, stand: Stand) -> int:
    """How many files of such a source lie in the inbox and are not taken; their sidecars too."""
    found: dict[bytes, FileKey] = {}
    for folder, folders, names in os.walk(os.path.join(inbox, stand.name)):
        folders[:] = [name for name in folders if not is_ignored(name)]
        for name in names:
            path = os.path.join(folder, name)
            with suppress(OSError):
                seen = os.lstat(path)
                if not is_ignored(name) and stat.S_ISREG(seen.st_mode):
                    found[path] = without_device(FileKey.of(seen))
    columns = ("path", "dev", "ino", "size", "mtime_ns", "ctime_ns")
    for path, *key in select_among(connection, INTAKE, columns, "path", [*found], stand.source):
        if found.get(bytes(path)) == without_device(key_of(key)):
            del found[bytes(path)]
    return len(found)


def _folder(drop: Drop) -> bytes:
    """The source's folder."""
    path = os.path.dirname(drop.file.path)
    return path[: -len(drop.file.folder) - 1] if drop.file.folder else path


def is_retired(connection: Connection, source: str) -> bool:
    """Whether nothing is taken of a source, by hand neither."""
    query = select(SOURCE.c.state).where(SOURCE.c.id == source)
    return connection.execute(query).scalar() == RETIRED
