"""Reference codes 档号 by the agency's own pattern (DA/T 13-2022: parts joined by - and ·).

    CodePattern.parse("0123-XZ·2-{year}-{term}-{volume}").next("2026", "30y", taken)

`year` is that of the closing, `term` Y for ever and D30, D10, … for years, `volume` a number of
four digits that goes on within what stands around it. A code is a proposal until it is signed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from archive import fields
from archive.errors import FormatError

_FIELD = re.compile(r"\{(\w*)\}")
_YEARS = re.compile(r"([1-9]\d{0,2})y", re.ASCII)
_MOST = 9999


@dataclass(frozen=True, slots=True)
class CodePattern:
    """A pattern that every code of the agency follows."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "CodePattern":
        """Read it; FormatError for one that gives no codes, or the same one again and again."""
        names = _FIELD.findall(text)
        if names.count("volume") != 1 or not {*names} <= {"year", "term", "volume"}:
            raise FormatError("{volume} once, and no others but {year} and {term}")
        found = cls(text)
        fields.ref_code(found._filled("2026", "D100", "0001"))
        return found

    def next(self, year: str, period: str | None, taken: Iterable[str]) -> str | None:
        """The code after the last one that was given; None where the pattern cannot give one.

        `period` is that of the case's class: `permanent`, or years such as `30y`.
        """
        term = _term(period)
        if term is None and "{term}" in self.text:
            return None
        mark = "\x00"
        before, after = self._filled(year, term or "", mark).split(mark)
        given = re.compile(re.escape(before) + r"([0-9]{4})" + re.escape(after))
        numbers = (int(match[1]) for code in taken if (match := given.fullmatch(code)))
        number = max(numbers, default=0) + 1
        return f"{before}{number:04d}{after}" if number <= _MOST else None

    def _filled(self, year: str, term: str, volume: str) -> str:
        values = {"year": year, "term": term, "volume": volume}
        return _FIELD.sub(lambda match: values[match[1]], self.text)


def _term(period: str | None) -> str | None:
    if period == "permanent":
        return "Y"
    match = _YEARS.fullmatch(period or "")
    return f"D{match[1]}" if match else None
