"""A9, A14, A15: what should not be looked at now, for this, or by this person."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.events import Event, Place, Requested, Started

_SUPERVISING = frozenset({"internal_supervision", "judicial_bureau"})


class OnHold:
    """A9: once a person and hold."""

    def __init__(self) -> None:
        self._told: set[tuple[str | None, str]] = set()

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if not isinstance(event, Started) or event.capacity in settings.a9.exempt_capacities:
            return
        for hold in event.holds:
            key = (event.person, hold.hold)
            if key in self._told or (hold.person == event.person):
                continue
            self._told.add(key)
            hours = round((event.at - hold.at).total_seconds() / 3600)
            words = (
                f"{event.person} received {event.record}, on hold {hold.hold} since {hours} hours.",
                f"{event.person} 调阅已封存 {hours} 小时的记录 {event.record}（{hold.hold}）。",
            )
            yield raised("A9", settings.a9, event, (hold.place, event.place), words)


class SensitiveForOther:
    """A14: once a request."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        basics = settings.a14
        if not isinstance(event, Started) or event.asked is None or event.request in self._told:
            return
        marks = sorted(event.sensitivity & basics.sensitivities)
        if not marks or event.purpose in basics.case_purposes:
            return
        self._told.add(event.request)
        words = (
            f"{event.person} received {event.record} ({', '.join(marks)}) for {event.purpose}.",
            f"{event.person} 以 {event.purpose} 用途调阅 {event.record}（{'、'.join(marks)}）。",
        )
        yield raised("A14", basics, event, (event.asked.place, event.place), words)


class OwnConduct:
    """A15: `is_filmed(person, record)` compares certificate numbers, where it matters."""

    def __init__(self, is_filmed: Callable[[str, str], bool]) -> None:
        self._is_filmed = is_filmed
        self._supervised: dict[str, tuple[datetime, Place]] = {}
        self._told: set[tuple[str, str]] = set()

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if isinstance(event, Requested) and event.capacity in _SUPERVISING:
            for subject in (*event.cases, *event.records):
                self._supervised[subject] = (event.at, event.place)
        if not isinstance(event, Started) or not event.person or event.capacity in _SUPERVISING:
            return
        cause = self._cause(event, timedelta(days=settings.a15.days))
        key = (event.person, event.record)
        if cause is None or key in self._told or not self._is_filmed(*key):
            return
        self._told.add(key)
        since = cause[0].date().isoformat()
        words = (
            f"{event.person} looked at {event.record}, a recording of his own conduct that is "
            f"under supervision or on hold since {since}.",
            f"{event.person} 查看了本人的执法记录 {event.record}，"
            f"该记录自 {since} 起处于监督或封存中。",
        )
        yield raised("A15", settings.a15, event, (cause[1], event.place), words)

    def _cause(self, event: Started, span: timedelta) -> tuple[datetime, Place] | None:
        if event.holds:
            return event.holds[0].at, event.holds[0].place
        for subject in (*sorted(event.cases), event.record):
            found = self._supervised.get(subject)
            if found and event.at - found[0] <= span:
                return found
        return None
