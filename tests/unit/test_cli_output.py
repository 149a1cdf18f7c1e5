"""What people and programs see: safe text, times, sizes, tables, JSON, the progress line."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

import pytest

from cli import output
from cli.progress import naming, progress, render

MOMENT = datetime(2026, 11, 22, 16, 5, 6, 123456, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("现场检查笔录.txt", "现场检查笔录.txt"),
        ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
        ("a\nb\t", "a\\u{a}b\\u{9}"),
        ("gpj\u202etxt", "gpj\\u{202e}txt"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("half\udce4", "half\\u{dce4}"),
    ],
)
def test_safe_text_shows_what_could_deceive(text: str, shown: str) -> None:
    assert output.safe_text(text) == shown


def test_times_are_shown_in_local_time_whatever_zone_they_come_in() -> None:
    assert output.show_time(MOMENT) == "2026-11-23 00:05:06+08:00"
    assert output.show_time(MOMENT.astimezone(output.SHANGHAI)) == "2026-11-23 00:05:06+08:00"
    with pytest.raises(ValueError, match="zone"):
        output.show_time(MOMENT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1 << 30, "1.0 GiB"),
        (1 << 50, "1024.0 TiB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    assert output.show_size(size) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (61.6, "1:02"), (3661, "1:01:01")])
def test_durations(seconds: float, shown: str) -> None:
    assert output.show_duration(seconds) == shown


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    value: str

    def __str__(self) -> str:
        return f"named:{self.value}"


def test_json_document_of_every_kind_of_value() -> None:
    stream = io.StringIO()
    value = {
        "point": Point(1, MOMENT),
        "digest": Named("ab"),
        "list": (None, True, 1.5, Colour.RED, Path("/x"), b"\x00\xff"),
        "odd": "a\udce4",
        "zh": "存证",
    }
    output.print_json(value, stream)
    assert "存证" in stream.getvalue()
    assert json.loads(stream.getvalue().replace("\\udce4", "?")) == {
        "point": {"x": 1, "at": "2026-11-22T16:05:06.123456Z"},
        "digest": "named:ab",
        "list": [None, True, 1.5, "red", "/x", "00ff"],
        "odd": "a?",
        "zh": "存证",
    }


def test_json_with_a_lone_surrogate_is_still_a_json_document() -> None:
    stream = io.StringIO()
    output.print_json({"name": "a\udce4"}, stream)
    stream.getvalue().encode("utf-8")
    assert json.loads(stream.getvalue()) == {"name": "a\udce4"}


def test_json_for_another_encoding_is_plain_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="gbk")
    output.print_json({"name": "存\U0001f600"}, stream)
    stream.flush()
    assert json.loads(raw.getvalue().decode("ascii")) == {"name": "存\U0001f600"}


def test_table_keeps_long_cells_whole_and_markup_as_text() -> None:
    stream = io.StringIO()
    long = "sha256:" + "0" * 64
    output.print_table(
        ["记录", "size", "at"], [[long, 5, MOMENT], ["[red]x[/red]\x1b", 12, None]], stream=stream
    )
    lines = stream.getvalue().splitlines()
    assert any(long in line and "2026-11-23 00:05:06+08:00" in line for line in lines)
    assert any("[red]x[/red]\\u{1b}" in line and " 12 " in line and "–" in line for line in lines)


def test_pairs_are_aligned_with_wide_names() -> None:
    stream = io.StringIO()
    output.print_pairs([("记录", 1), ("size", None)], stream)
    assert stream.getvalue() == "记录  1\nsize  –\n"


def test_path_with_bytes_that_are_not_utf8() -> None:
    assert output.show_path(Path("a\udcd6\udcd0")) == "a中"
    assert output.show_path(b"/in/\xe4\xb8\xad/\xd6\xd0\x1b[2J.txt") == "/in/中/中\\x1b[2J.txt"
    assert output.show_path(b"\xff\xff") == "\\xff\\xff"


def test_progress_stays_silent_without_terminal_or_when_quick() -> None:
    clock, pipe, terminal = FakeClock(), io.StringIO(), Terminal()
    for stream in (pipe, terminal):
        with progress("Work", "处理", 10, "B", stream=stream, clock=clock) as advance:
            advance(5)
            clock.now += 1.9 if stream is terminal else 60
            advance(5)
        assert stream.getvalue() == ""


def test_progress_appears_after_two_seconds_and_is_wiped_at_the_end() -> None:
    clock, terminal = FakeClock(), Terminal()
    with progress("Work", "处理", 100, "records", stream=terminal, clock=clock) as advance:
        for _ in range(4):
            clock.now += 1
            advance(10)
    text = terminal.getvalue()
    assert text.count("Work") == 3
    assert "20%" in text
    assert "10 records/s" in text
    assert text.endswith("\r\x1b[2K")


def test_few_long_things_are_named_at_once() -> None:
    clock, terminal = FakeClock(), Terminal()
    with naming("Work", "处理", 2, "films", stream=terminal, clock=clock) as (advance, about):
        about("01KAN4")
        assert terminal.getvalue().endswith("  01KAN4")
        clock.now += 3600
        advance(1)
        about("01KB2Z")
        clock.now += 1
        about("01KB30")
    assert "50%" in terminal.getvalue()
    assert "01KB30" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")
    pipe = io.StringIO()
    with naming("Work", "处理", 2, "films", stream=pipe, clock=clock) as (advance, about):
        about("01KAN4")
        advance(2)
    assert pipe.getvalue() == ""


def test_progress_is_wiped_after_an_error() -> None:
    clock, terminal = FakeClock(), Terminal()

    def work() -> None:
        with progress("Work", "处理", None, "B", stream=terminal, clock=clock) as advance:
            clock.now += 3
            advance(3 << 20)
            raise OSError("away")

    with pytest.raises(OSError, match="away"):
        work()
    assert "3.0 MiB  1.0 MiB/s" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_progress_line_beyond_its_total_stays_at_full() -> None:
    assert "100%" in render("W", 15, 10, "B", 3.0)
    assert render("W", 0, 10, "B", timedelta(0).total_seconds()).endswith("–")
