"""A table as PDF: A4, upright or across by what fits; the column titles stand on every page.

Rows are set one after another, so time grows with their number; the pages wait in memory.
"""

from typing import BinaryIO

from archive.documents.cells import show
from archive.documents.paper import MARGIN, Paper
from archive.documents.table import Chart, Column, Table
from archive.documents.typeset import sans
from archive.documents.widths import Row, sample

_PAD = 3.0
_UPRIGHT = 595.0 - 2 * MARGIN
_ACROSS = 842.0 - 2 * MARGIN
_SIZES = (8.5, 8.0, 7.0, 6.0, 5.0)
_LINE = 1.35
_WIDEST = 40_000
_LEAST = 7_000
"""Widths of a column in 1/1000 of the size: what it may claim, and what long words may."""


def write(table: Table, stream: BinaryIO) -> None:
    """Write the table."""
    first, rows = sample(table.rows)
    grid = _Grid(table, first)
    paper = Paper(stream, table.title, table.made_at, table.lang, wide=grid.wide)
    paper.paragraph(table.title, 15, bold=True)
    for line in table.subtitle:
        paper.paragraph(line, 9)
    for chart in table.charts:
        _bars(paper, chart)
    paper.y -= 6
    grid.head(paper)
    for row in rows:
        grid.row(paper, row)
    paper.y -= 6
    for line in table.closing:
        paper.paragraph(line, 8.5, grey=True)
    paper.finish()


class _Grid:
    """Widths of the columns, and rows drawn with them."""

    def __init__(self, table: Table, first: list[Row]) -> None:
        self._columns = table.columns
        natural, least = [], []
        for at, column in enumerate(table.columns):
            cells = [column.title, *(show(column.kind, row[at]) for row in first)]
            wanted, needed = _claim(column, [sans().readable(cell) for cell in cells])
            natural.append(wanted)
            least.append(needed)
        pads = 2 * _PAD * len(natural)
        self.wide = sum(natural) * _SIZES[1] / 1000 + pads > _UPRIGHT
        room = (_ACROSS if self.wide else _UPRIGHT) - pads
        self._size = next((s for s in _SIZES if sum(least) * s / 1000 <= room), _SIZES[-1])
        self._widths = _shared(
            [n * self._size / 1000 for n in natural], [n * self._size / 1000 for n in least], room
        )
        self._leading = self._size * _LINE
        self._head = [
            sans().lines(sans().readable(column.title), self._size, width)
            for column, width in zip(self._columns, self._widths, strict=True)
        ]

    def head(self, paper: Paper) -> None:
        """The column titles."""
        height = self._height(self._head)
        paper.need(height + 3 * self._leading)
        paper.shade(paper.y - height, height)
        self._draw(paper, self._head, bold=True)

    def row(self, paper: Paper, row: Row) -> None:
        """One row, over several pages where a cell is taller than a page."""
        cells = [
            sans().lines(sans().readable(show(column.kind, value)), self._size, width)
            for column, value, width in zip(self._columns, row, self._widths, strict=True)
        ]
        if paper.y - self._height(cells) < paper.bottom:
            self._turn(paper)
        while True:
            fit = max(1, int((paper.y - paper.bottom - 2 * _PAD) / self._leading))
            self._draw(paper, [lines[:fit] for lines in cells])
            cells = [lines[fit:] for lines in cells]
            if not any(cells):
                return
            self._turn(paper)

    def _turn(self, paper: Paper) -> None:
        paper.turn()
        self.head(paper)

    def _height(self, cells: list[list[str]]) -> float:
        return max(map(len, cells)) * self._leading + 2 * _PAD

    def _draw(self, paper: Paper, cells: list[list[str]], *, bold: bool = False) -> None:
        left, size = paper.left, self._size
        for column, lines, width in zip(self._columns, cells, self._widths, strict=True):
            baseline = paper.y - _PAD - size
            for line in lines:
                if column.kind in ("text", "moment"):
                    x = left + _PAD
                else:
                    x = left + _PAD + width - sans().width(line, size)
                if line:
                    paper.text(line, x, baseline, size, bold=bold)
                baseline -= self._leading
            left += width + 2 * _PAD
        paper.y -= self._height(cells)
        paper.rule(paper.y)


def _claim(column: Column, cells: list[str]) -> tuple[int, int]:
    """What a column would like and what it needs, in 1/1000 of the size."""
    wanted = max(sans().units(line) for cell in cells for line in cell.split("\n"))
    needed = max(sans().longest_token(cell) for cell in cells)
    if column.kind == "text":
        needed = min(needed, _LEAST)
        wanted = min(wanted, _WIDEST)
    return max(wanted, 2_000) + 100, max(min(needed, wanted), 2_000) + 100


def _shared(natural: list[float], least: list[float], room: float) -> list[float]:
    """Widths that fill the room: what is needed first, the rest by what is wished for."""
    if sum(least) >= room:
        return [width * room / sum(least) for width in least]
    if sum(natural) <= room:
        return [width * room / sum(natural) for width in natural]
    share = (room - sum(least)) / (sum(natural) - sum(least))
    return [low + (high - low) * share for high, low in zip(natural, least, strict=True)]


def _bars(paper: Paper, chart: Chart) -> None:
    paper.y -= 8
    paper.need(40)
    paper.paragraph(chart.title, 10, bold=True)
    most = max((value for _, value in chart.bars), default=0)
    label_width, bar_width = paper.width * 0.3, paper.width * 0.5
    for label, value in chart.bars:
        lines = sans().lines(sans().readable(label), 8.5, label_width)
        paper.need(12.0 * len(lines) + 2)
        length = bar_width * value / most if most else 0
        after = paper.left + label_width + 8 + length + 5
        paper.bar(paper.left + label_width + 8, paper.y - 10, length, 8)
        paper.text(
            sans().readable(f"{show('number', value)} {chart.unit}"), after, paper.y - 8.5, 8.5
        )
        paper.lines(lines, paper.left, 8.5, 12)
