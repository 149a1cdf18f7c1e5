"""What sidecars that came later say in the catalog: where no sidecar came with the record."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, literal, select, update

from archive.column_types import place_of_bytes
from archive.detail import Detail
from archive.errors import FormatError
from archive.index import places
from archive.late_sidecar import WHAT, claims_of, columns_of, words_of
from archive.tables import EntryRow, PendingRow, RecordRow
from signing import canonical

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
PENDING = PendingRow.__table__  # type: ignore[attr-defined]
RECORD = RecordRow.__table__  # type: ignore[attr-defined]
_KIND = "record.amended"


def amendments(
    connection: Connection, records: Sequence[str]
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Every amendment of these records by a sidecar: the id it was submitted under, and its body.

    Those that wait to be sealed too. After a rebuild nobody knows the ids.
    """
    c = PENDING.c
    waiting = select(c.id, c.body).where(c.kind == _KIND, c.subject.in_(records))
    for row in connection.execute(waiting):
        body = json.loads(row.body)
        if body["what"] == WHAT:
            yield row.id, body
    for pending, entry in _entries(connection, frozenset(records)):
        yield pending, entry["body"]


def first_details(connection: Connection, records: Sequence[str]) -> dict[str, str]:
    """The first amendment by a sidecar of each of these records that has one: its detail's id."""
    found = dict[str, str]()
    for _, entry in _entries(connection, frozenset(records)):
        found.setdefault(entry["subject"], entry["body"]["detail_id"])
    return found


def _entries(connection: Connection, wanted: frozenset[str]) -> Iterator[tuple[str | None, Any]]:
    is_late = place_of_bytes(ENTRY.c.data, literal(b'"what":"sidecar"', LargeBinary)) > 0
    query = select(ENTRY.c.pending, ENTRY.c.data).where(ENTRY.c.stream == "registry", is_late)
    for row in connection.execute(query.order_by(ENTRY.c.seq)):
        entry: Any = canonical.reread(row.data)
        if entry["kind"] == _KIND and entry["subject"] in wanted:
            yield row.pending, entry


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
        if values or (row and words_of(claims)):
            changed.append(record)
    if changed:
        places.refresh(connection, changed)
