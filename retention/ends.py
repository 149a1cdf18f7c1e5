"""Until when a record is kept by its class and its cases: pure arithmetic over the schedule."""

from collections.abc import Sequence
from datetime import date, datetime

from archive.registers.keeping import CaseFacts, End, latest
from retention.periods import start_of_day
from retention.schedule import RetentionClass, Schedule


def retain_until(one: RetentionClass, trigger: datetime) -> End:
    """What a class gives for a trigger: a moment, for ever, or open if it follows its case."""
    if one.period is None:
        return End(None, open=True)
    return End(one.period.end(trigger))


def case_trigger(one: RetentionClass, case: CaseFacts) -> date | None:
    """The day from which the file of a case counts; None while the case is not closed."""
    if case.closed is None:
        return None
    decided = case.decided if one.trigger == "decision" else None
    return decided or case.closed


def case_end(schedule: Schedule, case: CaseFacts) -> End:
    """Until when the file of one case is kept; open while it is not closed.

    A major case may be for ever before it is closed.
    """
    one = schedule.for_case(case.category, case.importance)
    if one.period is not None and one.period.permanent:
        return End(None)
    day = case_trigger(one, case)
    return End(None, open=True) if day is None else retain_until(one, start_of_day(day))


def cases_end(schedule: Schedule, cases: Sequence[CaseFacts]) -> End | None:
    """The latest of all cases of a record; None where it has none."""
    return latest(case_end(schedule, case) for case in cases) if cases else None
