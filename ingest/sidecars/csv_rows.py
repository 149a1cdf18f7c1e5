"""CSV of stations: a line of headings, and a line for each file. Every cell is only text.

table = CsvTable.read(data, ",")
table.headings, table.rows[0].text("案号"), table.rows[0].data()    # headings and its own line
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.errors import SidecarBad
from ingest.sidecars.encodings import Places, Whole, read_head, read_text
from ingest.sidecars.rows import MOST_ROWS, Row, too_many_rows

_BREAKS = re.compile('\r\n|\r|\n|"')
_MOST_HEADING = 8192
"""Characters of a line of headings: every row is kept with it."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One line: its cells by heading, its text, and the place of its first byte in the whole."""

    cells: Mapping[str, str]
    number: int
    whole: Whole
    headings: str
    line: str
    start: int

    @property
    def row(self) -> Row:
        """See Listed."""
        return self

    def text(self, place: str) -> str | None:
        """See Row."""
        return self.cells.get(place, "").strip() or None

    def each(self, place: str) -> Sequence[Row]:
        """See Row: a cell has no parts."""
        del place
        return ()

    def texts(self) -> Iterator[str]:
        """See Row."""
        yield from self.cells.values()

    def bare(self) -> "CsvRow":
        """See Listed."""
        return replace(self, cells={})

    def data(self) -> bytes:
        """The line of headings and this one, byte for byte; see `Whole.by_itself`."""
        whole = self.whole
        headings = whole.bom + whole.checked(self.headings, len(whole.bom))
        line = whole.checked(self.line, self.start)
        return whole.by_itself(headings + line, self.headings + self.line)


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Headings, and rows in their order; empty lines are none."""

    headings: tuple[str, ...]
    rows: tuple[CsvRow, ...]

    @classmethod
    def read(cls, data: bytes, delimiter: str) -> "CsvTable":
        """Read it strictly: every line has as many cells as there are headings; SidecarBad."""
        whole = read_text(data)
        lines = _lines(whole.text)
        first = next(lines, None)
        if first is None:
            raise _no_headings()
        if first[1] - first[0] > _MOST_HEADING:
            raise _long_headings()
        top = whole.text[slice(*first)]
        headings = tuple(cell.strip() for cell in _cells(top, delimiter, 0))
        if len(set(headings)) != len(headings):
            raise _no_headings()
        rows: list[CsvRow] = []
        places = Places(whole)
        for start, end in lines:
            text = whole.text[start:end]
            if not text.strip():
                continue
            number = len(rows) + 1
            if number > MOST_ROWS:
                raise too_many_rows()
            cells = _cells(text, delimiter, number)
            if len(cells) != len(headings):
                raise _other_cells(number, len(cells), len(headings))
            named = dict(zip(headings, cells, strict=True))
            rows.append(CsvRow(named, number, whole, top, text, places.of(start)))
        return cls(headings, tuple(rows))


def headings_of(head: bytes, delimiter: str) -> frozenset[str]:
    """The headings at the beginning of a file, as far as they can be read; never fails."""
    text = read_head(head[: 4 * _MOST_HEADING])[:_MOST_HEADING]
    first = next(_lines(text), None)
    if first is None:
        return frozenset()
    try:
        return frozenset(cell.strip() for cell in _cells(text[slice(*first)], delimiter, 0))
    except SidecarBad:
        return frozenset()


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends, with its line end; a quoted cell may have some inside."""
    start, quoted = 0, False
    for found in _BREAKS.finditer(text):
        if found[0] == '"':
            quoted = not quoted
        elif not quoted:
            yield start, found.end()
            start = found.end()
    if start < len(text):
        yield start, len(text)


def _cells(line: str, delimiter: str, number: int) -> list[str]:
    try:
        (cells,) = csv.reader([line.rstrip("\r\n")], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise SidecarBad(
            "SIDECAR_NOT_CSV",
            f"Row {number} of the sidecar is not CSV.",
            f"附带说明第 {number} 行不是有效的 CSV。",
        ) from None
    return cells


def _no_headings() -> SidecarBad:
    return SidecarBad(
        "SIDECAR_NOT_CSV",
        "The sidecar has no line of headings, or a heading twice.",
        "附带说明没有标题行，或标题重复。",
    )


def _long_headings() -> SidecarBad:
    return SidecarBad(
        "SIDECAR_NOT_CSV",
        f"The sidecar's line of headings has more than {_MOST_HEADING} characters.",
        f"附带说明的标题行超过 {_MOST_HEADING} 个字符。",
    )


def _other_cells(number: int, found: int, wanted: int) -> SidecarBad:
    return SidecarBad(
        "SIDECAR_NOT_CSV",
        f"Row {number} of the sidecar has {found} cells for {wanted} headings.",
        f"附带说明第 {number} 行有 {found} 列，标题为 {wanted} 列。",
    )
