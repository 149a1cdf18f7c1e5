"""`report gaps` as a document: per device and day what is there, and what is not.

table = gap_table(findings, listed, GapFacts(Wanted(), Limits(), undated=0), made_at, "zh")
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge

from archive.documents.table import Column, Language, Table, Value
from archive.gaps import listed, segments
from archive.gaps.rows import Wanted
from archive.gaps.segments import Finding, Limits
from archive.times import SHANGHAI

_COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("day", "Day", "日期", "text"),
    ("device", "Device", "设备", "text"),
    ("finding", "Finding", "情况", "text"),
    ("numbers", "Numbers", "序号", "text"),
    ("from", "From", "起", "moment"),
    ("to", "To", "止", "moment"),
    ("seconds", "Seconds", "秒数", "number"),
    ("note", "Note", "说明", "text"),
    ("records", "Records", "相关记录", "text"),
    ("code", "Code", "代码", "text"),
)
WORDS: dict[str, tuple[str, str]] = {
    segments.SEGMENTS: ("there", "已入库"),
    segments.MISSING: ("missing between two", "中间缺段"),
    segments.BEGINS_LATER: ("the first is not number 1", "首段序号不是 1"),
    segments.PAUSE: ("pause", "间断"),
    segments.OVERLAP: ("overlap", "时间重叠"),
    segments.OUT_OF_ORDER: ("out of order", "序号与时间次序不符"),
    segments.NUMBER_TWICE: ("number given twice", "序号重复"),
    segments.MORE: ("more findings", "其余情况"),
    listed.LISTED_MISSING: ("listed, never arrived", "清单所列，未到"),
    listed.LISTED_DIFFERS: ("differs from the list", "与清单摘要不符"),
    listed.MANIFEST_UNREADABLE: ("manifest not readable", "清单无法读取"),
}
"""What people call each code: English, Chinese."""

_NONE = "–"


@dataclass(frozen=True, slots=True)
class GapFacts:
    """What the document says of itself; `undated` recordings could not be judged."""

    wanted: Wanted
    limits: Limits
    undated: int


def gap_table(
    findings: Iterable[Finding],
    unarrived: Iterable[Finding],
    facts: GapFacts,
    made_at: datetime,
    lang: Language,
    *,
    form: bool = False,
) -> Table:
    """The document. `findings` come as `find_gaps` gives them, `unarrived` by device and day.

    With `form` it is for a page, without the codes.
    """
    zh = lang == "zh"
    shown = _COLUMNS[:-1] if form else _COLUMNS
    ordered = merge(findings, unarrived, key=lambda one: (one.device, one.day))
    return Table(
        title="音像记录缺漏表" if zh else "Gaps in recordings",
        columns=tuple(Column(key, cn if zh else en, kind) for key, en, cn, kind in shown),  # type: ignore[arg-type]
        rows=(_row(one, zh=zh)[: len(shown)] for one in ordered),
        made_at=made_at,
        subtitle=tuple(_subtitle(facts, zh=zh)),
        notes=tuple(_notes(facts, zh=zh)),
        lang=lang,
    )


def _row(one: Finding, *, zh: bool) -> tuple[Value, ...]:
    return (
        one.day.isoformat(),
        one.device or _NONE,
        WORDS[one.code][zh],
        _numbers(one),
        one.since,
        one.until,
        None if one.span is None else round(one.span.total_seconds(), 3),
        "；".join(_note(one, zh=True)) if zh else "; ".join(_note(one, zh=False)),
        "\n".join(one.records) or None,
        one.code,
    )


def _numbers(one: Finding) -> str | None:
    if one.numbers is None:
        return None
    first, last = one.numbers
    return str(first) if first == last else f"{first}–{last}"


def _note(one: Finding, *, zh: bool) -> Iterator[str]:
    if one.code == segments.SEGMENTS:
        yield f"{one.count} 段" if zh else f"segments: {one.count}"
        if one.restarts:
            yield (
                f"序号重新开始 {one.restarts} 次" if zh else f"numbers begin again: {one.restarts}"
            )
        if one.again:
            yield f"重复到达 {one.again} 段" if zh else f"arrived twice: {one.again}"
    elif one.code == segments.MISSING:
        yield f"缺 {one.count} 段" if zh else f"{one.count} missing"
    elif one.code == segments.MORE:
        yield f"另有 {one.count} 项未列" if zh else f"not listed: {one.count}"
    elif one.code == listed.MANIFEST_UNREADABLE and one.count:
        yield f"{one.count} 行未能识别" if zh else f"lines not understood: {one.count}"
    if one.name:
        yield one.name


def _subtitle(facts: GapFacts, *, zh: bool) -> Iterator[str]:
    wanted = facts.wanted
    yield _period(wanted, zh=zh)
    for label, value in (
        ("设备" if zh else "Device", wanted.device),
        ("单位" if zh else "Unit", wanted.unit),
    ):
        if value is not None:
            yield f"{label}：{value}" if zh else f"{label}: {value}"
    pause = f"{facts.limits.pause.total_seconds():g}"
    yield f"间断超过 {pause} 秒的列出" if zh else f"Pauses of more than {pause} seconds are listed"


def _period(wanted: Wanted, *, zh: bool) -> str:
    since = wanted.since and wanted.since.astimezone(SHANGHAI).date()
    until = wanted.until and _last_day(wanted.until)
    if since is None and until is None:
        return "期间：全部" if zh else "Period: everything"
    if zh:
        return f"期间：{since or '最早'} 至 {until or '现在'}"
    return f"Period: {since or 'the beginning'} to {until or 'now'}"


def _last_day(until: datetime) -> date:
    return (until.astimezone(SHANGHAI) - timedelta(microseconds=1)).date()


def _notes(facts: GapFacts, *, zh: bool) -> Iterator[str]:
    yield (
        "序号、时间和清单均为设备所称；缺段须向设备和采集站核实。"
        if zh
        else "Numbers, times and lists are claims of devices: ask device and station about a gap."
    )
    yield (
        "未载明设备或时间的记录无法判断，不在表中。"
        if zh
        else "What names no device or no time cannot be judged and is not in the table."
    )
    if facts.undated:
        yield (
            f"其中有设备而无时间的：{facts.undated} 段。"
            if zh
            else f"Recordings with a device and without a time: {facts.undated}."
        )
