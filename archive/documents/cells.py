"""Cells as text, with nothing in them that could hide or reorder other text."""

import re
from datetime import datetime

from archive.documents.table import Column, Kind, Value
from archive.times import SHANGHAI

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    + "".join(
        f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0x10000, 0xE0000, 0x10000)
    )
    + "\U000e0000-\U000e007f\U000efffe-\U0010ffff]"
)
"""Control, format, bidirectional and private-use characters, line separators, lone surrogates and
noncharacters. Tab, line feed and carriage return stay."""


def code(character: str) -> str:
    """A character as its code point, for example `[U+202E]`."""
    return f"[U+{ord(character):04X}]"


def visible(text: str) -> str:
    """The text with every invisible or private character shown as its code point."""
    return _HIDDEN.sub(lambda match: code(match[0]), text)


def one_style_of_lines(text: str) -> str:
    """`visible`, with line feeds as the only line ends and a space for a tab."""
    return visible(text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")


def moment(value: datetime) -> str:
    """For example `2026-11-22 12:05:06`, in Asia/Shanghai; ValueError without a zone."""
    return local(value).strftime("%Y-%m-%d %H:%M:%S")


def local(value: datetime) -> datetime:
    """The aware datetime in Asia/Shanghai; ValueError without a zone."""
    if value.tzinfo is None:
        raise ValueError("a time needs its zone")
    return value.astimezone(SHANGHAI)


def show(kind: Kind, value: Value) -> str:
    """A cell for reading (HTML, PDF); TypeError where the value is not of the kind."""
    if value is None:
        return ""
    if kind == "text":
        if isinstance(value, str):
            return one_style_of_lines(value)
    elif kind == "moment":
        if isinstance(value, datetime):
            return moment(value)
    elif not isinstance(value, (str, datetime)):
        if kind == "share":
            return f"{value:.1%}".replace("%", " %")
        return f"{value:,} B" if kind == "size" else f"{value:,}"
    raise TypeError(f"{type(value).__name__} in a column of {kind}")


def shown_row(columns: tuple[Column, ...], row: tuple[Value, ...]) -> list[str]:
    """Every cell of a row for reading; ValueError if it has more or fewer than the columns."""
    return [show(column.kind, value) for column, value in zip(columns, row, strict=True)]
