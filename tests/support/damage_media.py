"""What happens to media on the way, done to the samples, and who must notice it.

`FACTS` is the matrix measured before this code was written (other samples, 15.6 MB; ffmpeg 8.1.2):
in no cell of it may the checks be worse.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from random import Random

from media_samples import KINDS, sample

TABLE_KINDS = (
    *("mp4", "mp4_fast", "h265", "fragmented", "mov", "mkv", "avi", "ts", "h264"),
    *("wav", "mp3", "aac", "amr", "flac", "jpg", "heic"),
)
_BOXED = ("mp4", "mp4_fast", "h265", "fragmented", "mov")
_PART = 16
"""The part of a file that is swapped, lost or overwritten: one in so many."""

_SEED = 10
"""Of a place where the decoder of H.264 notices one bit. How often any place is noticed is another
question, which `media_table.rate` answers."""

Damage = Callable[[bytes], bytes]


def _cut(data: bytes) -> bytes:
    return data[: len(data) * 6 // 10]


def _cut_last(data: bytes) -> bytes:
    return data[:-100]


def flipped(data: bytes, count: int, seed: int = 1) -> bytes:
    """Flip bits at places spread over the content, the same ones each time."""
    random, out = Random(seed), bytearray(data)
    first, last = payload(data)
    for _ in range(count):
        out[random.randrange(first, last)] ^= 1 << random.randrange(8)
    return bytes(out)


def payload(data: bytes) -> tuple[int, int]:
    """From where to where the recording itself stands, without headers and indexes."""
    if b"ftyp" in data[:16]:
        at, size = _box(data, b"mdat")
        exif = data.find(b"Exif\0\0", at)
        return at + 8, (exif - 4 if exif > 0 else at + size)
    if data[:4] == b"fLaC":
        return data.rindex(b"\xff\xf8", 0, 12_000), len(data)
    if data[:2] == b"\xff\xd8":
        return data.rindex(b"\xff\xda") + 14, len(data) - 2
    return len(data) // 32, len(data) * 31 // 32


def _middle(data: bytes, part: int = _PART) -> tuple[int, int]:
    """Where the middle part begins and how long it is: whole packets of a transport stream."""
    unit = 188 if data[:1] == b"\x47" else 1
    return len(data) * 2 // 5 // unit * unit, len(data) // part // unit * unit


def _swapped(data: bytes) -> bytes:
    at, long = _middle(data)
    one, other = data[at : at + long], data[at + long : at + 2 * long]
    return data[:at] + other + one + data[at + 2 * long :]


def _hole(data: bytes) -> bytes:
    at, long = _middle(data)
    return data[:at] + bytes(long) + data[at + long :]


def _lost_middle(data: bytes) -> bytes:
    at, long = _middle(data, 3)
    return data[:at] + data[at + long :]


def _with_random(data: bytes) -> bytes:
    return data + Random(1).randbytes(1 << 16)


def _with_zip(data: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("note.txt", (2026, 3, 1, 0, 0, 0)), "hidden " * 40)
    return data + archive.getvalue()


def _index_zeroed(data: bytes) -> bytes:
    at, size = _box(data, b"moov")
    return data[: at + 8] + bytes(size - 8) + data[at + size :]


def _index_gone(data: bytes) -> bytes:
    at, size = _box(data, b"moov")
    return data[:at] + bytes(size) + data[at + size :]


def _duration_lies(data: bytes) -> bytes:
    """mvhd states ten times the duration."""
    at = data.index(b"mvhd") + 4 + 16
    (stated,) = struct.unpack_from(">I", data, at)
    return data[:at] + struct.pack(">I", stated * 10) + data[at + 4 :]


def _never_dated(data: bytes) -> bytes:
    at = data.index(b"mvhd") + 8
    return data[:at] + bytes(4) + data[at + 4 :]


def _box(data: bytes, kind: bytes) -> tuple[int, int]:
    at = 0
    while data[at + 4 : at + 8] != kind:
        at += struct.unpack_from(">I", data, at)[0]
    return at, struct.unpack_from(">I", data, at)[0]


DAMAGES: Mapping[str, Damage] = {
    "cut at 60 %": _cut,
    "last 100 bytes lost": _cut_last,
    "1 bit flipped": lambda data: flipped(data, 1, _SEED),
    "100 bits flipped": lambda data: flipped(data, 100),
    "parts swapped": _swapped,
    "hole of zeros": _hole,
    "middle lost": _lost_middle,
    "random bytes after": _with_random,
    "zip after": _with_zip,
    "twice in one file": lambda data: data + data,
    "first 64 bytes zero": lambda data: bytes(64) + data[64:],
    "all zeros": lambda data: bytes(len(data)),
    "empty": lambda data: b"",
    "renamed": lambda data: data,
}
BOX_DAMAGES: Mapping[str, Damage] = {
    "index zeroed": _index_zeroed,
    "index gone": _index_gone,
    "duration lies": _duration_lies,
    "never dated": _never_dated,
}
# A film in fragments states no duration in front, so it cannot lie there.
_SENSELESS = frozenset((("fragmented", "duration lies"),))
NO_RECORD = frozenset(("empty", "all zeros"))
RENAMED = {"avi": "mp4", "mp4": "avi", "jpg": "mp4"}
"""Extension that a file of this one is given; `.jpg` for the others."""


def damages_of(kind: str) -> Mapping[str, Damage]:
    """What is done to a sample of this kind."""
    boxed = {**DAMAGES, **BOX_DAMAGES} if kind in _BOXED else DAMAGES
    return {name: do for name, do in boxed.items() if (kind, name) not in _SENSELESS}


def damaged(kind: str, damage: str) -> tuple[bytes, str]:
    """The bytes, and the name that they come under."""
    suffix = KINDS[kind].suffix
    if damage == "renamed":
        suffix = RENAMED.get(suffix, "jpg")
    return damages_of(kind)[damage](sample(kind).read_bytes()), f"drop.{suffix}"


# Columns: structure, name, probe, count (of packets), times (of packets), decode (strict), and
# essence (it differs from that of the original, which only helps who has the original).
_ALL = "structure probe count decode essence"
FACTS: Mapping[tuple[str, str], frozenset[str]] = {
    key: frozenset(cells.split())
    for key, cells in {
        ("mp4", "cut at 60 %"): _ALL,
        ("mp4_fast", "cut at 60 %"): "structure count times decode essence",
        ("mp4_fast", "last 100 bytes lost"): "structure count decode essence",
        ("mp4", "1 bit flipped"): "decode essence",
        ("mp4", "100 bits flipped"): "probe count decode essence",
        ("mp4", "index zeroed"): "structure decode essence",
        ("mp4", "index gone"): _ALL,
        ("mp4", "parts swapped"): "count decode essence",
        ("mp4", "random bytes after"): "structure",
        ("mp4", "zip after"): "structure",
        ("mp4", "empty"): _ALL,
        ("mp4", "renamed"): "name",
        ("mp4", "twice in one file"): _ALL,
        ("mp4", "hole of zeros"): "count decode essence",
        ("mp4", "duration lies"): "structure",
        ("mp4", "never dated"): "structure",
        ("avi", "cut at 60 %"): "count decode",
        ("h264", "cut at 60 %"): "decode",
        ("mkv", "cut at 60 %"): "count times decode",
        ("mov", "cut at 60 %"): "structure probe count decode",
        ("ts", "cut at 60 %"): "decode",
        ("fragmented", "cut at 60 %"): "structure",
        ("ts", "100 bits flipped"): "probe decode",
        ("ts", "middle lost"): "times decode",
    }.items()
}

NOT_REPRODUCED: Mapping[tuple[str, str], frozenset[str]] = {
    # ffmpeg 8.1.2 opens our two films, in either order of film and index, and plays the first.
    ("mp4", "twice in one file"): frozenset(["probe", "count", "decode", "essence"]),
}
_NO_CHECKSUM = "this format has no checksum: nothing can notice it"
_NO_END = "this format has no end of its own: nothing can notice it"
BLIND: Mapping[tuple[str, str], str] = {
    **dict.fromkeys((("wav", "1 bit flipped"), ("wav", "100 bits flipped")), _NO_CHECKSUM),
    **dict.fromkeys((("wav", "parts swapped"), ("wav", "hole of zeros")), _NO_CHECKSUM),
    **dict.fromkeys(
        ((kind, "1 bit flipped") for kind in ("h264", "h265", "mp3", "aac", "amr", "jpg", "heic")),
        _NO_CHECKSUM,
    ),
    **dict.fromkeys((("h264", "random bytes after"), ("h264", "twice in one file")), _NO_END),
    ("aac", "twice in one file"): _NO_END,
    ("heic", "hole of zeros"): _NO_CHECKSUM,
    ("h265", "hole of zeros"): "the decoder covers it up and says nothing",
    ("jpg", "hole of zeros"): _NO_CHECKSUM,
}
"""What nothing notices, so that the table says why. Only the digests of the seal protect against
it afterwards."""
