"""Working days 工作日: counted from official notices, and never guessed.

    calendar = Calendar.load([folder])
    calendar.after(date(2026, 2, 9), 7)     # Deadline(day=2026-02-25, provisional=False, …)

Known years are those of the package chinesecalendar and of overlay files (config/calendar/README.md
says how one looks). A date for which another year was needed is `provisional`, with the reason: it
is counted with weekends and the national days of fixed date alone, and to be counted again when the
notice is out. Counting: the day of the act is not counted, day 1 is the next working day, and the
period ends with the end of its last day (行政处罚法 85, 民法典 201).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from archive import fields
from archive.errors import FormatError
from archive.versioned_toml import read_versioned
from retention.periods import end_of_day

_VERSION = 1
_FIXED = frozenset(((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)))
"""全国年节及纪念日放假办法 (2024): the national days that have the same date every year."""
_SATURDAY = 5
_DAY = timedelta(days=1)
MOST = 10_000
"""The most working days that are counted: about forty years."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """One year by its notice: `source` is its number, `digest` the SHA-256 of the file."""

    year: int
    source: str
    off: frozenset[date]
    work: frozenset[date]
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Overlay":
        """Read a file strictly; FormatError saying what is wrong."""
        table = read_versioned(text, "cunzheng_calendar", _VERSION)
        fields.exactly(
            table,
            {"year": fields.count, "source": fields.text, "off": _days, "work": _days},
            {},
        )
        if not table["source"].strip():
            raise FormatError("source: the number of the notice is missing")
        found = cls(
            year=table["year"],
            source=table["source"].strip(),
            off=frozenset(table["off"]),
            work=frozenset(table["work"]),
            digest=sha256(text.encode()).hexdigest(),
        )
        found._check()
        return found

    def _check(self) -> None:
        if any(day.year != self.year for day in self.off | self.work):
            raise FormatError(f"a day is not of {self.year}")
        if not all(_is_weekend(day) for day in self.work):
            raise FormatError("work: only Saturdays and Sundays are named")
        if self.off & self.work:
            raise FormatError("a day is both off and worked")

    def is_workday(self, day: date) -> bool:
        """Whether a day of this year is worked."""
        return day in self.work or (not _is_weekend(day) and day not in self.off)


def _days(value: object) -> None:
    fields.each(_day)(value)


def _day(value: object) -> None:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise FormatError("a date such as 2031-01-23 was expected")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day that was counted, with how far it can be relied on.

    `provisional` says that no notice was there for a year that was needed, `reason` for which;
    `calendar` names what it was counted with. The period ends with `end` (24:00, in UTC).
    """

    day: date
    calendar: str
    provisional: bool = False
    reason: str = ""

    @property
    def end(self) -> datetime:
        """The end of the day in Asia/Shanghai."""
        return end_of_day(self.day)


@dataclass(frozen=True)
class Calendar:
    """Working days by chinesecalendar and overlays; an overlay stands for its whole year."""

    overlays: Mapping[int, Overlay] = field(default_factory=dict)

    @classmethod
    def load(cls, folders: Iterable[Path]) -> "Calendar":
        """With the `*.toml` of folders; of two files for a year that of the later folder counts.

        Raises FormatError naming the file; a folder that is not there is none.
        """
        found: dict[int, Overlay] = {}
        for folder in folders:
            for path in sorted(folder.glob("*.toml")):
                try:
                    overlay = Overlay.parse(path.read_text(encoding="utf-8"))
                except (FormatError, UnicodeDecodeError) as error:
                    raise FormatError(f"{path.name}: {error}") from error
                found[overlay.year] = overlay
        return cls(found)

    @cached_property
    def version(self) -> str:
        """What days are counted with: the package's version, and every overlay's digest."""
        parts = [f"chinesecalendar {version('chinesecalendar')}"]
        for year, overlay in sorted(self.overlays.items()):
            parts.append(f"{year} {overlay.source} sha256:{overlay.digest[:16]}")
        return "; ".join(parts)

    def is_workday(self, day: date) -> bool | None:
        """Whether a day is worked; None where no notice for its year is known."""
        overlay = self.overlays.get(day.year)
        if overlay is not None:
            return overlay.is_workday(day)
        # Loaded only here: few commands count working days.
        import chinese_calendar

        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            return None

    def after(self, start: date, days: int) -> Deadline:
        """The last day of so many working days after a day; ValueError unless 1 to MOST."""
        if not 1 <= days <= MOST:
            raise ValueError(f"1 to {MOST} working days can be counted")
        count = _Count(self)
        day = start
        while days:
            day += _DAY
            days -= count.worked(day)
        return count.deadline(day)

    def on_or_before(self, day: date) -> Deadline:
        """The last working day until a day: the soft date of a fixed one (01-31)."""
        count = _Count(self)
        while not count.worked(day):
            day -= _DAY
        return count.deadline(day)

    def on_or_after(self, day: date) -> Deadline:
        """The first working day from a day on: the soft date of a period in calendar days."""
        count = _Count(self)
        while not count.worked(day):
            day += _DAY
        return count.deadline(day)


class _Count:
    """Remembers for which years there was no notice."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._missing: set[int] = set()

    def worked(self, day: date) -> bool:
        known = self._calendar.is_workday(day)
        if known is not None:
            return known
        self._missing.add(day.year)
        return not _is_weekend(day) and (day.month, day.day) not in _FIXED

    def deadline(self, day: date) -> Deadline:
        years = ", ".join(map(str, sorted(self._missing)))
        reason = f"no notice of the working days of {years}" if years else ""
        return Deadline(day, self._calendar.version, bool(years), reason)


def in_working_days(law: str, days: int) -> bool:
    """Whether a period of so many days in a law counts working days; KeyError for another law.

    `penalty` 行政处罚法 85: 2, 3, 5 and 7; `coercion` 行政强制法 69: up to 10; `permit` 行政许可法
    82 and `notice` (where the text itself says 工作日): all. Others count calendar days.
    """
    return _UNITS[law](days)


_UNITS: Mapping[str, Callable[[int], bool]] = {
    "penalty": lambda days: days in (2, 3, 5, 7),
    "coercion": lambda days: days <= 10,
    "permit": lambda _days: True,
    "notice": lambda _days: True,
    "other": lambda _days: False,
}
LAWS = tuple(_UNITS)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= _SATURDAY
