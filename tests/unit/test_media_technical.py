"""What containers, streams and EXIF state, in the documented form."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from heic_sample import MAKE, MODEL, SERIAL
from media_samples import KINDS, ffmpeg, sample

from ingest.media.complaints import clean
from ingest.media.condition import Noticed
from ingest.media.photo import Photo, decimal_text, read_photo
from ingest.media.probe import Probe, probe
from ingest.media.puid import puid
from ingest.media.reading import parts
from ingest.media.runner import Outcome
from ingest.media.technical import technical
from ingest.media.tools import find_programs

PROGRAMS = find_programs()
HERE = {"altitude": None, "latitude": "31.2304", "longitude": "121.4737"}


def described(kind: str) -> dict[str, Any]:
    path = sample(kind)
    return technical(probe(PROGRAMS, path), path, KINDS[kind].media_type)


def stated(tags: Mapping[str, str], kind: str = "mp4") -> dict[str, Any]:
    """What is made of these tags of a container."""
    said = Probe({"tags": dict(tags)}, [], None, Outcome(0, b"", "", "ok"))
    return technical(said, sample(kind), "video/mp4")


def test_a_film() -> None:
    found = described("mp4")
    video, sound = found.pop("streams")
    assert found == {
        "bit_rate": 155340,
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "created_at": "2026-03-01T00:30:00Z",
        "device": None,
        "duration_ms": 2000,
        "place": HERE,
        "puid": "fmt/199",
    }
    assert (video["codec"], video["frames"], video["frame_rate"]) == ("h264", 30, "15/1")
    assert (video["width"], video["height"], video["rotation"]) == (160, 120, 0)
    assert (sound["codec"], sound["sample_rate"], sound["channels"]) == ("aac", 16000, 1)
    assert sound["frame_rate"] is sound["rotation"] is sound["width"] is None


@pytest.mark.parametrize("kind", ["jpg", "heic"])
def test_a_photograph(kind: str) -> None:
    found = described(kind)
    assert found["device"] == {"by": "exif", "make": MAKE, "model": MODEL, "serial": SERIAL}
    assert found["created_at"] == "2026-03-01T08:30:00+08:00"
    assert found["place"] == {**HERE, "altitude": "12.5"}
    assert found["duration_ms"] is found["bit_rate"] is None
    assert [one["rotation"] for one in found["streams"]] == [90]


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [
        ("h265", "fmt/199"), ("mov", "x-fmt/384"), ("mkv", "fmt/569"), ("avi", "fmt/5"),
        ("ts", "fmt/585"), ("wav", "fmt/141"), ("mp3", "fmt/134"), ("flac", "fmt/279"),
        ("amr", "fmt/356"), ("jpg", "fmt/41"), ("heic", "fmt/1101"), ("aac", None), ("h264", None),
    ],
)  # fmt: skip
def test_identifiers_are_those_of_fido(kind: str, identifier: str | None) -> None:
    """As opf-fido 1.6.1 with signature file v109 says of the same files."""
    with parts(sample(kind)) as file:
        assert puid(file) == identifier


def test_a_film_that_must_be_turned(tmp_path: Any) -> None:
    path = tmp_path / "turned.mp4"
    turned = ("-display_rotation", "-90", "-i", f"file:{sample('mp4')}", "-c", "copy")
    ffmpeg(*turned, f"file:{path}")
    found = technical(probe(PROGRAMS, path), path, "video/mp4")
    assert [one["rotation"] for one in found["streams"]] == [90, None]


def test_tags_of_telephones() -> None:
    found = stated(
        {
            "creation_time": "2026-03-01T00:30:09.120000Z",
            "com.apple.quicktime.creationdate": "2026-03-01T08:30:00+0800",
            "com.apple.quicktime.make": "Apple",
            "com.apple.quicktime.model": "iPhone \u202e15",
            "com.apple.quicktime.location.ISO6709": "-33.8688+151.2093+005.123/",
        }
    )
    assert found["created_at"] == "2026-03-01T08:30:00+08:00"
    assert found["device"]["make"] == "Apple"
    assert found["device"]["model"] == clean("iPhone \u202e15")
    assert found["place"] == {"altitude": "5.12", "latitude": "-33.8688", "longitude": "151.2093"}


@pytest.mark.parametrize(
    ("tag", "created"),
    [
        ("2026-03-01T00:30:00.120000Z", "2026-03-01T00:30:00.12Z"),
        ("2026-03-01 08:30:00", "2026-03-01T08:30:00"),
        ("1904-01-01T00:00:00.000000Z", None),
        ("yesterday", None),
        ("2026-03-01", None),
    ],
)
def test_times(tag: str, created: str | None) -> None:
    assert stated({"creation_time": tag})["created_at"] == created


@pytest.mark.parametrize("tag", ["+91.0000+000.0000/", "+3113.824+12128.422/", "31.2,121.4", "+31"])
def test_places_that_are_none(tag: str) -> None:
    assert stated({"location": tag})["place"] is None


@pytest.mark.parametrize(
    ("number", "text"),
    [("31.23040000", "31.2304"), ("-0.00000001", "0"), ("100", "100"), ("1E+2", "100")],
)
def test_decimal_text(number: str, text: str) -> None:
    assert decimal_text(Decimal(number), 7) == text


# --- EXIF that was made to harm


def jpeg_with(tiff: bytes) -> bytes:
    block = b"Exif\0\0" + tiff
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(block) + 2) + block + b"\xff\xd9"


def ifd(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    rows = b"".join(struct.pack(">HHII", *entry) for entry in entries)
    return struct.pack(">H", len(entries)) + rows + struct.pack(">I", following)


HEAD = b"MM\0*\0\0\0\x08"
HOSTILE = {
    "directory that follows itself": HEAD + ifd((0x10F, 2, 1, 0), following=8),
    "exif directory that is this one": HEAD + ifd((0x8769, 4, 1, 8)),
    "gps directory that is this one": HEAD + ifd((0x8825, 4, 1, 8)),
    "65,535 entries": HEAD + b"\xff\xff" + bytes(60_000),
    "65,535 entries of 999 values": HEAD
    + b"\xff\xff"
    + struct.pack(">HHII", 0x111, 3, 999, 8) * 5000,
    "text of 4 GB": HEAD + ifd((0x10F, 2, 0xFFFFFFFF, 8)),
    "numbers of 4 GB": HEAD + ifd((0x111, 4, 0xFFFFFFFF, 8)),
    "maker's note of 4 GB": HEAD + ifd((0x927C, 7, 0xFFFFFFFF, 8)),
    "place beyond the end": HEAD + ifd((0x8825, 4, 1, 0xFFFFFFF0)),
    "unknown types": HEAD + ifd((0x10F, 99, 5, 5), (0x110, 0, 5, 5)),
    "nothing": HEAD,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_crafted_exif_ends_soon(name: str) -> None:
    begun = time.process_time()
    found = read_photo(jpeg_with(HOSTILE[name]))
    assert time.process_time() - begun < 1
    assert found._replace(noticed=()) == Photo()
    assert {one.code for one in found.noticed} <= {"EXIF_BAD"}


def test_exif_that_asks_for_too_much_is_told() -> None:
    found = read_photo(jpeg_with(HOSTILE["65,535 entries of 999 values"]))
    assert found.noticed == (Noticed("EXIF_BAD", "it asks for too much"),)


def test_a_place_with_a_division_by_zero_is_none() -> None:
    sound = sample("jpg").read_bytes()
    at = sound.index(struct.pack(">II", 31, 1)) if struct.pack(">II", 31, 1) in sound else -1
    if at < 0:
        at = sound.index(struct.pack("<II", 31, 1))
    broken = sound[: at + 4] + bytes(4) + sound[at + 8 :]
    found = read_photo(broken)
    assert found.latitude is found.longitude is found.altitude is None
    assert found.make == MAKE
