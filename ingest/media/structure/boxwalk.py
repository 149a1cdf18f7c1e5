"""Boxes of ISO base media files (ISO/IEC 14496-12): mp4, mov, 3gp, m4a, heic.

Sees what no decoder tells: bytes after the end, a second film, an index that points past the end,
a duration that is not that of the samples, a fragmented film that was cut.
"""

import struct
from collections.abc import Iterator

from ingest.media.condition import Noticed
from ingest.media.reading import Parts
from ingest.media.structure.behind import behind
from ingest.media.structure.index_boxes import HeldItems, check_index, check_items

_TOP = frozenset(
    (
        *(b"ftyp", b"free", b"skip", b"mdat", b"moov", b"moof", b"mfra", b"sidx", b"styp", b"uuid"),
        *(b"meta", b"wide", b"udta", b"pnot", b"PICT", b"prft", b"emsg", b"ssix", b"pdin", b"bloc"),
        *(b"thum", b"frea", b"iods", b"mfhd", b"junk", b"pict", b"imda", b"idat", b"mpvd", b"sefd"),
    )
)
_MOST_BOXES = 200_000
_WINDOW = 4 << 20
"""Bytes in which the next fragment is looked for."""
_LARGE, _MOST_LARGE, _PIECE = 64 << 10, 20, 1 << 20
"""Bytes from which a box that no player shows is told, how many are, and what is read of each."""
_SHOWN = _TOP - {b"free", b"skip", b"uuid", b"wide", b"junk", b"mdat"}
_MOST_INDEX = 64 << 20
"""Bytes of a `moov` that are read; that of a day's film is some 20 MB."""
_MOST_ITEMS = 1 << 20
"""The same of the `meta` of a photograph, which has some 10 KB."""


def walk(file: Parts) -> list[Noticed]:
    """Walk along the outer boxes and look into the index; some 1 ms for a usual film."""
    return _Walk(file).whole()


def exif_of_photo(file: Parts, most: int = 1 << 20) -> bytes | None:
    """The TIFF structure of a photograph's EXIF item; None if there is none of at most `most`."""
    walking = _Walk(file)
    walking.whole()
    found = walking.items and walking.items.exif
    if not found or not 8 < found[1] <= most:
        return None
    block = file.at(*found)
    return block[4 + int.from_bytes(block[:4], "big") :]  # ISO/IEC 23008-12 A.2.1


class _Walk:
    def __init__(self, file: Parts) -> None:
        self.file = file
        self.found: list[Noticed] = []
        self.seen: dict[bytes, int] = {}
        self.items: HeldItems | None = None
        self.last: int | None = None
        self.spans: list[tuple[bytes, int, int]] = []

    def whole(self) -> list[Noticed]:
        for kind, start, end in self._boxes():
            self.seen[kind] = self.seen.get(kind, 0) + 1
            if kind in (b"moov", b"meta") and self.seen[kind] == 1:
                self._index(kind, start, end)
            if end - start > _LARGE and kind not in _SHOWN and len(self.spans) < _MOST_LARGE:
                self.spans.append((kind, start, end))
        self._together()
        self._unused()
        return self.found

    def _boxes(self) -> Iterator[tuple[bytes, int, int]]:
        """Every outer box: its name, where its content begins, where it ends."""
        place, count, size = 0, 0, self.file.size
        while place < size:
            head = self.file.at(place, 16)
            box = _header(head, size - place)
            if box is None or not self._plausible(head[4:8], place, place + box[1]):
                self._beyond(place, head)
                return
            kind, length, header = head[4:8], box[1], box[0]
            count += 1
            if place + length > size:
                self.seen[kind] = self.seen.get(kind, 0) + 1
                self._say("CUT_SHORT", f"{_name(kind)} lacks {place + length - size} bytes")
                return
            if count > _MOST_BOXES:
                self._say("CHECK_UNFINISHED", f"{count} boxes")
                return
            yield kind, place + header, place + length
            place += length

    def _plausible(self, kind: bytes, place: int, end: int) -> bool:
        """Whether there is a box: a known one, or one of a maker's own that fits in the file."""
        if kind in _TOP:
            return True
        readable = all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)
        return place > 0 and readable and end <= self.file.size

    def _beyond(self, place: int, head: bytes) -> None:
        """What is here is no box: the film was over, or it never was one."""
        rest = self.file.size - place
        if head[4:8] in _TOP and len(head) >= 8:
            self._say("STRUCTURE_BAD", f"{_name(head[4:8])} at {place} has an impossible size")
        elif self._complete() and not self._goes_on(place):
            self.found += behind(self.file, place)
        else:
            self._say("STRUCTURE_BAD", f"no box at {place}, {rest} bytes follow")

    def _goes_on(self, place: int) -> bool:
        """Whether a fragmented film goes on behind what is no box."""
        ahead = self.file.at(place, _WINDOW)
        return b"moof" in self.seen and (b"moof" in ahead or b"mfra" in ahead)

    def _complete(self) -> bool:
        return b"mdat" in self.seen and (b"moov" in self.seen or b"meta" in self.seen)

    def _index(self, kind: bytes, start: int, end: int) -> None:
        if end - start > (_MOST_INDEX if kind == b"moov" else _MOST_ITEMS):
            self._say("CHECK_UNFINISHED", f"{_name(kind)} of {end - start} bytes")
            return
        body = memoryview(self.file.at(start, end - start))
        try:
            if kind == b"moov":
                index = check_index(body, self.file.size)
                self.found += index.noticed
                self.last = index.last
            else:
                self.items = check_items(body, self.file.size)
                self.found += self.items.noticed
        except (struct.error, IndexError, ValueError) as error:
            self._say("INDEX_BAD", f"{_name(kind)}: {error}"[:120])

    def _together(self) -> None:
        """What must be there, and what must not be there twice."""
        seen = self.seen
        photo = b"meta" in seen and b"moov" not in seen
        if self.file.size and not photo:
            if b"moov" not in seen:
                self._say("INDEX_MISSING", "no moov")
            elif b"mdat" not in seen and b"imda" not in seen:
                self._say("CONTENT_MISSING", "no mdat")
        for kind in (b"ftyp", b"moov"):
            if seen.get(kind, 0) > 1:
                self._say("SECOND_FILE", f"{seen[kind]} x {_name(kind)}")

    def _unused(self) -> None:
        """Large boxes that no player shows: free room that is not empty, a maker's, more film."""
        for kind, start, end in self.spans:
            if kind == b"mdat" and (
                self.last is None or start <= self.last or b"moof" in self.seen
            ):
                continue
            if not self._only_zeros(start, end):
                self._say("BOX_UNUSED", f"{_name(kind)}, {end - start} bytes from {start}")

    def _only_zeros(self, start: int, end: int) -> bool:
        """Whether there is nothing at the beginning and the end, and so hardly in between."""
        first = self.file.at(start, min(_PIECE, end - start))
        return not any(first) and not any(self.file.at(max(start, end - _PIECE), _PIECE))

    def _say(self, code: str, note: str) -> None:
        self.found.append(Noticed(code, note))


def _header(head: bytes, left: int) -> tuple[int, int] | None:
    """Length of the header and of the whole box; None if this cannot be one."""
    if len(head) < 8:
        return None
    length, header = int.from_bytes(head[:4], "big"), 8
    if length == 1:
        if len(head) < 16:
            return None
        length, header = int.from_bytes(head[8:16], "big"), 16
    elif length == 0:
        if head[4:8] not in _TOP:
            return None
        length = left
    return (header, length) if length >= header else None


def _name(kind: bytes) -> str:
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "?" for byte in kind)
