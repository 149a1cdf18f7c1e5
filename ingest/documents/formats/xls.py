"""XLS and ET through xlrd: cells row by row; headers and text boxes from their own records."""

import io
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import xlrd
from xlrd.xldate import xldate_as_datetime

from ingest.documents.codes import BROKEN, ENCRYPTED, NOT_READ
from ingest.documents.formats.ole import Compound
from ingest.documents.formats.xlsx import _CODES
from ingest.documents.reading import PAGES, Reached, Reading

_HEADER, _FOOTER, _TEXT_BOX, _CONTINUE = 0x14, 0x15, 0x1B6, 0x3C
_LOCKED = "ncrypted"


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of all sheets into the reading."""
    compound = Compound(file, reading)
    reading.pages = None
    name = "Workbook" if "Workbook" in compound else "Book"
    stream = compound.stream(name)
    if not stream:
        reading.unreadable = True
        reading.notice(NOT_READ, "no stream of a workbook")
        return
    file.seek(0)
    try:
        book = xlrd.open_workbook(
            file_contents=file.read(), logfile=io.StringIO(), on_demand=True, ragged_rows=True
        )
    except xlrd.XLRDError as error:
        reading.unreadable = True
        reading.notice(ENCRYPTED if _LOCKED in str(error) else BROKEN, str(error))
        return
    reading.puid = "fmt/61" if name == "Workbook" and book.biff_version == 80 else None
    for part in _headers(stream):
        reading.front(part + "\n")
    _sheets(book, reading)
    for part in _boxes(stream):
        reading.aside(part + "\n")


def _sheets(book: Any, reading: Reading) -> None:
    reading.pages = book.nsheets
    if book.nsheets > PAGES:
        raise Reached(f"pages: {book.nsheets}, more than {PAGES}")
    for number in range(book.nsheets):
        if number:
            reading.page()
        sheet = book.sheet_by_index(number)
        reading.add(sheet.name + "\n")
        for row in range(sheet.nrows):
            cells = (_value(cell, book.datemode) for cell in sheet.row(row))
            reading.add("\t".join(filter(None, cells)) + "\n")
        book.unload_sheet(number)


def _value(cell: Any, mode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            moment = xldate_as_datetime(cell.value, mode)
        except (ValueError, OverflowError):
            return str(cell.value)
        midnight = not (moment.hour or moment.minute)
        return str(moment.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M"))
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return str(int(cell.value)) if cell.value == int(cell.value) else str(cell.value)
    return ""


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + length]
        place += 4 + length


def _text(data: bytes) -> str:
    """Characters behind a byte that says how wide they are ([MS-XLS] 2.5.293)."""
    wide = bool(data[:1] and data[0] & 1)
    return data[1:].decode("utf-16-le" if wide else "latin-1", "ignore")


def _headers(stream: bytes) -> Iterator[str]:
    for kind, data in _records(stream):
        if kind in (_HEADER, _FOOTER) and len(data) > 3:
            line = _CODES.sub(" ", _text(data[2:])).strip()
            if line:
                yield line


def _boxes(stream: bytes) -> Iterator[str]:
    """The words of a text box stand in the record behind it."""
    before = 0
    for kind, data in _records(stream):
        if kind == _CONTINUE and before == _TEXT_BOX:
            yield _text(data)
        before = kind
