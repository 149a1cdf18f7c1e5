"""Drops that wait in the inbox because of their source: a retired one, or one at its day's quota.

    gate = SourceGate(database, clock.now, inbox)
    gate.look()                    # before a batch: what the register says now
    for told in gate.told(): ...   # each reason once, as long as it lasts
    if gate.takes(drop): ...

Nothing is lost: such drops lie where they are, and are taken on the next day, once the quota is
raised, or once the source is confirmed again.
"""

import os
from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import select

from archive.database import Database
from archive.errors import UsageError
from archive.source_rows import SOURCE, terms_of
from archive.source_stats import MEGABYTE, used_today
from archive.source_terms import RETIRED
from ingest.sweep import Drop, Noticed

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


def _folder(drop: Drop) -> bytes:
    """The source's folder."""
    path = os.path.dirname(drop.file.path)
    return path[: -len(drop.file.folder) - 1] if drop.file.folder else path


def check_not_retired(database: Database, source: str) -> None:
    """Raise UsageError for a retired source: nothing is taken of it by hand either."""
    with database.read() as connection:
        query = select(SOURCE.c.state).where(SOURCE.c.id == source)
        if connection.execute(query).scalar() == RETIRED:
            raise UsageError(
                f"The source {source} is retired; nothing is taken of it until it is confirmed"
                " again: cunzheng sources confirm"
            )
