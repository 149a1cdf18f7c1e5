"""Profiles of file names: what devices write into the names of their files.

    profiles = Profiles.load(home / "device-profiles.toml")     # or Profiles.load(None)
    found = profiles.read("DSJ0012_012345_20260301083000_0001.mp4")
    found.device, found.start, found.number                     # a claim, never a fact

The profiles are data (`config/device-profiles.toml`, explained there and in docs/media.md). Every
one brings names with what it reads in them; a file whose own names are read otherwise is refused.

An expression comes from an administrator and the names from anywhere, so what an expression can
cost is bounded before it is used: the ways in which it can match (its repetitions and branches
multiplied) are counted in its parse tree, and one that has more than MOST_WAYS is refused. That is
an upper bound of what backtracking can try, whatever the name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from archive import fields
from archive.errors import FormatError
from ingest.own_first import check_name, own_first, read_table

SHIPPED = Path(__file__).parents[2] / "config" / "device-profiles.toml"
MOST_NAME = 255
"""Characters of a name that is looked at; no file system that devices use has longer ones."""
MOST_WAYS = 1_000_000
"""Ways in which an expression may match; about a second of backtracking at the very worst."""

_MOST_PATTERN = 1000
_MOST_NUMBER = 999_999_999
_FIRST_YEAR = 1900
_TIME = len("YYYYMMDDhhmmss")
_GROUPS = frozenset(("device", "officer", "unit", "time", "number", "important"))
_TEXTS = ("device", "officer", "unit")


@dataclass(frozen=True, slots=True)
class Segment:
    """What a profile reads in a name; `profile` is its name and `/` and the digest of its file.

    `start` has no zone: it is the device's own clock.
    """

    profile: str
    start: datetime
    device: str | None = None
    officer: str | None = None
    unit: str | None = None
    number: int | None = None
    important: bool = False

    def value(self) -> dict[str, Any]:
        """`segment` of record.json (docs/formats.md §13)."""
        return {
            "device": self.device,
            "important": self.important,
            "number": self.number,
            "officer": self.officer,
            "profile": self.profile,
            "start": self.start.isoformat(),
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of naming files. `en` and `zh` say which.

    `origin` is the beginning of its file's digest.
    """

    name: str
    en: str
    zh: str
    expression: re.Pattern[str]
    origin: str

    def read(self, stem: str) -> Segment | None:
        """Read a name without its extension; None where it does not fit."""
        found = self.expression.fullmatch(stem)
        if found is None:
            return None
        groups = found.groupdict()
        start, number = _moment(groups["time"]), groups.get("number")
        if start is None or not _is_number(number):
            return None
        return Segment(
            profile=f"{self.name}/{self.origin}",
            start=start,
            number=None if number is None else int(number),
            important=bool(groups.get("important")),
            **{name: groups.get(name) or None for name in _TEXTS},
        )


@dataclass(frozen=True, slots=True)
class Profiles:
    """Profiles in the order in which they are tried."""

    profiles: tuple[Profile, ...]

    @classmethod
    def parse(cls, text: str) -> "Profiles":
        """Read a file strictly and try its own names; FormatError with one sentence."""
        table = read_table(text, "cunzheng_device_profiles", "profile", {"refused": _names})
        rows = table["profile"]
        origin = sha256(text.encode()).hexdigest()[:16]
        found = cls(tuple(_profile(row, origin) for row in rows))
        found._check(rows, table.get("refused", []))
        return found

    @classmethod
    def load(cls, own: Path | None) -> "Profiles":
        """Those of a file of one's own, if there is one, before those that come with cunzheng.

        Raises FormatError naming the file, or OSError where it cannot be read.
        """
        return cls(own_first(own, SHIPPED, lambda text: cls.parse(text).profiles))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the profiles."""
        return tuple(one.name for one in self.profiles)

    def only(self, name: str) -> "Profiles":
        """The one of this name alone; none where there is no such profile any more."""
        return Profiles(tuple(one for one in self.profiles if one.name == name))

    def read(self, name: str) -> Segment | None:
        """What the first profile that fits reads in a file's name; None where none does."""
        if len(name) > MOST_NAME:
            return None
        stem = name.rpartition(".")[0] or name
        return next((found for one in self.profiles if (found := one.read(stem))), None)

    def _check(self, rows: list[Any], refused: list[str]) -> None:
        names = [one.name for one in self.profiles]
        if len(set(names)) != len(names):
            raise FormatError("two profiles have the same name")
        for name, row in zip(names, rows, strict=True):
            for test in row["tests"]:
                self._try(name, test)
        for name in refused:
            if found := self.read(name):
                raise FormatError(f"{found.profile.partition('/')[0]} reads the refused {name!r}")

    def _try(self, profile: str, test: Mapping[str, Any]) -> None:
        found, name = self.read(test["name"]), test["name"]
        if found is None:
            raise FormatError(f"profile {profile}: its test name {name!r} is not read")
        if found.profile.partition("/")[0] != profile:
            other = found.profile.partition("/")[0]
            raise FormatError(f"profile {profile}: its test name {name!r} is read by {other}")
        for key, value in (("time", found.start), *((k, getattr(found, k)) for k in _REST)):
            if test.get(key, False if key == "important" else None) != value:
                raise FormatError(f"profile {profile}: {key} in {name!r} is read as {value}")


_REST = ("device", "officer", "unit", "number", "important")


def _names(value: object) -> None:
    fields.each(fields.text)(value)


def _local(value: object) -> None:
    if not isinstance(value, datetime) or value.tzinfo is not None:
        raise FormatError("a time without a zone such as 2026-03-01T08:30:00 was expected")


_TEST: Mapping[str, fields.Check] = {"name": fields.text, "time": _local}
_TEST_MORE: Mapping[str, fields.Check] = {
    **dict.fromkeys(_TEXTS, fields.text),
    "number": fields.count,
    "important": fields.flag,
}


_PROFILE: Mapping[str, fields.Check] = {
    "name": check_name,
    "en": fields.text,
    "zh": fields.text,
    "pattern": fields.text,
    "tests": fields.each(fields.obj(_TEST, _TEST_MORE)),
}


def _profile(row: Mapping[str, Any], origin: str) -> Profile:
    try:
        fields.exactly(row, _PROFILE, {})
        if not row["tests"]:
            raise FormatError("it has no test name")
        expression = _compiled(row["pattern"])
    except FormatError as error:
        raise FormatError(f"profile {str(row.get('name'))[:40]}: {error}") from error
    return Profile(row["name"], row["en"], row["zh"], expression, origin)


def _compiled(pattern: str) -> re.Pattern[str]:
    if len(pattern) > _MOST_PATTERN:
        raise FormatError(f"a pattern has at most {_MOST_PATTERN} characters")
    try:
        found = re.compile(pattern, re.IGNORECASE | re.ASCII)
        tree = _parser.parse(pattern, re.IGNORECASE | re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise FormatError(f"the pattern is no regular expression: {error}") from error
    if _ways(tree) > MOST_WAYS:
        raise FormatError(
            "the pattern can match in too many ways: bound its repetitions, as in \\d{6,8}"
        )
    groups = found.groupindex.keys()
    if "time" not in groups or not groups <= _GROUPS:
        raise FormatError(f"the named groups are time and perhaps {', '.join(sorted(_GROUPS))}")
    return found


# --- what an expression may cost

# The parse tree of the standard library: nothing public tells what an expression can cost.
_parser: Any = import_module("re._parser")


def _ways(tree: Any) -> int:
    """In how many ways a sequence can match; a number above MOST_WAYS is not counted further."""
    total = 1
    for operation, argument in tree:
        count = _OF.get(str(operation), _one)
        total *= count(argument)
        if total > MOST_WAYS:
            break
    return total


def _one(_: Any) -> int:
    return 1


def _repeated(argument: Any) -> int:
    least, most, inner = argument
    each, total = _ways(inner), 0
    for times in range(int(least), min(int(most), MOST_NAME) + 1):
        total += each**times
        if total > MOST_WAYS:
            break
    return max(total, 1)


def _either(argument: Any) -> int:
    return sum(_ways(branch) for branch in argument[1])


def _last(argument: Any) -> int:
    return _ways(argument[-1])


def _if_group(argument: Any) -> int:
    return sum(_ways(branch) for branch in argument[1:] if branch is not None)


_OF: Mapping[str, Callable[[Any], int]] = {
    **dict.fromkeys(("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"), _repeated),
    "BRANCH": _either,
    **dict.fromkeys(("SUBPATTERN", "ASSERT", "ASSERT_NOT"), _last),
    "ATOMIC_GROUP": _ways,
    "GROUPREF_EXISTS": _if_group,
}


# --- what stands in a name


def _moment(text: str | None) -> datetime | None:
    digits = "".join(char for char in text or "" if char in "0123456789")
    if len(digits) != _TIME:
        return None
    try:
        found = datetime.fromisoformat(f"{digits[:8]}T{digits[8:]}")
    except ValueError:
        return None
    return found if found.year >= _FIRST_YEAR else None


def _is_number(text: str | None) -> bool:
    return text is None or (text.isascii() and text.isdecimal() and int(text) <= _MOST_NUMBER)
