"""Quarantined drops that people have resolved: a projection of `drop.resolved` (formats §14)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive.tables import ResolvedRow

RESOLVED = ResolvedRow.__table__  # type: ignore[attr-defined]
KIND = "drop.resolved"


def follow(connection: Connection, entry: Mapping[str, Any]) -> None:
    """What an entry says; the last one of a drop counts."""
    body = entry["body"]
    at = datetime.fromisoformat(entry["at"])
    save(connection, body, entry["subject"], at)


def save(connection: Connection, body: Mapping[str, Any], record: str | None, at: datetime) -> None:
    """The same, when the entry is submitted: from then on the drop counts as resolved."""
    values = {"source": body["source"], "outcome": body["outcome"], "record": record, "at": at}
    change = update(RESOLVED).where(RESOLVED.c.quarantine == body["quarantine"]).values(**values)
    if connection.execute(change).rowcount == 0:
        connection.execute(insert(RESOLVED), [{"quarantine": body["quarantine"], **values}])


def resolved(connection: Connection) -> dict[str, Any]:
    """Rows by the id of the quarantined drop."""
    return {row.quarantine: row for row in connection.execute(select(RESOLVED))}
