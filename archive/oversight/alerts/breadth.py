"""A2: a person who looks into far more cases than ever. A8: one case that everybody looks at."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings, Breadth
from archive.oversight.alerts.windows import BestDays, Span, local_day
from archive.oversight.events import Event, Place, Started

_HOUR = timedelta(hours=1)


@dataclass
class _Looks:
    """What one person looked into: today, in the last hour, and the most of days before."""

    today: date = date.min
    cases: dict[str, Place] = field(default_factory=dict)
    hour: Span[tuple[str, Place]] = field(default_factory=Span)
    in_hour: Counter[str] = field(default_factory=Counter)
    best_day: BestDays = field(default_factory=BestDays)
    best_hour: BestDays = field(default_factory=BestDays)
    told: set[str] = field(default_factory=set)

    def add(self, day: date, event: Started) -> None:
        if day != self.today:
            self.today, self.cases = day, {}
            self.told.clear()
        for case, _ in self.hour.drop(event.at, _HOUR) if len(self.hour) else ():
            self.in_hour[case] -= 1
            if not self.in_hour[case]:
                del self.in_hour[case]
        for case in event.subjects:
            self.cases.setdefault(case, event.place)
            self.hour.add(event.at, (case, event.place))
            self.in_hour[case] += 1
        self.best_day.note(day, len(self.cases))
        self.best_hour.note(day, len(self.in_hour))


class ManyCases:
    """A2: once a person and day for the day, once for the hour."""

    def __init__(self) -> None:
        self._people: defaultdict[str, _Looks] = defaultdict(_Looks)

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if not isinstance(event, Started) or not event.person:
            return
        looks = self._people[event.person]
        day = local_day(event.at)
        looks.add(day, event)
        for span, found in (("day", len(looks.cases)), ("hour", len(looks.in_hour))):
            if found <= settings.a2.floor or span in looks.told:
                continue
            before = looks.best_day if span == "day" else looks.best_hour
            best = before.best(day, settings.history_days)
            if found > _limit(settings.a2, best):
                looks.told.add(span)
                evidence = looks.cases.values() if span == "day" else (p for _, p in looks.hour)
                words = _many(event, span, found, _limit(settings.a2, best), best)
                yield raised("A2", settings.a2, event, evidence, words)


def _limit(basics: Breadth, best: int) -> int:
    return max(basics.floor, best * basics.factor_percent // 100)


def _many(event: Started, span: str, found: int, limit: int, best: int) -> tuple[str, str]:
    zh = "当天" if span == "day" else "一小时内"
    return (
        f"{event.person} received records of {found} cases within one {span}; "
        f"the limit is {limit}, the most before was {best}.",
        f"{event.person} {zh}调阅 {found} 个案件的记录，上限为 {limit}，此前最高为 {best}。",
    )


@dataclass
class _Seen:
    """Who looked at one case lately."""

    looks: Span[tuple[str, Place]] = field(default_factory=Span)
    people: Counter[str] = field(default_factory=Counter)
    told: datetime | None = None


class ManyPeople:
    """A8: once a case and span."""

    def __init__(self) -> None:
        self._cases: defaultdict[str, _Seen] = defaultdict(_Seen)

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        basics = settings.a8
        if not isinstance(event, Started) or not event.person:
            return
        if event.purpose in basics.exempt_purposes:
            return
        span = timedelta(hours=basics.hours)
        for subject in sorted(event.subjects):
            seen = self._look(subject, event, span)
            if len(seen.people) > basics.people and (
                seen.told is None or event.at - seen.told > span
            ):
                seen.told = event.at
                first = dict(reversed(list(seen.looks)))
                words = _crowd(subject, len(seen.people), basics.hours, basics.people)
                yield raised("A8", basics, event, first.values(), words)

    def _look(self, subject: str, event: Started, span: timedelta) -> _Seen:
        seen = self._cases[subject]
        for person, _ in seen.looks.drop(event.at, span):
            seen.people[person] -= 1
            if not seen.people[person]:
                del seen.people[person]
        person = str(event.person)
        seen.looks.add(event.at, (person, event.place))
        seen.people[person] += 1
        return seen


def _crowd(subject: str, people: int, hours: int, most: int) -> tuple[str, str]:
    return (
        f"{people} people looked at {subject} within {hours} hours; the limit is {most}.",
        f"{hours} 小时内有 {people} 人查看 {subject}，上限为 {most} 人。",
    )
