"""A1: outside office hours, or from an account that the person never used."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.alerts.windows import BestDays, local_day
from archive.oversight.events import Closed, Decided, Event, PersonChanged, Started
from archive.times import SHANGHAI


class OutsideHours:
    """A1, time: once a person and night or rest day, unless it is the person's habit or duty.

    In the evening nothing is said of a handler's own cases, nor of what somebody approved.
    """

    def __init__(self) -> None:
        self._approved: set[str] = set()
        self._habits: defaultdict[tuple[str, str], BestDays] = defaultdict(BestDays)
        self._told: dict[str, date] = {}

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        office, basics = settings.office, settings.a1
        if isinstance(event, Decided) and event.decision == "approve":
            self._approved.add(event.request)
        elif isinstance(event, Closed):
            self._approved.discard(event.request)
        if not isinstance(event, Started) or not event.person or office.is_open(event.at):
            return
        evening = office.is_evening(event.at)
        night = local_day(event.at - timedelta(hours=6))
        habit = self._habits[event.person, "evening" if evening else "night"]
        days = habit.count(night, settings.history_days)
        habit.note(night, 1)
        known = event.capacity == "own_case" or event.request in self._approved
        exempt = event.unit in office.duty_units or (evening and known)
        if exempt or days >= basics.habit_days or self._told.get(event.person) == night:
            return
        self._told[event.person] = night
        yield raised("A1", basics, event, (event.place,), _outside(event, days))


class NewAccount:
    """A1, device: an account that is not the person's, once for each."""

    def __init__(self) -> None:
        self._bound: dict[str, str | None] = {}
        self._known: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if isinstance(event, PersonChanged) and event.kind == "person.enrolled":
            self._bound[event.subject] = event.bound
        if not isinstance(event, Started) or not event.person or not event.account:
            return
        known = self._known[event.person]
        before = sum(known.values())
        is_new = event.account not in known
        known[event.account] = known.get(event.account, 0) + 1
        bound = self._bound.get(event.person)
        if is_new and (bound != event.account if bound else before >= settings.a1.known_accesses):
            yield raised("A1", settings.a1, event, (event.place,), _account(event, before, bound))


def _outside(event: Started, days: int) -> tuple[str, str]:
    local = event.at.astimezone(SHANGHAI)
    return (
        f"{event.person} received {event.record} at {_time(local)}, outside office hours; "
        f"at such times on {days} of the days before.",
        f"{event.person} 于非办公时间 {_time(local)} 调阅 {event.record}；"
        f"此前有 {days} 天在此类时段调阅。",
    )


def _account(event: Started, before: int, bound: str | None) -> tuple[str, str]:
    if bound:
        return (
            f"{event.person} received {event.record} through account {event.account}, "
            f"but is enrolled with account {bound}.",
            f"{event.person} 通过账户 {event.account} 调阅 {event.record}，"
            f"而登记的账户为 {bound}。",
        )
    return (
        f"{event.person} received {event.record} through account {event.account}, "
        f"not used in {before} accesses before.",
        f"{event.person} 通过账户 {event.account} 调阅 {event.record}，"
        f"此前 {before} 次调阅均未使用该账户。",
    )


def _time(local: datetime) -> str:
    return local.strftime("%Y-%m-%d %H:%M")
