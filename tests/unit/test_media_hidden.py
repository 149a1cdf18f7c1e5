"""What can be hidden in a file that plays: behind a photograph, in boxes, by an edit list."""

from __future__ import annotations

import io
import struct

import pytest
from media_samples import sample
from media_table import in_memory
from media_variants import by_hand, motion_photo, variant_bytes, variants
from PIL import Image

from ingest.media.checks_after import check_after
from ingest.media.condition import Noticed, verdict
from ingest.media.reading import parts
from ingest.media.structure.families import structure
from ingest.media.tools import find_programs

PROGRAMS = find_programs()
JUNK = bytes(range(1, 251)) * 400


def _noticed(data: bytes, name: str) -> list[Noticed]:
    with parts(data) as file:
        found = structure(file, name, "application/octet-stream")
    return [one for one in found if one.code != "NO_CREATION_TIME"]


def _codes(data: bytes, name: str) -> list[str]:
    return sorted(one.code for one in _noticed(data, name))


def test_a_word_in_a_photograph_lets_nothing_pass_behind_it() -> None:
    photo, film = sample("jpg").read_bytes(), sample("mp4").read_bytes()
    assert _codes(motion_photo(JUNK), "a.jpg") == ["TRAILING_DATA"]
    assert _codes(motion_photo(photo), "a.jpg") == ["SECOND_FILE"]
    assert _codes(motion_photo(film), "a.jpg") == ["MAKER_DATA"]
    assert _codes(motion_photo(film + JUNK), "a.jpg") == ["MAKER_DATA", "TRAILING_DATA"]
    assert _codes(motion_photo(film + film), "a.jpg") == ["MAKER_DATA", "TRAILING_DATA"]
    assert _codes(motion_photo(film[:-1]), "a.jpg") == ["TRAILING_DATA"]
    assert _codes(photo + film, "a.jpg") == ["TRAILING_DATA"]  # nothing said that it follows


def test_more_pictures_end_where_the_last_of_them_ends() -> None:
    two = by_hand()["two_pictures.mpo"]
    assert _codes(two, "a.mpo") == ["MAKER_DATA"]
    assert _codes(two + JUNK, "a.mpo") == ["MAKER_DATA", "TRAILING_DATA"]
    assert _codes(two + sample("jpg").read_bytes(), "a.mpo") == ["MAKER_DATA", "SECOND_FILE"]
    assert "CUT_SHORT" in _codes(two[:-20], "a.mpo")


@pytest.mark.parametrize("cut", [b"\n", b"\r\n", b"\0\0\0\0"])
def test_a_line_end_behind_a_photograph_is_nothing(cut: bytes) -> None:
    photo = sample("jpg").read_bytes()
    assert _codes(photo + cut, "a.jpg") == []
    assert _codes(photo + cut + b"x", "a.jpg") == ["TRAILING_DATA"]


@pytest.mark.parametrize("kind", [b"free", b"skip", b"uuid", b"mdat", b"gps "])
def test_a_large_box_that_nobody_shows_is_told(kind: bytes) -> None:
    film = sample("mp4").read_bytes()
    box = (len(JUNK) + 8).to_bytes(4, "big") + kind
    (told,) = _noticed(film + box + JUNK, "a.mp4")
    name = kind.decode().replace(" ", "?")
    assert told == Noticed("BOX_UNUSED", f"{name}, {len(JUNK)} bytes from {len(film) + 8}")
    assert verdict([told]) == "sound"
    assert _codes(film + box + bytes(len(JUNK)), "a.mp4") == []
    assert _codes(film + (1008).to_bytes(4, "big") + kind + JUNK[:1000], "a.mp4") == []


def test_what_an_edit_list_hides_is_told() -> None:
    film = bytearray(sample("mp4").read_bytes())
    assert _codes(bytes(film), "a.mp4") == []
    at = film.index(b"elst") + 12
    film[at : at + 4] = (1000).to_bytes(4, "big")
    assert _noticed(bytes(film), "a.mp4") == [Noticed("EDIT_HIDES", "track 1: 1.00 of 2.00 s")]
    with in_memory(bytes(film)) as file:
        after = check_after(PROGRAMS, file, name="a.mp4")
    assert verdict(after.noticed) == "sound"


def test_an_edit_list_cannot_play_more_than_there_is() -> None:
    film = bytearray(sample("mp4").read_bytes())
    for place, name in ((12, b"elst"), (20, b"mvhd")):
        at = film.index(name) + place
        film[at : at + 4] = struct.pack(">I", 3800)
    (told,) = _noticed(bytes(film), "a.mp4")
    assert told == Noticed("DURATION_DIFFERS", "edit list 3.80 s, samples 2.00 s")


def test_a_pause_before_the_film_belongs_to_its_duration() -> None:
    late = next(one for one in variants() if one.name == "begins_late.mp4")
    film = bytearray(variant_bytes(late))
    assert _codes(bytes(film), "a.mp4") == []
    at = film.index(b"mvhd") + 20
    film[at : at + 4] = struct.pack(">I", 2000)  # as if there were no pause
    (told,) = _noticed(bytes(film), "a.mp4")
    assert told == Noticed("DURATION_DIFFERS", "mvhd 2.00 s, tracks 32.00 s")


def test_matroska_that_begins_late_and_is_cut() -> None:
    late = next(one for one in variants() if one.name == "begins_late.mkv")
    data = variant_bytes(late)
    with in_memory(data[: len(data) * 6 // 10]) as file:
        codes = {one.code for one in check_after(PROGRAMS, file, name="a.mkv").noticed}
    assert {"CUT_SHORT", "ENDS_EARLY"} <= codes


def test_samples_missing_behind_an_edit_list_are_missed() -> None:
    """All packets are counted, those that the edit list leaves out as well."""
    late = next(one for one in variants() if one.name == "cut_at_start.mov")
    data = variant_bytes(late)
    at = data.index(b"mdat")
    with in_memory(data[:at] + data[at : at + 4] + data[at + 4 :][: len(data) // 2]) as file:
        codes = {one.code for one in check_after(PROGRAMS, file, name="a.mov").noticed}
    assert codes & {"CUT_SHORT", "PROBE_FAILED", "FRAMES_MISSING"}


def _gif() -> bytes:
    return by_hand()["moving.gif"]


def test_a_gif_ends_with_its_trailer() -> None:
    gif = _gif()
    assert _codes(gif, "a.gif") == []
    assert _codes(gif[:-1], "a.gif") == ["CUT_SHORT"]
    assert _codes(gif[: len(gif) // 2], "a.gif") == ["CUT_SHORT"]
    assert _codes(gif[:8], "a.gif") == ["CUT_SHORT"]
    assert _codes(gif + JUNK, "a.gif") == ["TRAILING_DATA"]
    assert _codes(gif[:10] + b"\0\0\0;", "a.gif") == ["CONTENT_MISSING"]


def test_every_picture_of_a_gif_is_decoded() -> None:
    """Zeros in the last one: its sub-blocks are still a row, so only a decoder sees it."""
    gif = bytearray(_gif())
    with in_memory(bytes(gif)) as file:
        assert verdict(check_after(PROGRAMS, file, name="a.gif").noticed) == "sound"
    last = gif.rindex(b"\x2c\0\0\0\0")
    (packed,) = gif[last + 9 : last + 10]
    row = last + 10 + (3 << (packed & 7) + 1 if packed & 0x80 else 0) + 1
    gif[row + 1 : row + 1 + gif[row]] = b"\xff" * gif[row]
    assert _codes(bytes(gif), "a.gif") == []
    with in_memory(bytes(gif)) as file:
        codes = [one.code for one in check_after(PROGRAMS, file, name="a.gif").noticed]
    assert codes == ["DECODE_ERRORS"]
    with Image.open(io.BytesIO(gif)) as opened:
        opened.load()  # the first one is whole
