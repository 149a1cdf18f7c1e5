"""What completeness looks at, from the database and the sealed descriptions.

rules = list_in_force(shelf)                     # (digest, RecordList), or None
materials = Materials(connection, evidence).of(records, restricted)

`restricted` are those that the reader may not be shown as a whole (archive.desk.judging).
"""

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from archive.catalog import RECORD
from archive.completeness.coverage import CaseFacts
from archive.completeness.material import Interruption, Material, kind_of
from archive.completeness.spans import Span
from archive.desk.db_shelf import DbShelf
from archive.entry import Entry
from archive.errors import ArchiveError
from archive.ledger import ENTRY
from archive.parts import DESCRIPTION, Nearby, part_of
from archive.ports import ObjectStore
from archive.record import RecordDescription
from archive.record_list import RecordList
from archive.registers.shelf import Shelf, Value
from archive.registers.volumes import volumes_of
from archive.rows import batched
from signing.digest import Digest

_MOST_DESCRIPTION = 8 << 20
_LONGEST = 100 * 365 * 24 * 3600 * 1000
_COLUMNS = (
    *("id", "log", "idx", "name", "title", "media_type", "stage", "item", "captured_start"),
    *("captured_end", "duration_ms", "condition", "received_at", "sidecar_sha256"),
    *("lost", "destroyed", "spilled"),
)


def list_in_force(shelf: Shelf) -> tuple[str, RecordList] | None:
    """Digest and value of the list that was adopted last; None where none was."""
    found = shelf.get("rules", "record_list")
    return None if found is None else (found["sha256"], RecordList.parse(found["text"]))


def facts_of(shelf: Shelf, case: str, value: Value) -> CaseFacts:
    """What the register says of a case."""
    return CaseFacts(
        value["category"],
        value["importance"],
        closed=value["closed"] is not None,
        volumes=len(volumes_of(shelf, case)),
    )


def records_by_case(connection: Connection, cases: Collection[str]) -> Mapping[str, list[str]]:
    """Ids of the records of several cases, in one pass over the register."""
    found: dict[str, list[str]] = {case: [] for case in cases}
    for record, value in DbShelf(connection).every("record_cases"):
        for case in value["cases"]:
            if case in found:
                found[case].append(record)
    return found


class Materials:
    """Reads records as materials; descriptions that stand near each other with few requests."""

    def __init__(self, connection: Connection, evidence: ObjectStore) -> None:
        self._connection = connection
        self._nearby = Nearby(evidence)

    def of(self, records: Sequence[str], restricted: Container[str] = ()) -> list[Material]:
        """Records of the catalog as materials, in the order of their ids."""
        return [self._material(row, row.id in restricted) for row in self._rows(records)]

    def _rows(self, records: Sequence[str]) -> Iterator[Row[Any]]:
        query = select(*(RECORD.c[name] for name in _COLUMNS)).order_by(RECORD.c.id)
        for some in batched(sorted(records)):
            yield from self._connection.execute(query.where(RECORD.c.id.in_(some)))

    def _material(self, row: Row[Any], restricted: bool) -> Material:  # noqa: FBT001
        gone = row.lost or row.destroyed or row.spilled
        claims = {} if gone or row.sidecar_sha256 is None else self._claims(row)
        length = None if row.duration_ms is None else min(row.duration_ms, _LONGEST)
        return Material(
            record=row.id,
            kind=kind_of(row.media_type),
            name=row.name or row.id,
            received_at=row.received_at,
            title=row.title,
            stage=row.stage,
            item=row.item,
            start=row.captured_start,
            end=row.captured_end,
            duration=None if length is None else timedelta(milliseconds=length),
            interruptions=tuple(_interruptions(claims)),
            duty_end=_moment(claims.get("duty_end")),
            condition=row.condition,
            gone=gone,
            restricted=restricted,
        )

    def _claims(self, row: Row[Any]) -> Mapping[str, Any]:
        """Claims of the sealed description; none where it cannot be had, which `verify` tells."""
        here = (ENTRY.c.log == row.log) & (ENTRY.c.idx == row.idx)
        data = self._connection.execute(select(ENTRY.c.data).where(here)).scalar_one()
        entry = Entry.parse(data)
        try:
            part = part_of(row.id, entry.body, entry.at, DESCRIPTION)
            found = self._nearby.read(part, _MOST_DESCRIPTION)
            if str(Digest.of("sha256", found)) != entry.body["record"]:
                return {}
            return RecordDescription.parse(found).value["claims"] or {}
        except ArchiveError:
            return {}


def _interruptions(claims: Mapping[str, Any]) -> Iterator[Interruption]:
    for item in claims.get("interruptions", ()):
        start, end = _moment(item["from"]), _moment(item["to"])
        if start is not None and end is not None:
            yield Interruption(Span(start, end), item.get("reason"), item.get("note"))


def _moment(text: str | None) -> datetime | None:
    """A claimed time in UTC; None without one, and at the very ends of the calendar."""
    try:
        return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        return None
