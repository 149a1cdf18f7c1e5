"""Boxes of mp4 and its relatives that lie: about other files, lengths, depths and counts."""

import struct
import zlib

from hostile_bytes import box, boxes, edit, full, words
from hostile_media import Sparse, Trap, hostile
from media_samples import sample

MOST = 0xFFFFFFFF
FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")


def film() -> bytes:
    return sample("mp4").read_bytes()


def alias(path: bytes) -> bytes:
    """An alias record of the Macintosh with an absolute path (Inside Macintosh: Files)."""
    made = bytes(10) + b"\4disk" + bytes(23) + bytes(12)
    made += b"\1x" + bytes(62) + bytes(16) + struct.pack(">hh", -1, -1) + bytes(16)
    path = b"disk" + path
    made += struct.pack(">HH", 2, len(path)) + path + b"\0" * (len(path) & 1)
    return made + struct.pack(">HH", 0xFFFF, 0)


@hostile("reference-url.mp4", "samples that lie in another file, by URL")
def reference_url(trap: Trap) -> bytes:
    entry = full(b"url ", f"file://{trap.film}".encode() + b"\0")
    return edit(film(), {b"dref": lambda _: words(0, 1) + entry})


@hostile("reference-alias.mov", "samples that lie in another file, by alias")
def reference_alias(trap: Trap) -> bytes:
    entry = full(b"alis", alias(str(trap.film).encode()))
    return edit(sample("mov").read_bytes(), {b"dref": lambda _: words(0, 1) + entry})


@hostile("reference-movie.mov", "reference movie: the film is elsewhere")
def reference_movie(trap: Trap) -> bytes:
    url = f"file://{trap.film}".encode() + b"\0"
    data_reference = full(b"rdrf", b"url ", words(len(url)), url)
    return box(b"moov", box(b"rmra", box(b"rmda", data_reference)))


@hostile("size-zero.mp4", "inner boxes that reach to the end of the file")
def size_zero(trap: Trap) -> bytes:
    inner = struct.pack(">I4s", 0, b"trak") * 200
    return FTYP + box(b"moov", inner) + box(b"mdat", bytes(64))


@hostile("size-large.mp4", "boxes of 2^63-1 and of 2^64-1 bytes")
def size_large(trap: Trap) -> bytes:
    large = struct.pack(">I4sQ", 1, b"moov", (1 << 63) - 1)
    return FTYP + large + struct.pack(">I4sQ", 1, b"mdat", (1 << 64) - 1) + bytes(64)


@hostile("size-small.mp4", "boxes that are shorter than their own header")
def size_small(trap: Trap) -> bytes:
    return (
        FTYP + box(b"moov", struct.pack(">I4s", 1, b"trak"), struct.pack(">I4s", 4, b"mdia")) * 99
    )


@hostile("depth.mp4", "20,000 boxes one inside the other")
def depth(trap: Trap) -> bytes:
    count = 20_000
    heads = (struct.pack(">I4s", 8 * (count - n), b"moov") for n in range(count))
    return FTYP + b"".join(heads)


@hostile("depth-udta.mov", "20,000 boxes of user data one inside the other")
def depth_user(trap: Trap) -> bytes:
    kinds = (b"udta", b"meta", b"ilst", b"trak")
    count = 20_000
    heads = (struct.pack(">I4s", 8 * (count - n), kinds[n % 4]) for n in range(count))
    return FTYP + box(b"moov", b"".join(heads))


@hostile("many.mp4", "200,000 boxes without content")
def many(trap: Trap) -> bytes:
    return (
        FTYP
        + box(b"free") * 200_000
        + b"".join(box(kind, body) for kind, body in boxes(film()) if kind != b"ftyp")
    )


@hostile("chunks.mp4", "all samples beyond the end of the file")
def chunks(trap: Trap) -> bytes:
    return edit(film(), {b"stco": lambda body: body[:8] + b"\xff" * (len(body) - 8)})


@hostile("entries.mp4", "2^32-1 sample descriptions")
def entries(trap: Trap) -> bytes:
    return edit(film(), {b"stsd": lambda body: body[:4] + words(MOST) + body[8:]})


@hostile("times.mp4", "2^32-1 entries of times")
def times(trap: Trap) -> bytes:
    lie = {b"stts": lambda body: body[:4] + words(MOST) + body[8:]}
    return edit(film(), lie | {b"ctts": lie[b"stts"], b"stss": lie[b"stts"]})


@hostile("duration.mp4", "one entry for 2^32-1 samples of 2^31 ticks")
def duration(trap: Trap) -> bytes:
    return edit(film(), {b"stts": lambda _: words(0, 1, MOST, 1 << 31)})


@hostile("samples.mp4", "two thousand million samples of one byte, in a table of no length")
def samples(trap: Trap) -> bytes:
    count = (1 << 31) - 1
    return edit(
        film(),
        {
            b"stsz": lambda _: words(0, 1, count),
            b"stsc": lambda _: words(0, 1, 1, count, 1),
            b"stts": lambda _: words(0, 1, count, 1),
        },
    )


@hostile("samples-less.mp4", "a hundred million samples of no byte")
def samples_less(trap: Trap) -> bytes:
    count = 100_000_000
    return edit(
        film(),
        {
            b"stsz": lambda body: words(0, 0, count) + body[12:],
            b"stsc": lambda _: words(0, 1, 1, count, 1),
            b"stts": lambda _: words(0, 1, count, 0),
        },
    )


@hostile("run.mp4", "a fragment that announces 2^31-1 samples without saying anything of them")
def run(trap: Trap) -> bytes:
    return edit(sample("fragmented").read_bytes(), {b"trun": lambda _: words(0, (1 << 31) - 1)})


@hostile("packed.mov", "a packed header that unpacks to 256 MiB")
def packed(trap: Trap) -> bytes:
    data = zlib.compress(bytes(256 << 20))
    header = box(b"dcom", b"zlib") + box(b"cmvd", words(256 << 20), data)
    return box(b"moov", box(b"cmov", header))


@hostile("clock.mp4", "no ticks a second, and a duration of 2^64-1")
def clock(trap: Trap) -> bytes:
    def lie(body: bytes) -> bytes:
        return words(1 << 24) + bytes(16) + words(0) + b"\xff" * 8 + body[20:]

    return edit(film(), {b"mvhd": lie, b"mdhd": lie})


@hostile("size.mp4", "pictures of 65535 x 65535 dots")
def size(trap: Trap) -> bytes:
    def lie(body: bytes) -> bytes:
        # The first sample entry: width and height stand 24 bytes into it (14496-12 12.1.3).
        if body[12:16] not in (b"avc1", b"hvc1"):
            return body
        return body[:40] + b"\xff" * 4 + body[44:]

    return edit(film(), {b"stsd": lie})


@hostile("loop.heic", "pictures made of each other, 255 x 255 tiles of 2^31 dots")
def loop(trap: Trap) -> bytes:
    grid = b"\0\1\xff\xff" + words(MOST, MOST)
    items = b"".join(
        full(b"infe", struct.pack(">HH4s", n, 0, b"grid"), b"\0", version=2) for n in (1, 2)
    )
    links = struct.pack(">HHH", 1, 1, 2), struct.pack(">HHH", 2, 1, 1)
    place = b"".join(struct.pack(">HHHIHII", n, 1, 0, 0, 1, 0, len(grid)) for n in (1, 2))
    properties = box(b"ipco", full(b"ispe", words(1 << 31, 1 << 31)))
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + full(
        b"meta",
        full(b"hdlr", words(0), b"pict", bytes(13)),
        full(b"pitm", struct.pack(">H", 1)),
        full(b"iinf", struct.pack(">H", 2), items),
        full(b"iref", *(box(b"dimg", link) for link in links)),
        full(b"iloc", b"\x44\x40", struct.pack(">H", 2), place, version=1),
        box(b"iprp", properties),
        box(b"idat", grid),
    )


@hostile("endless.mp4", "a film followed by a hole of 1 TiB")
def endless(trap: Trap) -> Sparse:
    return Sparse(film() + struct.pack(">I4sQ", 1, b"mdat", 1 << 40), 1 << 40)
