"""What clears the stores of blocked records, as the settings have them."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from archive.desk import spills
from archive.desk.submit import Desk
from archive.errors import Unreachable
from archive.tables import IntakeRow
from archive.times import parse_time
from cli.wiring_stock import first_of, replica_of

if TYPE_CHECKING:
    from cli.wiring import Workbench
    from retention.clearing import Clearer

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_OVER = ("released", "kept", "purged")
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
    return Clearer(desk, places, bench.live, warrant, partial(_forget_drops, bench))


def _forget_drops(bench: "Workbench", records: Sequence[str]) -> None:
    """Remove our own copies of what these records were taken from, and what is known of them.

    A drop that was left where it lay is met again, and refused there for its owner to take away.
    """
    home = os.fsencode(bench.home.resolve()) + b"/"
    here = INTAKE.c.record.in_(records) & INTAKE.c.state.in_(_OVER)
    with bench.database.read() as connection:
        rows = connection.execute(select(INTAKE).where(here)).all()
    for row in rows:
        for place in (row.moved_to, row.sidecar_moved_to):
            if place and os.path.realpath(place).startswith(home):
                with suppress(FileNotFoundError):
                    bench.fs.unlink(Path(os.fsdecode(place)))
    with bench.database.write() as connection:
        connection.execute(delete(INTAKE).where(here))


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
