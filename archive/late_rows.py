"""What sidecars that came later say in the catalog: where no sidecar came with the record."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, literal, select, update

from archive.column_types import place_of_bytes
from archive.detail import Detail
from archive.errors import FormatError
from archive.index import places
from archive.late_sidecar import claims_of, columns_of
from archive.tables import EntryRow, RecordRow
from signing import canonical

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
RECORD = RecordRow.__table__  # type: ignore[attr-defined]


def first_details(connection: Connection, records: Sequence[str]) -> dict[str, str]:
    """The first amendment by a sidecar of each of these records that has one: its detail's id."""
    wanted, found = frozenset(records), dict[str, str]()
    is_late = place_of_bytes(ENTRY.c.data, literal(b'"what":"sidecar"', LargeBinary)) > 0
    query = select(ENTRY.c.data).where(ENTRY.c.stream == "registry", is_late)
    for (data,) in connection.execute(query.order_by(ENTRY.c.seq)):
        entry: Any = canonical.reread(data)
        if entry["kind"] == "record.amended" and entry["subject"] in wanted:
            found.setdefault(entry["subject"], entry["body"]["detail_id"])
    return found


def add(connection: Connection, late: Sequence[tuple[str, str, bytes | None]]) -> None:
    """Set columns of records: record, id of the detail, its bytes (None where it is gone).

    In the order of the entries. Only the first of a record may change what name and register gave.
    """
    changed = []
    first = first_details(connection, [record for record, _, _ in late])
    for record, number, data in late:
        again = first.setdefault(record, number) != number
        try:
            claims = claims_of(None if data is None else Detail.parse(data).data)
        except FormatError:
            continue  # verification says so
        here = (RECORD.c.id == record) & ~RECORD.c.destroyed & ~RECORD.c.spilled & ~RECORD.c.lost
        row = connection.execute(select(RECORD).where(here)).mappings().first()
        values: dict[str, Any] = columns_of(dict(row), claims, again=again) if row else {}
        if values:
            connection.execute(update(RECORD).where(here).values(**values))
            changed.append(record)
    if changed:
        places.refresh(connection, changed)
