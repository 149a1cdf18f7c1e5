"""Writes lines over photos and PDFs. Run as a program of its own, since both may be hostile.

    python -I stamp.py photo|pdf ORIGINAL TARGET FONT LINE…

Everything it needs is in its arguments, and it imports nothing of the archive. It ends with 0 and
the target written, or with 1 and one word on stderr.
"""

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

MOST_PIXELS = 200_000_000
MOST_PAGES = 5000
_SAVED = {"JPEG": {"quality": 92, "subsampling": 0}, "WEBP": {"quality": 92}, "PNG": {}, "BMP": {}}
_BAND = (0, 0, 0, 165)
_WHITE = (255, 255, 255, 255)
_FAINT = 70
_ANGLE = 28
_WIDEST = 4000
"""Dots of the faint words: much larger ones would take more memory than there is."""


def overlay(size: tuple[int, int], lines: Sequence[str], font: str) -> Image.Image:
    """A transparent picture with the lines in a band at the foot and faint across the middle."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    for mark, place in _marks(size, lines, font):
        picture.alpha_composite(mark, place)
    return picture


Mark = tuple[Image.Image, tuple[int, int]]
"""A picture to be laid over another one, and where; all of it lies inside."""


def _marks(size: tuple[int, int], lines: Sequence[str], font: str) -> Iterator[Mark]:
    yield from _across(size, lines[0], font)
    width, height = size
    points = max(7, min(width // 36, height // 14, 44 + max(size) // 200))
    face = ImageFont.truetype(font, points)
    rows = [row for line in lines for row in _wrapped(line, face, width - points)]
    step = round(points * 1.35)
    band = Image.new("RGBA", (width, min(step * len(rows) + points // 2, height)), _BAND)
    draw = ImageDraw.Draw(band)
    for number, row in enumerate(rows):
        draw.text((points // 2, points // 4 + number * step), row, font=face, fill=_WHITE)
    yield band, (0, height - band.height)


def _across(size: tuple[int, int], line: str, font: str) -> Iterator[Mark]:
    """The first line, faint and aslant, three times over the picture."""
    width, height = size
    longest = ImageFont.truetype(font, 100).getlength(line) / 100
    points = max(8, round(min(width, height * 1.7, _WIDEST) * 0.95 / longest))
    face = ImageFont.truetype(font, points)
    box = face.getbbox(line)
    text = Image.new("RGBA", (int(box[2]) + 8, int(box[3]) + 8), (0, 0, 0, 0))
    draw = ImageDraw.Draw(text)
    draw.text((5, 5), line, font=face, fill=(0, 0, 0, _FAINT))
    draw.text((3, 3), line, font=face, fill=(255, 255, 255, _FAINT))
    text = text.rotate(_ANGLE, expand=True, resample=Image.Resampling.BICUBIC)
    for share in (0.2, 0.5, 0.8):
        left, top = width // 2 - text.width // 2, round(height * share) - text.height // 2
        inside = (
            max(-left, 0),
            max(-top, 0),
            min(text.width, width - left),
            min(text.height, height - top),
        )
        yield text.crop(inside), (max(left, 0), max(top, 0))


def _wrapped(line: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """A line in parts that fit, broken at spaces, or anywhere where there are none."""
    rows, row = [], ""
    for word in line.split(" "):
        longer = f"{row} {word}" if row else word
        if face.getlength(longer) <= width:
            row = longer
            continue
        rows += [row] if row else []
        row = word
        while face.getlength(row) > width and len(row) > 1:
            fit = len(row) - 1
            while fit > 1 and face.getlength(row[:fit]) > width:
                fit -= 1
            rows.append(row[:fit])
            row = row[fit:]
    return [*rows, row]


def stamp_photo(original: Path, target: Path, font: str, lines: Sequence[str]) -> None:
    """Write a photo with the lines over it, in its own format or as JPEG; no tags are kept."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with Image.open(original) as opened:
        if getattr(opened, "n_frames", 1) != 1:
            raise ValueError("frames")
        form = opened.format if opened.format in _SAVED else "JPEG"
        ImageOps.exif_transpose(opened, in_place=True)
        picture = _on_white(opened)
        for mark, (left, top) in _marks(picture.size, lines, font):
            box = (left, top, left + mark.width, top + mark.height)
            part = picture.crop(box).convert("RGBA")
            part.alpha_composite(mark)
            picture.paste(part.convert("RGB"), box)
        picture.info.clear()
        picture.save(target, form, **_SAVED[form])


def _on_white(picture: Image.Image) -> Image.Image:
    """Opaque, with white where it was transparent."""
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        picture.load()
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    seen = picture.convert("RGBA")
    ground = Image.new("RGB", seen.size, (255, 255, 255))
    ground.paste(seen, mask=seen)
    return ground


def stamp_pdf(original: Path, target: Path, font: str, lines: Sequence[str]) -> None:
    """Write a PDF with the lines at the foot of every page and faint across it."""
    import pypdfium2

    document = pypdfium2.PdfDocument(original)
    if not 1 <= len(document) <= MOST_PAGES:
        raise ValueError("pages")
    made: dict[tuple[float, float], pypdfium2.PdfXObject] = {}
    for page in document:
        left, bottom, right, top = page.get_cropbox()
        width, height, turned = right - left, top - bottom, page.get_rotation()
        shown = (width, height) if turned % 180 == 0 else (height, width)
        if shown not in made:
            sheet = pypdfium2.PdfDocument(_sheet(shown, font, lines))
            made[shown] = sheet.page_as_xobject(0, document)
        mark = made[shown].as_pageobject()
        a, b, c, d, e, f = _turned(turned, width, height)
        mark.set_matrix(pypdfium2.PdfMatrix(a, b, c, d, e + left, f + bottom))
        page.insert_obj(mark)
        page.gen_content()
    with target.open("wb") as file:
        document.save(file)


def _turned(degrees: int, width: float, height: float) -> tuple[float, ...]:
    """The matrix from a sheet as it is seen to a page that is shown turned clockwise."""
    return {
        90: (0, 1, -1, 0, width, 0),
        180: (-1, 0, 0, -1, width, height),
        270: (0, -1, 1, 0, 0, height),
    }.get(degrees, (1, 0, 0, 1, 0, 0))


def _sheet(size: tuple[float, float], font: str, lines: Sequence[str]) -> bytes:
    """A page with nothing but the lines, as PDF."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    width, height = size
    points = max(4.0, min(9.0, width / 60))
    face = ImageFont.truetype(font, 100)
    rows = [row for line in lines for row in _wrapped(line, face, int((width - 12) / points * 100))]
    pdfmetrics.registerFont(TTFont("mark", font))
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=size, invariant=1)
    canvas.setFillColorRGB(0.4, 0.4, 0.4, alpha=0.22)
    canvas.setFont("mark", min(width, height * 1.3) * 1.1 / (face.getlength(lines[0]) / 100))
    for share in (0.22, 0.5, 0.78):
        canvas.saveState()
        canvas.translate(width / 2, share * height)
        canvas.rotate(35)
        canvas.drawCentredString(0, 0, lines[0])
        canvas.restoreState()
    step = points * 1.35
    canvas.setFillColorRGB(1, 1, 1, alpha=0.85)
    canvas.rect(0, 0, width, step * len(rows) + 6, stroke=0, fill=1)
    canvas.setFillColorRGB(0.6, 0, 0)
    canvas.setFont("mark", points)
    for number, row in enumerate(reversed(rows)):
        canvas.drawString(6, 5 + number * step, row)
    canvas.save()
    return stream.getvalue()


STAMPS: Mapping[str, Callable[[Path, Path, str, Sequence[str]], None]] = {
    "photo": stamp_photo,
    "pdf": stamp_pdf,
}


def main(arguments: Sequence[str]) -> int:
    """Stamp one file as the arguments say."""
    kind, original, target, font, *lines = arguments
    try:
        STAMPS[kind](Path(original), Path(target), font, lines)
    except Exception as error:  # a file can make these libraries raise anything
        sys.stderr.write(type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
