"""`cunzheng search WORDS…`: find records in the catalog; needs no passphrase."""

from typing import Annotated, Any

import typer

from archive import vocabulary
from archive.errors import UsageError
from archive.times import format_time
from cli.dates import day_end, day_start, moment
from cli.invocation import Invocation
from cli.labels import coded, label
from cli.language import say
from cli.output import print_json, print_line, print_table, show_size
from cli.service import large, open_desk
from cli.source_view import marked_source

_DAY = "YYYY-MM-DD"


def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help=say(
                "Words that stand in name, title, preview, case, officers, unit or id.",
                "名称、标题、预览、案号、人员、单位或标识中的词。",
            )
        ),
    ] = None,
    case: Annotated[str | None, typer.Option(help=say("Case number.", "案号。"))] = None,
    category: Annotated[
        str | None, typer.Option(help=say("For example penalty.", "执法类别，如 penalty。"))
    ] = None,
    stage: Annotated[
        str | None, typer.Option(help=say("For example investigate.", "环节，如 investigate。"))
    ] = None,
    officer: Annotated[
        str | None, typer.Option(help=say("Name or number.", "人员姓名或编号。"))
    ] = None,
    unit: Annotated[str | None, typer.Option(help=say("Unit.", "单位。"))] = None,
    source: Annotated[str | None, typer.Option(help=say("Source id.", "来源标识。"))] = None,
    media: Annotated[
        str | None,
        typer.Option(help=say("Beginning of the media type.", "媒体类型的开头，如 image/。")),
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(vocabulary.CONDITIONS),
            help=say("Condition of a medium.", "音像资料的状况。"),
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help=say("Device that recorded it.", "录制设备编号。"))
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar=_DAY,
            help=say("From this day (capture, else reception).", "自该日起（拍摄或接收）。"),
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar=_DAY, help=say("Up to this day.", "至该日止（含）。"))
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help=say("Only of cases you handle.", "仅限本人承办的案件。"))
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help=say("Most hits to show.", "最多显示条数。"))
    ] = 100,
) -> None:
    """Find records."""
    invocation = Invocation.of(context)
    _check(condition)
    params = {
        "words": words or [],
        "case": case,
        "category": category,
        "stage": stage,
        "officer": officer,
        "unit": unit,
        "source": source,
        "media": media,
        "condition": condition,
        "device": device,
        "since": format_time(day_start(since)) if since else None,
        "until": format_time(day_end(until)) if until else None,
        "mine": mine,
        "limit": limit,
    }
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "catalog.search", params)
    if invocation.json:
        print_json(found)
        return
    if not found["records"]:
        print_line(say("Nothing matches.", "没有符合条件的记录。"))
        return
    _show(found["records"])
    if found["more"]:
        print_line(
            say(
                f"There are more than {limit}; narrow the search or raise --limit.",
                f"结果超过 {limit} 条；请缩小范围或提高 --limit。",
            )
        )


def _check(condition: str | None) -> None:
    if condition is not None and condition not in vocabulary.CONDITIONS:
        words = ", ".join(coded(vocabulary.CONDITIONS, word) for word in vocabulary.CONDITIONS)
        raise UsageError(say(f"Conditions are: {words}.", f"状况应为：{words}。"))


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
                row["stage"],
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
