"""Whatever became of a file, no walker raises, runs long, or says what cannot be written down."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import KINDS, sample
from media_variants import by_hand

from ingest.media.codes import CODES
from ingest.media.condition import condition
from ingest.media.photo import read_photo
from ingest.media.puid import puid
from ingest.media.reading import parts
from ingest.media.structure.families import FAMILIES, structure
from signing import canonical

UNKNOWN = "application/octet-stream"
LONG = 2.0
"""Seconds; a walk takes milliseconds, but the machine may be busy."""
_SEEDS = [sample(kind).read_bytes()[:20_000] for kind in KINDS]
_SEEDS += [sample("mp4_fast").read_bytes()[:4000], sample("mp4").read_bytes()[-3000:]]
_SEEDS += [data[:8000] for data in by_hand().values()]
_EXTENSIONS = sorted({extension for family in FAMILIES.values() for extension in family.extensions})
_EDITS = st.lists(
    st.tuples(st.integers(0, 20_000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12
)


def _walk(data: bytes, extension: str) -> None:
    begun = time.monotonic()
    with parts(data) as file:
        noticed = structure(file, f"a.{extension}", UNKNOWN)
        puid(file)
    photo = read_photo(data)
    value = condition([*noticed, *photo.noticed])
    assert {one["code"] for one in value["findings"]} <= CODES.keys()  # type: ignore[union-attr]
    canonical.encode(value)
    assert json.dumps(photo[:-1]).isascii()
    assert time.monotonic() - begun < LONG


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
