"""What a photograph says that follows it: more pictures (CIPA DC-007), or a short film.

Saying so is not enough: what follows has to be that, down to the end of the file.
"""

import re
import struct
from typing import NamedTuple

_MOST_PICTURES = 64
_ENTRY = 16
_PICTURES = 0xB002
"""The tag of the table of pictures in the MPF segment."""
_LENGTH = re.compile(rb'(?:Length|Offset)(?:="|>)(\d{1,9})["<]')
_FILM = re.compile(rb"(MotionPhoto|MicroVideo)(Offset)?=?")
_ZEROS = re.compile(rb"\0+")
_BOXES = frozenset(
    (b"ftyp", b"free", b"skip", b"mdat", b"moov", b"uuid", b"meta", b"wide", b"udta", b"moof")
)


class Stated(NamedTuple):
    """Where more pictures begin, how long they are, and whether a film is said to follow."""

    places: frozenset[int] = frozenset()
    lengths: frozenset[int] = frozenset()
    film: bool = False

    def and_also(self, other: "Stated") -> "Stated":
        """What both state."""
        return Stated(
            self.places | other.places, self.lengths | other.lengths, self.film or other.film
        )


def of_mpf(body: bytes, place: int) -> Stated:
    """What an MPF segment states; `place` is where its content `body` stands in the file."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(body[4:8])
    if order is None:
        return Stated()
    block = body[4:]
    try:
        rows = _table(block, order)
    except struct.error:
        return Stated()
    begin = place + 4  # places are counted from the mark of the byte order
    return Stated(
        frozenset(begin + offset for _, offset in rows if offset),
        frozenset(size for size, offset in rows if offset),
    )


def _table(block: bytes, order: str) -> list[tuple[int, int]]:
    """Length and place of each picture; the first one has the place 0."""
    (at,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, at)
    for row in range(min(count, _MOST_PICTURES)):
        tag, _, size, start = struct.unpack_from(order + "HHII", block, at + 2 + 12 * row)
        if tag == _PICTURES:
            many = min(size // _ENTRY, _MOST_PICTURES)
            places = (start + _ENTRY * one + 4 for one in range(many))
            return [struct.unpack_from(order + "II", block, place) for place in places]
    return []


def of_xmp(body: bytes) -> Stated:
    """What XMP states of a short film, and of pictures of depth or light."""
    lengths = [int(length) for length in _LENGTH.findall(body)[:_MOST_PICTURES]]
    return Stated(frozenset(), frozenset(lengths), _FILM.search(body) is not None)


def film_end(data: bytes, place: int) -> int | None:
    """Where the film ends that begins here or behind some zeros; None if none is whole."""
    seen: set[bytes] = set()
    zeros = _ZEROS.match(data, place)
    filled = zeros.end() if zeros else place  # the length of the box begins with zeros, too
    name = data.find(b"ftyp", filled + 1, filled + 8)
    if name < place + 4:
        return None
    place = name - 4
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if length == 1 and place + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, place + 8)
        if kind not in _BOXES or length < 8 or place + length > len(data):
            break
        if kind == b"ftyp" and seen:
            break  # another film
        seen.add(kind)
        place += length
    return place if {b"mdat", b"moov"} <= seen else None
