"""What sidecars that came later say in the catalog: where no sidecar came with the record."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from archive.detail import Detail
from archive.errors import FormatError
from archive.index import places
from archive.late_sidecar import claims_of, columns_of
from archive.tables import RecordRow

RECORD = RecordRow.__table__  # type: ignore[attr-defined]


def add(connection: Connection, late: Sequence[tuple[str, bytes | None]]) -> None:
    """Set columns of records, in the order of the entries; a detail is None where it is gone."""
    changed = []
    for record, data in late:
        try:
            claims = claims_of(None if data is None else Detail.parse(data).data)
        except FormatError:
            continue  # verification says so
        here = (RECORD.c.id == record) & ~RECORD.c.destroyed & ~RECORD.c.spilled & ~RECORD.c.lost
        row = connection.execute(select(RECORD).where(here)).mappings().first()
        values: dict[str, Any] = columns_of(dict(row), claims) if row is not None else {}
        if values:
            connection.execute(update(RECORD).where(here).values(**values))
            changed.append(record)
    if changed:
        places.refresh(connection, changed)
