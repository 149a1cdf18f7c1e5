"""The two memories that rules have: what happened within a span, and the best of past days."""

from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

from archive.times import SHANGHAI

T = TypeVar("T")


def local_day(moment: datetime) -> date:
    """The day in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).date()


class Span(Generic[T]):
    """Items of the last hours or days, oldest first."""

    def __init__(self) -> None:
        self._items: deque[tuple[datetime, T]] = deque()

    def add(self, at: datetime, item: T) -> None:
        """Add the newest item."""
        self._items.append((at, item))

    def drop(self, now: datetime, span: timedelta) -> list[T]:
        """Forget what is older than the span; returns what was forgotten."""
        dropped = []
        while self._items and now - self._items[0][0] > span:
            dropped.append(self._items.popleft()[1])
        return dropped

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()

    def __iter__(self) -> Iterator[T]:
        return (item for _, item in self._items)

    def __len__(self) -> int:
        return len(self._items)


class BestDays:
    """The highest figure of each past day, for a number of days."""

    def __init__(self) -> None:
        self._days: deque[tuple[date, int]] = deque()

    def note(self, day: date, figure: int) -> None:
        """Note a figure of a day; days come in order."""
        if self._days and self._days[-1][0] == day:
            figure = max(figure, self._days.pop()[1])
        self._days.append((day, figure))

    def best(self, today: date, days: int) -> int:
        """The highest of the days before today, 0 if there are none."""
        while self._days and (today - self._days[0][0]).days > days:
            self._days.popleft()
        return max((figure for day, figure in self._days if day < today), default=0)

    def count(self, today: date, days: int) -> int:
        """How many days before today there are."""
        self.best(today, days)
        return sum(day < today for day, _ in self._days)
