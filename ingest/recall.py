"""Lists of sidecars that were taken lately, for a watcher that has just begun.

    Recall(database, evidence, mappings, now)(source, top)

What an earlier watcher took is in the archive: nothing of it is noted elsewhere, and no kill can
lose it. How long rows of a list are good, see ingest.sidecars.lists.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import or_, select

from archive.database import Database
from archive.errors import ContentAltered, DataBad, ObjectMissing
from archive.ledger import ENTRY
from archive.parts import CONTENT, Nearby, part_of
from archive.ports import ObjectStore
from archive.tables import HeadRow, IntakeRow, RecordRow
from ingest.sidecar import MAX_SIZE
from ingest.sidecars.lists import LEFT_SECONDS, Before
from ingest.sidecars.mapping import Mappings
from ingest.sidecars.pairing import Known, look, may_be
from ingest.watching import Recalled
from signing import canonical

HEAD = HeadRow.__table__  # type: ignore[attr-defined]
INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
RECORD = RecordRow.__table__  # type: ignore[attr-defined]
_COLUMNS = ("id", "name_raw", "folder_raw", "size", "received_at")


@dataclass(frozen=True, slots=True)
class Recall:
    """Asks the catalog for what may be a list, and the store for what it says."""

    database: Database
    evidence: ObjectStore
    mappings: Mappings
    now: Callable[[], datetime]

    def __call__(self, source: str, top: bytes) -> Recalled:
        """Lists of the source in this folder; raises Unreachable where they cannot be had now."""
        lists, lost = [], []
        nearby = Nearby(self.evidence)
        for row in self._rows(source):
            path = b"/".join(filter(None, (top, row["folder_raw"], row["name_raw"])))
            try:
                known = self._known(row, nearby)
            except (DataBad, ObjectMissing):
                lost.append(path)
                continue
            written = self._written(source, path, row["id"]) if known and known.rows else None
            if known is not None and written is not None:
                age = (self.now() - row["received_at"]).total_seconds()
                lists.append(Before(path, row["folder_raw"], known, written, age))
        return Recalled(lists, lost)

    def _rows(self, source: str) -> Iterator[Mapping[str, Any]]:
        """Records that may be lists, by their names and sizes, the oldest first."""
        c = RECORD.c
        ends = {end for one in self.mappings.all for _, end in one.listed}
        if not ends:
            return
        named = or_(*(c.name.iendswith(end, autoescape=True) for end in sorted(ends)))
        here = ~c.lost & ~c.destroyed & ~c.spilled
        since = c.received_at >= self.now() - timedelta(seconds=LEFT_SECONDS)
        small = c.size.between(1, MAX_SIZE) & c.sidecar_sha256.is_(None)
        # What is not stored yet is still in the inbox, where the walk finds it.
        stored = (HEAD.c.log == c.log) & (HEAD.c.published > c.idx)
        entry = (ENTRY.c.log == c.log) & (ENTRY.c.idx == c.idx)
        query = select(*(c[name] for name in _COLUMNS), ENTRY.c.data)
        query = query.join(HEAD, stored).join(ENTRY, entry)
        query = query.where(since, c.source == source, small, named, here)
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(c.received_at, c.log, c.idx)).mappings().all()
        for row in rows:
            if any(one.is_list for one in may_be(self.mappings, row["name_raw"])):
                yield {**row}

    def _known(self, row: Mapping[str, Any], nearby: Nearby) -> Known | None:
        """What its content is to files beside it; raises ContentAltered and ObjectMissing."""
        entry: Any = canonical.reread(row["data"])
        at = datetime.fromisoformat(entry["at"])
        data = nearby.read(part_of(row["id"], entry["body"], at, CONTENT), MAX_SIZE)
        if f"sha256:{sha256(data).hexdigest()}" not in entry["body"]["content"]:
            raise ContentAltered(f"The content of {row['id']} is not what was sealed.")
        return look(self.mappings, row["name_raw"], len(data), lambda most: data[:most])

    def _written(self, source: str, path: bytes, record: str) -> float | None:
        """When its drop was written; None where it did not come by this inbox."""
        c = INTAKE.c
        at = (c.source == source) & (c.path == path) & (c.record == record)
        with self.database.read() as connection:
            found = connection.execute(select(c.ctime_ns).where(at)).scalar()
        return None if found is None else found / 1e9
