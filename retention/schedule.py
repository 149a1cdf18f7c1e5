"""The retention schedule as a value: `config/retention-schedule.toml`, read strictly.

    schedule = Schedule.parse(text)
    schedule.named("case_file").period
    schedule.for_case("penalty", "major")      # the class of a case's file

It is explained in the file itself and in docs/retention.md. What is in force is the text that was
adopted last (docs/formats.md §12).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.fields import Check
from archive.versioned_toml import read_versioned
from archive.vocabulary import CATEGORIES, IMPORTANCES, PROMOTIONS
from retention.periods import Period

VERSION = 1
TRIGGERS = ("capture_end", "case_close", "decision", "flag")
OF_CASES = ("case_close", "decision")
_MOST_CLASSES = 200
_MOST_TEXT = 64 << 10


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """One class. `period` is None where it is kept `same_as_case`.

    `media` are beginnings of media types, `causes` codes of `vocabulary.PROMOTIONS`; `categories`
    and `importance` say of which cases it is, empty and None for all others.
    """

    name: str
    en: str
    zh: str
    trigger: str
    basis: str
    period: Period | None
    same_as_case: bool = False
    media: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    importance: str | None = None
    causes: tuple[str, ...] = ()

    @property
    def of_cases(self) -> bool:
        """Whether it is the class of case files."""
        return self.trigger in OF_CASES and not self.same_as_case

    def fits_case(self, category: str, importance: str) -> bool:
        """Whether the file of such a case is of this class."""
        fits = self.categories == () or category in self.categories
        return self.of_cases and fits and self.importance in (None, importance)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All classes, in the order of the text."""

    classes: tuple[RetentionClass, ...]

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Read it strictly; FormatError saying what is wrong."""
        if len(text) > _MOST_TEXT:
            raise FormatError("a schedule has at most 64 KiB")
        table = read_versioned(text, "cunzheng_retention", VERSION)
        rows = table.get("class")
        if table.keys() != {"class"} or not isinstance(rows, list):
            raise FormatError("a schedule has cunzheng_retention, [[class]] and nothing else")
        if not 1 <= len(rows) <= _MOST_CLASSES:
            raise FormatError(f"a schedule has 1 to {_MOST_CLASSES} classes")
        found = cls(tuple(_class(number, row) for number, row in enumerate(rows, 1)))
        _check_whole(found)
        return found

    def named(self, name: str) -> RetentionClass:
        """A class by its name; FormatError for one that is not in the schedule."""
        for one in self.classes:
            if one.name == name:
                return one
        raise FormatError(f"the schedule has no class {name[:40]!r}")

    def for_media(self, media: str) -> RetentionClass:
        """The class of a record without a case, by its media type."""
        own = self._captured()
        fits = (one for one in own if any(map(media.startswith, one.media)))
        return next(fits, None) or next(one for one in own if not one.media)

    def for_case(self, category: str, importance: str) -> RetentionClass:
        """The class of a case's file: the first that fits."""
        return next(one for one in self.classes if one.fits_case(category, importance))

    def for_cause(self, cause: str) -> RetentionClass | None:
        """The class that is proposed where a person names a cause, if there is one."""
        return next((one for one in self.classes if cause in one.causes), None)

    @property
    def material(self) -> RetentionClass:
        """The class of whatever is attached to a case."""
        return next(one for one in self.classes if one.same_as_case)

    @property
    def shortest(self) -> Period:
        """The shortest period of all: what the first lock is counted by."""
        limited = [one.period for one in self.classes if one.period and not one.period.permanent]
        return min(limited, key=lambda period: (period.days, str(period)))

    def _captured(self) -> list[RetentionClass]:
        return [one for one in self.classes if one.trigger == "capture_end"]


_TEXT: Check = fields.text
_CHECKS: Mapping[str, Check] = {
    "name": fields.class_name,
    "en": _TEXT,
    "zh": _TEXT,
    "trigger": fields.one_of(TRIGGERS),
    "basis": _TEXT,
}
_MORE: Mapping[str, Check] = {
    "period": Period.parse,
    "same_as_case": fields.flag,
    "media": fields.sorted_each(fields.text, 1, 32),
    "categories": fields.sorted_each(fields.one_of(CATEGORIES), 1, 32),
    "importance": fields.one_of(IMPORTANCES),
    "causes": fields.sorted_each(fields.one_of(PROMOTIONS), 1, 32),
}
_BELONGS = {"media": ("capture_end",), "causes": ("flag",)} | dict.fromkeys(
    ("categories", "importance"), OF_CASES
)


def _class(number: int, row: Any) -> RetentionClass:
    try:
        fields.exactly(row, _CHECKS, _MORE)
        if not all(row[key].strip() for key in ("en", "zh", "basis")):
            raise FormatError("labels and the legal basis are not empty")
        _check_belongs(row)
        return _made(row)
    except FormatError as error:
        name = row.get("name") if isinstance(row, dict) else None
        raise FormatError(f"class {name or number}: {error}") from error


def _check_belongs(row: Mapping[str, Any]) -> None:
    for key, triggers in _BELONGS.items():
        if key in row and (row["trigger"] not in triggers or row.get("same_as_case")):
            raise FormatError(f"{key} does not belong to this class")
    if row.get("same_as_case", False) == ("period" in row):
        raise FormatError("a class has either a period or same_as_case = true")
    if row.get("same_as_case") and row["trigger"] not in OF_CASES:
        raise FormatError("same_as_case counts from the closing of the case")


def _made(row: Mapping[str, Any]) -> RetentionClass:
    return RetentionClass(
        name=row["name"],
        en=row["en"],
        zh=row["zh"],
        trigger=row["trigger"],
        basis=row["basis"],
        period=Period.parse(row["period"]) if "period" in row else None,
        same_as_case=row.get("same_as_case", False),
        media=tuple(row.get("media", ())),
        categories=tuple(row.get("categories", ())),
        importance=row.get("importance"),
        causes=tuple(row.get("causes", ())),
    )


def _check_whole(schedule: Schedule) -> None:
    """What the classes have to be together, so that every record has exactly one."""
    classes = schedule.classes
    names = [one.name for one in classes]
    if len(set(names)) != len(names):
        raise FormatError("two classes have the same name")
    others = [one for one in classes if one.trigger == "capture_end" and not one.media]
    if len(others) != 1:
        raise FormatError("exactly one class of capture_end is without media, for all others")
    if len([one for one in classes if one.same_as_case]) != 1:
        raise FormatError("exactly one class is same_as_case, for what is attached to cases")
    for importance in IMPORTANCES:
        for category in CATEGORIES:
            if not any(one.fits_case(category, importance) for one in classes):
                raise FormatError(f"no class is for cases of {category}, {importance}")
    causes = [cause for one in classes for cause in one.causes]
    if len(set(causes)) != len(causes):
        raise FormatError("two classes are for the same cause")
    if not any(one.period and not one.period.permanent for one in classes):
        raise FormatError("at least one class has a period that ends, for the first lock")
