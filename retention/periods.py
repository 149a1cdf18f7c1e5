"""Periods in the calendar of Asia/Shanghai: `30d`, `6m`, `10y`, `permanent`.

    Period.parse("6m").end(moment)    # end of the day (24:00) six calendar months later

Months and years end on the same day of the month, or on its last one (2027-08-31 + 6m ends with
2028-02-29). 民法典 201-203: the day of the trigger is not counted, the last day ends at 24:00.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from archive.errors import FormatError
from archive.times import SHANGHAI

PERMANENT = "permanent"
_FORM = re.compile(r"([1-9]\d{0,4})([dmy])", re.ASCII)
_MOST = {"d": 36_500, "m": 1_200, "y": 100}
_DAYS = {"d": 1.0, "m": 365.2425 / 12, "y": 365.2425}


@dataclass(frozen=True, slots=True)
class Period:
    """So many days, months or years (`unit` is d, m, y), or for ever (`unit` is empty)."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: object) -> "Period":
        """Read `6m` and the like; FormatError for anything else, and for more than 100 years."""
        if text == PERMANENT:
            return cls(0, "")
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        if found is None or int(found[1]) > _MOST[found[2]]:
            raise FormatError(f"{str(text)[:40]!r} is no period: 30d, 6m, 10y or {PERMANENT}")
        return cls(int(found[1]), found[2])

    @property
    def permanent(self) -> bool:
        """Whether it never ends."""
        return not self.unit

    @property
    def days(self) -> float:
        """About how many days, to compare periods by; infinite for ever."""
        return float("inf") if self.permanent else self.count * _DAYS[self.unit]

    def end(self, trigger: datetime) -> datetime | None:
        """The end of the last day (UTC), counted from the trigger's day in Asia/Shanghai.

        None for ever. Raises FormatError beyond the year 9998.
        """
        if self.permanent:
            return None
        return end_of_day(self._last_day(day_of(trigger)))

    def _last_day(self, first: date) -> date:
        try:
            if self.unit == "d":
                return first + timedelta(days=self.count)
            return add_months(first, self.count * (12 if self.unit == "y" else 1))
        except (OverflowError, ValueError) as error:
            raise FormatError(f"{self} from {first} is beyond the calendar") from error

    def __str__(self) -> str:
        return PERMANENT if self.permanent else f"{self.count}{self.unit}"


def day_of(moment: datetime) -> date:
    """The day of a moment in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """00:00 of a day in Asia/Shanghai, in UTC."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """24:00 of a day in Asia/Shanghai, in UTC; ValueError on the last day of the calendar."""
    try:
        return start_of_day(day + timedelta(days=1))
    except OverflowError as error:
        raise FormatError(f"{day} is the last day of the calendar") from error


def add_months(first: date, months: int) -> date:
    """The same day of a later month, or its last one; ValueError beyond the year 9999."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    day = min(first.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day)
