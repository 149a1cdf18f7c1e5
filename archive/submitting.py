"""Putting entries into the ledger from any process, and waiting until they are durable."""

from collections.abc import Sequence

from sqlalchemy import Connection

from archive import ledger
from archive.database import Database
from archive.errors import Unreachable
from archive.ledger import NewEntry
from archive.ports import Clock
from archive.seal import Sealer

_POLL_SECONDS = 0.02
"""How often to look while another process seals."""


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
    return wait_for(sealer, database, [entry.id for entry in new], clock, timeout)


def wait_for(
    sealer: Sealer, database: Database, ids: Sequence[str], clock: Clock, timeout: float
) -> list[tuple[str, int]]:
    """The same by the ids that the entries had when they were submitted."""
    deadline = clock.monotonic() + timeout

    def found() -> list[tuple[str, int]]:
        with database.read() as connection:
            places = ledger.published_places(connection, ids)
        return [places[number] for number in ids if number in places]

    while True:
        seen = sealer.rounds.count
        if len(places := found()) == len(ids):
            return places
        if clock.monotonic() > deadline:
            raise Unreachable("The entry could not be sealed in time; another sealer is busy.")
        # Once our own entries are durable, whoever waits for others seals those.
        done = sealer.drain(wait=False, enough=lambda: len(found()) == len(ids))
        if done is None or done.waiting_for_tsa:
            sealer.rounds.wait(seen, _POLL_SECONDS)


def is_published(connection: Connection, place: tuple[str, int]) -> bool:
    """Whether the entry at (log, index) is durable."""
    head = ledger.head_of(connection, place[0])
    return head is not None and place[1] < head.published
