"""The demo drops are reproducible and really are what their names say."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import wave
from pathlib import Path
from random import Random

import puremagic
import pytest
from demo_drops import DropSummary, make_drops, plan
from demo_media import jpeg, pdf, photo

from ingest import sidecar
from ingest.errors import Classified, SidecarBad


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DropSummary]:
    inbox = tmp_path_factory.mktemp("inbox")
    return inbox, make_drops(inbox)


def test_about_forty_drops_with_every_special_case(made: tuple[Path, DropSummary]) -> None:
    inbox, summary = made
    files = [path for path in inbox.rglob("*") if path.is_file()]
    assert len(files) == summary.files
    assert 38 <= summary.drops <= 46
    assert summary.expected == {
        "record": summary.drops - 3,
        "redrop": 1,
        "quarantined": 1,
        "refused": 1,
    }
    assert set(summary.special) == {
        "gbk_name",
        "utf16",
        "empty",
        "claimed_digest_differs",
        "bad_sidecar",
        "classified",
        "redrop",
    }
    assert all(path.is_file() for path in summary.special.values())


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


def test_contents_differ_but_for_the_redrop() -> None:
    digests = [hashlib.sha256(drop.content).digest() for drop in plan()]
    assert len(digests) - len(set(digests)) == 1


def test_special_names_and_encodings(made: tuple[Path, DropSummary]) -> None:
    special = made[1].special
    name = os.fsencode(special["gbk_name"].name)
    assert "送达回证" in name.decode("gbk")
    with pytest.raises(UnicodeDecodeError):
        name.decode("utf-8")
    assert "现场检查笔录" in special["utf16"].read_bytes().decode("utf-16")
    assert special["empty"].stat().st_size == 0
    claimed = special["claimed_digest_differs"]
    claims = json.loads(claimed.with_name(claimed.name + ".json").read_bytes())
    assert claims["cunzheng_sidecar"] == 1
    assert claims["sha256"] != hashlib.sha256(claimed.read_bytes()).hexdigest()


def test_sidecars_are_judged_as_their_drops_expect() -> None:
    for drop in plan():
        if drop.claims is None:
            continue
        data = json.dumps({"cunzheng_sidecar": 1, **drop.claims}, ensure_ascii=False).encode()
        if drop.expect == "record":
            assert sidecar.parse(data).claims["case"] == drop.claims["case"]
        else:
            error = Classified if drop.expect == "refused" else SidecarBad
            with pytest.raises(error):
                sidecar.parse(data)


def test_media_are_recognised_by_content(made: tuple[Path, DropSummary]) -> None:
    for path in made[0].rglob("*"):
        if path.suffix == ".jpg":
            assert puremagic.from_string(path.read_bytes(), mime=True) == "image/jpeg"
        elif path.suffix == ".wav":
            with wave.open(io.BytesIO(path.read_bytes())) as file:
                assert file.getnframes() == 16000
        elif path.suffix == ".pdf":
            assert puremagic.from_string(path.read_bytes(), mime=True) == "application/pdf"


def test_pdf_offsets_point_at_their_objects() -> None:
    data = pdf(["One (1) line \\ here"])
    start = int(re.findall(rb"startxref\n(\d+)", data)[0])
    assert data[start : start + 4] == b"xref"
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n", data), start=1):
        assert data[int(offset) :].startswith(b"%d 0 obj" % number)


def test_jpeg_decodes_back_to_its_blocks() -> None:
    blocks = [[(16, 128, 128), (240, 90, 200)], [(128, 128, 128), (129, 255, 0)]]
    data = jpeg(blocks, "x")
    scan = data[data.index(b"\xff\xda") + 14 : -2].replace(b"\xff\x00", b"\xff")
    bits = "".join(f"{byte:08b}" for byte in scan)
    # T.81 table K.3 as code words, written out so that the encoder is checked against the standard.
    words = ["00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110"]
    position, previous, found = 0, [0, 0, 0], []
    for _ in range(4):
        block = []
        for component in range(3):
            category = next(n for n, word in enumerate(words) if bits.startswith(word, position))
            position += len(words[category])
            raw = bits[position : position + category]
            position += category
            change = int(raw, 2) if raw else 0
            if raw and raw[0] == "0":
                change -= (1 << category) - 1
            previous[component] += change
            block.append(previous[component] * 2 + 128)
            assert bits[position] == "0", "end of block"
            position += 1
        found.append(tuple(block))
    wanted = [block for row in blocks for block in row]
    assert all(
        abs(a - b) <= 2
        for x, y in zip(found, wanted, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    assert set(bits[position:]) <= {"1"}


def test_photo_is_large_enough_to_be_a_picture() -> None:
    assert len(photo(Random(3), "x")) > 5000
