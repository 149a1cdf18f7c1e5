"""Photographs that are too large, point at themselves, or are made of promises."""

import struct
import zlib

from hostile_bytes import png_chunk, riff, tiff
from hostile_media import Trap, hostile
from media_samples import sample

MOST = 0xFFFFFFFF


def bare() -> bytes:
    """The sample photograph without its metadata."""
    data, place = sample("jpg").read_bytes(), 2
    made = data[:2]
    while data[place + 1] != 0xDA:
        length = 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] & 0xF0 != 0xE0:
            made += data[place : place + length]
        place += length
    return made + data[place:]


def with_exif(block: bytes) -> bytes:
    data = bare()
    body = b"Exif\0\0" + block
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


@hostile("plane.jpg", "a photograph of 65,500 x 65,500 dots")
def plane(trap: Trap) -> bytes:
    data = bare()
    place = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: place + 5] + struct.pack(">HH", 65_500, 65_500) + data[place + 9 :]


@hostile("scans.jpg", "a progressive photograph with scans without end")
def scans(trap: Trap) -> bytes:
    frame = b"\xff\xc2\0\x0b\x08" + struct.pack(">HH", 8192, 8192) + b"\1\1\x11\0"
    tables = b"\xff\xc4\0\x14\0\1" + bytes(15) + b"\0" + b"\xff\xdb\0\x43\0" + b"\1" * 64
    scan = b"\xff\xda\0\x08\1\1\0\0\0\0\0"
    return b"\xff\xd8" + tables + frame + scan * 20_000 + b"\xff\xd9"


@hostile("loop.jpg", "EXIF whose directories point at themselves")
def loop(trap: Trap) -> bytes:
    entries = [(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8), (0x014A, 4, 1, 8)]
    return with_exif(tiff(entries, following=8))


@hostile("counts.jpg", "EXIF with values of 2^32-1 parts, and a maker's note at its own head")
def counts(trap: Trap) -> bytes:
    entries = [(0x010F, 2, MOST, 8), (0x0110, 5, MOST, 8), (0x9C9B, 1, MOST, 8), (0x8769, 4, 1, 8)]
    entries += [
        (0x927C, 7, MOST, 0),
        (0x9003, 2, 1 << 31, 8),
        (0x0201, 4, 1, 0),
        (0x0202, 4, 1, MOST),
    ]
    return with_exif(tiff(entries, following=MOST))


@hostile("directory.jpg", "EXIF with 5,000 directories of 65,535 entries in the same place")
def directory(trap: Trap) -> bytes:
    entries = [(0x014A, 4, 1, 8 + 2 * n) for n in range(5_000)]
    return with_exif(tiff(entries, following=10)[:65_000])


@hostile("loop.tif", "a TIFF that is its own next page, of 2^32-1 strips")
def loop_tiff(trap: Trap) -> bytes:
    entries = [(256, 4, 1, 1 << 30), (257, 4, 1, 1 << 30), (258, 3, 1, 8), (259, 3, 1, 1)]
    entries += [(262, 3, 1, 1), (273, 4, MOST, 8), (278, 4, 1, 1), (279, 4, MOST, 8)]
    return tiff(entries, following=8)


PNG = b"\x89PNG\r\n\x1a\n"


@hostile("plane.png", "a picture of 2^31-1 x 2^31-1 dots")
def plane_png(trap: Trap) -> bytes:
    header = struct.pack(">IIBBBBB", (1 << 31) - 1, (1 << 31) - 1, 8, 6, 0, 0, 0)
    return PNG + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(64)))


@hostile("bomb.png", "30,000 x 30,000 dots in 110 KB, all true")
def bomb_png(trap: Trap) -> bytes:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(30_000 * 3_751), 9)
    return PNG + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


@hostile("text.png", "a comment that unpacks to 128 MiB")
def text_png(trap: Trap) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    words = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(128 << 20)))
    return (
        PNG
        + header
        + words
        + png_chunk(b"IDAT", zlib.compress(bytes(72)))
        + png_chunk(b"IEND", b"")
    )


@hostile("plane.gif", "2,000 pictures on a plane of 65,535 x 65,535 dots")
def plane_gif(trap: Trap) -> bytes:
    one = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff" + one * 2_000 + b";"


@hostile("plane.bmp", "a bitmap of 2^31-1 x 2^31-1 dots")
def plane_bmp(trap: Trap) -> bytes:
    side = (1 << 31) - 1
    return struct.pack(
        "<2sIIIIiiHHIIiiII", b"BM", MOST, 0, 54, 40, side, side, 1, 32, 0, 0, 0, 0, 0, 0
    )


@hostile("plane.webp", "a picture of 16,777,216 x 16,777,216 dots")
def plane_webp(trap: Trap) -> bytes:
    return riff(b"WEBP", b"VP8X\x0a\0\0\0\x02\0\0\0" + b"\xff" * 6, b"ANIM\x06\0\0\0" + bytes(6))
