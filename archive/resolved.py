"""Quarantined drops: those that wait, and those that people have resolved. A projection of
`drop.rejected`, whose detail has the drop's id in quarantine, and of `drop.resolved` (formats §14).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive.tables import ResolvedRow

RESOLVED = ResolvedRow.__table__  # type: ignore[attr-defined]
KIND = "drop.resolved"
REJECTED = "drop.rejected"
WAITING = "open"
"""In place of an outcome, of one that nobody has resolved."""


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
    """Rows of those that somebody has resolved, by the id of the quarantined drop."""
    query = select(RESOLVED).where(RESOLVED.c.outcome != WAITING)
    return {row.quarantine: row for row in connection.execute(query)}


def waiting(connection: Connection) -> dict[str, Any]:
    """Rows of those that the ledger rejected and nobody has resolved, by the same id."""
    query = select(RESOLVED).where(RESOLVED.c.outcome == WAITING)
    return {row.quarantine: row for row in connection.execute(query)}


def wait(connection: Connection, quarantine: str, source: str, at: datetime) -> None:
    """A drop was rejected; one that has a line already keeps it."""
    known = select(RESOLVED.c.quarantine).where(RESOLVED.c.quarantine == quarantine)
    if connection.execute(known).first() is None:
        row = {"quarantine": quarantine, "source": source, "outcome": WAITING, "at": at}
        connection.execute(insert(RESOLVED), [row])
