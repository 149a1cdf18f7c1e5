"""A case as people read it: its timeline by stages, and what it has of the list in force."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from archive.completeness.bars import Bar, bars
from archive.times import SHANGHAI, parse_time
from archive.vocabulary import CONDITIONS, COVERAGE, MEDIA_KINDS, NOT_COUNTED, STAGES
from cli.labels import label
from cli.language import say
from cli.output import print_line, print_table, show_duration, show_time

_WIDTH = 30
_STAGE_ORDER = {stage: number for number, stage in enumerate(STAGES)}
_KINDS = {**MEDIA_KINDS, "text": ("text", "文字")}
_BY = {
    "item": ("by its item", "按事项"),
    "name": ("by its name", "按名称"),
    "time": ("by its time", "按时间"),
}
Document = Mapping[str, Any]


# --- the timeline


def print_timeline(stages: Iterable[Document]) -> None:
    """Stage by stage; bars stand to scale among records that follow each other closely."""
    columns = (
        *(say("day", "日期"), say("time", "时间"), "", say("kind", "类型"), say("name", "名称")),
        *(say("record", "记录"), say("remarks", "说明")),
    )
    for stage in stages:
        name = label(STAGES, stage["stage"]) if stage["stage"] else say("no stage", "未注明环节")
        print_line(f"━━ {name} ━━")
        rows = []
        for bar in bars(stage["records"]):
            one = bar.record
            facts = (label(_KINDS, one["kind"]), one["name"], one["record"])
            rows.append((*_times(one), _drawn(bar), *facts, _marks(one)))
        print_table(columns, rows)


def _drawn(bar: Bar) -> str:
    if bar.start is None or bar.end is None:
        return ""
    first = min(int(bar.start * _WIDTH), _WIDTH - 1)
    if bar.start == bar.end:
        return " " * first + "▪"
    last = min(max(first + 1, round(bar.end * _WIDTH)), _WIDTH)
    return " " * first + ("─" if bar.record["kind"] == "text" else "█") * (last - first)


def _times(one: Document) -> tuple[str, str]:
    """Day and time of recording; where it is not known those of reception, and this is said."""
    start = _local(one["start"] or one["received_at"])
    if one["start"] is None:
        return f"{start:%Y-%m-%d}", say("received ", "收到 ") + f"{start:%H:%M:%S}"
    end = _local(one["end"]) if one["end"] else start
    return f"{start:%Y-%m-%d}", f"{start:%H:%M:%S}" + (f"–{end:%H:%M:%S}" if end != start else "")


def _marks(one: Document) -> str:
    """What is to be said of a record beside its times."""
    marks = []
    if one["late_seconds"]:
        late = show_duration(one["late_seconds"])
        marks.append(say(f"late by {late}", f"逾期 {late}"))
    if one["condition"] not in (None, "sound"):
        marks.append(label(CONDITIONS, one["condition"]))
    if one["interruptions"]:
        count = len(one["interruptions"])
        marks.append(say(f"{count} interruptions", f"中断 {count} 次"))
    if one["gone"]:
        marks.append(say("gone", "已不存在"))
    if one["restricted"]:
        marks.append(say("restricted", "限制查看"))
    return say(", ", "，").join(marks)


# --- completeness


def print_completeness(found: Document, *, everything: bool) -> None:
    """The rows that are required or that something counts for, what is wrong, the conclusion."""
    shown = ("required", "records", "volumes")
    rows = [row for row in found["rows"] if everything or any(row[key] for key in shown)]
    if rows:
        rows.sort(key=lambda row: _STAGE_ORDER[row["stage"]])
        columns = (
            *(say("stage", "环节"), say("row of the list", "清单事项"), say("verdict", "结论")),
            *(say("lacking", "缺少"), say("records", "记录")),
        )
        ids = [(row["id"],) if everything else () for row in rows]
        first = (say("id", "标识"),) if everything else ()
        lines = [(*own, *_row(row)) for own, row in zip(ids, rows, strict=True)]
        print_table((*first, *columns), lines)
    else:
        print_line(say("The list asks nothing of this case.", "清单对本案无要求。"))
    for line in (*_excuses(found), *_beside(found)):
        print_line(line)
    print_line(say(f"by the list {found['list']}", f"依据清单 {found['list']}"))
    print_line(conclusion(found))


def conclusion(found: Document) -> str:
    """One sentence: complete, or what of it is not."""
    states = [row["state"] for row in found["rows"] if row["required"]]
    missing, partial = states.count("missing"), states.count("partial")
    if found["complete"]:
        return say("The case is complete.", "本案记录齐全。")
    return say(
        f"The case is not complete: {missing} missing, {partial} partial.",
        f"本案记录不齐全：缺失 {missing} 项，不完整 {partial} 项。",
    )


def _row(row: Document) -> tuple[object, ...]:
    name = say(row["name"]["en"], row["name"]["zh"])
    counted = [f"{one['name']} ({label(_BY, one['by'])})" for one in row["records"]]
    volumes = [say(f"volume {number}", f"卷 {number}") for number in row["volumes"]]
    records = say("; ", "；").join((*counted, *volumes))
    return label(STAGES, row["stage"]), name, label(COVERAGE, row["state"]), _lacking(row), records


def _lacking(row: Document) -> str:
    if not row["lacking"]:
        return ""
    seconds = say(f"{row['lacking_seconds']} s", f"{row['lacking_seconds']} 秒")
    return say(f"{seconds}: ", f"{seconds}：") + say(", ", "、").join(map(_span, row["lacking"]))


def _span(span: Document) -> str:
    """From one time to another, in local time; the day once where it is one."""
    start, end = _local(span["from"]), _local(span["to"])
    day = "" if end.date() == start.date() else f"{end:%Y-%m-%d} "
    return f"{start:%Y-%m-%d %H:%M:%S}–{day}{end:%H:%M:%S}"


def _excuses(found: Document) -> Iterable[str]:
    for row in found["rows"]:
        if (excuse := row["excused"]) is not None:
            name, by, reason = say(*row["name"].values()), excuse["by"], excuse["reason"] or "–"
            yield say(f"excused: {name}, by {by}: {reason}", f"免予：{name}，{by}：{reason}")


def _beside(found: Document) -> Iterable[str]:
    for one in found["late"]:
        name, late = one["name"], show_duration(one["late_seconds"])
        due = show_time(parse_time(one["due"]))
        yield say(
            f"late: {name}, by {late}; due {due}", f"逾期上传：{name}，逾期 {late}，应于 {due} 前"
        )
    for one in found["interruptions_unexplained"]:
        span = _span(one)
        yield say(
            f"interruption without a reason: {one['name']}, {span}",
            f"未说明原因的中断：{one['name']}，{span}",
        )
    for one in found["damaged"]:
        state = label(CONDITIONS, one["condition"])
        yield say(f"condition: {one['name']}: {state}", f"受损情况：{one['name']}：{state}")
    for one in found["of_no_row"]:
        name, why = f"{one['name']} ({one['record']})", label(NOT_COUNTED, one["reason"])
        yield say(f"counts for nothing: {name}: {why}", f"未计入任何事项：{name}：{why}")


def _local(text: str) -> datetime:
    return parse_time(text).astimezone(SHANGHAI)
