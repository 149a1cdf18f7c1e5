"""Spans of time within a film, as people write them: `00:01:00-00:02:30`, `1:00-2:30`, `90-`."""

import re
import sys
from dataclasses import replace

from archive.errors import UsageError
from cli.language import say
from cli.output import print_line, show_span
from cli.requesting import Wish
from cli.service.desk import Desk, Document

Times = tuple[int, int | None]
"""Milliseconds from the beginning; None is the end of the film."""
_TIME = r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6})(?:\.(\d{1,3}))?"
_SPAN = re.compile(rf"{_TIME}\s*-\s*(?:{_TIME})?", re.ASCII)


def span_of(text: str | None) -> Times | None:
    """Read a span; raises UsageError."""
    if text is None:
        return None
    found = _SPAN.fullmatch(text.strip())
    if found is not None:
        begin = _milliseconds(found.groups()[:4])
        end = _milliseconds(found.groups()[4:]) if found[7] is not None else None
        if end is None or begin < end:
            return begin, end
    raise UsageError(
        say(
            "A span is FROM-TO, for example 00:01:00-00:02:30, or 00:01:00- up to the end.",
            "时间段写作 起-止，如 00:01:00-00:02:30；00:01:00- 表示至结尾。",
        )
    )


def _milliseconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, rest = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole * 1000 + int((rest or "0").ljust(3, "0"))


def planned(desk: Desk, record: str, times: Times) -> Document:
    """What the film has around these times, key frame to key frame; see `film.span`."""
    return desk.call("film.span", {"record": record, "from": times[0], "to": times[1]})


def with_span(desk: Desk, wish: Wish, records: list[str]) -> Wish:
    """The wish with the bytes of its span; raises UsageError where a span does not fit."""
    if wish.times is None:
        return wish
    if wish.action != "excerpt" or wish.range is not None:
        raise UsageError(
            say(
                "A span of time is for an excerpt, and instead of --bytes.",
                "时间段只用于摘录（excerpt），且不与 --bytes 同用。",
            )
        )
    if len(records) != 1:
        raise UsageError(say("A span of time is of one record.", "时间段只能针对一份记录。"))
    found = planned(desk, records[0], wish.times)
    shown = show_span(found["span"])
    print_line(
        say(f"From key frame to key frame: {shown}.", f"按关键帧取整：{shown}。"), sys.stderr
    )
    return replace(wish, range=found["range"], span=found["span"])
