"""Sidecars of stations, read by a mapping under the rules of every sidecar (docs/sidecar.md).

parse_beside(mapping, data)     # a file that speaks of one other file
parse_row(mapping, data)        # one row of a list, as it is kept with its record
read_list(mapping, data)        # the rows of a list, each with its own bytes
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from ingest import secrecy, sidecar
from ingest.errors import Classified, SidecarBad
from ingest.sidecar import MAX_SIZE, Sidecar
from ingest.sidecars.csv_rows import CsvRow, CsvTable, headings_of
from ingest.sidecars.mapping import CSV, StationMapping
from ingest.sidecars.rows import Listed, Row
from ingest.sidecars.values import value_of
from ingest.sidecars.xml_rows import read_row, read_tree, root_name, rows_at

HEAD = 64 << 10
"""Bytes at the start by which a form is known."""
_PARTS = re.compile(r"[<>\"',;|\t\r\n]+")
_MOST_MARK = 30
"""Characters of what can be the value of a field of classification."""


class ListRow(NamedTuple):
    """A row of a list: the name it gives, None where it gives none, and its own bytes."""

    name: str | None
    listed: Listed


def is_of(mapping: StationMapping, head: bytes) -> bool:
    """Whether a file that begins with these bytes is written by a mapping, well or badly."""
    if mapping.form == CSV:
        return mapping.headings <= headings_of(head, mapping.delimiter)
    return root_name(head) == mapping.root


def parse_beside(mapping: StationMapping, data: bytes) -> Sidecar:
    """Raises Classified, whatever else is wrong with it, or SidecarBad with one sentence."""
    try:
        _check_size(data)
        if mapping.form == CSV:
            return _sidecar(mapping, _only(CsvTable.read(data, mapping.delimiter).rows))
        return _sidecar(mapping, _rooted(mapping, data))
    except SidecarBad:
        _refuse_marks(data)
        raise


def parse_row(mapping: StationMapping, data: bytes, number: int = 0) -> Sidecar:
    """The same of one row; `number` says which one of its list it was."""
    try:
        if mapping.form == CSV:
            return _sidecar(mapping, _only(CsvTable.read(data, mapping.delimiter).rows))
        return _sidecar(mapping, read_row(data))
    except SidecarBad as bad:
        _refuse_marks(data)
        raise _in_row(bad, number) if number else bad from None


def read_list(mapping: StationMapping, data: bytes) -> list[ListRow]:
    """The rows of a list; what they claim is not judged yet. Raises SidecarBad."""
    _check_size(data)
    rows: Iterable[Listed]
    if mapping.form == CSV:
        rows = CsvTable.read(data, mapping.delimiter).rows
    else:
        root, whole = read_tree(data)
        rows = rows_at(root, whole, mapping.row)
    return [ListRow(_named(one.row, mapping.file), one) for one in rows]


def check_list(mapping: StationMapping, data: bytes) -> list[ListRow]:
    """`read_list` of what is about to be sealed; raises Classified too, for any mark in it."""
    try:
        rows = read_list(mapping, data)
    except SidecarBad:
        _refuse_marks(data)
        raise
    for one in rows:
        _refuse_secret(mapping, one.listed.row)
    return rows


def _named(row: Row, place: str) -> str | None:
    try:
        name = row.text(place)
    except SidecarBad:
        return None
    return None if name is None else unicodedata.normalize("NFC", name)


def _check_size(data: bytes) -> None:
    if len(data) > MAX_SIZE:
        raise SidecarBad(
            "SIDECAR_TOO_LARGE",
            "The sidecar has more than 1 MiB.",
            "附带说明超过 1 MiB。",
        )


def _rooted(mapping: StationMapping, data: bytes) -> Row:
    root, _ = read_tree(data)
    if root.tag != mapping.root:
        raise SidecarBad(
            "SIDECAR_NOT_XML",
            "The outermost element of the sidecar is not the one of its mapping.",
            "附带说明的根元素与对应规则不符。",
        )
    return root


def _only(rows: tuple[CsvRow, ...]) -> Row:
    if len(rows) != 1:
        raise SidecarBad(
            "SIDECAR_ROWS",
            f"The sidecar of one file has {len(rows)} rows, not one.",
            f"单个文件的附带说明有 {len(rows)} 行，应为一行。",
        )
    return rows[0]


def _sidecar(mapping: StationMapping, row: Row) -> Sidecar:
    _refuse_secret(mapping, row)
    return sidecar.checked(value_of(mapping, row))


def _refuse_secret(mapping: StationMapping, row: Row) -> None:
    """Raise Classified for a mark in the field of classification, or with its star anywhere."""
    if any("★" in text and secrecy.is_marked_text(text) for text in row.texts()):
        raise Classified
    place = mapping.fields.get("classification")
    try:
        mark = row.text(place) if place else None
    except SidecarBad:
        mark = " ".join(row.texts())  # several: any of them
    if mark is not None and secrecy.is_marked(mark):
        raise Classified


def _refuse_marks(data: bytes) -> None:
    """Raise Classified where a sidecar that cannot be read has a mark: nobody knows of what."""
    for text in secrecy.readings(data[:MAX_SIZE]):
        if secrecy.is_marked_text(text):
            raise Classified
        parts = (part.strip() for part in _PARTS.split(text))
        if any(0 < len(part) <= _MOST_MARK and _is_value(part) for part in parts):
            raise Classified


def _is_value(part: str) -> bool:
    """Whether a short text between tags or commas is a mark and little else."""
    return (part.isascii() is False and secrecy.is_marked(part)) or part.casefold() in _ENGLISH


_ENGLISH = frozenset(("secret", "top secret", "top-secret", "confidential"))


def _in_row(bad: SidecarBad, number: int) -> SidecarBad:
    return SidecarBad(
        bad.code, f"Row {number} of the list: {bad.english}", f"清单第 {number} 行：{bad.chinese}"
    )


def twice(number: int) -> SidecarBad:
    """A file that a list names several times, each time otherwise."""
    return SidecarBad(
        "SIDECAR_ROW_TWICE",
        f"The list names this file in row {number} and in another row that says otherwise.",
        f"清单第 {number} 行与另一行均指向该文件，内容不一致。",
    )
