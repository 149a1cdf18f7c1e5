"""Whatever became of a file, no walker raises, runs long, or says what cannot be written down."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import KINDS, sample
from media_variants import by_hand, motion_photo

from ingest.media.codes import CODES
from ingest.media.condition import condition
from ingest.media.photo import read_photo
from ingest.media.puid import puid
from ingest.media.reading import parts
from ingest.media.structure.families import FAMILIES, structure
from signing import canonical

UNKNOWN = "application/octet-stream"
LONG = 2.0
"""Seconds of processor time; a walk takes milliseconds."""
_SEEDS = [sample(kind).read_bytes()[:20_000] for kind in KINDS]
_SEEDS += [sample("mp4_fast").read_bytes()[:4000], sample("mp4").read_bytes()[-3000:]]
_SEEDS += [data[:8000] for data in by_hand().values()]
_EXTENSIONS = sorted({extension for family in FAMILIES.values() for extension in family.extensions})
_EDITS = st.lists(
    st.tuples(st.integers(0, 20_000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12
)


def _walk(data: bytes, extension: str) -> None:
    begun = time.process_time()
    with parts(data) as file:
        noticed = structure(file, f"a.{extension}", UNKNOWN)
        puid(file)
    photo = read_photo(data)
    value = condition([*noticed, *photo.noticed])
    assert {one["code"] for one in value["findings"]} <= CODES.keys()  # type: ignore[union-attr]
    canonical.encode(value)
    assert json.dumps(photo[:-1]).isascii()
    assert time.process_time() - begun < LONG


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_SEEDS), _EDITS, st.integers(0, 20_000), st.sampled_from(_EXTENSIONS))
def test_mutated_files(data: bytes, edits: list[tuple[int, bytes]], cut: int, name: str) -> None:
    out = bytearray(data)
    for place, piece in edits:
        at = place % len(out)
        out[at : at + len(piece)] = piece
    _walk(bytes(out[: max(1, cut)] if cut % 3 == 0 else out), name)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(_EXTENSIONS))
def test_any_bytes(data: bytes, extension: str) -> None:
    _walk(data, extension)


@settings(max_examples=150, deadline=None)
@given(st.binary(min_size=8, max_size=300), st.sampled_from([b"II*\0", b"MM\0*"]))
def test_any_exif(block: bytes, order: bytes) -> None:
    segment = b"Exif\0\0" + order + block
    head = b"\xff\xd8\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    _walk(head + b"\xff\xd9", "jpg")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_length_at_the_start(kind: str) -> None:
    """A file that was cut anywhere among its headers."""
    data = sample(kind).read_bytes()
    for length in range(0, 400, 7):
        _walk(data[:length], KINDS[kind].suffix)


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


_META = b"\0\0\0\0" + _box(b"iinf", bytes(6))
_FTYP = _box(b"ftyp", b"isom" + bytes(4))
_ITEM = b"\0\1\0\0\xff\xff"
SLOW = {
    "million boxes in the index": ("mp4", _FTYP + _box(b"moov", (b"\0\0\0\x08free") * 1_000_000)),
    "million boxes": ("mp4", _FTYP + (b"\0\0\0\x08free") * 1_000_000),
    "items without bytes": (
        "heic",
        _box(b"ftyp", b"heic" + bytes(4))
        + _box(b"meta", _META + _box(b"iloc", bytes(6) + b"\xff\xff" + _ITEM * 65_535)),
    ),
    "fill bytes": ("jpg", b"\xff\xd8" + b"\xff" * 20_000_000),
    "zeros before a film that was named": ("jpg", motion_photo(bytes(40_000_000))),
    "fill bytes before a picture that was named": ("jpg", motion_photo(b"\xff" * 40_000_000)),
    "pictures that were named": ("jpg", motion_photo(sample("jpg").read_bytes() * 2000)),
    "sub-blocks of one byte": ("gif", b"GIF89a" + bytes(7) + b"!\xff" + b"\1x" * 20_000_000),
    "empty chunks": ("png", b"\x89PNG\r\n\x1a\n" + (b"\0\0\0\0eXIf\x0c\xa4\xa0\xc2") * 1_000_000),
    "frames of one byte": ("amr", b"#!AMR\n" + b"\x7c" * 12_000_000),
    "sync words": ("flac", b"fLaC\x80\0\0\x22\0\0\0\0\0\0\0\xff\xff\xff" + b"\xff\xf8" * 4_000_000),
    "elements": ("mkv", sample("mkv").read_bytes()[:60] + b"\xec\x80" * 3_000_000),
    "packets out of order": ("ts", b"\x47\0\0\x10" + bytes(184) + b"\x47\0\0\x15" * 47 * 40_000),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SLOW))
def test_what_is_made_to_take_long_does_not(name: str) -> None:
    extension, data = SLOW[name]
    begun = time.process_time()
    with parts(data) as file:
        structure(file, f"a.{extension}", UNKNOWN)
    read_photo(data)
    assert time.process_time() - begun < 8


def test_a_table_of_millions_takes_little_memory() -> None:
    table = _box(b"stco", bytes(4) + (4_000_000).to_bytes(4, "big") + bytes(16_000_000))
    moov = _box(b"mvhd", bytes(100)) + _box(
        b"trak", _box(b"mdia", _box(b"minf", _box(b"stbl", table)))
    )
    film = _FTYP + _box(b"moov", moov) + _box(b"mdat", b"x")
    tracemalloc.start()
    with parts(film) as file:
        assert [one.code for one in structure(file, "a.mp4", UNKNOWN)] == ["NO_CREATION_TIME"]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 80_000_000
