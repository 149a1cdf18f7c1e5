"""Rows of tables within a text whose cells come as lines of their own (DOCX, HTML). Pure.

Whoever reads a table puts ROW before a row, END behind it, and CELL behind each cell. `joined`
makes a line of every row, its cells parted by CELL; `apart` leaves each cell where it was.

    >>> joined(f"{ROW}当事人\\n{CELL}张三\\n{CELL}{END}").replace(CELL, "|")
    '当事人|张三\\n'
"""

import re

from ingest.classification import is_marked_page
from ingest.documents.tables import names_column

ROW, END, CELL = "\x1d", "\x1e", "\x1f"
_MOST = 400
"""Characters of a row that is one line; a longer one is text."""
_PROSE = 4_000
_ROW = re.compile(f"{ROW}([^{ROW}{END}]*){END}?")
_MARKS = {ord(ROW): None, ord(END): None, ord(CELL): "\t"}
_STOPS = ("。", "；", "！", "？")


def apart(text: str) -> str:
    """Cells as they came, tabs behind them."""
    return text.translate(_MARKS)


def joined(text: str) -> str:
    """Each row a line, its cells parted by CELL; of a table in a cell the inner rows."""
    return _ROW.sub(_line, text).replace(END, "\n")


def first_page(cells_apart: str, rows_joined: str) -> str:
    """Rows joined, but not where that would part a classification line from its place."""
    return cells_apart if is_marked_page(cells_apart) else rows_joined


def _line(row: re.Match[str]) -> str:
    if len(row[1]) > _PROSE:
        return row[1].replace(CELL, "\t") + "\n"
    cells = [_cell(cell) for cell in row[1].split(CELL)]
    there = [cell for cell in cells if cell]
    if len(there) < 2 or sum(map(len, there)) > _MOST:
        return row[1].replace(CELL, "\t") + "\n"
    return CELL.join(there) + "\n"


def _cell(cell: str) -> str:
    """One line; a new one behind each sentence. A label may run downwards."""
    lines = [" ".join(line.split()) for line in cell.splitlines() if line.strip()]
    if len(lines) > 1 and names_column(label := "".join(lines)):
        return label
    return "".join(line + ("\n" if line.endswith(_STOPS) else " ") for line in lines).strip()
