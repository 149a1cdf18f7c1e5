"""Twelve pictures of a film on one sheet, each with its time."""

from PIL import Image, ImageDraw

from ingest.media.derive.drawing import CAPTION, INK, LINE, SHORT, caption, clock, font, jpeg
from ingest.media.derive.frames import Frame, frames
from ingest.media.derive.subject import Drawing, Subject

COLUMNS = 4
CELL = (320, 180)
GAP = 8
GROUND = "#f4f4f4"


def make(subject: Subject) -> Drawing | None:
    """The sheet; None where nothing can be decoded."""
    found = frames(subject)
    if not found:
        return None
    program, _ = subject.workshop.programs.required()
    return Drawing(jpeg(sheet(found, subject.record, _facts(subject))), "jpg", program.sha256)


def sheet(found: list[Frame], record: str, facts: str) -> Image.Image:
    """Lay out up to twelve pictures, row by row; places without one stay empty."""
    rows = max(1, -(-len(found) // COLUMNS))
    width = COLUMNS * (CELL[0] + GAP) + GAP
    height = rows * (CELL[1] + GAP) + GAP + CAPTION
    made = Image.new("RGB", (width, height), GROUND)
    short = (found[-1].at or 0.0) < SHORT
    for number in range(rows * COLUMNS):
        row, column = divmod(number, COLUMNS)
        corner = (GAP + column * (CELL[0] + GAP), GAP + row * (CELL[1] + GAP))
        if number < len(found):
            _put(made, corner, found[number], short=short)
        else:
            right = (corner[0] + CELL[0] - 1, corner[1] + CELL[1] - 1)
            ImageDraw.Draw(made).rectangle((corner, right), outline=LINE)
    caption(made, record, facts)
    return made


def _put(made: Image.Image, corner: tuple[int, int], frame: Frame, *, short: bool) -> None:
    cell = Image.new("RGB", CELL, INK)
    picture = frame.picture.copy()
    picture.thumbnail(CELL, Image.Resampling.LANCZOS)
    cell.paste(picture, ((CELL[0] - picture.width) // 2, (CELL[1] - picture.height) // 2))
    if frame.at is not None:
        _stamp(cell, clock(frame.at, tenths=short))
    made.paste(cell, corner)


def _stamp(cell: Image.Image, text: str) -> None:
    draw = ImageDraw.Draw(cell)
    letters = font(15, digits=True)
    right, bottom = CELL[0] - 6, CELL[1] - 6
    left, top, end, low = draw.textbbox((right, bottom), text, font=letters, anchor="rb")
    draw.rectangle((left - 5, top - 3, end + 4, low + 3), fill="#000000")
    draw.text((right, bottom), text, fill="#ffffff", font=letters, anchor="rb")


def _facts(subject: Subject) -> str:
    """Length, size and codec, as the file states them."""
    video = subject.stream("video") or {}
    length = subject.duration
    facts = [clock(length, tenths=length < SHORT)] if length else []
    if video.get("width") and video.get("height"):
        facts.append(f"{video['width']}×{video['height']}")
    facts.append(str(video.get("codec_name", "")))
    return " · ".join(filter(None, facts))
