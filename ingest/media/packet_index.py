"""Where the packets of a film stand, and which of them lie between two times.

    index = packet_index(programs, path)        # CopyNotMade for what is no film
    cut = index.cut(60_000, 150_000)            # from key frame to key frame, around these times

Times are milliseconds from the first picture, or the first sound where there are no pictures. What
comes out of `cut` can be given to it again and gives the same packets.
"""

import os
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive.errors import CopyNotMade
from archive.times import film_clock
from ingest.media.probe import Probe, probe
from ingest.media.runner import CHECK, run, source
from ingest.media.tools import Programs

WALK = replace(CHECK, seconds=3600, cpu_seconds=1800, output=1 << 30)
"""Walking through a film of many gigabytes."""
_MOST_PACKETS = 5_000_000
_ENTRIES = "packet=stream_index,pts,dts,duration,size,pos,flags"
_EXACT = "mov,"
"""Containers of this family keep every packet in one piece at its place."""


@dataclass(slots=True)
class Track:
    """One stream of pictures or sound: milliseconds, places and sizes in order of the packets."""

    index: int
    type: str
    codec: str
    base: Fraction
    """Seconds of one unit of its times."""
    times: "array[int]" = field(default_factory=lambda: array("q"))
    places: "array[int]" = field(default_factory=lambda: array("q"))
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    end: int = 0
    _next: int = 0
    _place: int = -1

    def add(
        self, time: int | None, duration: int, size: int, place: int | None, *, key: bool
    ) -> None:
        """Take the next packet; one without a time follows the one before, and so with places."""
        at = self._next if time is None else time
        self._next = at + duration
        if key:
            self.keys.append(len(self.times))
        self.times.append(int(at * self.base * 1000 // 1))
        self.places.append(self._place if place is None else place)
        self._place = self.places[-1]
        self.sizes.append(size)
        self.end = max(self.end, -int(-(self._next * self.base * 1000) // 1))


@dataclass(frozen=True, slots=True)
class Part:
    """Packets `first` to `stop` (exclusive) of one stream."""

    track: Track
    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class Cut:
    """What lies between two key frames: `span` in milliseconds, `range` in bytes of the file."""

    span: tuple[int, int]
    range: tuple[int, int]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class PacketIndex:
    """All packets of pictures and sound of a file."""

    format: str
    size: int
    tracks: tuple[Track, ...]

    @property
    def main(self) -> Track:
        """The stream whose key frames bound a cut: pictures, else sound."""
        return self.tracks[0]

    @property
    def duration(self) -> int:
        """Milliseconds of the main stream."""
        return self.main.end - self._zero

    @property
    def _zero(self) -> int:
        return min(self.main.times)

    def cut(self, begin: int, end: int | None) -> Cut:
        """The packets around these times (`end` None: to the last one); CopyNotMade outside."""
        if not 0 <= begin < (self.duration if end is None else min(end, self.duration)):
            raise self._outside()
        if end is not None and end > self.duration:
            raise self._outside()
        zero, track = self._zero, self.main
        keys = [(track.times[number] - zero, number) for number in track.keys] or [(0, 0)]
        at = _last_before(keys, begin)
        start, first = keys[at] if at else (0, 0)
        later = (key for key in keys[at + 1 :] if end is not None and key[0] >= end)
        last, stop = next(later, (self.duration, len(track.times)))
        since = zero + start if first else None
        until = zero + last if stop < len(track.times) else None
        others = (_between(other, since, until) for other in self.tracks[1:])
        parts = (Part(track, first, stop), *(part for part in others if part.first < part.stop))
        return Cut((start, last), self._range(parts), parts)

    def _outside(self) -> CopyNotMade:
        shown = film_clock(self.duration)
        return CopyNotMade("SPAN_OUTSIDE", f"The film ends at {shown}; name times before that.")

    def _range(self, parts: tuple[Part, ...]) -> tuple[int, int]:
        """The least range of bytes that holds the packets; the whole file where nobody says."""
        begins, ends = [], []
        for part in parts:
            places = part.track.places[part.first : part.stop]
            if min(places) < 0:
                return 0, self.size
            begins.append(min(places))
            ends.append(self._end(part, places))
        return min(begins), min(max(ends), self.size)

    def _end(self, part: Part, places: "array[int]") -> int:
        """Behind the last byte of the packets, as far as the container says."""
        track = part.track
        if self.format.startswith(_EXACT):
            sizes = track.sizes[part.first : part.stop]
            return max(place + size for place, size in zip(places, sizes, strict=True))
        last = max(places)
        later = (place for place in track.places[part.stop :] if place > last)
        return next(later, self.size)


def _last_before(keys: list[tuple[int, int]], begin: int) -> int:
    """The last key frame, in their order, before times go beyond `begin`; else the first."""
    found = 0
    for at, (time, _) in enumerate(keys):
        if time > begin:
            break
        found = at
    return found


def _between(track: Track, begin: int | None, end: int | None) -> Part:
    """Packets of another stream from one time to another; pictures begin with a key frame."""
    start = 0 if begin is None else _first_from(track, begin, 0)
    stop = len(track.times) if end is None else _first_from(track, end, start)
    if track.type == "video" and start:
        at = bisect_right(track.keys, start - 1)
        start = track.keys[at] if at < len(track.keys) else stop
    return Part(track, start, max(start, stop))


def _first_from(track: Track, time: int, start: int) -> int:
    for number in range(start, len(track.times)):
        if track.times[number] >= time:
            return number
    return len(track.times)


def packet_index(programs: Programs, file: Path | int) -> PacketIndex:
    """Read where all packets of a file or open descriptor stand.

    Raises CopyNotMade for what is no film, UsageError without programs.
    """
    found = probe(programs, file)
    tracks = _tracks(found)
    if not tracks:
        raise CopyNotMade("NOT_A_FILM", "This record cannot be read as a film or a sound.")
    reading = _Reading(tracks)
    _, ffprobe = programs.required()
    with source(file) as opened:
        argv = [str(ffprobe.path), "-v", "error", "-of", "csv=p=0", "-show_entries", _ENTRIES]
        outcome = run([*argv, *opened.argv], WALK, pass_fds=opened.fds, sink=reading.feed)
    if outcome.ended in ("timeout", "limit", "crashed") or reading.count > _MOST_PACKETS:
        raise CopyNotMade("TOOK_TOO_LONG", "The film is too large or too odd to be walked through.")
    kept = [track for track in tracks.values() if len(track.times)]
    kept.sort(key=lambda track: (track.type != "video", track.index))
    if not kept or (kept[0].type == "video" and len(kept[0].times) == 1):
        raise CopyNotMade("NOT_A_FILM", "This record cannot be read as a film or a sound.")
    return PacketIndex(str(found.format.get("format_name")), os.stat(file).st_size, tuple(kept))


def _tracks(found: Probe) -> dict[int, Track]:
    tracks = {}
    for stream in found.streams:
        kind, picture = stream.get("codec_type"), stream.get("disposition", {})
        if kind in ("video", "audio") and not picture.get("attached_pic"):
            base = _fraction(stream)
            track = Track(stream["index"], kind, str(stream.get("codec_name")), base)
            tracks[track.index] = track
    return tracks


def _fraction(stream: Mapping[str, Any]) -> Fraction:
    try:
        return Fraction(str(stream.get("time_base")))
    except (ValueError, ZeroDivisionError):
        return Fraction(1, 1000)


class _Reading:
    """Lines of ffprobe as they come: `0,1536,-512,512,1047,3177,K__`."""

    def __init__(self, tracks: Mapping[int, Track]) -> None:
        self._tracks = tracks
        self._rest = b""
        self.count = 0

    def feed(self, data: bytes) -> None:
        *whole, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:4096]
        for line in whole:
            self._line(line.split(b","))

    def _line(self, parts: list[bytes]) -> None:
        track = self._tracks.get(int(parts[0])) if parts[0].isdigit() else None
        self.count += 1
        if track is None or len(parts) < 7 or self.count > _MOST_PACKETS:
            return
        pts, dts, duration, size, place = map(_number, parts[1:6])
        time = dts if pts is None else pts
        track.add(
            time,
            duration or 0,
            size or 0,
            place,
            key=parts[6].startswith(b"K"),
        )


def _number(text: bytes) -> int | None:
    return int(text) if len(text) < 20 and text.lstrip(b"-").isdigit() else None
