"""Gaps between segments: numbers, times, days; a million segments in little memory."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate, count
from random import Random

import pytest

from archive.gaps.segments import MOST_A_DAY, Finding, Limits, Taken, find_gaps

EIGHT = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)  # 08:00 in Shanghai
MINUTE = timedelta(minutes=1)


class Camera:
    """Makes the segments of one device; each lasts a minute and begins where the last one ended."""

    def __init__(self, device: str = "DSJ0012", at: datetime = EIGHT) -> None:
        self.device = device
        self.at = at
        self.made: list[Taken] = []

    def shoot(
        self,
        *numbers: int | None,
        pause: float = 0,
        length: timedelta | None = MINUTE,
        kind: str = "video",
        content: bytes | None = None,
    ) -> "Camera":
        for number in numbers:
            self.at += timedelta(seconds=pause)
            end = self.at + length if length is not None else None
            name = f"r{len(self.made)}"
            digest = sha256(content if content is not None else name.encode()).digest()
            self.made.append(Taken(name, self.device, self.at, end, number, kind, digest))
            self.at = end or self.at + MINUTE
        return self


def found(camera: Camera, last: int | None = None, limits: Limits | None = None) -> list[Finding]:
    segments = sorted(camera.made, key=lambda one: one.start)
    return list(find_gaps(segments, limits or Limits(), lambda _device: last))


def said(camera: Camera, last: int | None = None) -> list[tuple[str, tuple[int, int] | None]]:
    return [(one.code, one.numbers) for one in found(camera, last) if one.code != "SEGMENTS"]


def test_a_whole_day_has_nothing_but_what_is_there() -> None:
    (line,) = found(Camera().shoot(*range(1, 13)))
    assert (line.code, line.device, str(line.day)) == ("SEGMENTS", "DSJ0012", "2026-03-01")
    assert (line.count, line.numbers, line.span) == (12, (1, 12), 12 * MINUTE)
    assert (line.since, line.until) == (EIGHT, EIGHT + 12 * MINUTE)


def test_missing_numbers_with_the_segments_around_them() -> None:
    camera = Camera().shoot(1).shoot(4, pause=120).shoot(5).shoot(7, pause=60)
    first, second = [one for one in found(camera) if one.code != "SEGMENTS"]
    assert (first.code, first.numbers, first.count) == ("MISSING", (2, 3), 2)
    assert first.records == ("r0", "r1")
    assert (first.since, first.until, first.span) == (
        EIGHT + MINUTE,
        EIGHT + 3 * MINUTE,
        2 * MINUTE,
    )
    assert (second.numbers, second.records) == ((6, 6), ("r2", "r3"))


@pytest.mark.parametrize(
    ("pause", "told"), [(0, False), (0.04, False), (5, False), (5.001, True), (3600, True)]
)
def test_a_pause_is_told_above_the_limit(pause: float, told: bool) -> None:
    camera = Camera().shoot(1).shoot(2, pause=pause)
    assert said(camera) == ([("PAUSE", None)] if told else [])
    if told:
        line = found(camera)[1]
        assert (line.span, line.records) == (timedelta(seconds=pause), ("r0", "r1"))
    patient = found(camera, limits=Limits(timedelta(hours=1)))
    assert [one.code for one in patient] == ["SEGMENTS"]


def test_overlaps_are_of_one_kind_and_longer_than_a_second() -> None:
    camera = Camera().shoot(1).shoot(2, pause=-1).shoot(3, pause=-7.5)
    (line,) = [one for one in found(camera) if one.code == "OVERLAP"]
    assert (line.span, line.records) == (timedelta(seconds=7.5), ("r1", "r2"))
    beside = Camera().shoot(None).shoot(None, pause=-60, kind="audio")
    assert said(beside) == []
    # The sound goes on while the film stops: no pause.
    longer = Camera().shoot(None, kind="audio", length=10 * MINUTE)
    longer.at = EIGHT
    longer.shoot(None).shoot(None, pause=120)
    assert said(longer) == []


def test_a_segment_without_a_length_says_nothing_of_the_next() -> None:
    assert said(Camera().shoot(1).shoot(2, length=None).shoot(3, pause=300)) == []


def test_order_of_numbers_against_order_of_time() -> None:
    assert said(Camera().shoot(1, 2, 4, 3, 5)) == [("OUT_OF_ORDER", (3, 3))]
    assert said(Camera().shoot(1, 2, 6, 4, 7)) == [
        ("MISSING", (3, 3)),
        ("MISSING", (5, 5)),
        ("OUT_OF_ORDER", (4, 4)),
    ]
    assert said(Camera().shoot(5, 3, 6)) == [
        ("BEGINS_LATER", (5, 5)),
        ("OUT_OF_ORDER", (3, 3)),
        ("MISSING", (4, 4)),
    ]
    assert said(Camera().shoot(1, 2, 3, 3, 4)) == [("NUMBER_TWICE", (3, 3))]


def test_what_arrives_twice_is_one_segment() -> None:
    camera = Camera().shoot(1, content=b"one")
    camera.at = EIGHT
    camera.shoot(1, content=b"one").shoot(2)
    (line,) = found(camera)
    assert (line.count, line.again) == (2, 1)


def test_numbers_that_begin_again_with_every_recording() -> None:
    camera = Camera().shoot(1, 2, 3, 1, 2, 1, 2, 4, 0, 1)
    whole, hole = found(camera)
    assert (hole.code, hole.numbers) == ("MISSING", (3, 3))
    assert whole.restarts == 3
    # The 3 of a new count does not fill what the count before has lost.
    assert said(Camera().shoot(1, 2, 4, 1, 2, 3)) == [("MISSING", (3, 3))]


def day(camera: Camera, number: int) -> Camera:
    camera.at = EIGHT + timedelta(days=number)
    return camera


def test_numbers_that_begin_again_every_day() -> None:
    camera = day(day(Camera().shoot(1, 2, 3), 1).shoot(1, 2), 2).shoot(3, 4)
    lines = found(camera)
    assert [(str(one.day), one.code, one.numbers) for one in lines] == [
        ("2026-03-01", "SEGMENTS", (1, 3)),
        ("2026-03-02", "SEGMENTS", (1, 2)),
        # 3 follows 2: a recording that goes over midnight looks the same.
        ("2026-03-03", "SEGMENTS", (3, 4)),
    ]
    late = day(day(Camera().shoot(1, 2, 3), 1).shoot(1, 2), 2).shoot(4)
    assert said(late) == [("MISSING", (1, 3))]


def test_numbers_that_count_on() -> None:
    assert said(day(Camera().shoot(1, 2, 3), 1).shoot(4, 5)) == []
    assert said(day(Camera().shoot(1, 2, 3), 1).shoot(6)) == [("MISSING", (4, 5))]
    assert said(day(Camera().shoot(7, 8), 1).shoot(3)) == [
        ("BEGINS_LATER", (7, 7)),
        ("MISSING", (1, 2)),
    ]
    # What stood before the first day that is looked at.
    assert said(Camera().shoot(8), last=7) == []
    assert said(Camera().shoot(9), last=7) == [("MISSING", (8, 8))]
    assert said(Camera().shoot(3), last=7) == [("MISSING", (1, 2))]


def test_the_day_is_that_of_shanghai_and_the_night_is_no_pause() -> None:
    eve = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)  # 23:59
    over = Camera(at=eve).shoot(1).shoot(2, pause=30)
    assert [(str(one.day), one.code) for one in found(over)] == [
        ("2026-03-01", "SEGMENTS"),
        ("2026-03-02", "SEGMENTS"),
        ("2026-03-02", "PAUSE"),
    ]
    assert said(Camera(at=eve).shoot(1).shoot(2, pause=7 * 3600)) == []


def test_devices_are_told_apart() -> None:
    one, two = Camera("A").shoot(1, 3), Camera("B").shoot(2, 3)
    lines = find_gaps([*one.made, *two.made], Limits(), {"A": None, "B": 1}.get)
    assert [(line.device, line.code) for line in lines] == [
        ("A", "SEGMENTS"),
        ("A", "MISSING"),
        ("B", "SEGMENTS"),
    ]


def test_a_day_with_a_gap_after_every_segment_stays_small() -> None:
    # All of one device and day, every second number missing, a second apart.
    total = 30_000
    step = timedelta(milliseconds=1500)

    def segments() -> Iterator[Taken]:
        for number, place in zip(count(1, 2), range(total), strict=False):
            start = EIGHT + place * step
            yield Taken("r", "A", start, start + step, number, "video", number.to_bytes(32))

    tracemalloc.start()
    lines = list(find_gaps(segments(), Limits(), lambda _device: None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (lines[0].count, len(lines)) == (total, MOST_A_DAY + 2)
    assert (lines[-1].code, lines[-1].count) == ("MORE", total - 1 - MOST_A_DAY)
    assert peak < 10 << 20


@pytest.mark.parametrize("seed", range(40))
def test_what_is_missing_is_what_is_not_there(seed: int) -> None:
    # In whatever order numbers above 1 come: holes and segments together are the whole count.
    numbers = Random(seed)
    there = numbers.sample(range(2, 60), numbers.randint(1, 50))
    if seed % 2:
        there.sort()
    lines = found(Camera().shoot(*there))
    missing = [
        number
        for one in lines
        if one.code == "MISSING" and one.numbers
        for number in range(one.numbers[0], one.numbers[1] + 1)
    ]
    assert lines[0].count == len(there)
    assert sorted(missing + there) == list(range(min(there), max(there) + 1))
    wrong = [one.numbers for one in lines if one.code == "OUT_OF_ORDER"]
    highest = accumulate(there, max)
    assert wrong == [(n, n) for n, most in zip(there, highest, strict=True) if n < most]
    assert "NUMBER_TWICE" not in {one.code for one in lines}
