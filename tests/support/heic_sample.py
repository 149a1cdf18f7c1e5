"""A photo in HEIF (ISO/IEC 23008-12) with EXIF, put together from one HEVC picture of ffmpeg."""

from __future__ import annotations

import struct

from PIL import Image

MAKE, MODEL, SERIAL = "TestCam", "ZF-7", "0001234"
TAKEN, OFFSET = "2026:03:01 08:30:00", "+08:00"

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAKE, _MODEL, _ORIENTATION = 0x010F, 0x0110, 0x0112
_TAKEN, _OFFSET, _SERIAL = 0x9003, 0x9011, 0xA431


def exif_block() -> bytes:
    """The TIFF structure of EXIF: maker, model, serial, orientation 6, time with offset, place."""
    exif = Image.Exif()
    exif[_MAKE], exif[_MODEL], exif[_ORIENTATION] = MAKE, MODEL, 6
    exif.get_ifd(_EXIF_IFD).update({_TAKEN: TAKEN, _OFFSET: OFFSET, _SERIAL: SERIAL})
    exif.get_ifd(_GPS_IFD).update(
        {
            1: "N",
            2: (31.0, 13.0, 49.44),
            3: "E",
            4: (121.0, 28.0, 25.32),
            5: b"\x00",
            6: 12.5,
        }
    )
    return exif.tobytes().removeprefix(b"Exif\x00\x00")


def heic(film: bytes, width: int, height: int) -> bytes:
    """A HEIC file around the first picture of `film`, an mp4 that holds one picture of HEVC."""
    picture, setup = _inside(film, b"mdat"), _inside(film, b"hvcC")
    exif = struct.pack(">I", 6) + b"Exif\x00\x00" + exif_block()
    start = _box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1heic")
    for attempt in (0, len(start) + len(_meta(setup, (width, height), 0, picture, exif)) + 8):
        meta = _meta(setup, (width, height), attempt, picture, exif)
    return start + meta + _box(b"mdat", picture, exif)


def _meta(setup: bytes, size: tuple[int, int], at: int, picture: bytes, exif: bytes) -> bytes:
    """Item 1 is the picture, item 2 its EXIF; their bytes begin `at` in the file."""
    items = _full(
        b"iinf",
        struct.pack(">H", 2),
        _full(b"infe", struct.pack(">HH", 1, 0), b"hvc1\x00", version=2),
        _full(b"infe", struct.pack(">HH", 2, 0), b"Exif\x00", version=2),
    )
    extents = ((1, at, len(picture)), (2, at + len(picture), len(exif)))
    places = b"".join(struct.pack(">HHHII", i, 0, 1, begin, long) for i, begin, long in extents)
    shape = _full(b"ispe", struct.pack(">II", *size))
    return _full(
        b"meta",
        _full(b"hdlr", struct.pack(">I4s12x", 0, b"pict"), b"\x00"),
        _full(b"pitm", struct.pack(">H", 1)),
        _full(b"iloc", struct.pack(">BBH", 0x44, 0, 2), places),
        items,
        _full(b"iref", _box(b"cdsc", struct.pack(">HHH", 2, 1, 1))),
        _box(
            b"iprp",
            _box(b"ipco", _box(b"hvcC", setup), shape),
            _full(b"ipma", struct.pack(">IHBBB", 1, 1, 2, 0x81, 0x02)),
        ),
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24), *parts)


def _inside(data: bytes, kind: bytes) -> bytes:
    """The content of the first box of this name, wherever it is nested."""
    place = data.index(kind) - 4
    size = struct.unpack_from(">I", data, place)[0]
    return data[place + 8 : place + size]
