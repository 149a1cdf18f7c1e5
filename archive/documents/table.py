"""What a document shows: a title, columns and rows of plain values, notes, and bars for a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Language = Literal["en", "zh"]

Kind = Literal["text", "number", "moment", "size", "share"]
"""text: str. number: int, float or Decimal. moment: aware datetime, shown in Asia/Shanghai.
size: bytes. share: 0.25 is shown as 25.0 %. Any cell may be None, which is shown as nothing."""

Value = str | int | float | Decimal | datetime | None


@dataclass(frozen=True)
class Column:
    """One column; `key` is its name for programs and is not shown."""

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Chart:
    """Horizontal bars, one a (label, value); values are not negative. Only pages show them."""

    title: str
    bars: tuple[tuple[str, int | float], ...]
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """A document of one table.

    `rows` is read once, row by row, so it may be a generator; every row has as many values as there
    are columns. `subtitle` and `notes` are lines above and below the table. `made_at` is printed.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Value, ...]]
    made_at: datetime
    subtitle: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    lang: Language = "zh"

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a table needs a column")
        if self.made_at.tzinfo is None:
            raise ValueError("a time needs its zone")

    def say(self, en: str, zh: str) -> str:
        """The text in the document's language."""
        return zh if self.lang == "zh" else en

    @property
    def closing(self) -> tuple[str, ...]:
        """The notes and, where a column holds times, a line that says in which zone they are."""
        if all(column.kind != "moment" for column in self.columns):
            return self.notes
        return (
            *self.notes,
            self.say("Times are Beijing time (UTC+8).", "时间为北京时间（UTC+8）。"),
        )
