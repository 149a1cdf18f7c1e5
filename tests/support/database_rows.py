"""All rows of a database as values, table by table, to hold one against another."""

import json
from collections.abc import Iterable
from typing import Any

from sqlmodel import SQLModel

import archive.pki_tables
import archive.tables  # noqa: F401 - fills SQLModel.metadata
from archive.database import Database

Rows = dict[str, list[dict[str, Any]]]


def all_rows(database: Database, leave_out: Iterable[str] = ()) -> Rows:
    """Every table by name: its rows in the order of their texts; values of registers decoded."""
    skipped = set(leave_out)
    with database.read() as connection:
        return {
            table.name: sorted(
                (_row(dict(row)) for row in connection.execute(table.select()).mappings()), key=repr
            )
            for table in SQLModel.metadata.sorted_tables
            if table.name not in skipped
        }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    if "shelf" in row:
        row["value"] = json.loads(row["value"])
    return row


def differences(before: Rows, after: Rows) -> list[str]:
    """What is in one and not in the other, as lines; empty if they are equal."""
    found = []
    for name in before:
        for sign, one, other in (("-", before, after), ("+", after, before)):
            there = [repr(row) for row in other[name]]
            found += [f"{sign} {name}: {row}" for row in one[name] if repr(row) not in there]
    return found
