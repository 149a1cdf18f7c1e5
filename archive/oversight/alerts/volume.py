"""A5: far more copied or exported than was ever looked at."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.alerts.windows import Span, local_day
from archive.oversight.events import Ended, Event, Place, Started

LEAVES = frozenset({"copy", "court_bundle", "export"})
"""Actions by which bytes leave for good."""


class ExportedUnseen:
    """A5: once a person and day."""

    def __init__(self) -> None:
        self._looked: defaultdict[tuple[str, str], Span[int]] = defaultdict(Span)
        self._today: dict[str, tuple[date, list[tuple[Place, int, frozenset[str]]]]] = {}
        self._told: dict[str, date] = {}

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if not isinstance(event, Ended) or not event.started or not event.bytes:
            return
        started, person = event.started, event.started.person
        if not person or started.capacity in settings.a5.exempt_capacities:
            return
        if started.action in LEAVES:
            yield from self._left(event, started, person, settings)
        else:
            for subject in started.subjects:
                self._looked[person, subject].add(event.at, event.bytes)

    def _left(
        self, event: Ended, started: Started, person: str, settings: AlertSettings
    ) -> Iterator[Alert]:
        basics, day = settings.a5, local_day(event.at)
        if person not in self._today or self._today[person][0] != day:
            self._today[person] = (day, [])
        gone = self._today[person][1]
        gone.append(
            (event.started.place if event.started else event.place, event.bytes, started.subjects)
        )
        total = sum(size for _, size, _ in gone)
        if total <= basics.floor_mib << 20 or self._told.get(person) == day:
            return
        seen = self._seen(event, person, frozenset().union(*(s for _, _, s in gone)), settings)
        if total > basics.factor * seen:
            self._told[person] = day
            words = _volume(person, total, seen, basics.factor)
            yield raised("A5", basics, event, (place for place, _, _ in gone), words)

    def _seen(
        self, event: Ended, person: str, subjects: frozenset[str], settings: AlertSettings
    ) -> int:
        seen = 0
        for subject in subjects:
            if span := self._looked.get((person, subject)):
                span.drop(event.at, timedelta(days=settings.history_days))
                seen += sum(span)
        return seen


def _volume(person: str, total: int, seen: int, factor: int) -> tuple[str, str]:
    out, looked = f"{total / (1 << 20):.0f} MiB", f"{seen / (1 << 20):.0f} MiB"
    return (
        f"{person} took {out} out in one day, having looked at {looked} of the same cases; "
        f"the limit is {factor} times that.",
        f"{person} 一天内导出或复制 {out}，而此前查看同案资料仅 {looked}，上限为其 {factor} 倍。",
    )
