"""Looking at media before the seal: always an answer of the documented form, whatever the file."""

from __future__ import annotations

import gc
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import make_archive
from media_samples import KINDS, sample

from archive.record import RecordDescription
from archive.technical import MOST_FINDINGS, MOST_STREAMS, MOST_TEXT, check_amendment
from archive.technical import check_technical as check
from ingest.errors import NoRecord
from ingest.media import checks_before
from ingest.media import look as module
from ingest.media.look import Looker
from ingest.media.originals import Stopped
from ingest.media.profiles import Profiles
from ingest.media.tools import Programs, find_programs
from signing import canonical

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
NAME = "0123456_012345_20260301083000_0007.mp4"
PROFILES = Profiles.load(None)
LOOKER = Looker(find_programs, PROFILES)
ALONE = Looker(lambda: Programs(None, None), PROFILES)


def look(source: Path | bytes, name: str = "a.mp4", looker: Looker = LOOKER, **more: Any) -> Any:
    media_type = more.pop("media_type", "video/mp4")
    claims, at = more.pop("claims", None), more.pop("at", NOW)
    assert not more
    found = looker.look(source, name, media_type, claims, at)
    check(found)
    return found


def codes(found: Any) -> list[str]:
    return [one["code"] for one in found["condition"]["findings"]]


@pytest.mark.parametrize("kind", KINDS)
def test_sound_media_of_every_kind(kind: str) -> None:
    path = sample(kind)
    found = look(path, path.name, media_type=KINDS[kind].media_type)
    assert (found["condition"]["verdict"], codes(found)) == ("sound", [])
    assert found["container"]
    assert found["streams"]
    assert found == look(path.read_bytes(), path.name, media_type=KINDS[kind].media_type)
    assert [tool["name"] for tool in found["tools"]] == ["ffprobe"]


def test_its_bytes_are_canonical() -> None:
    data = LOOKER.described(sample("mp4"), NAME, "video/mp4", None, NOW)
    assert canonical.decode(data) == look(sample("mp4"), NAME)


def test_nothing_of_the_process_stays_open() -> None:
    look(sample("jpg").read_bytes(), "a.jpg", media_type="image/jpeg")
    gc.collect()  # what others left would be closed in between
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        look(sample("mp4").read_bytes())
        look(b"\0\0\0\x18ftypisom broken")
    assert set(os.listdir("/proc/self/fd")) <= before


def test_name_and_file_say_when_it_was_and_with_what() -> None:
    found = look(sample("mp4"), NAME)
    assert found["segment"]["number"] == 7
    assert found["device"] == {"by": "name", "make": None, "model": None, "serial": "0123456"}
    assert found["captured"]["by"] == "name"
    assert found["captured"]["offset_ms"] == 0
    assert found["place"]["latitude"] == "31.2304"
    photo = look(sample("jpg"), NAME.replace("mp4", "jpg"), media_type="image/jpeg")
    assert photo["device"]["by"] == "exif"
    assert {claim["by"] for claim in photo["captured"]["claims"]} == {"name", "exif"}


def test_clocks_that_disagree_are_recorded() -> None:
    claims = {"capture_start": "2026-03-01T08:37:00+08:00"}
    found = look(sample("mp4"), NAME, claims=claims)
    assert found["captured"]["by"] == "sidecar"
    assert found["captured"]["offset_ms"] == 420_000
    assert "CLOCK_OFFSET" in codes(found)
    assert found["condition"]["verdict"] == "sound"


def test_without_programs_structure_decides_and_that_is_said() -> None:
    whole = sample("mp4").read_bytes()
    found = look(whole, looker=ALONE)
    assert (found["condition"]["verdict"], codes(found)) == ("sound", ["TOOLS_MISSING"])
    assert (found["tools"], found["streams"]) == ([], [])
    assert found["puid"] == "fmt/199"
    cut = look(whole[: len(whole) * 2 // 3], looker=ALONE)
    assert "CUT_SHORT" in codes(cut)
    assert cut["condition"]["verdict"] in ("truncated", "unreadable")


def test_what_has_only_the_name_of_a_medium_is_told_and_no_program_is_asked() -> None:
    def asked() -> Programs:
        pytest.fail("no program is needed for this")

    looker = Looker(asked, PROFILES)
    for name, words in ((NAME, b"#EXTM3U"), ("hello.jpg", b"hello"), ("a.wav", b"RIFFxxxx")):
        found = look(words, name, looker, media_type="text/plain")
        note = f"content text/plain, name .{name[-3:]}"
        expected = {"findings": [{"code": "NAME_DIFFERS", "note": note}], "verdict": "suspicious"}
        assert found["condition"] == expected
        assert (found["tools"], found["streams"]) == ([], [])
    assert look(b"#EXTM3U", NAME, looker, media_type="text/plain")["segment"]["officer"] == "012345"


@pytest.mark.parametrize("data", [bytes(5000), b""], ids=["zeros", "empty"])
def test_nothing_but_zeros_is_no_record_where_nothing_speaks_for_it(
    data: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    for source in (data, path):
        for looker in (LOOKER, ALONE):
            with pytest.raises(NoRecord) as caught:
                look(source, looker=looker)
            assert caught.value.code == "NO_RECORD"
            assert caught.value.chinese.startswith("其中没有任何记录")


@pytest.mark.parametrize(
    ("data", "found"), [(bytes(5000), "ONLY_ZEROS"), (b"", "EMPTY")], ids=["zeros", "empty"]
)
def test_what_something_speaks_for_is_sealed_though_nothing_is_in_it(
    data: bytes, found: str, tmp_path: Path
) -> None:
    """A recorder reserves room, and then its power fails."""
    path = tmp_path / "a"
    path.write_bytes(data)
    for words in ({"name": NAME}, {"claims": {"case": "2026-17"}}):
        for looker in (LOOKER, ALONE):
            said = look(path, looker=looker, **words)
            assert (said["condition"]["verdict"], said["streams"]) == ("unreadable", [])
            assert found in codes(said)
    description = RecordDescription({"name": NAME, "media": {"type": "video/mp4"}})
    with path.open("rb") as file:
        amended = LOOKER.examined(file.fileno(), description, lambda: True)
    check_amendment(amended)
    assert amended["condition"]["verdict"] == "unreadable"


@pytest.mark.parametrize("part", ["probe", "check_before", "technical", "choose"])
@pytest.mark.parametrize("error", [ValueError, MemoryError, OSError, RecursionError])
def test_a_mistake_of_ours_loses_no_drop(
    part: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    right = getattr(module, part)

    def wrong(*arguments: Any, **more: Any) -> Any:
        calls.append(1)
        if part == "choose" and len(calls) > 1:
            return right(*arguments, **more)
        raise error("a mistake")

    monkeypatch.setattr(module, part, wrong)
    found = look(sample("mp4"), NAME)
    assert calls
    assert codes(found) == ["LOOK_FAILED"]
    assert found["condition"]["verdict"] == "suspicious"


def test_what_a_file_says_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    right = module.technical

    def endless(*arguments: Any) -> dict[str, Any]:
        value = right(*arguments)
        stream = value["streams"][0]
        return {
            **value,
            "container": "a\x07\ud800\u0301" + "x" * 10_000,
            "bit_rate": 2**60,
            "streams": [{**stream, "index": n} for n in range(1000)],
        }

    monkeypatch.setattr(module, "technical", endless)
    found = look(sample("mp4"), NAME)
    assert len(found["streams"]) == MOST_STREAMS
    assert len(found["container"]) <= MOST_TEXT
    assert found["container"].startswith("a\ufffd\ufffd\u0301")
    assert found["bit_rate"] is None
    assert len(found["condition"]["findings"]) <= MOST_FINDINGS
    assert canonical.encode(found)


def described(folder: Path, content: bytes, **technical: Any) -> RecordDescription:
    archive = make_archive(folder)
    media = {"type": "video/mp4", "by": "content"}
    found = {**look(content, NAME), **technical}
    return archive.describe(content, changed={"name": NAME, "media": media, "technical": found})


def examine(content: bytes, description: RecordDescription) -> Any:
    descriptor = os.memfd_create("film")
    try:
        os.write(descriptor, content)
        data = LOOKER.examined(descriptor, description, lambda: True)
    finally:
        os.close(descriptor)
    check_amendment(data)
    return data


def test_the_full_check_of_a_sound_film(tmp_path: Path) -> None:
    content = sample("mp4").read_bytes()
    data = examine(content, described(tmp_path, content))
    assert data["condition"]["verdict"] == "sound"
    assert [one["type"] for one in data["essence"]] == ["video", "audio"]
    assert data["frames"][0]["decoded"] == 30
    assert [tool["name"] for tool in data["tools"]] == ["ffmpeg", "ffprobe"]
    other = sample("mov").read_bytes()
    again = examine(other, described(tmp_path / "other", other))
    assert data["essence"] == again["essence"]  # a remux has the same packets


def test_the_full_check_sees_what_the_cheap_ones_cannot(tmp_path: Path) -> None:
    content = bytearray(sample("mp4").read_bytes())
    place = content.index(b"mdat") + 9000
    content[place] ^= 0x40
    flipped = bytes(content)
    before = described(tmp_path, flipped)
    assert before.value["technical"]["condition"]["verdict"] == "sound"
    data = examine(flipped, before)
    assert data["condition"]["verdict"] == "damaged"


def test_what_was_noticed_before_the_seal_stays_said(tmp_path: Path) -> None:
    content = sample("mp4").read_bytes()
    kept = {"code": "CLOCK_OFFSET", "note": "sidecar"}
    passing = [{"code": code, "note": ""} for code in ("TOOLS_MISSING", "LOOK_FAILED", "UNKNOWN_1")]
    condition = {"findings": [kept, *passing], "verdict": "suspicious"}
    data = examine(content, described(tmp_path, content, condition=condition))
    assert data["condition"] == {"findings": [kept], "verdict": "sound"}


def test_the_full_check_stops_when_it_is_told_to(tmp_path: Path) -> None:
    content = sample("mp4").read_bytes()
    description = described(tmp_path, content)
    with sample("mp4").open("rb") as file, pytest.raises(Stopped):
        LOOKER.examined(file.fileno(), description, lambda: False)


def test_what_both_checks_count_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the seal only the beginning of a long row of packets is walked along."""
    monkeypatch.setattr(checks_before, "ROW", 188 * 30)
    film = sample("ts").read_bytes()
    content = b"".join(
        film[at : at + 188] for at in range(0, len(film), 188) if at // 188 not in {20, 60, 150}
    )
    found = look(content, "a.ts", media_type="video/mp2t")
    assert {"code": "PACKETS_LOST", "note": "1 times, first at 3760"} in found["condition"][
        "findings"
    ]
    data = examine(content, described(tmp_path, content))
    notes = [one["note"] for one in data["condition"]["findings"] if one["code"] == "PACKETS_LOST"]
    assert notes == ["3 times, first at 3760"]
