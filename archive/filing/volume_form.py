"""A volume as PDF in the forms of the file room: 卷内目录 on its pages, then 卷内备考表 on its own.

Under every title stand the record's id and digest: the paper alone says which bytes it means.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import BinaryIO

from archive.documents.paper import Paper
from archive.documents.table import Language
from archive.documents.typeset import Typeface, mono, sans
from archive.filing.volume_table import (
    Listed,
    VolumeSheet,
    head_lines,
    heading,
    pages_at,
    remark,
    summary,
)

_SIZE, _SMALL = 9.5, 6.2
_LEADING, _CLOSE = 13.5, 9.0
_PAD = 4.0
_FOOT = 110.0
"""Points at the foot of the note for who filed it."""
_MOST_LINES = 36
"""Lines of a title in one row; more go on in the next one."""
_WIDTHS = (40.0, 0.0, 60.0, 52.0, 84.0)
"""Of the columns in points; the second one takes what is left."""
_Cell = list[tuple[str, Typeface, float]]


def write_form(
    sheet: VolumeSheet,
    lines: Sequence[Listed],
    made_at: datetime,
    lang: Language,
    stream: BinaryIO,
) -> None:
    """Write it, A4 upright; the same volume gives the same bytes."""
    title = heading(sheet, zh=lang == "zh")
    paper = Paper(stream, f"{title} · {sheet.ref_code or sheet.case_number}", made_at, lang)
    form = _Form(paper, sheet, zh=lang == "zh")
    form.catalogue(title, lines)
    paper.turn()
    form.note(lines)
    paper.finish()


class _Form:
    """Draws the two forms one below the other."""

    def __init__(self, paper: Paper, sheet: VolumeSheet, *, zh: bool) -> None:
        self._paper = paper
        self._sheet = sheet
        self._zh = zh
        rest = paper.width - sum(_WIDTHS)
        self._widths = [width or rest for width in _WIDTHS]

    def catalogue(self, title: str, lines: Iterable[Listed]) -> None:
        self._centred(title, 17)
        for text in head_lines(self._sheet, zh=self._zh):
            self._paper.paragraph(text, 10)
        self._paper.y -= 5
        self._head()
        for number, one in enumerate(lines, 1):
            self._line(number, one)

    def note(self, lines: Sequence[Listed]) -> None:
        """Counts, remarks and digest in a box down to the foot, with who filed it at its end."""
        paper, sheet, zh = self._paper, self._sheet, self._zh
        self._centred(self._say("Volume note", "卷内备考表"), 17)
        code = self._say("Reference code: ", "档号：") + (sheet.ref_code or "—")
        words = [
            code,
            self._say("State of the volume:", "本卷情况说明："),
            summary(lines, zh=zh),
            sheet.note or self._say("No remarks.", "无其他说明。"),
        ]
        top = paper.y
        paper.y -= 2 * _PAD
        for text in words:
            for line in sans().lines(sans().readable(text), 10.5, paper.width - 24):
                if paper.y - 16 - _FOOT < paper.bottom:
                    paper.frame(paper.left, paper.bottom, paper.width, top - paper.bottom)
                    paper.turn()
                    top = paper.y
                    paper.y -= 2 * _PAD
                paper.text(line, paper.left + 12, paper.y - 10.5, 10.5)
                paper.y -= 16
            paper.y -= 6
        paper.frame(paper.left, paper.bottom, paper.width, top - paper.bottom)
        self._signatures()

    def _signatures(self) -> None:
        paper, sheet = self._paper, self._sheet
        day = sheet.filed_at.strftime("%Y-%m-%d") if sheet.filed_at else ""
        rows = (
            (self._say("Filed by", "立卷人"), sheet.filed_by or ""),
            (self._say("Checked by", "检查人"), ""),
            (self._say("Filed on", "立卷时间"), day),
        )
        baseline = paper.bottom + 84
        left = paper.left + 0.52 * paper.width
        for label, value in rows:
            paper.text(label, left, baseline, 10.5)
            start = left + 66
            shown = sans().lines(sans().readable(value), 10.5, paper.right - 12 - start)[0]
            paper.text(shown, start + 4, baseline, 10.5)
            paper.rule(baseline - 3, left=start, right=paper.right - 12)
            baseline -= 24
        digest = self._say("digest of the volume ", "卷摘要值 ")
        at = paper.left + 12
        paper.text(digest, at, paper.bottom + 8, _SMALL + 0.6, grey=True)
        at += sans().width(digest, _SMALL + 0.6) + 4
        paper.text(sheet.volume or "—", at, paper.bottom + 8, _SMALL + 0.6, face=mono())

    # --- the grid

    def _head(self) -> None:
        titles = (
            self._say("No.", "顺序号"),
            self._say("Title", "题名"),
            self._say("Date", "日期"),
            self._say("Pages", "页号"),
            self._say("Remarks", "备注"),
        )
        self._row([[(title, sans(), 9.0)] for title in titles], bold=True)

    def _line(self, number: int, one: Listed) -> None:
        title: _Cell = self._fit(one.title, 1, _SIZE)
        proof: _Cell = [(one.record, mono(), _SMALL), (one.digest, mono(), _SMALL)]
        first, more = title[:_MOST_LINES], title[_MOST_LINES:]
        cells = [
            [(str(number), sans(), _SIZE)],
            first if more else [*first, *proof],
            [(one.day or "", sans(), 9.0)],
            [(pages_at(one), sans(), _SIZE)],
            self._fit(remark(one, zh=self._zh), 4, 8.0),
        ]
        self._fitting(cells)
        while more:
            part, more = more[:_MOST_LINES], more[_MOST_LINES:]
            self._fitting([[], part if more else [*part, *proof], [], [], []])

    def _fit(self, text: str, column: int, size: float) -> _Cell:
        room = self._widths[column] - 2 * _PAD
        return [(line, sans(), size) for line in sans().lines(sans().readable(text), size, room)]

    def _fitting(self, cells: list[_Cell]) -> None:
        if self._paper.need(_height(cells)):
            self._head()
        self._row(cells)

    def _row(self, cells: list[_Cell], *, bold: bool = False) -> None:
        paper, height = self._paper, _height(cells)
        left = paper.left
        for cell, width in zip(cells, self._widths, strict=True):
            paper.frame(left, paper.y - height, width, height)
            top = paper.y - _PAD
            for line, face, size in cell:
                leading = _leading(size)
                paper.text(line, left + _PAD, top - leading * 0.75, size, face=face, bold=bold)
                top -= leading
            left += width
        paper.y -= height

    def _centred(self, text: str, size: float) -> None:
        paper = self._paper
        line = sans().lines(sans().readable(text), size, paper.width)[0]
        start = paper.left + (paper.width - sans().width(line, size)) / 2
        paper.text(line, start, paper.y - size, size, bold=True)
        paper.y -= size * 1.8

    def _say(self, en: str, zh: str) -> str:
        return zh if self._zh else en


def _leading(size: float) -> float:
    return _CLOSE if size == _SMALL else _LEADING


def _height(cells: Iterable[_Cell]) -> float:
    return max(sum(_leading(size) for _, _, size in cell) for cell in cells) + 2 * _PAD
