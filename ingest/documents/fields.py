"""Title, number, date and parties of a document, by patterns (docs/documents.md, "Fields"). Pure.

What is found is what stands there: a claim of the document, never a finding of the archive.

    >>> fields_of("行 政 处 罚 决 定 书\\n沪交执罚〔2026〕第12号\\n当事人：张三").number
    '沪交执罚〔2026〕第12号'
"""

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

from ingest.documents import named
from ingest.documents.dates import date_of
from ingest.documents.lines import MOST_LINES, lines_of
from ingest.documents.numbers import number_of
from ingest.documents.parties import Party, parties_of
from ingest.documents.tables import without_tables
from ingest.documents.titles import title_of

FIRST = 4_000
"""Characters of the first page that are looked at."""
CLOSING = 20
"""Lines at the end in which the closing line is looked for."""
_STRUCTURED = 20_000


class Fields(NamedTuple):
    """What a document says of itself; every part may be missing."""

    title: str = ""
    number: str | None = None
    date: str | None = None
    """`YYYY-MM-DD`."""
    parties: tuple[Party, ...] = ()


def fields_of(first: str, end: str = "", *, title: str = "") -> Fields:
    """By the first page and the last lines; `title` as the file's own properties state it."""
    lines = lines_of(first[:FIRST])
    return _found(lines, _closing(end) if end else lines, title_of(lines, title))


def fields_of_sheets(first: str, end: str = "", *, title: str = "") -> Fields:
    """Of a workbook, whose first page begins with the name of its first sheet."""
    name, *lines = lines_of(first[:FIRST]) or [""]
    found = title_of(lines, title) or title_of((), name)
    return _found(lines, _closing(end) if end else lines, found)


def fields_of_rows(first: str, end: str = "") -> Fields:
    """Of a table in CSV, which has a title only where one stands in a row of its own."""
    rows = _rows(first[:FIRST])
    lines = lines_of("\n".join(rows))
    closing = lines_of("\n".join(_rows(end)))[-CLOSING:] if end else lines
    return _found(lines, closing, title_of(lines))


def fields_of_named(text: str, form: str, title: str = "") -> Fields:
    """Of JSON or XML, whose fields have names."""
    pairs = named.of_json(text) if form == "json" else named.of_xml(text[:_STRUCTURED])
    lines = lines_of(named.as_lines(pairs))
    return _found(lines, lines, title or " ".join(named.title_in(pairs).split()))


def _closing(end: str) -> list[str]:
    return lines_of("\n".join(end.splitlines()[-CLOSING:]))


def _found(lines: Sequence[str], closing: Sequence[str], title: str) -> Fields:
    own = without_tables(lines)
    last = own if closing is lines else without_tables(closing)
    return Fields(title, number_of(own, title), date_of(own, last), parties_of(own))


def _rows(text: str) -> list[str]:
    """Rows with cells parted by tabs; a row that cannot be read ends it."""
    found: list[str] = []
    separator = ";" if text.count(";") > text.count(",") else ","
    try:
        for row in csv.reader(io.StringIO(text), delimiter=separator):
            found.append("\t".join(" ".join(cell.split()) for cell in row if cell.strip()))
            if len(found) == MOST_LINES:
                break
    except csv.Error:
        pass
    return found
