"""Which class a record is of, and from when it counts: pure, over what is known of it.

    found = class_of(schedule, facts)         # Placed, or None while that is not known

A person's word comes first, then the cases, then the media type. A time that only a device or a
sidecar claims counts where it lies in the 30 days before the receipt; else the receipt does, until
a person confirms it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from archive.registers.keeping import CaseFacts
from archive.registers.retention import EARLIEST
from retention.ends import case_trigger, retain_until
from retention.periods import day_of, start_of_day
from retention.schedule import RetentionClass, Schedule


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a record: `captured_end` is a claim, `said` and `confirmed` a person's."""

    media: str
    received_at: datetime
    captured_end: datetime | None = None
    said: str | None = None
    confirmed: datetime | None = None
    cases: Sequence[CaseFacts] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A class and the trigger that it counts from: 00:00 of its day, or what was confirmed."""

    one: RetentionClass
    trigger: datetime


def class_of(schedule: Schedule, facts: Facts) -> Placed | None:
    """The class and trigger of a record; None while a case runs, or it waits for one.

    Raises FormatError where a person said a class that the schedule does not have.
    """
    if facts.said is not None:
        said = schedule.named(facts.said)
        if not said.same_as_case:
            return Placed(said, _trigger(facts, said))
        if not facts.cases:
            return None
    if facts.cases:
        return _of_cases(schedule, facts)
    one = schedule.for_media(facts.media)
    return Placed(one, _trigger(facts, one))


def _of_cases(schedule: Schedule, facts: Facts) -> Placed | None:
    """By the case that keeps it longest: once all are closed, or at once where one is for ever."""
    found = []
    running = False
    for case in facts.cases:
        one = schedule.for_case(case.category, case.importance)
        day = case_trigger(one, case)
        if retain_until(one, facts.received_at).permanent:
            return Placed(one, start_of_day(day_of(facts.received_at)))
        if day is None:
            running = True
            continue
        found.append(Placed(one, _near(facts, day)))
    return None if running else max(found, key=_end)


def _end(placed: Placed) -> datetime:
    moment = retain_until(placed.one, placed.trigger).moment
    assert moment is not None  # noqa: S101 - what is for ever was returned before
    return moment


def _trigger(facts: Facts, one: RetentionClass) -> datetime:
    """From when a class without a case counts."""
    if facts.confirmed is not None:
        return facts.confirmed
    claimed = facts.captured_end if one.trigger == "capture_end" else None
    if claimed is None or claimed > facts.received_at:
        return start_of_day(day_of(facts.received_at))
    return _near(facts, day_of(claimed))


def _near(facts: Facts, day: date) -> datetime:
    """The beginning of a day; of the receipt's where it is long before, and nobody confirmed it."""
    start = start_of_day(day)
    if start >= facts.received_at - EARLIEST or start == facts.confirmed:
        return start
    return start_of_day(day_of(facts.received_at))
