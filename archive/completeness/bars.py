"""Where the bars of a timeline stand: the same on a terminal and on a page.

Records that follow each other closely share one scale, so that a film stands below the note of
what it shows; days apart from each other are not drawn to scale.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from archive.times import parse_time

_APART = timedelta(minutes=30)
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """A record of the timeline with its bar: `start` and `end` from 0 to 1, equal for a moment.

    Both are None where no time is stated. `first` says that it begins a new scale.
    """

    record: Document
    first: bool
    start: float | None = None
    end: float | None = None


def bars(records: Iterable[Document]) -> list[Bar]:
    """Bars for the records of one stage, as `timeline_document` has them, in the same order."""
    return [bar for group in _groups(records) for bar in _scaled(group)]


def _groups(records: Iterable[Document]) -> list[list[Document]]:
    """Records together that begin soon after the last one ended."""
    groups: list[list[Document]] = []
    end: datetime | None = None
    for one in records:
        span = _span(one)
        if not groups or span is None or end is None or span[0] - end > _APART:
            groups.append([])
            end = None
        groups[-1].append(one)
        if span is not None:
            end = span[1] if end is None else max(end, span[1])
    return groups


def _scaled(group: list[Document]) -> list[Bar]:
    spans = [_span(one) for one in group]
    known = [span for span in spans if span is not None]
    if not known:
        return [Bar(one, position == 0) for position, one in enumerate(group)]
    begin = min(start for start, _ in known)
    length = max(end for _, end in known) - begin
    found = []
    for position, (one, span) in enumerate(zip(group, spans, strict=True)):
        ends = [(moment - begin) / length if length else 0.0 for moment in span or ()]
        found.append(Bar(one, position == 0, *ends))
    return found


def _span(one: Document) -> tuple[datetime, datetime] | None:
    if one["start"] is None:
        return None
    start = parse_time(one["start"])
    return start, max(start, parse_time(one["end"])) if one["end"] else start
