"""Putting entries into the ledger from any process, and waiting until they are durable."""

import time
from collections.abc import Sequence

from sqlalchemy import Connection

from archive import ledger
from archive.database import Database
from archive.errors import Unreachable
from archive.ledger import NewEntry
from archive.ports import Clock
from archive.seal import Sealer


def wait_until_sealed(
    sealer: Sealer, database: Database, new: Sequence[NewEntry], clock: Clock, timeout: float
) -> list[tuple[str, int]]:
    """Submit entries, then seal them ourselves or wait for the sealer that is at work.

    Returns (log, index) of each once it is durable; Unreachable after `timeout` seconds.
    """
    with database.write() as connection:
        ledger.submit(connection, new)
    return wait(sealer, database, new, clock, timeout)


def wait(
    sealer: Sealer, database: Database, new: Sequence[NewEntry], clock: Clock, timeout: float
) -> list[tuple[str, int]]:
    """The same for entries that were submitted before, for example with rows of the caller's."""
    deadline = clock.monotonic() + timeout
    while True:
        sealer.drain(wait=False)
        with database.read() as connection:
            places = [ledger.place_of(connection, entry.id) for entry in new]
            found = [p for p in places if p and is_published(connection, p)]
        if len(found) == len(new):
            return found
        if clock.monotonic() > deadline:
            raise Unreachable("The entry could not be sealed in time; another sealer is busy.")
        time.sleep(0.02)


def is_published(connection: Connection, place: tuple[str, int]) -> bool:
    """Whether the entry at (log, index) is durable."""
    head = ledger.head_of(connection, place[0])
    return head is not None and place[1] < head.published
