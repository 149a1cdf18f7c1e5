"""The full check behind the seal: stretches, essence, frames; and what stops it."""

from __future__ import annotations

from pathlib import Path

import pytest
from media_samples import SOUND, ffmpeg, sample
from media_table import in_memory

from ingest.media import checks_after
from ingest.media.checks_after import Interrupted, check_after
from ingest.media.condition import Noticed, verdict
from ingest.media.decoding import Count, read_counts, read_hashes
from ingest.media.runner import Outcome
from ingest.media.stretches import read_stretches
from ingest.media.tools import find_programs

PROGRAMS = find_programs()


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Black for 2 s, moving for 2 s, still for 3 s; silent from 2 to 5 s."""
    path = tmp_path_factory.mktemp("film") / "dark.mp4"
    graph = (
        "color=black:s=160x120:r=15:d=2[a];testsrc2=s=160x120:r=15:d=2[b];"
        "color=red:s=160x120:r=15:d=3[c];[a][b][c]concat=n=3[v];"
        "sine=d=7:r=16000,volume=0:enable='between(t,2,5)'[s]"
    )
    maps = ("-map", "[v]", "-map", "[s]", "-c:v", "libx264", "-c:a", "pcm_s16le", "-f", "mov")
    ffmpeg("-filter_complex", graph, *maps, f"file:{path}")
    return path


def test_black_frozen_and_silent_stretches_are_findings_and_no_damage(dark: Path) -> None:
    after = check_after(PROGRAMS, dark, name="dark.mov")
    assert verdict(after.noticed) == "sound"
    (black,) = after.stretches["black"]
    assert (black["from_ms"], abs(black["to_ms"] - 2000) < 100) == (0, True)
    frozen = after.stretches["frozen"]
    assert [round(one["from_ms"] / 1000) for one in frozen] == [0, 4]
    assert abs(frozen[-1]["to_ms"] - 7000) < 150  # to the end, which ffmpeg does not tell
    (silent,) = after.stretches["silent"]
    assert abs(silent["from_ms"] - 2000) < 100
    assert abs(silent["to_ms"] - 5000) < 100  # a frame of sound is 64 ms
    assert Noticed("SILENT", "1, together 3.0 s, first at 2.0 s") in after.noticed


def test_a_remux_has_the_same_essence() -> None:
    essences = {kind: check_after(PROGRAMS, sample(kind)).essence for kind in ("mp4", "mkv", "avi")}
    assert essences["mp4"] == essences["mkv"]
    assert [one["type"] for one in essences["mp4"]] == ["video", "audio"]
    assert essences["mp4"][0] != essences["avi"][0]
    assert check_after(PROGRAMS, sample("mp4")).frames == [
        {"decoded": 30, "index": 0},
        {"decoded": 32, "index": 1},
    ]


def test_what_can_be_read_of_a_cut_film_is_counted() -> None:
    data = sample("mp4_fast").read_bytes()
    with in_memory(data[: len(data) * 6 // 10]) as file:
        after = check_after(PROGRAMS, file, name="cut.mp4")
    assert verdict(after.noticed) == "truncated"
    assert 10 <= after.frames[0]["decoded"] < 25
    assert len(after.essence) == 2


def test_it_stops_when_told_to() -> None:
    with pytest.raises(Interrupted):
        check_after(PROGRAMS, sample("mp4"), lambda: False)
    asked = iter([True, True, True])
    with pytest.raises(Interrupted):
        check_after(PROGRAMS, sample("mp4"), lambda: next(asked, False))


def test_sound_alone_and_a_cover(tmp_path: Path) -> None:
    """A picture that is attached to sound is no film."""
    path = tmp_path / "song.mp3"
    cover = ("-i", f"file:{sample('jpg')}", "-map", "0", "-map", "1", "-c:v", "copy")
    ffmpeg(*SOUND, *cover, "-disposition:v", "attached_pic", f"file:{path}")
    after = check_after(PROGRAMS, path, name="song.mp3")
    assert after.noticed == ()
    assert after.stretches["black"] == []


def test_an_unknown_codec_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that this ffmpeg does not have says nothing about the file."""
    decode = checks_after.decoding.decode
    said = "[av1 @ 0x1] [error] Your platform doesn't support hardware accelerated AV1 decoding.\n"

    def without(*told: object, **more: object) -> object:
        found = decode(*told, **more)  # type: ignore[arg-type]
        return found._replace(outcome=Outcome(1, b"", said, "failed"))

    monkeypatch.setattr(checks_after.decoding, "decode", without)
    after = check_after(PROGRAMS, sample("mp4"), name="a.mp4")
    assert [one.code for one in after.noticed] == ["CHECK_UNFINISHED"]
    assert verdict(after.noticed) == "sound"


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ("limit", "LIMIT_REACHED"),
        ("crashed", "READER_CRASHED"),
        ("timeout", "CHECK_UNFINISHED"),
    ],
)
def test_a_decoder_that_did_not_end(monkeypatch: pytest.MonkeyPatch, ended: str, code: str) -> None:
    lost = checks_after.decoding.Decoded(Outcome(-9, b"", "", ended), {}, {})  # type: ignore[arg-type]
    monkeypatch.setattr(checks_after.decoding, "decode", lambda *_, **__: lost)
    after = check_after(PROGRAMS, sample("mp4"), name="a.mp4")
    assert [one.code for one in after.noticed] == [code]


def test_counts_and_digests_are_read() -> None:
    err = (
        "[in#0/mov @ 0x1] [verbose]   Input stream #0:0 (video): 11 packets read (5 bytes);"
        " 6 frames decoded; 1 decode errors; \n"
        "[in#0/mov @ 0x1] [verbose]   Input stream #0:3 (audio): 11 packets read (9 bytes);"
        " 7 frames decoded; 0 decode errors (7168 samples); \n"
        "[in#0/mov @ 0x1] [verbose]   Input stream #0:4 (data): 2 packets read (9 bytes); \n"
    )
    assert read_counts(err) == {
        0: Count(11, 6, 1, 0),
        3: Count(11, 7, 0, 7168),
        4: Count(2, 0, 0, 0),
    }
    out = b"0,v,SHA256=" + b"ab" * 32 + b"\n1,a,SHA256=" + b"cd" * 32 + b"\n"
    assert read_hashes(out, [0, 3]) == {0: "ab" * 32, 3: "cd" * 32}


def test_stretches_that_never_end_last_to_the_end() -> None:
    err = "lavfi.freezedetect.freeze_start: 1.5\n[silencedetect @ 0x1] silence_end: 2 | x\n"
    streams = [{"index": 0, "avg_frame_rate": "15/1"}]
    found = read_stretches(err, {0: Count(60, 60, 0, 0)}, streams)
    assert found == {"black": [], "frozen": [{"from_ms": 1500, "to_ms": 4000}], "silent": []}
