"""A volume on paper: its catalogue 卷内目录 with the note 备考表 below it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.documents.table import Column, Kind, Language, Table, Value
from archive.vocabulary import MEDIA_KINDS, STAGES

_COLUMNS: tuple[tuple[str, str, str, Kind], ...] = (
    ("number", "No.", "顺序号", "number"),
    ("title", "title", "题名", "text"),
    ("day", "date", "日期", "text"),
    ("pages_at", "pages from–to", "页号", "text"),
    ("pages", "pages", "页数", "number"),
    ("remark", "remarks", "备注", "text"),
    ("record", "record", "记录标识", "text"),
    ("digest", "digest", "摘要值", "text"),
)
_KINDS = {**MEDIA_KINDS, "text": ("text", "文字")}


@dataclass(frozen=True, slots=True)
class Listed:
    """One line: what is signed, and `day`, `stage`, `kind`, `late` for people."""

    record: str
    title: str
    digest: str
    pages: int
    page_from: int
    day: str | None = None
    stage: str | None = None
    kind: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class VolumeSheet:
    """What stands around the lines; `filed_by` and what follows are None in a draft."""

    case_number: str
    case_title: str | None
    unit: str
    number: int
    ref_code: str | None = None
    volume: str | None = None
    note: str | None = None
    filed_by: str | None = None
    filed_at: datetime | None = None


def volume_table(
    sheet: VolumeSheet, lines: Sequence[Listed], made_at: datetime, lang: Language
) -> Table:
    """The document as a table."""
    zh = lang == "zh"
    return Table(
        title=heading(sheet, zh=zh),
        columns=tuple(Column(key, cn if zh else en, kind) for key, en, cn, kind in _COLUMNS),
        rows=_rows(lines, zh=zh),
        made_at=made_at,
        subtitle=tuple(head_lines(sheet, zh=zh)),
        notes=tuple(_note(sheet, lines, zh=zh)),
        lang=lang,
    )


def heading(sheet: VolumeSheet, *, zh: bool) -> str:
    """The title; a draft says that it is one."""
    title = "卷内目录" if zh else "Volume catalogue"
    draft = "（草案，尚未归档）" if zh else " (draft, not filed)"
    return title + ("" if sheet.filed_at else draft)


def pages_at(one: Listed) -> str:
    """From its first page to its last."""
    last = one.page_from + one.pages - 1
    return str(one.page_from) if last == one.page_from else f"{one.page_from}–{last}"


def remark(one: Listed, *, zh: bool) -> str:
    """Stage and kind, and whether it was added later."""
    words = [
        STAGES[one.stage][zh] if one.stage and one.stage in STAGES else "",
        _KINDS[one.kind][zh] if one.kind and one.kind in _KINDS else "",
        ("归档后补充" if zh else "added later") if one.late else "",
    ]
    return ("，" if zh else ", ").join(filter(None, words))


def summary(lines: Sequence[Listed], *, zh: bool) -> str:
    """How much there is."""
    pages = sum(one.pages for one in lines)
    media = sum(one.kind in ("audio", "video") for one in lines)
    if zh:
        return f"本卷共 {len(lines)} 件、{pages} 页；其中录音录像 {media} 件（每件计 1 页）。"
    return f"{len(lines)} items, {pages} pages; {media} of them recordings, a page each."


def _rows(lines: Iterable[Listed], *, zh: bool) -> Iterator[tuple[Value, ...]]:
    for number, one in enumerate(lines, 1):
        words = remark(one, zh=zh)
        yield number, one.title, one.day, pages_at(one), one.pages, words, one.record, one.digest


def head_lines(sheet: VolumeSheet, *, zh: bool) -> Iterator[str]:
    """What stands above the lines."""
    yield f"{'档号：' if zh else 'Reference code: '}{sheet.ref_code or '—'}"
    words = f"{sheet.case_number}  {sheet.case_title or ''}".rstrip()
    volume = f"第 {sheet.number} 卷" if zh else f"volume {sheet.number}"
    yield f"{'案卷：' if zh else 'Case file: '}{words}  {volume}"
    yield f"{'立卷单位：' if zh else 'Unit: '}{sheet.unit}"


def _note(sheet: VolumeSheet, lines: Sequence[Listed], *, zh: bool) -> Iterator[str]:
    """The note of the volume; what nobody can know from here is left to be written."""
    blank = "＿＿＿＿＿＿＿＿" if zh else "________________"
    by, at = sheet.filed_by or blank, sheet.filed_at
    day = at.strftime("%Y-%m-%d") if at else blank
    yield "卷内备考表" if zh else "Volume note"
    yield summary(lines, zh=zh)
    if zh:
        yield f"本卷情况说明：{sheet.note or '无'}"
        yield f"立卷人：{by}　　检查人：{blank}　　立卷时间：{day}"
        yield f"卷摘要值：{sheet.volume or '—'}"
    else:
        yield f"Remarks: {sheet.note or 'none'}"
        yield f"Filed by: {by}    Checked by: {blank}    Filed on: {day}"
        yield f"Digest of the volume: {sheet.volume or '—'}"


def numbered(lines: Iterable[tuple[str, str, str, int]]) -> list[dict[str, str | int]]:
    """A catalogue as it is signed, from (record, title, digest, pages) in their order."""
    catalogue: list[dict[str, str | int]] = []
    page = 1
    for record, title, digest, pages in lines:
        catalogue.append(
            {"digest": digest, "page_from": page, "pages": pages, "record": record, "title": title}
        )
        page += pages
    return catalogue
