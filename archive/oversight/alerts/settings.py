"""Thresholds of the alert rules: data, read strictly (`config/alerts.toml`, explained there).

As adopted they stand in the ledger (docs/formats.md §11). An unknown or missing key is an error.

    settings = AlertSettings.parse(text)
    settings.a2.floor    # 20
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from datetime import date, datetime, time
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.fields import Check
from archive.times import SHANGHAI
from archive.vocabulary import CAPACITIES, PURPOSES, ROLES, SENSITIVITIES

VERSION = 1
SEVERITIES = ("low", "medium", "high")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Office:
    """When the office works, in Asia/Shanghai; holidays and worked weekends are given."""

    weekdays: frozenset[int]
    opens: time
    closes: time
    evening: time
    holidays: frozenset[date]
    workdays: frozenset[date]
    duty_units: frozenset[str]

    def is_open(self, moment: datetime) -> bool:
        """Whether a moment lies in office hours."""
        local = moment.astimezone(SHANGHAI)
        return self._is_workday(local.date()) and self.opens <= local.time() < self.closes

    def is_evening(self, moment: datetime) -> bool:
        """Whether it lies between opening and the evening's end, on any day."""
        return self.opens <= moment.astimezone(SHANGHAI).time() < self.evening

    def _is_workday(self, day: date) -> bool:
        if day in self.workdays:
            return True
        return day.isoweekday() in self.weekdays and day not in self.holidays


@dataclass(frozen=True, slots=True)
class Basics:
    """What every rule has: whether it is evaluated, how grave it is, which role handles it."""

    enabled: bool
    severity: str
    assignee: str


@dataclass(frozen=True, slots=True)
class Hours(Basics):
    """A1."""

    habit_days: int
    known_accesses: int


@dataclass(frozen=True, slots=True)
class Breadth(Basics):
    """A2; `factor_percent` of the most in the person's history."""

    floor: int
    factor_percent: int


@dataclass(frozen=True, slots=True)
class Tries(Basics):
    """A3 and A6: so many refused tries within so many days."""

    tries: int
    days: int


@dataclass(frozen=True, slots=True)
class Refusals(Basics):
    """A4."""

    refusals: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Volume(Basics):
    """A5."""

    floor_mib: int
    factor: int
    exempt_capacities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pair(Basics):
    """A7."""

    approvals: int
    share_percent: int
    others: int
    days: int


@dataclass(frozen=True, slots=True)
class Crowd(Basics):
    """A8."""

    people: int
    hours: int
    exempt_purposes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Held(Basics):
    """A9."""

    exempt_capacities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Clocks(Basics):
    """A12."""

    step_seconds: int
    device_seconds: int


@dataclass(frozen=True, slots=True)
class Days(Basics):
    """A13 and A15."""

    days: int


@dataclass(frozen=True, slots=True)
class Sensitive(Basics):
    """A14."""

    sensitivities: frozenset[str]
    case_purposes: frozenset[str]


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """All thresholds; `history_days` is how far back habits are looked at."""

    office: Office
    history_days: int
    a1: Hours
    a2: Breadth
    a3: Tries
    a4: Refusals
    a5: Volume
    a6: Tries
    a7: Pair
    a8: Crowd
    a9: Held
    a12: Clocks
    a13: Days
    a14: Sensitive
    a15: Days
    piece: Basics

    @classmethod
    def parse(cls, text: str) -> "AlertSettings":
        """Read TOML; FormatError naming the section for whatever is unknown, missing or wrong."""
        try:
            table = tomllib.loads(text)
        # Beside its own error tomllib lets through those of huge numbers and deep nesting.
        except (ValueError, RecursionError) as error:
            raise FormatError(f"the alert rules are not TOML: {error}") from error
        sections = dict.fromkeys(("office", "history", *_RULES), fields.anything)
        _checked("the alert rules", table, {"cunzheng_alerts": _version, **sections})
        _checked("[history]", table["history"], {"days": _positive})
        return cls(
            office=_office(table["office"]),
            history_days=table["history"]["days"],
            **{name.lower(): _rule(name, kind, table[name]) for name, kind in _RULES.items()},
        )


_RULES: Mapping[str, type[Basics]] = {
    "A1": Hours,
    "A2": Breadth,
    "A3": Tries,
    "A4": Refusals,
    "A5": Volume,
    "A6": Tries,
    "A7": Pair,
    "A8": Crowd,
    "A9": Held,
    "A12": Clocks,
    "A13": Days,
    "A14": Sensitive,
    "A15": Days,
    "PIECE": Basics,
}
RULES = tuple(_RULES)
"""Names of the rules. A10 and A11 need the storage's own logs and arrive with them."""


def _version(value: object) -> None:
    if value is True or value != VERSION:
        raise FormatError(f"alert rules of version {VERSION} were expected")


def _positive(value: object) -> None:
    if fields.count(value) < 1:
        raise FormatError("at least 1 was expected")


def _percent(value: object) -> None:
    _positive(value)
    if fields.count(value) > 100:
        raise FormatError("a percentage was expected")


def _words(known: Mapping[str, object]) -> Check:
    def run(value: object) -> None:
        fields.each(fields.one_of(tuple(known)))(value)

    return run


def _weekday(value: object) -> None:
    if not 1 <= fields.count(value) <= 7:
        raise FormatError("a weekday from 1 to 7 was expected")


def _clock(value: object) -> None:
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise FormatError("a time of day such as 08:30 was expected")


_OFFICE: Mapping[str, Check] = {
    "weekdays": fields.each(_weekday),
    "from": _clock,
    "until": _clock,
    "evening": _clock,
    "holidays": fields.each(fields.date_text),
    "workdays": fields.each(fields.date_text),
    "duty_units": fields.each(fields.unit_id),
}
_CHECKS: Mapping[str, Check] = {
    "enabled": fields.flag,
    "severity": fields.one_of(SEVERITIES),
    "assignee": fields.one_of(tuple(ROLES)),
    "share_percent": _percent,
    "exempt_capacities": _words(CAPACITIES),
    "exempt_purposes": _words(PURPOSES),
    "case_purposes": _words(PURPOSES),
    "sensitivities": _words(SENSITIVITIES),
}
"""Checks by key; every other key is a number of at least 1."""


def _rule(name: str, kind: type[Basics], table: Mapping[str, Any]) -> Any:
    keys = [field.name for field in fields_of(kind)]
    _checked(f"[{name}]", table, {key: _CHECKS.get(key, _positive) for key in keys})
    values: dict[str, Any] = {
        key: frozenset(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return kind(**values)


def _office(table: Mapping[str, Any]) -> Office:
    _checked("[office]", table, _OFFICE)
    opens, closes, evening = (
        time.fromisoformat(table[key]) for key in ("from", "until", "evening")
    )
    if not opens < closes <= evening:
        raise FormatError("[office]: from, until and evening follow each other")
    return Office(
        weekdays=frozenset(table["weekdays"]),
        opens=opens,
        closes=closes,
        evening=evening,
        holidays=frozenset(date.fromisoformat(day) for day in table["holidays"]),
        workdays=frozenset(date.fromisoformat(day) for day in table["workdays"]),
        duty_units=frozenset(table["duty_units"]),
    )


def _checked(where: str, table: object, checks: Mapping[str, Check]) -> None:
    try:
        fields.exactly(table, checks, {})
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from error
