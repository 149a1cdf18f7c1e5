"""What clears the stores of blocked records, as the settings have them."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from archive.desk import spills
from archive.desk.db_shelf import DbShelf
from archive.desk.submit import Desk
from archive.errors import Unreachable
from archive.times import parse_time
from cli.wiring_stock import first_of, replica_of

if TYPE_CHECKING:
    from cli.wiring import Workbench
    from ingest.spilled_copies import Copies
    from retention.clearing import Clearer

AGAIN = timedelta(days=1)
"""After what time something is tried again that a store did not let go of."""


def clearer_of(bench: "Workbench", desk: Desk) -> "Clearer":
    """A clearer over the stores that are at hand; one that is away is cleared another time."""
    # Only needed when something is deleted: it loads what verifies ledgers.
    from retention.clearing import Clearer
    from retention.deleting import Place
    from retention.law import RetentionLaw
    from retention.warrant import replayed

    stores = [first_of(bench)]
    if bench.settings.replica:
        with suppress(Unreachable):
            stores.append(replica_of(bench))
    places = [Place(one.name, one.evidence, one.vault) for one in stores]
    warrant = replayed(places[0].store, bench.live, bench.own_policy, RetentionLaw(), bench.clock)
    return Clearer(desk, places, bench.live, warrant, copies_of(bench).forget)


def copies_of(bench: "Workbench") -> "Copies":
    """Our own copies of what was taken, in the home."""
    from ingest.spilled_copies import Copies

    return Copies(bench.home, bench.database, bench.evidence, bench.fs)


def spilled(bench: "Workbench") -> list[str]:
    """Every record that is blocked, gone from the stores or not."""
    with bench.database.read() as connection:
        return [record for record, _ in DbShelf(connection).every("spilled")]


class ClearingTurn:
    """The turn of the sweep: nothing is asked of the stores while nothing may go.

    The whole ledger is read before anything is deleted, so what did not go waits a day.
    """

    def __init__(self, make: Callable[[], "Clearer"], desk: Desk) -> None:
        self._make = make
        self._desk = desk
        self._tried: dict[tuple[str, tuple[str, ...]], datetime] = {}

    def run(self) -> int:
        """Clear what may go by now; how many records are gone. Raises as Clearer.run."""
        now = self._desk.clock.now()
        ready = self._ready(now)
        fresh = [key for key in ready if now - self._tried.get(key, now - AGAIN) >= AGAIN]
        if not fresh:
            return 0
        self._tried = dict.fromkeys(ready, now)
        return len(self._make().run().destroyed)

    def _ready(self, now: datetime) -> list[tuple[str, tuple[str, ...]]]:
        """Records that some store may let go of, each with these stores."""
        with self._desk.database.read() as connection:
            waiting = list(spills.pending(connection))
        found = []
        for one in waiting:
            free = tuple(s for s in one.left if _is_over(one.locked.get(s), now))
            if free and not one.others:
                found.append((one.record, free))
        return found


def _is_over(until: str | None, now: datetime) -> bool:
    return until is None or (until[:1].isdigit() and parse_time(until) <= now)
