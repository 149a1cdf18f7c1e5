"""Media that lack the full check and wait for it no longer: a row of the queue was lost.

    put_back(database)          # before what waits is done; returns how many were missing

The queue is the operator's own table, so a row that somebody deletes would mean that the check is
never made. Whether it was, the ledger says. Its entries are walked through, so this is done when
somebody asks for what waits, and not with every round.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from archive import looking
from archive.catalog import RECORD
from archive.column_types import place_of_bytes
from archive.database import Database
from archive.ledger import ENTRY, PENDING
from archive.looking import EXAMINE, LOOKING

AMENDED = "record.amended"


def is_examined(media_type: str, condition: str | None) -> bool:
    """Whether a record is decoded once, by its line in the catalog (`looking.tasks_of`)."""
    said: dict[str, Any] = {"media": {"type": media_type}, "technical": condition}
    return EXAMINE in looking.tasks_of(said)


def missing(connection: Connection) -> list[tuple[str, datetime]]:
    """Media without an amendment that do not wait for one: record, and when it came."""
    gone = RECORD.c.lost | RECORD.c.destroyed | RECORD.c.spilled
    here = RECORD.c.condition.is_not(None) & ~gone
    waits = select(LOOKING.c.record).where(LOOKING.c.task == EXAMINE)
    columns = (RECORD.c.id, RECORD.c.media_type, RECORD.c.condition, RECORD.c.received_at)
    rows = connection.execute(select(*columns).where(here, RECORD.c.id.not_in(waits)))
    found = {row.id: row.received_at for row in rows if is_examined(row.media_type, row.condition)}
    if found:
        _take_away(connection, found)
    return sorted(found.items())


def _take_away(connection: Connection, found: dict[str, datetime]) -> None:
    """What the ledger has an amendment of, sealed or still to be."""
    waiting = select(PENDING.c.subject, PENDING.c.body).where(PENDING.c.kind == AMENDED)
    for row in connection.execute(waiting):
        if json.loads(row.body)["what"] == "media":
            found.pop(row.subject, None)
    # In canonical JSON these bytes can stand nowhere else: quotes inside a text are escaped.
    marked = place_of_bytes(ENTRY.c.data, f'"kind":"{AMENDED}"'.encode()) > 0
    for row in connection.execute(select(ENTRY.c.data).where(marked)):
        entry = json.loads(row.data)
        if entry["body"]["what"] == "media":
            found.pop(entry["subject"], None)


def put_back(database: Database) -> int:
    """Let them wait again. Only for who works on media alone: an amendment may else be made twice.

    Read first, so that nobody who writes waits for the walk through the ledger.
    """
    with database.read() as connection:
        found = missing(connection)
    if found:
        with database.write() as connection:
            for record, since in found:
                looking.put_back(connection, record, EXAMINE, since)
    return len(found)
