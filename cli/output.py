"""What goes to stdout: tables and lines for people, one JSON document for programs.

Text that came from a file, a name or a sidecar may hold control characters; it is shown through
`safe_text`, so that it can neither move the cursor nor turn the reading direction.
"""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Literal, TextIO

from archive.times import SHANGHAI, film_clock, format_time
from cli.language import say
from ingest.names import decode_name, safe_for_terminal

WIDE = 240
"""Columns of a table that goes into a file or a pipe: identifiers are not broken there."""

_ID = re.compile(r"[0-9A-Z]{26}|[A-Za-z]+[-_][A-Za-z0-9_-]{2,28}", re.ASCII)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_text(text: str) -> str:
    """The text with control, format and bidirectional characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in _HIDDEN else char for char in text
    )


def show_time(moment: datetime) -> str:
    """An aware time as people here read it, for example `2026-11-22 12:05:06+08:00`."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds")


def show_size(size: int) -> str:
    """Bytes with a binary unit, for example `1.4 MiB`."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def show_duration(seconds: float) -> str:
    """A span of time as `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_spent(seconds: float) -> str:
    """A long span of time in its two largest units: `11 min`, `3 h 20 min`, `5 d 2 h`."""
    minutes = max(0, round(seconds)) // 60
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return say(f"{days} d {hours} h", f"{days} 天 {hours} 小时")
    if hours:
        return say(f"{hours} h {minutes} min", f"{hours} 小时 {minutes} 分")
    return say(f"{minutes} min", f"{minutes} 分")


def show_span(span: Mapping[str, int]) -> str:
    """A part of a film: `00:01:00.000 – 00:02:30.040`."""
    return f"{film_clock(span['from'])} – {film_clock(span['to'])}"


def to_json(value: object) -> object:
    """A value as JSON data: dataclasses as objects, times as in the ledger, the rest as text."""
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    return _json_scalar(value)


def _json_scalar(value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def print_json(value: object, stream: TextIO | None = None) -> None:
    """Print one JSON document; what the stream cannot show is escaped as JSON does it.

    So are control, format and bidirectional characters: people look at JSON in a terminal too.
    """
    out = stream or sys.stdout
    unicode = (getattr(out, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    document = json.dumps(to_json(value), ensure_ascii=not unicode, indent=2)
    if not document.isascii() or "\x7f" in document:
        # A lone surrogate (a byte of an odd file name) becomes \udcxx, which JSON says too.
        document = document.translate(_IN_JSON)
    print(document, file=out)


class _Escapes(dict[int, str]):
    """How JSON text writes a character: as it is, or escaped where it would not be seen."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        units = char.encode("utf-16-be", "surrogatepass")
        escaped = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
        hidden = char != "\n" and unicodedata.category(char) in _HIDDEN
        self[code] = escaped if hidden else char
        return self[code]


_IN_JSON = _Escapes()


def print_line(text: str = "", stream: TextIO | None = None) -> None:
    """Print one line for people."""
    print(safe_text(text), file=stream or sys.stdout)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return show_time(value)
    return safe_text(str(value))


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str | None = None,
    stream: TextIO | None = None,
) -> None:
    """Print rows under their headings; numbers stand right, times in local time, None as a dash."""
    # Lazily: a command that prints JSON or one line does not pay for rich.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = stream or sys.stdout
    console = Console(file=out, highlight=False, width=None if out.isatty() else WIDE)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        numbers = bool(rows) and all(type(row[position]) in (int, float) for row in rows)
        ids = bool(rows) and all(_is_id(row[position]) for row in rows)
        justify: Literal["left", "right"] = "right" if numbers else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=ids)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)


def _is_id(value: object) -> bool:
    """Whether it is to be copied as a whole: a record, a quarantined drop, a source, a code."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def print_pairs(pairs: Sequence[tuple[str, object]], stream: TextIO | None = None) -> None:
    """Print names and values one under the other, aligned also with Chinese names."""
    width = max((_columns(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        space = " " * (width - _columns(name) + 2)
        print(f"{name}{space}{_cell(value)}", file=stream or sys.stdout)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def show_path(path: Path | bytes) -> str:
    """A path for people: every part decoded like a record's name, control characters as escapes."""
    parts = os.fsencode(path).split(b"/")
    return safe_for_terminal("/".join(decode_name(part).text for part in parts))
