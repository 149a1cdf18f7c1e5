"""XLSX: cells row by row, sheet after sheet, with headers and text boxes (ECMA-376 part 1)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import BinaryIO

from ingest.documents.formats.office import properties
from ingest.documents.formats.pptx import drawing
from ingest.documents.package import Package
from ingest.documents.reading import PAGES, Reached, Reading
from ingest.documents.xml_walk import walk

_DATES = frozenset((14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)))
"""Numbers of built-in formats of days (18.8.30, and those of Chinese Excel)."""
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_CODES = re.compile(r'&(?:[LCRPNDTFAGSXYBIUEOH]|"[^"]*"|\d+|K[0-9A-Fa-f]{6})')
"""Codes in a header or footer (18.3.1.39)."""
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - days of a calendar, without a zone


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of all sheets into the reading."""
    package = Package(file, reading)
    reading.puid = "fmt/214"
    properties(package, reading)
    names = _sheet_names(package, reading)
    sheets = package.matching(r"xl/worksheets/[^/]+\.xml")
    reading.pages = len(sheets)
    if len(sheets) > PAGES:
        raise Reached(f"pages: {len(sheets)}, more than {PAGES}")
    shared = _strings(package, reading)
    dates = _date_styles(package, reading)
    drawings = package.matching(r"xl/drawings/drawing\d*\.xml")
    for number, part in enumerate(sheets):
        if number:
            reading.page()
        if number < len(names):
            reading.add(names[number] + "\n")
        _Sheet(reading, shared, dates).read(package, part)
        if not number:
            for boxes in drawings:
                drawing(package, boxes, reading)


def _sheet_names(package: Package, reading: Reading) -> list[str]:
    names: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            names.append(attributes.get("name", ""))

    _each(package, "xl/workbook.xml", reading, start)
    return names


def _date_styles(package: Package, reading: Reading) -> frozenset[int]:
    """Numbers of cell styles that show a day."""
    own: dict[str, bool] = {}
    styles: list[bool] = []
    inside = False

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal inside
        if name == "numFmt":
            code = _QUOTED.sub("", attributes.get("formatCode", ""))
            own[attributes.get("numFmtId", "")] = "y" in code or "d" in code
        elif name == "cellXfs":
            inside = True
        elif name == "cellStyles":
            inside = False
        elif name == "xf" and inside:
            number = attributes.get("numFmtId", "")
            styles.append(own.get(number, number.isdigit() and int(number[:6]) in _DATES))

    _each(package, "xl/styles.xml", reading, start)
    return frozenset(place for place, is_date in enumerate(styles) if is_date)


def _each(package: Package, part: str, reading: Reading, start: object) -> None:
    if part in package:
        walk(
            package.chunks(part),
            reading,
            start=start,  # type: ignore[arg-type]
            end=lambda _name: None,
            words=lambda _words: None,
            part=part,
        )


def _strings(package: Package, reading: Reading) -> list[str]:
    """Texts that cells refer to by number; what is spoken beside them (`rPh`) is left out."""
    part = "xl/sharedStrings.xml"
    strings: list[str] = []
    if part not in package:
        return strings
    words: list[str] = []
    telling = spoken = 0

    def start(name: str, _attributes: Mapping[str, str]) -> None:
        nonlocal telling, spoken
        telling += name == "t"
        spoken += name == "rPh"

    def end(name: str) -> None:
        nonlocal telling, spoken
        telling -= name == "t"
        spoken -= name == "rPh"
        if name == "si":
            strings.append("".join(words))
            words.clear()

    def put(text: str) -> None:
        if telling and not spoken:
            words.append(text)

    walk(package.chunks(part), reading, start=start, end=end, words=put, part=part)
    return strings


class _Sheet:
    """One worksheet; rows are lines, cells are parted by tabs."""

    def __init__(self, reading: Reading, shared: list[str], dates: frozenset[int]) -> None:
        self._reading = reading
        self._shared = shared
        self._dates = dates
        self._kind = ""
        self._style = ""
        self._words: list[str] = []
        self._row: list[str] = []

    def read(self, package: Package, part: str) -> None:
        walk(
            package.chunks(part),
            self._reading,
            start=self._start,
            end=self._end,
            words=self._words.append,
            part=part,
        )

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._kind, self._style = attributes.get("t", ""), attributes.get("s", "")
        self._words.clear()

    def _end(self, name: str) -> None:
        if name in ("v", "t"):
            self._row.append(self._value("".join(self._words)))
        elif name == "row":
            self._reading.add("\t".join(filter(None, self._row)) + "\n")
            self._row.clear()
        elif name.endswith(("Header", "Footer")):
            line = _CODES.sub(" ", "".join(self._words)).strip()
            if line:
                put = self._reading.front if name.endswith("Header") else self._reading.add
                put(line + "\n")
        self._words.clear()

    def _value(self, text: str) -> str:
        if self._kind == "s":
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1
            return self._shared[number] if 0 <= number < len(self._shared) else ""
        if not self._kind and self._style.isdigit() and int(self._style[:6]) in self._dates:
            return _day(text)
        return text


def _day(text: str) -> str:
    """A day as a date, where the number is one."""
    try:
        moment = _DAY_ZERO + timedelta(days=float(text))
    except (ValueError, OverflowError):
        return text
    return moment.strftime("%Y-%m-%d" if moment.time() == _DAY_ZERO.time() else "%Y-%m-%d %H:%M")
