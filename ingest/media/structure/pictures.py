"""Photographs: segments of JPEG (ITU-T T.81 annex B) and chunks of PNG (ISO/IEC 15948)."""

import re
import zlib

from ingest.media.condition import Noticed
from ingest.media.reading import BytesParts, Parts
from ingest.media.structure.appended import Stated, film_end, of_mpf, of_xmp
from ingest.media.structure.behind import behind

MOST_DOTS = 400_000_000
"""Dots of the largest photograph that is decoded; the largest sensors of telephones have half."""
_MOST_BYTES = 64 << 20
"""A photograph is read whole up to here."""
_MOST_SEGMENTS = 10_000
_MOST_CHUNKS = 100_000
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FILL = re.compile(rb"\xff+")
"""A marker may have any number of these before it."""
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_SIZES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_PICTURE = b"\xff\xd8\xff"
_FILLED = re.compile(rb"[\0\xff]{0,65535}?\xff\xd8\xff")
"""The next picture; cameras begin it at a round place."""
_MOST_PARTS = 64
"""Pictures behind the first that are walked along; those of a camera are one to three."""
_SOI, _EOI, _SOS, _APP1, _APP2 = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2


def jpeg(file: Parts) -> list[Noticed]:
    """Walk along the segments to the end of the image."""
    if file.size > _MOST_BYTES:
        return [Noticed("CHECK_UNFINISHED", f"{file.size} bytes")]
    return _Jpeg(file.at(0, file.size)).whole()


def exif_of_jpeg(file: Parts) -> bytes | None:
    """The TIFF structure in the first EXIF segment; None if there is none in the first 256 KB."""
    walk = _Jpeg(file.at(0, 256 << 10))
    walk.whole()
    return walk.exif


class _Jpeg:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.exif: bytes | None = None
        self.stated = Stated()
        self.sized = False
        self.found: list[Noticed] = []

    def whole(self) -> list[Noticed]:
        if self.data[:2] != b"\xff\xd8":
            return [Noticed("STRUCTURE_BAD", "does not begin with SOI")]
        end = self._segments(2)
        if end is not None:
            self._after(end)
        if not self.sized and not self.found:
            self.found.append(Noticed("CONTENT_MISSING", "no frame header"))
        return self.found

    def _segments(self, place: int) -> int | None:
        """Where the image ends whose SOI stands before `place`; None if it does not."""
        data = self.data
        for _ in range(_MOST_SEGMENTS):
            filled = _FILL.match(data, place)
            place = filled.end() - 1 if filled else place
            marker = data[place + 1] if place + 2 <= len(data) else None
            if marker == _EOI and data[place] == 0xFF:
                return place + 2
            following = self._pass(place, marker)
            if following is None:
                return None
            place = following
        self._say("CHECK_UNFINISHED", "too many segments")
        return None

    def _pass(self, place: int, marker: int | None) -> int | None:
        """Where the next marker stands; None where there is none."""
        data = self.data
        if marker is None:
            self._say("CUT_SHORT", "no end of image")
            return None
        if marker in _ALONE:
            return place + 2
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        end = place + 2 + length
        if data[place] != 0xFF or length < 2 or marker in (0, _SOI):
            self._say("STRUCTURE_BAD", f"no segment at {place}")
            return None
        if end > len(data):
            self._say("CUT_SHORT", f"a segment lacks {end - len(data)} bytes")
            return None
        self._segment(marker, data[place + 4 : end], place + 4)
        if marker != _SOS:
            return end
        following = _MARKER.search(data, end)
        if following is None:
            self._say("CUT_SHORT", "no end of image")
        return following and following.start()

    def _say(self, code: str, note: str) -> None:
        self.found.append(Noticed(code, note))

    def _segment(self, marker: int, body: bytes, place: int) -> None:
        if marker in _SIZES and len(body) >= 6:
            self.sized = True
            self.found += too_large(*(int.from_bytes(body[n : n + 2], "big") for n in (3, 1)))
        elif marker == _APP1 and body[:6] == b"Exif\0\0" and self.exif is None:
            self.exif = body[6:]
        elif marker == _APP2 and body[:4] == b"MPF\0":
            self.stated = self.stated.and_also(of_mpf(body, place))
        elif marker == _APP1:
            self.stated = self.stated.and_also(of_xmp(body))

    def _after(self, end: int) -> None:
        """Pass over the pictures and the film that the photograph names, each to its own end."""
        place, parts = end, 0
        while parts < _MOST_PARTS and (following := self._named(place)) is not None:
            place, parts = following, parts + 1
        if parts:
            self._say("MAKER_DATA", f"{parts} named, {place - end} bytes from {end}")
        if self.data[place : place + 3] == _PICTURE:
            self._say("SECOND_FILE", f"{len(self.data) - place} bytes from {place}")
        else:
            self.found += behind(BytesParts(self.data), place)

    def _named(self, place: int) -> int | None:
        """Where what was named ends; None where nothing begins here that was named and is whole."""
        stated = self.stated
        if not stated.film and not stated.places and not stated.lengths:
            return None
        if filled := _FILLED.match(self.data, place):
            return self._second(filled.end() - len(_PICTURE))
        if not stated.film:
            return None
        self.stated = stated._replace(film=False)  # one film follows, not two
        return film_end(self.data, place)

    def _second(self, start: int) -> int | None:
        inner = _Jpeg(self.data)
        end = inner._segments(start + 2)
        if end is None:
            if start in self.stated.places:
                self.found += inner.found
                return len(self.data)
            return None
        named = start in self.stated.places or end - start in self.stated.lengths
        return end if named else None


def png(file: Parts) -> list[Noticed]:
    """Walk along the chunks and check each one's CRC."""
    if file.size > _MOST_BYTES:
        return [Noticed("CHECK_UNFINISHED", f"{file.size} bytes")]
    data = file.at(0, file.size)
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return [Noticed("STRUCTURE_BAD", "no signature")]
    return _chunks(file, data)


def _chunks(file: Parts, data: bytes) -> list[Noticed]:
    found: list[Noticed] = []
    place = 8
    for _ in range(_MOST_CHUNKS):
        if place >= len(data):
            return [*found, Noticed("CUT_SHORT", "no end of image")]
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + 12 + length
        if end > len(data):
            return [*found, Noticed("CUT_SHORT", f"a chunk lacks {end - len(data)} bytes")]
        if zlib.crc32(data[place + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return [*found, Noticed("CHECKSUM_BAD", f"the chunk at {place}")]
        if kind == b"IHDR":
            sides = (int.from_bytes(data[place + n : place + n + 4], "big") for n in (8, 12))
            found += too_large(*sides)
        place = end
        if kind == b"IEND":
            return found + behind(file, place)
    return [*found, Noticed("CHECK_UNFINISHED", "too many chunks")]


def too_large(width: int, height: int) -> list[Noticed]:
    """What is said of a picture with more dots than `MOST_DOTS`."""
    if width * height <= MOST_DOTS:
        return []
    return [Noticed("PICTURE_TOO_LARGE", f"{width} x {height}")]
