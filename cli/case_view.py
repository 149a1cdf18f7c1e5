"""A case as people read it: its timeline by stages, and what it has of the list in force."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from archive.times import SHANGHAI, parse_time
from archive.vocabulary import CONDITIONS, COVERAGE, MEDIA_KINDS, STAGES
from cli.labels import label
from cli.language import say
from cli.output import print_line, print_table, show_duration, show_time

_WIDTH = 30
_KINDS = {**MEDIA_KINDS, "text": ("text", "文字")}
_BY = {
    "item": ("by its item", "按事项"),
    "name": ("by its name", "按名称"),
    "time": ("by its time", "按时间"),
}
Document = Mapping[str, Any]


# --- the timeline


def print_timeline(stages: Iterable[Document]) -> None:
    """Stage by stage; bars stand to scale among the records of one day of one stage."""
    for stage in stages:
        name = label(STAGES, stage["stage"]) if stage["stage"] else say("no stage", "未注明环节")
        print_line(f"━━ {name} ━━")
        for day, records in _days(stage["records"]).items():
            scale = _scale(records)
            rows = [
                (_bar(one, scale), _times(one), _kind(one), _shown(one), _marks(one))
                for one in records
            ]
            columns = (day, say("time", "时间"), say("kind", "类型"), say("record", "记录"), "")
            print_table(columns, rows)


def _days(records: Iterable[Document]) -> dict[str, list[Document]]:
    """Records by the day on which they begin; those whose time nobody states under one heading."""
    found: dict[str, list[Document]] = {}
    for one in records:
        day = _local(one["start"]).date().isoformat() if one["start"] else say("no time", "无时间")
        found.setdefault(day, []).append(one)
    return found


def _scale(records: Iterable[Document]) -> tuple[datetime, timedelta]:
    """Where the bars begin, and how long the whole width is."""
    times = [
        _local(one[end]) for one in records for end in ("start", "end") if one[end] is not None
    ]
    if not times:
        return datetime.min.replace(tzinfo=SHANGHAI), timedelta()
    return min(times), max(times) - min(times)


def _bar(one: Document, scale: tuple[datetime, timedelta]) -> str:
    begin, length = scale
    if one["start"] is None:
        return ""
    start = _local(one["start"])
    end = _local(one["end"]) if one["end"] else start
    if not length:
        return "▪"
    first = min(int((start - begin) / length * _WIDTH), _WIDTH - 1)
    last = max(first + 1, round((end - begin) / length * _WIDTH))
    mark = "─" if one["kind"] == "text" else "█"
    return " " * first + mark * (min(last, _WIDTH) - first)


def _times(one: Document) -> str:
    if one["start"] is None:
        return say("received ", "收到 ") + show_time(parse_time(one["received_at"]))[:16]
    start = _local(one["start"])
    end = _local(one["end"]) if one["end"] else None
    return f"{start:%H:%M:%S}" + (f"–{end:%H:%M:%S}" if end and end != start else "")


def _kind(one: Document) -> str:
    return label(_KINDS, one["kind"])


def _shown(one: Document) -> str:
    return f"{one['name']} ({one['record'][:10]})"


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
    return say(", ", "，").join(marks)


# --- completeness


def print_completeness(found: Document, *, everything: bool) -> None:
    """The rows that are required or that something counts for, what is wrong, the conclusion."""
    rows = [row for row in found["rows"] if everything or row["required"] or row["records"]]
    if rows:
        columns = (
            *(say("stage", "环节"), say("row of the list", "清单事项"), say("verdict", "结论")),
            *(say("lacking", "缺少"), say("records", "记录")),
        )
        print_table(columns, [_row(row) for row in rows])
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
    records = "\n".join(f"{one['name']} ({label(_BY, one['by'])})" for one in row["records"])
    return label(STAGES, row["stage"]), name, label(COVERAGE, row["state"]), _lacking(row), records


def _lacking(row: Document) -> str:
    if row["state"] not in ("partial", "excused") or not row["lacking"]:
        return ""
    seconds = say(f"{row['lacking_seconds']} s", f"{row['lacking_seconds']} 秒")
    spans = (f"{show_time(parse_time(span['from']))[:19]}–{_clock(span['to'])}"
             for span in row["lacking"])  # fmt: skip
    return "\n".join((seconds, *spans))


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
        span = f"{show_time(parse_time(one['from']))[:19]}–{_clock(one['to'])}"
        yield say(
            f"interruption without a reason: {one['name']}, {span}",
            f"未说明原因的中断：{one['name']}，{span}",
        )
    for one in found["damaged"]:
        state = label(CONDITIONS, one["condition"])
        yield say(f"condition: {one['name']}: {state}", f"受损情况：{one['name']}：{state}")
    for one in found["of_no_row"]:
        yield say(f"counts for no row: {one['name']}", f"未计入任何事项：{one['name']}")


def _clock(text: str) -> str:
    return f"{_local(text):%H:%M:%S}"


def _local(text: str) -> datetime:
    return parse_time(text).astimezone(SHANGHAI)
