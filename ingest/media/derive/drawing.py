"""Fonts, JPEG and the line under every picture that says what it is."""

import io
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).resolve().parents[3] / "config" / "fonts"
INK, GREY, PAPER, LINE = "#1a1a1a", "#6b6b6b", "#ffffff", "#d0d0d0"
QUALITY = 85
CAPTION = 30
SHORT = 60.0
"""Seconds up to which a film's times are written with tenths."""
_NOT_EVIDENCE = "衍生图，非证据 · derived, not evidence"


@cache
def font(size: int, *, digits: bool = False) -> ImageFont.FreeTypeFont:
    """The archive's own font: the same picture on every machine."""
    name = "NotoSansMono-Regular.ttf" if digits else "NotoSansSC-Regular.ttf"
    return ImageFont.truetype(FONTS / name, size, layout_engine=ImageFont.Layout.BASIC)


def jpeg(picture: Image.Image) -> bytes:
    """A picture as JPEG, without any metadata."""
    made = io.BytesIO()
    picture.convert("RGB").save(made, "JPEG", quality=QUALITY, optimize=True, progressive=False)
    return made.getvalue()


def caption(picture: Image.Image, record: str, facts: str = "") -> None:
    """Write record and facts into the lowest lines of a picture, which must be free."""
    draw = ImageDraw.Draw(picture)
    line = picture.height - CAPTION // 2
    left = f"{record}   {facts}".rstrip()
    draw.text((12, line), left, fill=INK, font=font(14), anchor="lm")
    draw.text((picture.width - 12, line), _NOT_EVIDENCE, fill=GREY, font=font(13), anchor="rm")


def clock(moment: float, *, tenths: bool = False) -> str:
    """A time within a film: `12:30`, `1:02:03`, or of a short one `0:04.5`."""
    if tenths:
        count = round(moment * 10)
        return f"{count // 600}:{count // 10 % 60:02}.{count % 10}"
    whole = int(moment)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
