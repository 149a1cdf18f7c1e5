"""Rows of refused drops after a rebuild: all that the database knows of one is its name now."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from archive.entry import Entry
from archive.tables import IntakeRow
from archive.times import parse_time

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
NAME = b".refused-"
"""How a refused drop in the inbox is called; its refusal's id follows."""


def put_refused(connection: Connection, entries: Sequence[Entry]) -> None:
    """Put a row for every refusal among the entries, so that nobody tells of it again."""
    rows = [_row(entry) for entry in entries if entry.body.get("refusal") is not None]
    if rows:
        connection.execute(insert(INTAKE), rows)


def _row(entry: Entry) -> dict[str, object]:
    refusal, at = str(entry.body["refusal"]), parse_time(entry.body["received_at"])
    nothing = dict.fromkeys(("dev", "ino", "size", "mtime_ns", "ctime_ns"), 0)
    ours = {"id": refusal, "path": NAME + refusal.encode(), "sha256": b"", "state": "refused"}
    return {**nothing, **ours, "source": entry.body["source"], "release": "keep", "at": at}
