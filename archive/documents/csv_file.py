"""A table as CSV (RFC 4180, UTF-8 with the byte-order mark that Excel looks for).

The file holds the column titles and the rows and nothing else. Numbers and sizes are plain digits,
a share is a fraction of at most 4 digits, a time carries its offset (`2026-11-22 12:05:06+08:00`).

A cell of text that begins with `= + - @`, one of their full-width forms, or TAB, CR or LF would be
taken for a formula by a spreadsheet. It gets an apostrophe in front; who reads the file with a
program takes one leading apostrophe before such a character away again.
"""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from archive.documents.cells import local, show, visible
from archive.documents.table import Kind, Table, Value

_SHARE_DIGITS = 4
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def write(table: Table, stream: BinaryIO) -> None:
    """Write the table; memory does not grow with the rows."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([harmless(column.title) for column in table.columns])
        for row in table.rows:
            writer.writerow(
                [_cell(col.kind, value) for col, value in zip(table.columns, row, strict=True)]
            )
    finally:
        text.detach()


def harmless(text: str) -> str:
    """The text as a spreadsheet will show it instead of computing it."""
    text = visible(text)
    return "'" + text if text.startswith(_FORMULA) else text


def _cell(kind: Kind, value: Value) -> str:
    if isinstance(value, str) and kind == "text":
        return harmless(value)
    if isinstance(value, datetime) and kind == "moment":
        return local(value).isoformat(sep=" ", timespec="seconds")
    show(kind, value)  # the same errors as in the other formats
    if kind == "share" and isinstance(value, (float, Decimal)):
        return str(round(value, _SHARE_DIGITS))
    return "" if value is None else str(value)
