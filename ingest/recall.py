"""Lists of sidecars that were taken lately, for a watcher that has just begun.

    Recall(database, content, mappings, now)(source, top)

What an earlier watcher took is in the archive: nothing of it is noted elsewhere, and no kill can
lose it. How long rows of a list are good, see ingest.sidecars.lists.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from archive.database import Database
from archive.errors import DataBad, NotFound, ObjectMissing
from archive.tables import HeadRow, IntakeRow, RecordRow
from ingest.sidecar import MAX_SIZE
from ingest.sidecars.lists import LEFT_SECONDS, Before
from ingest.sidecars.mapping import Mappings
from ingest.sidecars.pairing import look
from ingest.watching import Recalled

HEAD = HeadRow.__table__  # type: ignore[attr-defined]
INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
RECORD = RecordRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Recall:
    """Asks the catalog for lists, and the store for what they say.

    `content` gives a record's bytes as they were sealed, or raises like `Originals.open`.
    """

    database: Database
    content: Callable[[str], bytes]
    mappings: Mappings
    now: Callable[[], datetime]

    def __call__(self, source: str, top: bytes) -> Recalled:
        """Lists of the source in this folder; raises Unreachable where they cannot be had now."""
        lists, lost = [], []
        for row in self._rows(source):
            path = b"/".join(filter(None, (top, row["folder_raw"], row["name_raw"])))
            try:
                if before := self._before(source, path, row):
                    lists.append(before)
            except (DataBad, ObjectMissing, NotFound):
                lost.append(path)
        return Recalled(lists, lost)

    def _rows(self, source: str) -> list[Mapping[str, Any]]:
        """Records that may be lists, by their names and sizes."""
        c = RECORD.c
        ends = {end for one in self.mappings.all for _, end in one.listed}
        if not ends:
            return []
        named = or_(*(c.name.iendswith(end, autoescape=True) for end in sorted(ends)))
        here = ~c.lost & ~c.destroyed & ~c.spilled
        since = c.received_at >= self.now() - timedelta(seconds=LEFT_SECONDS)
        small = c.size.between(1, MAX_SIZE) & c.sidecar_sha256.is_(None)
        query = select(c.id, c.name_raw, c.folder_raw, c.size, c.received_at)
        # What is not stored yet is still in the inbox, where the walk finds it.
        stored = (HEAD.c.log == c.log) & (HEAD.c.published > c.idx)
        query = query.join(HEAD, stored).where(since, c.source == source, small, named, here)
        with self.database.read() as connection:
            found = connection.execute(query.order_by(c.received_at, c.log, c.idx))
            return [dict(row) for row in found.mappings()]

    def _before(self, source: str, path: bytes, row: Mapping[str, Any]) -> Before | None:
        """The list as a walk would have known it; None where it is none."""
        written = self._written(source, path, row["id"])
        if written is None:
            return None
        data = self.content(row["id"])
        known = look(self.mappings, row["name_raw"], len(data), lambda most: data[:most])
        if known is None or not known.rows:
            return None
        age = (self.now() - row["received_at"]).total_seconds()
        return Before(path, row["folder_raw"], known, written, age)

    def _written(self, source: str, path: bytes, record: str) -> float | None:
        """When its drop was written; None where it did not come by this inbox."""
        c = INTAKE.c
        at = (c.source == source) & (c.path == path) & (c.record == record)
        with self.database.read() as connection:
            found = connection.execute(select(c.ctime_ns).where(at)).scalar()
        return None if found is None else found / 1e9
