"""A table as XLSX: typed cells, frozen header, no formulas and no links whatever a cell says.

Times are Excel's own dates in Asia/Shanghai, sizes are bytes, shares are percentages. A text longer
than Excel takes (32,767 characters) is cut and says so; rows beyond what a sheet takes go on in
another one.
"""

import math
import re
from datetime import UTC, datetime
from typing import Any, BinaryIO

from xlsxwriter import Workbook

from archive.documents.cells import local, moment, one_style_of_lines, show, shown_row
from archive.documents.table import Kind, Table, Value
from archive.documents.widths import Row, sample

LONGEST_TEXT = 32_767
LAST_ROW = 1_048_576
"""What Excel takes in a cell, counted in UTF-16 units, and in a sheet."""

_LONGEST_TAB = 31
_NOT_ON_TABS = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_WIDEST = 48
_EXACT = 2**53
_FIRST_YEAR = 1900
_FORMATS = {
    "number": "#,##0.######",
    "size": "#,##0",
    "share": "0.0%",
    "moment": "yyyy-mm-dd hh:mm:ss",
}


def write(table: Table, stream: BinaryIO) -> None:
    """Write the table; rows wait in a temporary file of XlsxWriter, not in memory."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = Workbook(stream, options)
    book.set_properties(
        {"title": one_style_of_lines(table.title)[:255], "created": table.made_at.astimezone(UTC)}
    )
    first, rows = sample(table.rows)
    _Sheets(book, table, first).fill(rows)
    book.close()


class _Sheets:
    def __init__(self, book: Workbook, table: Table, first: list[Row]) -> None:
        self._book = book
        self._table = table
        self._widths = _widths(table, first)
        self._bold = book.add_format({"bold": True})
        self._head = book.add_format(
            {"bold": True, "bg_color": "#E7E9ED", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        base = {"valign": "top"}
        self._formats = {
            kind: book.add_format({**base, "num_format": form}) for kind, form in _FORMATS.items()
        }
        self._formats["text"] = book.add_format({**base, "text_wrap": True})
        self._sheet: Any = None
        self._next = 0
        self._count = 0

    def fill(self, rows: Any) -> None:
        """Title and lines, header, rows, notes."""
        self._start()
        for row in rows:
            if self._next >= LAST_ROW:
                self._start()
            for at, (column, value) in enumerate(zip(self._table.columns, row, strict=True)):
                self._put(at, column.kind, value)
            self._next += 1
        for line in ("", *self._table.closing):
            self._line(line, None)

    def _start(self) -> None:
        self._new_sheet()
        for at, width in enumerate(self._widths):
            self._sheet.set_column(at, at, width)
        self._line(self._table.title, self._bold)
        made = self._table.say("Made", "制作时间")
        for line in (*self._table.subtitle, f"{made}: {moment(self._table.made_at)} (UTC+8)"):
            self._line(line, None)
        for at, column in enumerate(self._table.columns):
            self._sheet.write_string(self._next, at, _short(column.title), self._head)
        self._next += 1
        self._sheet.freeze_panes(self._next, 0)
        self._sheet.repeat_rows(self._next - 1)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)

    def _new_sheet(self) -> None:
        """A sheet with the document's title on its tab, and a number from the second on."""
        self._count += 1
        number = f" {self._count}" if self._count > 1 else ""
        title = _NOT_ON_TABS.sub(" ", one_style_of_lines(self._table.title))
        name = title[: _LONGEST_TAB - len(number)].strip(" '")
        self._sheet = self._book.add_worksheet(name + number if name else None)
        self._next = 0

    def _line(self, text: str, form: Any) -> None:
        if self._next >= LAST_ROW:
            self._new_sheet()
        if text:
            self._sheet.write_string(self._next, 0, _short(text), form)
        self._next += 1

    def _put(self, at: int, kind: Kind, value: Value) -> None:
        form = self._formats[kind]
        text = show(kind, value)
        if isinstance(value, datetime) and local(value).year >= _FIRST_YEAR:
            naive = local(value).replace(tzinfo=None, microsecond=0)
            self._sheet.write_datetime(self._next, at, naive, form)
        elif isinstance(value, (str, datetime)):
            self._sheet.write_string(self._next, at, _short(text), form)
        elif value is not None and math.isfinite(value) and -_EXACT <= value <= _EXACT:
            self._sheet.write_number(self._next, at, float(value), form)
        elif value is not None:
            self._sheet.write_string(self._next, at, text, form)


def _short(text: str) -> str:
    text = one_style_of_lines(text)
    units = len(text.encode("utf-16-le")) // 2
    if units <= LONGEST_TEXT:
        return text
    note = f"… [cut / 已截断: {len(text):,}]"
    room = (LONGEST_TEXT - len(note)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore") + note


def _widths(table: Table, first: list[Row]) -> list[float]:
    """In characters of the default font; a Chinese character counts for two."""
    texts = [[column.title] for column in table.columns]
    for row in first:
        for cell, cells in zip(shown_row(table.columns, row), texts, strict=True):
            cells.extend(cell.split("\n"))
    return [min(_WIDEST, max(map(_columns, cells)) + 2) for cells in texts]


def _columns(text: str) -> int:
    return sum(2 if character >= "⺀" else 1 for character in text[:_WIDEST])
