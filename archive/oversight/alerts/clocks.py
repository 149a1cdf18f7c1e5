"""A12: a clock that steps back, a device whose clock is ahead. A13: somebody who comes back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.alerts.windows import local_day
from archive.oversight.events import (
    Accessioned,
    Decided,
    Event,
    PersonChanged,
    Place,
    Requested,
    Started,
)


class StepsBack:
    """A12, archive: the time of an entry against the latest one before it in the same office."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[datetime, Place]] = {}

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        office = event.place.log.rpartition("-")[0]
        latest = self._latest.get(office)
        if latest is None or event.written >= latest[0]:
            self._latest[office] = (event.written, event.place)
            return
        back = (latest[0] - event.written).total_seconds()
        if back > settings.a12.step_seconds:
            # From here on time is counted anew, else every following entry would say it again.
            self._latest[office] = (event.written, event.place)
            words = (
                f"The archive's clock stepped back by {back:.1f} seconds after {latest[1]}.",
                f"{latest[1]} 之后，存证库时钟回拨 {back:.1f} 秒。",
            )
            alert = raised("A12", settings.a12, event, (latest[1], event.place), words)
            yield replace(alert, person=None, unit=None)


class DeviceAhead:
    """A12, device: a capture that ends after the record was received; once a source and day.

    `capture_end(event)` is what the sidecar claims. A device that is behind cannot be told so.
    """

    def __init__(self, capture_end: Callable[[Accessioned], datetime | None]) -> None:
        self._capture_end = capture_end
        self._told: dict[str, date] = {}

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if not isinstance(event, Accessioned):
            return
        day = local_day(event.received_at)
        if self._told.get(event.source) == day or (end := self._capture_end(event)) is None:
            return
        ahead = (end - event.received_at).total_seconds()
        if ahead > settings.a12.device_seconds:
            self._told[event.source] = day
            words = (
                f"The clock of {event.source} is ahead by at least {ahead:.0f} seconds: "
                f"{event.record} was received before its capture had ended.",
                f"设备 {event.source} 的时钟至少快 {ahead:.0f} 秒："
                f"{event.record} 的拍摄结束时间晚于接收时间。",
            )
            yield raised("A12", settings.a12, event, (event.place,), words)


class Dormant:
    """A13: an access after a long silence. Being enrolled or resumed counts as being seen."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, Place]] = {}

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if isinstance(event, PersonChanged):
            if event.kind in ("person.enrolled", "person.resumed"):
                self._seen[event.subject] = (event.at, event.place)
        elif isinstance(event, (Requested, Decided, Started)) and event.person:
            before = self._seen.get(event.person)
            self._seen[event.person] = (event.at, event.place)
            if before and event.at - before[0] > timedelta(days=settings.a13.days):
                days = (event.at - before[0]).days
                words = (
                    f"{event.person} is active again after {days} days.",
                    f"{event.person} 沉寂 {days} 天后重新活动。",
                )
                yield raised("A13", settings.a13, event, (before[1], event.place), words)
