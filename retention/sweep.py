"""The sweep: terms for what has none, locks in the stores, dates that come near, what is blocked.

    swept = Sweep(desk, vaults).run()

Idempotent, and resumed after a kill: terms stand in the ledger, open locks in the table `keeping`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from archive.desk.submit import Desk
from archive.ledger import ENTRY
from archive.ports import Vault
from retention.locks import Failure, Locks
from retention.renewal import Renewal
from retention.setting import GRACE, TermSetter

HOURLY = timedelta(hours=1)
DAILY = timedelta(days=1)


@dataclass(slots=True)
class Swept:
    """What a sweep did; `waiting` are lines of locks that are left, with why in `failures`."""

    entries: int = 0
    records: int = 0
    unplaced: int = 0
    locked: int = 0
    renewed: int = 0
    waiting: int = 0
    cleared: int = 0
    failures: list[Failure] = field(default_factory=list)


class Sweep:
    """One sweep after another over an archive; `vaults` by the name of their store.

    `clear` deletes what was blocked as a secret and may go by now, and says how many records.
    """

    def __init__(
        self,
        desk: Desk,
        vaults: Mapping[str, Vault],
        clear: Callable[[], int] = lambda: 0,
    ) -> None:
        self._desk = desk
        self._clear = clear
        self._locks = Locks(desk.database, vaults)
        self._renewal = Renewal(desk.database, vaults, desk.clock)
        self._terms_at: datetime | None = None
        self._renewed_at: datetime | None = None
        self._mark: tuple[int, datetime] | None = None

    def run(self, *, grace: timedelta = GRACE, every: bool = False) -> Swept:
        """Everything, now. `grace`: how old records are at least; `every`: see `Renewal.run`."""
        swept = Swept()
        self._set_terms(swept, grace)
        self._renew(swept, every=every)
        self._lock(swept)
        return swept

    def step(self) -> Swept:
        """What is due by now, for a loop: locks at once, terms hourly, renewal daily."""
        swept, now = Swept(), self._desk.clock.now()
        if self._terms_at is None or now - self._terms_at >= HOURLY:
            self._terms_at = now
            if self._changed(now):
                self._set_terms(swept, GRACE)
        if self._renewed_at is None or now - self._renewed_at >= DAILY:
            self._renewed_at = now
            self._renew(swept, every=False)
        self._lock(swept)
        swept.cleared += self._clear()
        return swept

    def _changed(self, now: datetime) -> bool:
        """Whether anything happened since the last time, or a day has passed."""
        query = select(func.max(ENTRY.c.seq)).where(ENTRY.c.stream == "registry")
        with self._desk.database.read() as connection:
            said = connection.execute(query).scalar_one() or 0
        if self._mark is not None and self._mark[0] == said and now - self._mark[1] < DAILY:
            return False
        self._mark = (said, now)
        return True

    def _set_terms(self, swept: Swept, grace: timedelta) -> None:
        terms = TermSetter(self._desk, grace).run()
        if terms.entries:
            self._desk.wait(terms.entries)
        swept.entries += len(terms.entries)
        swept.records += terms.records
        swept.unplaced += terms.unplaced

    def _renew(self, swept: Swept, *, every: bool) -> None:
        renewed, failures = self._renewal.run(every=every)
        swept.renewed += renewed
        swept.failures += failures

    def _lock(self, swept: Swept) -> None:
        if not self._locks.waiting():
            return
        worked = self._locks.work()
        swept.locked += worked.units
        swept.waiting += worked.waiting
        swept.failures += worked.failures
