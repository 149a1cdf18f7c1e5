"""Small builders of media bytes: boxes, chunks, elements, bits. They build what is wrong, too."""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence

Change = Callable[[bytes], bytes]
NESTED = {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"moof", b"traf", b"udta", b"mvex"}


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO 14496-12."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and payload of each box, of files that are sound."""
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        yield kind, data[place + 8 : place + length]
        place += length


def edit(data: bytes, changes: dict[bytes, Change]) -> bytes:
    """The same boxes with the payload of those named changed, at any depth."""
    made = []
    for kind, body in boxes(data):
        inner = edit(body, changes) if kind in NESTED else body
        made.append(box(kind, changes[kind](body) if kind in changes else inner))
    return b"".join(made)


def chunk(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    """A chunk of RIFF, with a length of its own if one is given."""
    stated = len(body) if length is None else length
    return kind + struct.pack("<I", stated) + body + b"\0" * (len(body) & 1)


def riff(kind: bytes, *chunks: bytes, length: int | None = None) -> bytes:
    """A file or a list of RIFF."""
    return chunk(b"RIFF", kind + b"".join(chunks), length)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of PNG with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def element(number: bytes, body: bytes, length: bytes | None = None) -> bytes:
    """An element of EBML (RFC 8794); its length takes eight bytes unless given as it stands."""
    return number + (length or (1 << 56 | len(body)).to_bytes(8, "big")) + body


class Bits:
    """Bits in the order of H.264: fixed widths and Exp-Golomb codes (9.1)."""

    def __init__(self) -> None:
        self.text = ""

    def fixed(self, *pairs: tuple[int, int]) -> "Bits":
        """Values with their widths."""
        self.text += "".join(format(value, f"0{width}b") for value, width in pairs)
        return self

    def golomb(self, *values: int) -> "Bits":
        """Unsigned values."""
        for value in values:
            digits = format(value + 1, "b")
            self.text += "0" * (len(digits) - 1) + digits
        return self

    def unit(self, header: int) -> bytes:
        """A NAL unit with start code, stop bit and emulation prevention."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        body = int(text, 2).to_bytes(len(text) // 8, "big")
        for last in range(4):
            body = body.replace(bytes((0, 0, last)), bytes((0, 0, 3, last)))
        return b"\0\0\0\1" + bytes((header,)) + body


def words(*values: int) -> bytes:
    """32-bit numbers, the highest byte first."""
    return struct.pack(f">{len(values)}I", *values)


def tiff(entries: Sequence[tuple[int, int, int, int]], following: int) -> bytes:
    """A TIFF of one directory at 8: entries of tag, type, count and value."""
    made = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    made += b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return made + struct.pack("<I", following)
