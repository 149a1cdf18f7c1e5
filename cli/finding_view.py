"""What a search found, for people: a table, or hits with the stretch of text that matches."""

import sys
from typing import Any

from archive import vocabulary
from cli.dates import moment
from cli.labels import label
from cli.language import say
from cli.output import WIDE, print_line, print_table, safe_text, show_size, show_time
from cli.source_view import marked_source

_OPEN, _CLOSE = "«", "»"
_TITLE = 80


def show_found(found: dict[str, Any], limit: int) -> None:
    """Show a page of `catalog.search`, and what there is to say of it."""
    records = found["records"]
    if not records and found["page"] > 1:
        print_line(_empty_page(found))
    elif not records:
        print_line(say("Nothing matches.", "没有符合条件的记录。"))
    elif any(row["snippet"] for row in records):
        _show_hits(records)
    else:
        _show(records)
    for line in _remarks(found, limit):
        print_line(line)


def _empty_page(found: dict[str, Any]) -> str:
    """A later page without hits says nothing of the earlier ones."""
    page, count = found["page"], found["count"]
    if not count:
        return say(f"Page {page} is empty.", f"第 {page} 页为空。")
    return say(
        f"Page {page} is empty; there are {count:,} hits, on earlier pages.",
        f"第 {page} 页为空；命中 {count:,} 条，在前面各页。",
    )


def _remarks(found: dict[str, Any], limit: int) -> list[str]:
    lines = []
    if found["more"]:
        lines.append(
            say(
                f"There are more than {limit}; narrow the search, raise --limit, or take"
                f" --page {found['page'] + 1}.",
                f"结果超过 {limit} 条；请缩小范围、提高 --limit，"
                f"或以 --page {found['page'] + 1} 翻页。",
            )
        )
        count = f"{found['count']:,}"
        if found["count"] > limit * found["page"] + 1:
            lines.append(
                say(f"{count} hits in all.", f"共 {count} 条。")
                if found["exact"]
                else say(f"At least {count} hits.", f"至少 {count} 条。")
            )
        if found["count"] > found["ranked"] and found["top"]:
            window = found["ranked"]
            lines.append(
                say(
                    f"Ranked among the newest {window}, then among the next {window}, and so on.",
                    f"按最新的每 {window} 条分批排序。",
                )
            )
    if found["waiting"]:
        waiting = f"{found['waiting']:,}"
        lines.append(
            say(
                f"{waiting} records are not in the index yet; they are found by name, title, number"
                " and case alone (`cunzheng index`).",
                f"尚有 {waiting} 份记录未建立索引，仅能按名称、标题、文号和案号检索"
                "（可运行 cunzheng index）。",
            )
        )
    return lines


def _show_hits(records: list[dict[str, Any]]) -> None:
    """One block for each: what it is, where it belongs, the stretch of text."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else WIDE)
    for row in records:
        title = _title(row) or row["name"] or ""
        title = title if len(title) <= _TITLE else title[:_TITLE] + "…"
        head = Text(f"{row['record']}  {_when(row)}  ")
        head.append(safe_text(title), style="bold")
        console.print(head, soft_wrap=True)
        console.print(Text("  " + safe_text(_line(row)), style="dim"), soft_wrap=True)
        if row["snippet"]:
            shown = Text("  ") + _stretch(row["snippet"], styled=console.is_terminal)
            console.print(shown, soft_wrap=True)


def _when(row: dict[str, Any]) -> str:
    at = moment(row["capture_start"] or row["received_at"])
    return show_time(at) if at else ""


def _line(row: dict[str, Any]) -> str:
    number = row.get("number")
    parts = (
        marked_source(row),
        row["case"],
        _stage(row),
        number,
        row["name"],
        label(vocabulary.CONDITIONS, row["condition"]) if row["condition"] else None,
        show_size(row["size"]),
    )
    return " · ".join(str(part) for part in parts if part)


def _stage(row: dict[str, Any]) -> str | None:
    stage: str | None = row["stage"]
    return label(vocabulary.STAGES, stage) if stage else stage


def _stretch(snippet: dict[str, Any], *, styled: bool) -> Any:
    """The text with its words bold on a terminal, between « » elsewhere."""
    from rich.text import Text

    text, at, made = snippet["text"], 0, Text()
    for start, end in snippet["marks"]:
        made.append(safe_text(text[at:start]))
        word = safe_text(text[start:end])
        made.append(word if styled else f"{_OPEN}{word}{_CLOSE}", style="bold" if styled else "")
        at = end
    made.append(safe_text(text[at:]))
    return made


def _show(records: list[dict[str, Any]]) -> None:
    headings = (
        say("record", "记录"),
        say("time", "时间"),
        say("source", "来源"),
        say("case", "案号"),
        say("stage", "环节"),
        say("name", "名称"),
        say("title", "标题"),
        say("condition", "状况"),
        say("size", "大小"),
    )
    print_table(
        headings,
        [
            (
                row["record"],
                moment(row["capture_start"] or row["received_at"]),
                marked_source(row),
                row["case"],
                _stage(row),
                row["name"],
                _title(row),
                label(vocabulary.CONDITIONS, row["condition"]) if row["condition"] else "",
                show_size(row["size"]),
            )
            for row in records
        ],
    )


def _title(row: dict[str, Any]) -> str | None:
    if row["lost"]:
        return say("LOST", "已丢失")
    if row["spilled"]:
        return say("BLOCKED AS A SECRET", "已涉密封控")
    if row["destroyed"]:
        return say("DESTROYED", "已销毁")
    if row["restricted"]:
        return say("(of another unit)", "（其他单位）")
    title: str | None = row["title"]
    return title
