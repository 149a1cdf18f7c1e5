"""Stretches of time: what several of them cover together, and what is left over.

Every result is in order, without overlap and without empty stretches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` up to `end`, which is not before it; aware times."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


def union(spans: Iterable[Span]) -> list[Span]:
    """All that is in at least one of them."""
    found: list[Span] = []
    for span in sorted(spans):
        if span.end <= span.start:
            continue
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def minus(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is in one of the first and in none of the others."""
    left = union(spans)
    for hole in union(taken):
        left = [part for span in left for part in _cut(span, hole)]
    return left


def _cut(span: Span, hole: Span) -> Sequence[Span]:
    if hole.end <= span.start or span.end <= hole.start:
        return (span,)
    before = (Span(span.start, hole.start),) if span.start < hole.start else ()
    after = (Span(hole.end, span.end),) if hole.end < span.end else ()
    return (*before, *after)


def total(spans: Iterable[Span]) -> timedelta:
    """How long they are together."""
    return sum((span.length for span in union(spans)), timedelta())


def first(spans: Iterable[Span], length: timedelta) -> list[Span]:
    """So much of them, from the beginning."""
    found: list[Span] = []
    for span in union(spans):
        if length <= timedelta():
            break
        found.append(Span(span.start, span.start + min(length, span.length)))
        length -= found[-1].length
    return found
