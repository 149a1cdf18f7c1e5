"""What the index boxes of an ISO base media file say, against each other and the file's length."""

import struct
import sys
from array import array
from collections.abc import Iterator
from operator import mul
from typing import NamedTuple

from ingest.media.condition import Noticed

_NESTED = (b"mdia", b"minf", b"dinf", b"stbl", b"edts")
_DEEPEST = 6
_TOLERANCE = 1.0
"""Seconds by which two statements of a duration may differ."""
_HIDDEN = 0.5
"""Seconds from which it is told that an edit list leaves samples out; cuts without decoding anew
leave out what stands between the cut and the key frame before it."""
_MOST_EXTENTS = 10_000
"""Places of all items of a photograph together; one in tiles has some hundred."""
_MOST_CHILDREN = 100_000


class _Track(NamedTuple):
    """Durations of one track in seconds, where stated; its longest sample; what its edit list
    plays of them, and for how long it pauses; where the last chunk that it points to begins;
    whether it says that samples lie in another file."""

    media: float | None
    samples: float | None
    longest: float
    played: float | None
    paused: float
    last: int | None
    elsewhere: bool


class HeldItems(NamedTuple):
    """What was noticed about the items of a photograph, and where its EXIF lies."""

    noticed: list[Noticed]
    exif: tuple[int, int] | None
    """Place and length in the file."""


class Index(NamedTuple):
    """What was noticed about a `moov`, and where the last chunk begins that it points to."""

    noticed: list[Noticed]
    last: int | None
    """None where there is no chunk, or the film goes on in fragments."""


def check_index(body: memoryview, size: int) -> Index:
    """Look into a `moov`; raises struct.error or IndexError where it is cut off inside."""
    found: list[Noticed] = []
    header: tuple[int, ...] | None = None
    tracks, fragmented = [], False
    for kind, content in _children(body):
        if kind == b"mvex":
            fragmented = True
        elif kind == b"mvhd":
            layout = ">IIII" if content[0] == 0 else ">QQIQ"
            header = struct.unpack_from(layout, content, 4)
    scale = header[2] if header else 0
    tracks = [_track(content, scale) for kind, content in _children(body) if kind == b"trak"]
    if any(kind == b"rmra" for kind, _ in _children(body)):
        found.append(Noticed("CONTENT_ELSEWHERE", "reference movie"))
    if header is None:
        return Index([*found, Noticed("INDEX_BAD", "no mvhd")], None)
    if not tracks:
        found.append(Noticed("INDEX_BAD", "no trak"))
    if header[0] == 0:
        found.append(Noticed("NO_CREATION_TIME"))
    found += [lie for track in tracks for lie in _about_track(track)]
    last = max((track.last for track in tracks if track.last is not None), default=0)
    if last >= size:
        found.append(Noticed("CUT_SHORT", f"the index points to byte {last} of {size}"))
    if not fragmented and scale:
        found += _about_film(header[3] / scale, tracks)
    return Index(found, None if fragmented else last or None)


def _about_track(track: _Track) -> Iterator[Noticed]:
    if track.elsewhere:
        yield Noticed("CONTENT_ELSEWHERE", "data reference")
    if track.samples and track.media is not None:
        differs = abs(track.samples - track.media)
        if differs > max(0.5, 0.02 * track.samples, 2 * track.longest):
            note = f"mdhd {track.media:.2f} s, samples {track.samples:.2f} s"
            yield Noticed("DURATION_DIFFERS", note)


def _about_film(stated: float, tracks: list[_Track]) -> Iterator[Noticed]:
    """The header's duration is that of the longest track, after its edit list where it has one."""
    longest = max((_whole(track) for track in tracks), default=0.0)
    if longest and abs(stated - longest) > _TOLERANCE:
        yield Noticed("DURATION_DIFFERS", f"mvhd {stated:.2f} s, tracks {longest:.2f} s")
    for number, track in enumerate(tracks, start=1):
        if not track.samples or not track.played:
            continue
        beyond = track.played - track.samples
        if beyond > max(_TOLERANCE, 0.1 * track.samples, 2 * track.longest):
            note = f"edit list {track.played:.2f} s, samples {track.samples:.2f} s"
            yield Noticed("DURATION_DIFFERS", note)
        hidden = track.samples - track.played
        if hidden > max(_HIDDEN, 2 * track.longest):
            note = f"track {number}: {hidden:.2f} of {track.samples:.2f} s"
            yield Noticed("EDIT_HIDES", note)


def _whole(track: _Track) -> float:
    """Seconds from the beginning of the film to the end of the track, pauses included."""
    return track.paused + (track.played or track.samples or 0.0)


def _track(body: memoryview, scale: int) -> _Track:
    boxes = _flat(body)
    media = samples = played = None
    longest = paused = 0.0
    if mdhd := boxes.get(b"mdhd"):
        layout, place = (">II", 12) if mdhd[0] == 0 else (">IQ", 20)
        unit, length = struct.unpack_from(layout, mdhd, place)
        if unit:
            media = length / unit
            if stts := boxes.get(b"stts"):
                whole, single = _samples(stts)
                samples, longest = whole / unit, single / unit
    if (elst := boxes.get(b"elst")) and scale:
        played, paused = (units / scale for units in _edits(elst))
    elsewhere = _is_elsewhere(boxes.get(b"dref"))
    return _Track(media, samples, longest, played, paused, _last_chunk(boxes), elsewhere)


def _samples(stts: memoryview) -> tuple[int, int]:
    """Units of the track's time scale: all samples together, and the longest of them."""
    rows = _numbers(stts, "I", 2)
    return sum(map(mul, rows[::2], rows[1::2])), max(rows[1::2], default=0)


def _numbers(table: memoryview, kind: str, columns: int) -> "array[int]":
    """The numbers of a table, as many as are announced and there; millions take little room."""
    numbers: array[int] = array(kind)
    width = numbers.itemsize * columns
    (count,) = struct.unpack_from(">I", table, 4)
    numbers.frombytes(table[8 : 8 + width * min(count, (len(table) - 8) // width)])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _edits(elst: memoryview) -> tuple[int, int]:
    """Units of the film's time scale that are played, and those of pauses (media time -1)."""
    (count,) = struct.unpack_from(">I", elst, 4)
    layout = ">Iii" if elst[0] == 0 else ">Qqi"
    width = struct.calcsize(layout)
    rows = elst[8 : 8 + width * min(count, (len(elst) - 8) // width)]
    played = paused = 0
    for length, time, _ in struct.iter_unpack(layout, rows):
        played, paused = (played, paused + length) if time == -1 else (played + length, paused)
    return played, paused


def _last_chunk(boxes: dict[bytes, memoryview]) -> int | None:
    for name, kind in ((b"co64", "Q"), (b"stco", "I")):
        table = boxes.get(name)
        numbers = _numbers(table, kind, 1) if table is not None else None
        if numbers:
            return max(numbers)
    return None


def _is_elsewhere(dref: memoryview | None) -> bool:
    """Whether a reference names a place without the flag for this file (14496-12 8.7.2)."""
    if dref is None:
        return False
    return any(len(entry) > 4 and not entry[3] & 1 for _, entry in _children(dref[8:]))


def _children(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    place = 0
    for _ in range(_MOST_CHILDREN):
        if place + 8 > len(body):
            return
        length, kind = struct.unpack_from(">I4s", body, place)
        length = length or len(body) - place
        if length < 8 or place + length > len(body):
            return
        yield kind, body[place + 8 : place + length]
        place += length


def _flat(body: memoryview, depth: int = 0) -> dict[bytes, memoryview]:
    """The boxes of a track by name, out of the ones that only hold others."""
    boxes: dict[bytes, memoryview] = {}
    if depth > _DEEPEST:
        return boxes
    for kind, content in _children(body):
        if kind in _NESTED:
            for name, inner in _flat(content, depth + 1).items():
                boxes.setdefault(name, inner)
        else:
            boxes.setdefault(kind, content)
    return boxes


def check_items(body: memoryview, size: int) -> HeldItems:
    """Look into the `meta` of a photograph (ISO/IEC 23008-12): do its items lie in the file?"""
    boxes = dict(_children(body[4:]))
    if b"iloc" not in boxes or b"iinf" not in boxes:
        return HeldItems([], None)  # tags of a film
    places = _places(boxes[b"iloc"])
    found = []
    last = max((place + length for spans in places.values() for place, length in spans), default=0)
    if last > size:
        found.append(Noticed("CUT_SHORT", f"the items end at byte {last} of {size}"))
    names = _item_kinds(boxes[b"iinf"])
    exif = next((places[item] for item, kind in names if kind == b"Exif" and item in places), None)
    return HeldItems(found, exif[0] if exif and len(exif) == 1 else None)


def _item_kinds(iinf: memoryview) -> list[tuple[int, bytes]]:
    kinds = []
    for kind, entry in _children(iinf[6 if iinf[0] == 0 else 8 :]):
        if kind == b"infe" and entry[0] in (2, 3):
            layout = ">HH4s" if entry[0] == 2 else ">IH4s"
            number, _, name = struct.unpack_from(layout, entry, 4)
            kinds.append((number, name))
    return kinds


def _places(iloc: memoryview) -> dict[int, list[tuple[int, int]]]:
    """Item number to its places and lengths; only items that lie in the file itself."""
    version = iloc[0]
    offset_width, length_width = iloc[4] >> 4, iloc[4] & 15
    base_width, index_width = iloc[5] >> 4, iloc[5] & 15 if version else 0
    wide = 4 if version == 2 else 2
    cut = _Cut(iloc, 6)
    places: dict[int, list[tuple[int, int]]] = {}
    left = _MOST_EXTENTS
    for _ in range(min(cut.take(wide), _MOST_EXTENTS)):
        item = cut.take(wide)
        method = cut.take(2) & 15 if version else 0
        cut.take(2)
        base = cut.take(base_width)
        spans = []
        extents = cut.take(2)
        left -= extents
        if left < 0:
            raise ValueError("too many places of items")
        for _ in range(extents):
            cut.take(index_width)
            place = base + cut.take(offset_width)
            spans.append((place, cut.take(length_width)))
        if method == 0:
            places[item] = spans
    return places


class _Cut:
    """Takes numbers one after another; raises struct.error at the end."""

    def __init__(self, data: memoryview, place: int) -> None:
        self.data, self.place = data, place

    def take(self, width: int) -> int:
        piece = self.data[self.place : self.place + width]
        if len(piece) < width:
            raise struct.error("cut off")
        self.place += width
        return int.from_bytes(piece, "big")
