"""A progress line on stderr for work that takes longer than two seconds.

    with progress("Verifying", "正在核验", total_bytes, "B") as advance:
        for chunk in chunks:
            advance(len(chunk))

Silent where stderr is not a terminal. `advance` may be called from several threads.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from cli.language import say
from cli.output import show_duration, show_size

PATIENCE_SECONDS = 2.0
REDRAW_SECONDS = 0.2
BAR = 20

Advance = Callable[[int], None]
About = Callable[[str], None]


class _Line:
    """State of one progress line; drawn at most every REDRAW_SECONDS."""

    def __init__(
        self, label: str, total: int | None, unit: str, stream: TextIO, clock: Callable[[], float]
    ) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._stream, self._clock = stream, clock
        self._start = clock()
        self._next = self._start + PATIENCE_SECONDS
        self._done = 0
        self._drawn = False
        self._about = ""
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        with self._lock:
            self._done += amount
            now = self._clock()
            if now >= self._next:
                self._draw(now)

    def about(self, name: str) -> None:
        """Name what is worked on; at once the first time, since it may take hours."""
        with self._lock:
            self._about = name
            now = self._clock()
            if name and (not self._drawn or now >= self._next):
                self._draw(now)

    def _draw(self, now: float) -> None:
        self._next = now + REDRAW_SECONDS
        self._drawn = True
        text = render(self._label, self._done, self._total, self._unit, now - self._start)
        self._stream.write(f"\r\x1b[2K{text}" + (f"  {self._about}" if self._about else ""))
        self._stream.flush()

    def clear(self) -> None:
        with self._lock:
            if self._drawn:
                self._stream.write("\r\x1b[2K")
                self._stream.flush()


def render(label: str, done: int, total: int | None, unit: str, seconds: float) -> str:
    """The line after `seconds` of work, for example `Verifying ██████ 30 %  12 …/s  ETA 0:20`."""
    rate = done / seconds if seconds > 0 else 0.0
    count, speed = _amount(done, unit), _amount(round(rate), unit)
    if not total:
        return f"{label}  {count}  {speed}/s"
    part = min(1.0, done / total)
    bar = ("█" * round(BAR * part)).ljust(BAR, "░")
    left = show_duration((total - done) / rate) if rate and done < total else "–"
    ends = say("left", "剩余")
    return f"{label} {bar} {part:4.0%}  {count}  {speed}/s  {ends} {left}"


def _amount(number: int, unit: str) -> str:
    return show_size(number) if unit == "B" else f"{number:,} {unit}"


@contextmanager
def progress(
    label_en: str,
    label_zh: str,
    total: int | None,
    unit: str,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Advance]:
    """Yield `advance(amount)`; `unit` is `B` for bytes, otherwise the word shown after a count."""
    with naming(label_en, label_zh, total, unit, stream=stream, clock=clock) as (advance, _):
        yield advance


@contextmanager
def naming(
    label_en: str,
    label_zh: str,
    total: int | None,
    unit: str,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Advance, About]]:
    """The same for few things that take long each: `about(name)` says which one is worked on."""
    out = stream or sys.stderr
    if not out.isatty():
        yield lambda _amount: None, lambda _name: None
        return
    line = _Line(say(label_en, label_zh), total, unit, out, clock)
    try:
        yield line.advance, line.about
    finally:
        line.clear()
