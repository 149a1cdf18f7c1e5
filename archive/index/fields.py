"""What of a record is indexed: its words by field, and what it is filtered by. Pure.

A facet is one token that stands for a value: of a case, a source, a kind, a day. It is made of a
digest, so that any value makes one token, and no word of a text is like it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from archive.index.tokens import chars, spaced
from archive.times import SHANGHAI

TEXTS = (
    *("title", "name", "number", "case_no", "officers", "unit"),
    *("parties", "subject", "place", "note", "body"),
)
"""Fields of words; each a column of the index."""
COLUMNS = (*TEXTS, "marks")
"""`marks` has single characters and facets."""
SEARCHED = ("officers", "unit", "parties", "subject", "place", "number")
"""Fields that can be asked for by themselves."""
_PARTED = "\x1f"
_MIDDLE = 5000


@dataclass(frozen=True, slots=True)
class Attached:
    """A case that a record is attached to, its unit and its handlers."""

    case: str
    unit: str
    handlers: tuple[str, ...]


class Document(NamedTuple):
    """A record as it is indexed. `texts` in the order of TEXTS; `problem`: why it has no body."""

    record: str
    texts: tuple[str, ...]
    facets: tuple[str, ...]
    problem: str | None = None

    def stored(self) -> bytes:
        """What is kept of it: enough to take its words out of the index again."""
        *fields, body = (text.replace(_PARTED, " ") for text in self.texts)
        kept = _PARTED.join([*fields, " ".join(self.facets), body])
        return kept.encode("utf-8", "replace")

    @classmethod
    def of_stored(cls, record: str, data: bytes) -> "Document":
        """The same again; of their beginning, with all fields, the beginning of the body."""
        *fields, facets, body = data.decode("utf-8", "ignore").split(_PARTED, len(TEXTS))
        return cls(record, (*fields, body), tuple(facets.split()))

    @staticmethod
    def has_fields(data: bytes) -> bool:
        """Whether a beginning of the bytes has all fields."""
        return data.count(_PARTED.encode()) >= len(TEXTS)

    def columns(self) -> list[str]:
        """The tokens of each of COLUMNS, between separators."""
        found = []
        for name, text in zip(TEXTS, self.texts, strict=True):
            part = spaced(text) if text else ""
            found.append(f"{part} {chars(text)}" if name in SEARCHED and text else part)
        marks = chars("".join(self.texts))
        found.append(" ".join([marks, *self.facets]) if marks else " ".join(self.facets))
        return found


def texts_of(row: Mapping[str, Any], note: str, body: str) -> tuple[str, ...]:
    """The words of a record by its line of the catalog."""
    folder, name = row["folder"], row["name"]
    return (
        row["title"] or "",
        f"{folder}/{name}" if folder else name,
        row["doc_number"] or "",
        row["case_no"] or "",
        row["officers"] or "",
        row["unit"] or "",
        row["parties"] or "",
        row["subject"] or "",
        row["place"] or "",
        f"{note} {row['device']}" if row["device"] else note,
        body,
    )


_PLAIN = {
    "case_no": "c",
    "category": "g",
    "stage": "s",
    "source": "o",
    "kind": "k",
    "condition": "x",
    "importance": "i",
}
"""Columns of the catalog with a facet of one value each."""


def facets_of(row: Mapping[str, Any], attached: Sequence[Attached] = ()) -> tuple[str, ...]:
    """The facets of a record."""
    found = [facet(letter, row[name]) for name, letter in _PLAIN.items() if row[name]]
    if row["media_type"]:
        found += [facet("m", row["media_type"]), facet("m", media_part(row["media_type"]))]
    if row["device"]:
        found.append(facet("d", row["device"].casefold()))
    found += [facet("t", tag) for tag in (row["tags"] or "").split()]
    for one in attached:
        found += [facet("a", one.case), facet("v", one.unit)]
        found += [facet("h", handler) for handler in one.handlers]
    found += days_of(row["captured_start"] or row["received_at"])
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=65_536)
def facet(letter: str, value: str) -> str:
    """The token of a value. Words have letters or digits, never both."""
    return f"z0{letter}" + blake2b(value.encode("utf-8", "replace"), digest_size=6).hexdigest()


def media_part(media_type: str) -> str:
    """`video/` of `video/mp4`."""
    return media_type.partition("/")[0] + "/"


def days_of(moment: datetime) -> list[str]:
    """Century, year, month and day of a moment, as people in Shanghai call it."""
    return _days(moment.astimezone(SHANGHAI).date())


@lru_cache(maxsize=4096)
def _days(day: date) -> list[str]:
    return [
        facet("u", f"{day.year // 100}"),
        facet("y", f"{day:%Y}"),
        facet("n", f"{day:%Y-%m}"),
        facet("e", f"{day}"),
    ]


def period(since: datetime | None, until: datetime | None) -> tuple[str, ...]:
    """Facets of which every record of a period has one; also some records just beside it.

    None where it ends before it begins.
    """
    first = _day(since) if since else date.min
    last = _day(until) if until else date.max
    return tuple(_cover(first.toordinal(), last.toordinal() + 1))


def _day(moment: datetime) -> date:
    """Its day; at an end of the calendar, where Shanghai has none, the last that there is."""
    try:
        return moment.astimezone(SHANGHAI).date()
    except OverflowError:
        return date.max if moment.year > _MIDDLE else date.min


def _cover(at: int, end: int) -> Iterator[str]:
    """Facets of the days from one up to another, as few as there may be."""
    while at < end:
        day = date.fromordinal(at)
        spans = zip(_days(day), _spans(day), strict=True)
        token, at = next(
            (one, after) for one, (begin, after) in spans if begin == at and after <= end
        )
        yield token


def _spans(day: date) -> Iterator[tuple[int, int]]:
    """First day of its century, year, month and of itself, each with the first one after it."""
    year, month, hundred = day.year, day.month, day.year // 100 * 100
    yield _first_of(hundred, 1), _first_of(hundred + 100, 1)
    yield _first_of(year, 1), _first_of(year + 1, 1)
    yield _first_of(year, month), _first_of(year + month // 12, month % 12 + 1)
    yield day.toordinal(), day.toordinal() + 1


def _first_of(year: int, month: int) -> int:
    """The first day of a month, as a number; the calendar has years from 1 to 9999."""
    if year > MAXYEAR:
        return date.max.toordinal() + 1
    return date(max(year, MINYEAR), month, 1).toordinal()


def group(letter: str, values: Iterable[str]) -> tuple[str, ...]:
    """Facets of which one will do."""
    return tuple(facet(letter, value) for value in values)
