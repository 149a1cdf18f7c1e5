"""Fonts of the PDFs, and lines of text that fit a width.

The fonts lie in `config/fonts/` and the glyphs used are embedded, so that a document reads the same
wherever it is opened. A character that none of them has is shown as its code point in brackets.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFDocument
from reportlab.pdfbase.ttfonts import TTFont

from archive.documents.cells import code, one_style_of_lines

FONTS = Path(__file__).resolve().parents[2] / "config" / "fonts"

_SANS = ("NotoSansSC-Regular", "NotoSansSymbols2-Regular")
_MONO = ("NotoSansMono-Regular", *_SANS)

_OPEN = re.escape("（〔〈《「『【［｛“‘([{")
_CLOSE = re.escape("，。、；：？！）〕〉》」』】］｝”’％…·,.;:?!)]}%")
_WIDE = "⺀-鿿豈-﫿︰-﹏＀-￯\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"\s+|[{_OPEN}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSE}]*")
"""What stays on one line: a Chinese character or a run of others, with the brackets and marks that
must not be parted from it."""


class Typeface:
    """A font with others behind it for what it lacks; widths in 1/1000 of the size."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._place: dict[str, tuple[int, int]] = {}
        for at, name in reversed(list(enumerate(names))):
            face = _registered(name).face
            for point in face.charToGlyph:
                self._place[chr(point)] = (at, round(face.charWidths[point]))

    def readable(self, text: str) -> str:
        """The text with whatever cannot be drawn or seen as its code point."""
        text = one_style_of_lines(text)
        missing = set(text) - self._place.keys() - {"\n"}
        return text.translate({ord(character): code(character) for character in missing})

    def units(self, text: str) -> int:
        """Width of readable text in one line, in 1/1000 of the size."""
        place = self._place
        return sum([place[character][1] for character in text])

    def width(self, text: str, size: float) -> float:
        """Width of readable text in one line, in points."""
        return self.units(text) * size / 1000

    def runs(self, text: str) -> Iterator[tuple[str, str]]:
        """Font name and text, part by part."""
        for at, part in groupby(text, key=lambda character: self._place[character][0]):
            yield self._names[at], "".join(part)

    def longest_token(self, text: str) -> int:
        """Width of the widest part that should stay on one line, in 1/1000 of the size."""
        words = (token for token in _TOKEN.findall(text) if not token.isspace())
        return max(map(self.units, words), default=0)

    def lines(self, text: str, size: float, width: float) -> list[str]:
        """Readable text in lines no wider than `width` points; at least one, if empty."""
        room = int(width * 1000 / size)
        return [line for part in text.split("\n") for line in self._paragraph(part, room)]

    def _paragraph(self, text: str, room: int) -> list[str]:
        if self.units(text) <= room:
            return [text]
        lines, line, used = [], "", 0
        for token in _TOKEN.findall(text):
            units = self.units(token)
            if used + units <= room:
                line, used = line + token, used + units
            elif not token.isspace():
                if line:
                    lines.append(line.rstrip())
                *full, line = [token] if units <= room else self._broken(token, room)
                lines.extend(full)
                used = self.units(line)
        return [*lines, line]

    def _broken(self, token: str, room: int) -> list[str]:
        """A token wider than a line, cut wherever the line ends."""
        pieces, start, used = [], 0, 0
        for at, character in enumerate(token):
            units = self._place[character][1]
            if used + units > room and at > start:
                pieces.append(token[start:at])
                start, used = at, 0
            used += units
        return [*pieces, token[start:]]


@cache
def sans() -> Typeface:
    """For Chinese and Latin text."""
    return Typeface(_SANS)


@cache
def mono() -> Typeface:
    """For digests and ids: every ASCII character has the same width."""
    return Typeface(_MONO)


class _Font(TTFont):
    def addObjects(self, doc: PDFDocument) -> None:  # noqa: N802 - reportlab's name
        """As in reportlab, but characters above U+FFFF can be copied and searched, too."""
        super().addObjects(doc)
        objects: dict[str, Any] = doc.idToObject
        for name, value in objects.items():
            if name.startswith("toUnicodeCMap:"):
                value.content = _ABOVE.sub(_surrogates, value.content)


_ABOVE = re.compile(r"(?<=> <)[0-9A-F]{5,6}(?=>)")


def _surrogates(match: re.Match[str]) -> str:
    return chr(int(match[0], 16)).encode("utf-16-be").hex().upper()


@cache
def _registered(name: str) -> TTFont:
    font = _Font(name, str(FONTS / f"{name}.ttf"), asciiReadable=True)
    pdfmetrics.registerFont(font)
    # It keeps the first font of a face, also that of another part of the program with its file.
    fonts: dict[str, Any] = vars(pdfmetrics)["_fonts"]
    fonts[name] = font
    return font
