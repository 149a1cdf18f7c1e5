"""Sheets of A4 that carry their title at the head and `page x of y` at the foot.

Positions are points from the lower left corner; `y` is where the next thing goes and falls.
"""

from datetime import datetime
from typing import BinaryIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from archive.documents.cells import local, moment
from archive.documents.table import Language
from archive.documents.typeset import Typeface, sans

MARGIN = 40.0
_HEAD = 22.0
_FOOT = 18.0
_SMALL = 8.0
_GREY = 0.35
_TOTAL = "total"


class Paper:
    """A document that is written page by page from top to bottom; same calls, same bytes."""

    def __init__(
        self, stream: BinaryIO, title: str, made_at: datetime, lang: Language, *, wide: bool = False
    ) -> None:
        size = (A4[1], A4[0]) if wide else A4
        self._stream = stream
        self._lang = lang
        self._title = sans().readable(title).replace("\n", " ")
        self._made_at = made_at
        self._page = 0
        self._canvas = Canvas(
            stream,
            pagesize=size,
            invariant=1,
            pageCompression=1,
            lang="zh-CN" if lang == "zh" else "en",
        )
        self._canvas.setTitle(self._title)
        self._canvas.setDateFormatter(lambda *_: local(made_at).strftime("D:%Y%m%d%H%M%S+08'00'"))
        self.left, self.right = MARGIN, size[0] - MARGIN
        self.top, self.bottom = size[1] - MARGIN - _HEAD, MARGIN + _FOOT
        self.y = self.top
        self._begin()

    @property
    def width(self) -> float:
        """Between the margins."""
        return self.right - self.left

    def need(self, height: float) -> bool:
        """Turn the page if less than `height` is left on it; says whether it did."""
        if self.y - height >= self.bottom:
            return False
        self.turn()
        return True

    def turn(self) -> None:
        """Begin the next page."""
        self._canvas.showPage()
        self._begin()

    def lines(self, lines: list[str], x: float, size: float, leading: float) -> None:
        """Readable lines below one another, the first one's top at `y`; moves `y` below them."""
        for line in lines:
            self.text(line, x, self.y - size, size)
            self.y -= leading

    def paragraph(self, text: str, size: float, *, bold: bool = False, grey: bool = False) -> None:
        """Any text over the whole width, wrapped, going on overleaf where it must."""
        leading = size * 1.45
        for line in sans().lines(sans().readable(text), size, self.width):
            self.need(leading)
            self.text(line, self.left, self.y - size, size, bold=bold, grey=grey)
            self.y -= leading

    def text(
        self,
        line: str,
        x: float,
        baseline: float,
        size: float,
        *,
        face: Typeface | None = None,
        bold: bool = False,
        grey: bool = False,
    ) -> None:
        """One readable line."""
        item = self._canvas.beginText(x, baseline)
        item.setFillGray(_GREY if grey else 0)
        if bold:
            item.setTextRenderMode(2)
            self._canvas.setLineWidth(size * 0.02)
            self._canvas.setStrokeGray(0)
        for font, part in (face or sans()).runs(line):
            item.setFont(font, size)
            item.textOut(part)
        if bold:
            item.setTextRenderMode(0)
        self._canvas.drawText(item)

    def rule(self, y: float, *, left: float | None = None, right: float | None = None) -> None:
        """A thin line from `left` to `right` (the margins)."""
        self._canvas.setLineWidth(0.4)
        self._canvas.setStrokeGray(0.6)
        self._canvas.line(
            self.left if left is None else left, y, self.right if right is None else right, y
        )

    def frame(self, left: float, bottom: float, width: float, height: float) -> None:
        """An empty box with a thin line around it."""
        self._canvas.setLineWidth(0.5)
        self._canvas.setStrokeGray(0.2)
        self._canvas.rect(left, bottom, width, height, stroke=1, fill=0)

    def shade(self, bottom: float, height: float) -> None:
        """A light band between the margins, to be written on."""
        self._canvas.setFillGray(0.91)
        self._canvas.rect(self.left, bottom, self.width, height, stroke=0, fill=1)

    def bar(self, x: float, bottom: float, width: float, height: float) -> None:
        """A dark bar."""
        self._canvas.setFillColorRGB(0.21, 0.38, 0.56)
        self._canvas.rect(x, bottom, width, height, stroke=0, fill=1)

    def finish(self) -> None:
        """Say on every page how many there are, and write the document."""
        self._canvas.showPage()
        self._canvas.beginForm(_TOTAL, 0, -8, 100, 16)
        self.text(self._say(f"{self._page}", f"{self._page} 页"), 0, 0, _SMALL, grey=True)
        self._canvas.endForm()
        data: bytes = self._canvas.getpdfdata()  # type: ignore[no-untyped-call]
        self._stream.write(data)

    def _begin(self) -> None:
        self._page += 1
        self.y = self.top
        head = sans().lines(self._title, _SMALL, self.width)[0]
        baseline = self.top + _HEAD - _SMALL
        self.text(head, self.left, baseline, _SMALL, grey=True)
        self.rule(baseline - 5)
        made = self._say("Made", "制作时间") + f" {moment(self._made_at)} (UTC+8)"
        self.text(made, self.left, MARGIN, _SMALL, grey=True)
        number = self._say(f"Page {self._page} of ", f"第 {self._page} 页，共 ")
        start = self.right - 70
        self.text(number, start, MARGIN, _SMALL, grey=True)
        self._canvas.saveState()
        self._canvas.translate(start + sans().width(number, _SMALL), MARGIN)
        self._canvas.doForm(_TOTAL)
        self._canvas.restoreState()

    def _say(self, en: str, zh: str) -> str:
        return zh if self._lang == "zh" else en
