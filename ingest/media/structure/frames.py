"""Sound that is a row of frames: MP3, AAC in ADTS, AMR. Each frame says how long it is."""

from collections.abc import Callable

from ingest.media.condition import Noticed
from ingest.media.reading import Parts
from ingest.media.structure.behind import after_row

Length = Callable[[bytes], int]
"""Length of a frame in bytes from its first bytes; 0 where there is none."""

_HEAD = 8
_STEADY = 3
"""Frames in a row that show that the row goes on."""
_WINDOW = 64 << 10
_MOST_FRAMES = 5_000_000
"""More than a day of sound has."""

# ISO/IEC 11172-3 2.4.2.3 and 13818-3: kbit/s by version and layer, Hz by version.
_RATES_1 = (
    (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0),
    (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
)
_RATES_2 = (
    (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
)
_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
# 3GPP TS 26.101 and 26.201, RFC 4867: bytes of a stored frame by its type; 0: reserved.
_AMR = (13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1)
_AMR_WB = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1)


def mp3(file: Parts, most: int | None = None) -> list[Noticed]:
    """Walk along an MP3; tags before and after it belong to it."""
    start = _tags_before(file)
    end = _tags_after(file)
    row = _Row(file, _mp3_length, start, end, most)
    found = row.found()
    stated = _frames_stated(file.at(start, 256))
    if stated and row.whole and not found and row.count - 1 < stated:
        found.append(Noticed("ENDS_EARLY", f"{row.count - 1} of {stated} frames"))
    return found


def adts(file: Parts, most: int | None = None) -> list[Noticed]:
    """Walk along AAC in ADTS (ISO/IEC 13818-7 6.2)."""
    return _Row(file, _adts_length, _tags_before(file), _tags_after(file), most).found()


def amr(file: Parts, most: int | None = None) -> list[Noticed]:
    """Walk along AMR or AMR-WB (RFC 4867 section 5)."""
    head = file.at(0, 9)
    if head == b"#!AMR-WB\n":
        return _Row(file, lambda frame: _amr_length(frame, _AMR_WB), 9, file.size, most).found()
    if head[:6] == b"#!AMR\n":
        return _Row(file, lambda frame: _amr_length(frame, _AMR), 6, file.size, most).found()
    return [Noticed("STRUCTURE_BAD", "does not begin with #!AMR")]


class _Row:
    """Walks along frames from `start` to `end`, `most` bytes of them."""

    def __init__(self, file: Parts, length: Length, start: int, end: int, most: int | None) -> None:
        self.file, self.length = file, length
        self.place, self.end, self.count = start, end, 0
        limit = end if most is None else min(end, start + most)
        self.whole = limit == end
        self.cut = 0
        self._walk(limit)

    def _walk(self, limit: int) -> None:
        base, piece = self.place, b""
        while self.place < limit and self.count < _MOST_FRAMES:
            at = self.place - base
            if at + _HEAD > len(piece):
                base, at = self.place, 0
                piece = self.file.at(base, _WINDOW)
            size = self.length(piece[at : at + _HEAD])
            if size == 0:
                return
            if self.place + size > self.end:
                self.cut = self.place + size - self.end
                return
            self.count += 1
            self.place += size

    def found(self) -> list[Noticed]:
        if self.cut:
            return [Noticed("CUT_SHORT", f"the last frame lacks {self.cut} bytes")]
        if self.count == 0:
            return [Noticed("STRUCTURE_BAD", f"no frame at {self.place}")]
        if self.count >= _MOST_FRAMES:
            return [Noticed("CHECK_UNFINISHED", f"{self.count} frames")]
        rest = self.end - self.place
        going_on = not self.whole and self.length(self.file.at(self.place, _HEAD))
        if rest <= 0 or going_on:
            return []
        if rest < _HEAD and self.length(self.file.at(self.place, rest) + bytes(_HEAD)):
            return [Noticed("CUT_SHORT", f"{rest} bytes of a frame at {self.place}")]
        return [self._out_of_step()]

    def _out_of_step(self) -> Noticed:
        if self.file.at(self.place, 5).startswith((b"#!AMR", b"ID3")):
            return Noticed("SECOND_FILE", f"begins again at {self.place}")
        for window in (self.place, max(self.place, self.end - _WINDOW)):
            piece = self.file.at(window, _WINDOW)
            if any(self._goes_on(piece, at) for at in range(1, len(piece) - _HEAD)):
                return Noticed("SYNC_LOST", f"no frame at {self.place}")
        return after_row(self.file, self.place)

    def _goes_on(self, piece: bytes, at: int) -> bool:
        for _ in range(_STEADY):
            size = self.length(piece[at : at + _HEAD])
            if size == 0:
                return False
            at += size
        return at <= len(piece)


def _mp3_length(head: bytes) -> int:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 3 - (head[1] >> 1 & 3)
    rate, hertz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 3 or hertz == 3:
        return 0
    kilobits = (_RATES_1 if version == 3 else _RATES_2)[layer][rate]
    if not kilobits:
        return 0
    samples = _HERTZ[version][hertz]
    if layer == 0:
        return (12_000 * kilobits // samples + padding) * 4
    factor = 72_000 if layer == 2 and version != 3 else 144_000
    return factor * kilobits // samples + padding


def _adts_length(head: bytes) -> int:
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else 0


def _amr_length(head: bytes, sizes: tuple[int, ...]) -> int:
    return sizes[head[0] >> 3 & 15] if head and not head[0] & 0x83 else 0


def _tags_before(file: Parts) -> int:
    """Where sound begins behind ID3v2 tags, each of which has a length (ID3 2.4.0 section 3.1)."""
    place = 0
    for _ in range(8):
        head = file.at(place, 10)
        if head[:3] != b"ID3" or len(head) < 10:
            break
        length = 0
        for byte in head[6:10]:
            length = length << 7 | byte & 0x7F
        place += 10 + length + (10 if head[5] & 0x10 else 0)
    return min(place, file.size)


def _tags_after(file: Parts) -> int:
    """Where sound ends before an ID3v1 tag and an APE tag."""
    end = file.size
    if end >= 128 and file.at(end - 128, 3) == b"TAG":
        end -= 128
    tail = file.at(end - 32, 32) if end >= 32 else b""
    if tail[:8] == b"APETAGEX":
        header = 32 if int.from_bytes(tail[20:24], "little") & 0x8000_0000 else 0
        end = max(0, end - int.from_bytes(tail[12:16], "little") - header)
    return end


def _frames_stated(frame: bytes) -> int:
    """Number of frames that the Xing or Info header in the first frame states; 0 if none."""
    for mark in (b"Xing", b"Info"):
        at = frame.find(mark)
        if 0 < at <= 64 and frame[at + 7 : at + 8] and frame[at + 7] & 1:
            return int.from_bytes(frame[at + 8 : at + 12], "big")
    return 0


def is_layer_three(file: Parts) -> bool:
    """Whether the first frame is one of MPEG layer III: other sound has ID3 tags too."""
    frame = file.at(_tags_before(file), _HEAD)
    return _mp3_length(frame) > 0 and frame[1] >> 1 & 3 == 1
