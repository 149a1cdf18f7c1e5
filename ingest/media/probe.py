"""Asks ffprobe what a file is: its container and streams, and how its packets follow each other."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from ingest.media.runner import CHECK, PROBE, Limits, Outcome, run, source
from ingest.media.tools import Programs

GAP = 500_000
"""Microseconds between the end of a packet and the next one that count as a gap."""
WALK = replace(CHECK, output=1 << 30)
"""Limits of `packets`: lines are counted as they come, some thirty bytes for each packet."""
BOXES = "mov,"
"""How ffprobe's `format_name` of ISO base media begins, the only ones with edit lists."""
_KEPT_GAPS = 100
_MAX_STREAMS = 256


class Probe(NamedTuple):
    """What ffprobe says of a file; nothing in it has been checked."""

    format: Mapping[str, Any]
    streams: Sequence[Mapping[str, Any]]
    error: str | None
    """One line why it could not be read; None if it could."""
    outcome: Outcome


def probe(programs: Programs, file: Path | int) -> Probe:
    """Read the headers of a file, or of an open descriptor; raises UsageError without ffprobe."""
    _, ffprobe = programs.required()
    with source(file) as opened:
        argv = [
            str(ffprobe.path), "-v", "error", "-of", "json=compact=1", "-show_error",
            "-show_format", "-show_streams", *opened.argv,
        ]  # fmt: skip
        outcome = run(argv, PROBE, pass_fds=opened.fds)
    said = _parsed(outcome)
    streams = [stream for stream in said.get("streams", [])[:_MAX_STREAMS] if _is_stream(stream)]
    return Probe(said.get("format", {}), streams, _error(outcome, said), outcome)


def _parsed(outcome: Outcome) -> dict[str, Any]:
    try:
        said = json.loads(outcome.out or b"{}")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _is_stream(stream: object) -> bool:
    return isinstance(stream, dict) and isinstance(stream.get("index"), int)


def _error(outcome: Outcome, said: Mapping[str, Any]) -> str | None:
    if outcome.ended == "ok" and "format" in said:
        return None
    if outcome.ended not in ("ok", "failed"):
        return outcome.ended
    stated = said.get("error", {}).get("string")
    return str(stated) if stated else "no answer"


@dataclass(slots=True)
class StreamPackets:
    """The packets of one stream, by their times of decoding."""

    count: int = 0
    size: int = 0
    first: int | None = None
    """Microseconds of the first packet, and of the end of the last one."""
    end: int | None = None
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """From and to in microseconds; at most 100 are kept."""
    gap_count: int = 0
    backwards: int = 0
    """Packets whose time lies before that of the one before."""
    untimed: int = 0
    _last: int | None = None

    def add(self, time: int | None, duration: int, size: int) -> None:
        """Take the next packet."""
        self.count += 1
        self.size += size
        if time is None:
            self.untimed += 1
            return
        if self.first is None:
            self.first = time
        if self._last is not None and time < self._last:
            self.backwards += 1
        if self.end is not None and time - self.end > GAP:
            self.gap_count += 1
            if len(self.gaps) < _KEPT_GAPS:
                self.gaps.append((self.end, time))
        self._last = time
        self.end = time + duration


class Packets(NamedTuple):
    """The packets of a file; `outcome.out` is empty, they were counted as they came."""

    streams: Mapping[int, StreamPackets]
    outcome: Outcome


def packets(
    programs: Programs,
    file: Path | int,
    limits: Limits = WALK,
    watch: Callable[[], bool] | None = None,
    container: str = "",
) -> Packets:
    """Walk through all packets without decoding, while `watch` says so.

    `container` is ffprobe's `format_name`. Of ISO base media all packets are given, at the times of
    the medium, also those that an edit list leaves out. Raises UsageError without ffprobe.
    """
    _, ffprobe = programs.required()
    lines = _Lines()
    whole = ("-ignore_editlist", "1") if container.startswith(BOXES) else ()
    with source(file) as opened:
        argv = [
            str(ffprobe.path), "-v", "error", "-of", "csv=p=0",
            "-show_entries", "packet=stream_index,dts_time,duration_time,size",
            *whole, *opened.argv,
        ]  # fmt: skip
        outcome = run(argv, limits, pass_fds=opened.fds, sink=lines.feed, watch=watch)
    return Packets(lines.streams, outcome)


class _Lines:
    """Lines of ffprobe as they come: `0,1.480000,0.040000,5021`."""

    LONGEST = 1 << 12

    def __init__(self) -> None:
        self.streams: dict[int, StreamPackets] = {}
        self.rest = b""

    def feed(self, data: bytes) -> None:
        *whole, rest = (self.rest + data).split(b"\n")
        self.rest = rest[: self.LONGEST]
        for line in whole:
            self._line(line)

    def _line(self, line: bytes) -> None:
        try:
            index, time, duration, size = line.split(b",")[:4]
            number, length = int(index), int(size)
        except ValueError:
            return
        stream = self.streams.get(number)
        if stream is None:
            if len(self.streams) >= _MAX_STREAMS:
                return
            stream = self.streams[number] = StreamPackets()
        stream.add(_micro(time), _micro(duration) or 0, length)


def _micro(text: bytes) -> int | None:
    """Microseconds of seconds with six decimals, as ffprobe writes them; None for `N/A`."""
    try:
        return int(text.replace(b".", b""))
    except ValueError:
        return None
