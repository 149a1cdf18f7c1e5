"""The sheet with a released copy (副本交付单): what was handed to whom, and how to check it.

Everything that a later reader needs is on the paper: the digests are printed in full and the fonts
are embedded. The sheet is the place for such remarks because the copies themselves carry none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from archive.documents.cells import moment
from archive.documents.cover_words import checking, limits
from archive.documents.paper import Paper
from archive.documents.table import Language
from archive.documents.typeset import mono, sans

_SIZE = 9.0
_LEADING = 12.0
_LABEL = 92.0
_DIGEST = 7.8


@dataclass(frozen=True)
class Approval:
    """One decision; `role` and `decision` as they are to be printed."""

    name: str
    role: str
    decision: str
    when: datetime


@dataclass(frozen=True)
class CoverItem:
    """One file of the copy.

    `size` (bytes) and `digests` (`sha256:<hex>`) are those of the file handed over, which for an
    excerpt is the `range` (first byte, byte after the last) of the record. `log` and `index` name
    the ledger entry of this access. Of a copy made for it, `made` says how, `parent` is the digest
    of the original, and `marked` whether words were put on it.
    """

    record: str
    name: str
    size: int
    range: tuple[int, int] | None
    digests: tuple[str, ...]
    log: str
    index: int
    made: str | None = None
    parent: str | None = None
    marked: bool = False


@dataclass(frozen=True)
class Copies:
    """How many were made, on what; `medium_no` is the number of the medium."""

    count: int
    medium: str
    medium_no: str | None = None


@dataclass(frozen=True)
class SealState:
    """State of the ledger at the release: origin, size and root as in the signed note, and the
    genTime of its timestamp (None: not stamped yet)."""

    note: tuple[str, ...]
    gen_time: datetime | None


@dataclass(frozen=True)
class CoverSheet:
    """Everything on the sheet; texts (action, roles, reason) as they are to be printed."""

    archive: str
    request: str
    access: str
    action: str
    person: str
    person_name: str
    unit: str
    on_behalf: str | None
    letter_no: str | None
    released_at: datetime
    reason: str
    case_no: str | None
    approvals: tuple[Approval, ...]
    items: tuple[CoverItem, ...]
    copies: Copies | None
    seal: SealState
    software: str
    lang: Language = "zh"

    def say(self, en: str, zh: str) -> str:
        """The text in the sheet's language."""
        return zh if self.lang == "zh" else en


def write_cover_sheet(sheet: CoverSheet, stream: BinaryIO) -> None:
    """Write the sheet as PDF, A4 upright; the same sheet gives the same bytes."""
    say = sheet.say
    title = say("Cover sheet of a released copy", "副本交付单")
    paper = Paper(stream, f"{title} · {sheet.request}", sheet.released_at, sheet.lang)
    writer = _Writer(paper, sheet)
    paper.paragraph(title, 17, bold=True)
    paper.paragraph(sheet.archive, 10, grey=True)
    writer.heading(say("Release", "交付"))
    writer.release()
    writer.heading(say("Approvals", "审批"))
    writer.approvals()
    writer.heading(say("Files of the copy", "副本文件") + f" ({len(sheet.items)})")
    for number, item in enumerate(sheet.items, 1):
        writer.item(number, item)
    writer.heading(say("State of the ledger", "账本状态"))
    writer.seal()
    writer.heading(say("How to check the copy", "如何核对副本"))
    writer.sentences(checking(sheet.lang))
    writer.heading(say("What this sheet is not", "本单不是什么"))
    writer.sentences(limits(sheet.lang, marked=any(item.marked for item in sheet.items)))
    writer.signatures()
    paper.finish()


def _zoned(value: datetime) -> str:
    return moment(value) + " (UTC+8)"


class _Writer:
    """The parts of the sheet, one below the other."""

    def __init__(self, paper: Paper, sheet: CoverSheet) -> None:
        self._paper = paper
        self._sheet = sheet

    def heading(self, text: str) -> None:
        self._paper.need(50)
        self._paper.y -= 7
        self._paper.paragraph(text, 10.5, bold=True)
        self._paper.y -= 1
        self._paper.rule(self._paper.y)
        self._paper.y -= 3

    def release(self) -> None:
        sheet, say = self._sheet, self._sheet.say
        person = f"{sheet.person_name} ({sheet.person})"
        self._field(say("Request", "申请编号"), sheet.request)
        self._field(say("Access", "调阅编号"), sheet.access)
        self._field(say("Kind", "方式"), sheet.action)
        self._field(say("Released", "交付时间"), _zoned(sheet.released_at))
        self._field(say("Received by", "领取人"), person)
        self._field(say("Unit", "单位"), sheet.unit)
        if sheet.on_behalf is not None:
            self._field(say("On behalf of", "代为申请"), sheet.on_behalf)
        if sheet.letter_no is not None:
            self._field(say("Letter number", "介绍信编号"), sheet.letter_no)
        self._field(say("Case", "案号"), sheet.case_no or say("none", "无"))
        self._field(say("Reason", "事由"), sheet.reason)
        if sheet.copies is not None:
            copies = f"{sheet.copies.count} × {sheet.copies.medium}"
            self._field(say("Copies", "份数及载体"), copies)
            if sheet.copies.medium_no is not None:
                self._field(say("Number of the medium", "载体编号"), sheet.copies.medium_no)

    def approvals(self) -> None:
        if not self._sheet.approvals:
            none = "None was needed under the rules of the archive."
            self._paper.paragraph(self._sheet.say(none, "按档案馆规则无须审批。"), _SIZE)
        for approval in self._sheet.approvals:
            what = f"{approval.decision} · {approval.name} · {_zoned(approval.when)}"
            self._field(approval.role, what)

    def item(self, number: int, item: CoverItem) -> None:
        say = self._sheet.say
        self._paper.need(5 * _LEADING)
        self._paper.paragraph(f"{number}. {item.name}", 9.5, bold=True)
        self._field(say("Record", "记录编号"), item.record)
        entry = say("ledger entry", "账本条目") + f" {item.log} #{item.index}"
        size = say(f"{item.size:,} bytes", f"{item.size:,} 字节")
        self._field(say("Size", "大小"), f"{size} · {entry}")
        if item.range is not None:
            first, after = item.range
            en = f"bytes {first:,} to {after:,} of the record (the last not included)"
            zh = f"记录的第 {first:,} 至 {after:,} 字节（不含末位）"
            self._field(say("Excerpt", "摘取范围"), say(en, zh))
        if item.made is not None:
            self._field(say("Made", "制作方式"), item.made)
            self._field(say("Original", "原件摘要"), item.parent or "", fixed=True)
        for digest in item.digests:
            name, _, value = digest.partition(":")
            self._field(name.upper() if value else "", value or digest, fixed=True)
        self._paper.y -= 5

    def seal(self) -> None:
        say, seal = self._sheet.say, self._sheet.seal
        labels = (say("Origin", "账本名称"), say("Entries", "条目数"), say("Root", "根"))
        for at, line in enumerate(seal.note):
            self._field(labels[at] if at < len(labels) else "", line, fixed=True)
        stamped = say("not yet", "尚未加盖") if seal.gen_time is None else _zoned(seal.gen_time)
        self._field(say("Timestamp", "可信时间戳"), stamped)
        self._field(say("Software", "软件"), self._sheet.software)

    def sentences(self, sentences: tuple[str, ...]) -> None:
        for sentence in sentences:
            self._paper.paragraph(sentence, 8.5)
            self._paper.y -= 2

    def signatures(self) -> None:
        say, paper = self._sheet.say, self._paper
        rows = (
            (say("Received (签收), signature:", "签收人（签名）："), say("Date:", "日期：")),
            (say("Handed over, signature:", "交付人（签名）："), say("Date:", "日期：")),
        )
        paper.need(32 * len(rows) + 8)
        paper.y -= 8
        for who, date in rows:
            baseline = paper.y - 22
            self._blank(who, paper.left, paper.left + 0.66 * paper.width, baseline)
            self._blank(date, paper.left + 0.7 * paper.width, paper.right, baseline)
            paper.y -= 32

    def _blank(self, label: str, left: float, right: float, baseline: float) -> None:
        self._paper.text(label, left, baseline, 10)
        start = left + sans().width(label, 10) + 4
        self._paper.rule(baseline - 2, left=start, right=right)

    def _field(self, label: str, value: str, *, fixed: bool = False) -> None:
        """A label, and beside it a text of any length that goes on overleaf where it must."""
        paper = self._paper
        face, size = (mono(), _DIGEST) if fixed else (sans(), _SIZE)
        labels = sans().lines(sans().readable(label), 8.5, _LABEL - 8)
        values = face.lines(face.readable(value), size, paper.width - _LABEL)
        for at in range(max(len(labels), len(values))):
            paper.need(_LEADING)
            baseline = paper.y - _SIZE
            if at < len(labels):
                paper.text(labels[at], paper.left, baseline, 8.5, grey=True)
            if at < len(values):
                paper.text(values[at], paper.left + _LABEL, baseline, size, face=face)
            paper.y -= _LEADING
