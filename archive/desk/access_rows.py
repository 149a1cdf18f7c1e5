"""Rows of running accesses in the database: begun, ended, and how much one could hand out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from archive import catalog
from archive.tables import AccessRow

ACCESS = AccessRow.__table__  # type: ignore[attr-defined]


def extent_size(connection: Connection, record: str, part: Mapping[str, int] | None) -> int:
    """How many bytes a range of a record has; None is all of it."""
    if part is not None:
        return part["to"] - part["from"]
    return catalog.find_record(connection, record).size


def open_row(connection: Connection, payload: Any, person: str | None, at: datetime) -> None:
    """Mark an access as begun; a concealed one (without a person) names no record either."""
    row = {
        "id": payload["access"],
        "record": "" if person is None else payload["record"],
        "person": person,
        "at": at,
        "open": True,
        "concealed": person is None,
    }
    connection.execute(insert(ACCESS), [row])


def close_row(connection: Connection, access: str) -> bool:
    """Mark an access as ended; False if it was already, or never began."""
    still_open = (ACCESS.c.id == access, ACCESS.c.open)
    found = connection.execute(update(ACCESS).where(*still_open).values(open=False))
    return bool(found.rowcount == 1)
