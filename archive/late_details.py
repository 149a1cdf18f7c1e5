"""Which sidecars came later for records: where in the store each stands, as the ledger has it.

    late = LateDetails()
    late.of(connection, rows)           # by record; `rows` have id, log and idx

An amendment comes after its record, so the ledger is looked at from its end backwards, no further
than to the oldest of the records that are asked for, and never twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import Connection, LargeBinary, literal, select

from archive import late_sidecar, layout
from archive.column_types import place_of_bytes
from archive.tables import EntryRow, HeadRow
from signing import canonical

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
HEAD = HeadRow.__table__  # type: ignore[attr-defined]
_HERE = ENTRY.c.stream == "registry"
_STEP = 5_000


class LateDetail(NamedTuple):
    """The detail of an amendment by a sidecar: its key in the store and its digest."""

    seq: int
    key: str
    digest: str


class LateDetails:
    """Remembers what it saw: what was published never changes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[str, list[LateDetail]] = {}
        self._low = self._high = 0
        """The entries [low, high) of the registry were looked at."""

    def of(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]]
    ) -> dict[str, list[LateDetail]]:
        """Of each of these records that has any, in the order of the ledger."""
        with self._lock:
            end = _published(connection)
            if self._high == 0:
                self._low = self._high = end
            if end > self._high:
                self._look(connection, self._high, end)
                self._high = end
            while self._low > 0 and not self._reaches(connection, rows):
                low = max(0, self._low - _STEP)
                self._look(connection, low, self._low)
                self._low = low
            known = ((row["id"], self._found.get(row["id"])) for row in rows)
            return {record: sorted(found) for record, found in known if found}

    def _look(self, connection: Connection, low: int, high: int) -> None:
        is_late = place_of_bytes(ENTRY.c.data, literal(b'"what":"sidecar"', LargeBinary)) > 0
        there = select(ENTRY.c.seq, ENTRY.c.data).where(_HERE, ENTRY.c.seq >= low)
        for seq, data in connection.execute(there.where(ENTRY.c.seq < high, is_late)):
            entry: Any = canonical.reread(data)
            body = entry["body"]
            if entry["kind"] == "record.amended" and body["what"] == late_sidecar.WHAT:
                key = layout.detail_key(body["detail_id"])
                found = LateDetail(seq, key, body["detail"])
                self._found.setdefault(entry["subject"], []).append(found)

    def _reaches(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> bool:
        """Whether all of these records are younger than what was looked at."""
        query = select(ENTRY.c.log, ENTRY.c.idx).where(_HERE, ENTRY.c.seq == self._low)
        oldest = connection.execute(query).first()
        return oldest is not None and all(
            row["log"] == oldest.log and row["idx"] > oldest.idx for row in rows
        )


def _published(connection: Connection) -> int:
    """The end of the registry as far as it is stored, details and all."""
    query = select(ENTRY.c.seq).join(HEAD, HEAD.c.log == ENTRY.c.log)
    query = query.where(_HERE, ENTRY.c.idx < HEAD.c.published)
    newest = connection.execute(query.order_by(ENTRY.c.seq.desc()).limit(1)).scalar()
    return 0 if newest is None else int(newest) + 1
