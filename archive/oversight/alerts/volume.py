"""A5: far more copied or exported than was ever looked at."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.alerts.windows import Span, local_day
from archive.oversight.events import Ended, Event, Place, Started

LEAVES = frozenset({"copy", "court_bundle", "export"})
"""Actions by which bytes leave for good."""


_Subjects = frozenset[str]


@dataclass
class _Day:
    """What one person took out today: bytes by what they are about, and the accesses."""

    day: date
    gone: Counter[_Subjects] = field(default_factory=Counter)
    places: list[Place] = field(default_factory=list)
    told: bool = False


class ExportedUnseen:
    """A5: case by case, what was taken out beyond `factor` times what was looked at; once a day."""

    def __init__(self) -> None:
        self._looked: defaultdict[tuple[str, str], Span[int]] = defaultdict(Span)
        self._days: dict[str, _Day] = {}

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
        today = self._days.get(person)
        if today is None or today.day != day:
            today = self._days[person] = _Day(day)
        today.gone[started.subjects] += event.bytes
        today.places.append(started.place)
        if today.told or today.gone.total() <= basics.floor_mib << 20:
            return
        since = timedelta(days=settings.history_days)
        seen = {key: self._seen(event.at, person, key, since) for key in today.gone}
        beyond = {k: out for k, out in today.gone.items() if out > basics.factor * seen[k]}
        unseen = sum(out - basics.factor * seen[key] for key, out in beyond.items())
        if unseen > basics.floor_mib << 20:
            today.told = True
            looked = sum(seen[key] for key in beyond)
            words = _volume(person, sum(beyond.values()), looked, basics.factor)
            yield raised("A5", basics, event, today.places, words)

    def _seen(self, now: datetime, person: str, subjects: _Subjects, since: timedelta) -> int:
        seen = 0
        for subject in subjects:
            if span := self._looked.get((person, subject)):
                span.drop(now, since)
                seen += sum(span)
        return seen


def _volume(person: str, total: int, seen: int, factor: int) -> tuple[str, str]:
    out, looked = f"{total / (1 << 20):.0f} MiB", f"{seen / (1 << 20):.0f} MiB"
    return (
        f"{person} took {out} out in one day, having looked at {looked} of the same cases; "
        f"the limit is {factor} times that.",
        f"{person} 一天内导出或复制 {out}，而此前查看同案资料仅 {looked}，上限为其 {factor} 倍。",
    )
