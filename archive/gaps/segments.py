"""Segments of devices, day by day: what is missing, overlaps, or stands in the wrong order.

    for finding in find_gaps(taken, Limits(), last_number):
        finding.code, finding.device, finding.day, finding.numbers

Pure. `taken` comes device by device in the order of time and is looked at once; no more is kept
than the findings of one day. Every number and time is a device's claim: what follows from them is
for people to look at.

Numbers. Devices count on for ever, or begin again at 1 (or 0) every day, or with every recording.
A number of 1 or less always begins a new count. The first number of a day that is not higher than
the last one of before shows that the device begins again, and then everything from 1 is expected.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from archive.times import SHANGHAI

SEGMENTS = "SEGMENTS"
MISSING = "MISSING"
BEGINS_LATER = "BEGINS_LATER"
PAUSE = "PAUSE"
OVERLAP = "OVERLAP"
OUT_OF_ORDER = "OUT_OF_ORDER"
NUMBER_TWICE = "NUMBER_TWICE"
MORE = "MORE"

SEAM = timedelta(seconds=1)
"""Names have whole seconds: two segments without a seam may seem to overlap by as much."""
MOST_A_DAY = 10_000
"""Findings of one device and day that are listed; the others are counted."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NIGHT = timedelta(hours=1)
"""A longer pause over midnight is the end of a day's duty."""

LastNumber = Callable[[str], int | None]
"""The number of a device's last segment before the first one that is looked at, if there is one."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A recording that is in the archive. `kind` is the first part of its media type."""

    record: str
    device: str
    start: datetime
    end: datetime | None
    number: int | None
    kind: str
    sha256: bytes

    @property
    def day(self) -> date:
        """The day of the start in Asia/Shanghai."""
        return self.start.astimezone(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class Limits:
    """`pause`: what may lie between two segments without being told."""

    pause: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line about a device and day. `span` is a length of time where the code has one.

    `numbers` are the first and the last number it is about, `records` those before and after or
    those concerned. SEGMENTS says what is there: how many (`count`), how often the numbers begin
    again, how many arrived twice. MORE counts what is not listed.
    """

    code: str
    day: date
    device: str
    since: datetime | None = None
    until: datetime | None = None
    span: timedelta | None = None
    numbers: tuple[int, int] | None = None
    records: tuple[str, ...] = ()
    count: int = 0
    restarts: int = 0
    again: int = 0
    name: str = ""


def find_gaps(taken: Iterable[Taken], limits: Limits, last_number: LastNumber) -> Iterator[Finding]:
    """Findings device by device and day by day; each day begins with its SEGMENTS.

    `taken` is ordered by device, then by start.
    """
    for device, of_device in groupby(taken, key=lambda one: one.device):
        following = _Device(limits, _Numbers(last_number(device)))
        for day, segments in groupby(of_device, key=lambda one: one.day):
            yield from following.judge(_Day(day, device), segments)


@dataclass
class _Day:
    """What is there on one day, and what is found."""

    day: date
    device: str
    count: int = 0
    again: int = 0
    since: datetime | None = None
    until: datetime | None = None
    span: timedelta = timedelta()
    numbers: tuple[int, int] | None = None
    found: list[Finding] = field(default_factory=list)
    more: int = 0

    def take(self, one: Taken) -> None:
        """Count one segment."""
        self.count += 1
        self.since = self.since or one.start
        if one.end:
            self.until = max(self.until or one.end, one.end)
            self.span += one.end - one.start
        if one.number is not None:
            low, high = self.numbers or (one.number, one.number)
            self.numbers = min(low, one.number), max(high, one.number)

    def finding(self, code: str) -> Finding:
        """An empty finding of this day."""
        return Finding(code, self.day, self.device)

    def add(self, finding: Finding) -> None:
        """Keep a finding, or count it where there are too many."""
        if len(self.found) < MOST_A_DAY:
            self.found.append(finding)
        else:
            self.more += 1

    def lines(self, restarts: int) -> Iterator[Finding]:
        """What is there, then the findings in the order of time."""
        yield replace(
            self.finding(SEGMENTS),
            since=self.since,
            until=self.until,
            span=self.span,
            numbers=self.numbers,
            count=self.count,
            restarts=restarts,
            again=self.again,
        )
        yield from sorted(self.found, key=lambda one: one.since or one.until or EPOCH)
        if self.more:
            yield replace(self.finding(MORE), count=self.more)


@dataclass(slots=True)
class _Hole:
    """Numbers that are not there, and the segments around them."""

    first: int
    last: int
    before: Taken | None
    after: Taken


class _Numbers:
    """Follows the numbers of one device in the order of time.

    `holes` are those of the count that goes on, `closed` those of counts that ended today.
    """

    def __init__(self, last: int | None) -> None:
        self._last = last
        self._first = last or 0
        self._fresh = True
        self._begins_again = False
        self.new_day()

    def new_day(self) -> None:
        """Forget the holes of the day before; the next number is the first of its day."""
        self._fresh = True
        self._holes: list[_Hole] = []
        self._closed: list[_Hole] = []
        self.restarts = 0
        self.more = 0

    @property
    def holes(self) -> list[_Hole]:
        """What is missing today."""
        return [*self._closed, *self._holes]

    def see(self, number: int, before: Taken | None, one: Taken) -> str | None:
        """Take the next number; a code where it does not follow those before."""
        last, fresh, self._fresh = self._last, self._fresh, False
        if last is None:
            self._first = self._last = number
            return BEGINS_LATER if number > 1 else None
        if fresh and number != last + 1 and (self._begins_again or number <= last):
            return self._restart(number, before, one)
        if number > last:
            self._last = number
            return self._miss(last + 1, number - 1, before, one)
        return self._backwards(number, before, one)

    def _backwards(self, number: int, before: Taken | None, one: Taken) -> str | None:
        if self._fill(number):
            return OUT_OF_ORDER
        if number <= 1:
            self.restarts += 1
            return self._restart(number, before, one)
        if number < self._first:
            self._miss(number + 1, self._first - 1, None, one)
            self._first = number
            return OUT_OF_ORDER
        return NUMBER_TWICE

    def _restart(self, number: int, before: Taken | None, one: Taken) -> str | None:
        self._begins_again = True
        self._closed += self._holes
        self._holes = []
        self._first, self._last = min(number, 1), number
        return self._miss(1, number - 1, before, one)

    def _miss(self, first: int, last: int, before: Taken | None, one: Taken) -> str | None:
        if first > last:
            return None
        if len(self._holes) + len(self._closed) < MOST_A_DAY:
            hole = _Hole(first, last, before, one)
            place = bisect_right(self._holes, first, key=lambda other: other.first)
            self._holes.insert(place, hole)
        else:
            self.more += 1
        return MISSING

    def _fill(self, number: int) -> bool:
        """Take a number out of the holes; whether it was in one."""
        place = bisect_right(self._holes, number, key=lambda hole: hole.first) - 1
        if place < 0 or number > self._holes[place].last:
            return False
        hole = self._holes.pop(place)
        parts = ((hole.first, number - 1), (number + 1, hole.last))
        self._holes[place:place] = [
            _Hole(first, last, hole.before, hole.after) for first, last in parts if first <= last
        ]
        return True


class _Device:
    """Follows one device from day to day."""

    def __init__(self, limits: Limits, numbers: _Numbers) -> None:
        self._limits = limits
        self._numbers = numbers
        self._before: Taken | None = None
        self._contents: set[bytes] = set()
        self._ends: dict[str, tuple[datetime, str]] = {}
        """Latest end of each kind, and whose."""

    def judge(self, day: _Day, segments: Iterable[Taken]) -> Iterator[Finding]:
        """The findings of a day."""
        self._numbers.new_day()
        for one in segments:
            if self._arrived_before(one):
                day.again += 1
                continue
            code = self._number(one)
            if code not in (None, MISSING):
                day.add(_about(day.finding(code), one))
            self._times(day, one, jumped=code == MISSING)
            day.take(one)
            self._follow(one)
        for hole in self._numbers.holes:
            day.add(_missing(day, hole))
        day.more += self._numbers.more
        yield from day.lines(self._numbers.restarts)

    def _arrived_before(self, one: Taken) -> bool:
        """Whether the same content stands there already: a second arrival is no second segment."""
        if self._before is None or one.start != self._before.start:
            self._contents.clear()
        if one.sha256 in self._contents:
            return True
        if len(self._contents) < MOST_A_DAY:
            self._contents.add(one.sha256)
        return False

    def _number(self, one: Taken) -> str | None:
        return None if one.number is None else self._numbers.see(one.number, self._before, one)

    def _times(self, day: _Day, one: Taken, *, jumped: bool) -> None:
        own = self._ends.get(one.kind)
        if own and one.start < own[0] - SEAM:
            until = min(own[0], one.end) if one.end else own[0]
            found = replace(day.finding(OVERLAP), since=one.start, until=until)
            day.add(replace(found, span=until - one.start, records=(own[1], one.record)))
        if jumped or not self._ends or self._before is None or self._before.end is None:
            return
        end, record = max(self._ends.values())
        pause = one.start - end
        over_night = pause > _NIGHT and self._before.day != one.day
        if pause > self._limits.pause and not over_night:
            found = replace(day.finding(PAUSE), since=end, until=one.start)
            day.add(replace(found, span=pause, records=(record, one.record)))

    def _follow(self, one: Taken) -> None:
        self._before = one
        if one.end and one.end >= self._ends.get(one.kind, (one.end, ""))[0]:
            self._ends[one.kind] = (one.end, one.record)


def _about(finding: Finding, one: Taken) -> Finding:
    number = one.number or 0
    found = replace(finding, since=one.start, until=one.end, numbers=(number, number))
    return replace(found, records=(one.record,))


def _missing(day: _Day, hole: _Hole) -> Finding:
    before, after = hole.before, hole.after
    since = (before.end or before.start) if before else None
    return replace(
        day.finding(MISSING),
        since=since,
        until=after.start,
        span=after.start - since if since and since < after.start else None,
        numbers=(hole.first, hole.last),
        records=tuple(one.record for one in (before, after) if one),
        count=hole.last - hole.first + 1,
    )
