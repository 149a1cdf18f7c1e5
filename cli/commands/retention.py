"""`cunzheng retention show|schedule|set-class|extend|sweep|deadline`: how long records are kept."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.errors import FormatError, UsageError
from archive.times import parse_time
from cli.commands import retention_changes
from cli.commands.retention_changes import CaseOption, RecordsArgument
from cli.dates import day_start, end_day
from cli.exits import ExitCode
from cli.founding import CONFIG
from cli.invocation import Invocation
from cli.labels import label
from cli.language import say
from cli.output import print_json, print_line, print_pairs, print_table, show_time
from cli.rule_text import check_rule_text
from cli.service import large, open_desk
from cli.service.operations_retention import class_value
from retention.periods import PERMANENT
from retention.schedule import Schedule
from retention.working_days import LAWS, Calendar, in_working_days

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say("How long records are kept.", "保管期限。"),
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng retention "
_SHOWN = 40
_UNITS = {"d": ("days", "日"), "m": ("months", "个月"), "y": ("years", "年")}
_TRIGGERS = {
    "capture_end": ("end of capture", "拍摄结束"),
    "case_close": ("closing of the case", "结案"),
    "decision": ("decision of the case", "作出决定"),
    "flag": ("a person's word", "人员确认"),
}


@app.command(
    help=say("Until when records are kept, and why.", "查看记录的保管期限及依据。"),
    epilog=_EXAMPLE + "show 01KAN4",
)
def show(
    context: typer.Context,
    records: RecordsArgument = None,
    case: CaseOption = None,
    due: Annotated[
        bool, typer.Option("--due", help=say("What is due and not appraised.", "到期未鉴定的。"))
    ] = False,
) -> None:
    """Show terms."""
    invocation = Invocation.of(context)
    if sum((bool(records), case is not None, due)) != 1:
        raise UsageError(say("Name records, a --case, or --due.", "请指定记录、--case 或 --due。"))
    with open_desk(invocation) as desk:
        if due:
            _show_due(invocation, large.fetch(desk, "disposition.due", {}))
            return
        found = large.fetch(desk, "retention.show", {"records": records, "case": case})
    if invocation.json:
        print_json(found)
        return
    if len(found["records"]) == 1:
        print_pairs(_pairs(found["records"][0]))
        return
    print_table(
        (
            say("record", "记录"),
            say("class", "类别"),
            say("kept until", "保管至"),
            say("holds", "封存"),
            say("lock", "存储锁定"),
        ),
        [
            (one["record"], one["class"], _until(one), len(one["holds"]) or None, _lock(one))
            for one in found["records"]
        ],
    )


def _pairs(one: dict[str, Any]) -> list[tuple[str, Any]]:
    named = one["label"] or {}
    return [
        (say("record", "记录"), one["record"]),
        (say("class", "类别"), _class(one)),
        *([] if one["said"] in {None, one["class"]} else [_said(one)]),
        (say("basis of the class", "类别依据"), named.get("basis")),
        (say("counted from", "起算"), _day(one["trigger"])),
        (say("kept until", "保管至"), _until(one)),
        (say("first lock", "首次锁定至"), end_day(one["first_lock"])),
        (say("holds", "封存"), " ".join(one["holds"]) or None),
        (say("lock in the store", "存储锁定"), _lock(one)),
    ]


def _class(one: dict[str, Any]) -> str:
    if one["class"] is None:
        return say("not known yet", "尚未确定")
    named = one["label"]
    return f"{one['class']} ({say(named['en'], named['zh'])})" if named else one["class"]


def _said(one: dict[str, Any]) -> tuple[str, str]:
    """What a person called it, where what was set before is longer, or the next sweep sets it."""
    return say("class said by a person", "人员确认的类别"), one["said"]


def _until(one: dict[str, Any]) -> str:
    if one["destroyed"]:
        return say("destroyed", "已销毁")
    if one["permanent"]:
        return say("for ever", "永久")
    if one["open"]:
        least = one["until"]
        day = end_day(least)
        more = say(f", at least to {day}", f"，至少至 {day}") if least else ""
        return say("open: class or case not closed yet", "未定（类别或案件尚未确定）") + more
    return str(end_day(one["until"]))


def _lock(one: dict[str, Any]) -> str:
    if not one["locks_waiting"]:
        return say("as it should be", "已确认")
    waits = say("waits to be confirmed", "待确认")
    return f"{waits}: {one['problem']}" if one["problem"] else waits


def _day(text: str | None) -> str | None:
    return None if text is None else show_time(parse_time(text))


def _show_due(invocation: Invocation, found: dict[str, Any]) -> None:
    due = found["due"]
    if invocation.json:
        print_json({"due": due, "packs": found["packs"], "held": found["held"]})
        return
    print_pairs(
        [
            (say("due, not on a list", "到期未提请"), len(due)),
            (say("on a list already", "已提请"), len(found["waiting"])),
            (say("due, but held", "到期但已封存"), found["held"]),
            (say("packs with members that are kept", "含未到期记录的包"), len(found["packs"])),
        ]
    )
    for one in due[:_SHOWN]:
        print_line(f"{one['line']['record']}  {end_day(one['end'])}")
    if len(due) > _SHOWN:
        print_line(say(f"… and {len(due) - _SHOWN} more", f"……另有 {len(due) - _SHOWN} 份"))


@app.command(
    help=say(
        "The retention schedule in force; with --check, whether a file can become one.",
        "现行保管期限表；--check 检查文件能否作为保管期限表。",
    ),
    epilog=_EXAMPLE + "schedule --check schedule.toml",
)
def schedule(
    context: typer.Context,
    check: Annotated[
        Path | None, typer.Option(help=say("A file to check.", "待检查的文件。"))
    ] = None,
    versions: Annotated[
        bool, typer.Option("--versions", help=say("All that were adopted.", "历次采纳的版本。"))
    ] = False,
) -> None:
    """Show or check."""
    invocation = Invocation.of(context)
    if check is not None:
        _check(invocation, check)
        return
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "retention.schedule", {})
    if invocation.json:
        print_json(found)
    elif versions:
        print_table(
            (say("adopted", "采纳时间"), say("by", "签署人"), say("schedule", "文本摘要"), "#"),
            [
                (_day(one["at"]), " ".join(one["signers"]), one["schedule"], one["index"])
                for one in found["versions"]
            ],
        )
    else:
        _print_classes(found["classes"])


def _check(invocation: Invocation, path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(say(f"{path} cannot be read.", f"无法读取 {path}。")) from error
    check_rule_text("retention", text)
    classes = [class_value(one) for one in Schedule.parse(text).classes]
    if invocation.json:
        print_json({"classes": classes})
        return
    _print_classes(classes)
    print_line(
        say(
            f"It can be adopted: cunzheng rules adopt retention {path}",
            f"可以采纳：cunzheng rules adopt retention {path}",
        )
    )


def _print_classes(classes: list[dict[str, Any]]) -> None:
    print_table(
        (
            say("class", "类别"),
            say("is", "名称"),
            say("kept", "期限"),
            say("from", "起算"),
            say("legal basis", "依据"),
        ),
        [
            (
                one["class"],
                say(one["en"], one["zh"]),
                _period(one),
                label(_TRIGGERS, one["trigger"]),
                one["basis"],
            )
            for one in classes
        ],
    )


def _period(one: dict[str, Any]) -> str:
    """How long a class is kept, in words."""
    if one["same_as_case"]:
        return say("as the case file", "同案卷")
    text: str = one["period"]
    if text == PERMANENT:
        return say("for ever", "永久")
    english, chinese = _UNITS[text[-1]]
    return say(f"{text[:-1]} {english}", f"{text[:-1]} {chinese}")


@app.command(
    help=say(
        "Set terms and locks that are not set yet; `watch` and `serve` do it by themselves.",
        "设定尚未设定的期限与存储锁定；watch 与 serve 会自动进行。",
    ),
    epilog=_EXAMPLE + "sweep --now",
)
def sweep(
    context: typer.Context,
    now: Annotated[
        bool,
        typer.Option(
            "--now",
            help=say("Records of the last day too.", "含最近一天内接收的记录。"),
        ),
    ] = False,
    renew: Annotated[
        bool,
        typer.Option(
            "--renew",
            help=say(
                "Ask for the date of everything that is kept for ever.",
                "逐一核对永久保存内容的锁定日期。",
            ),
        ),
    ] = False,
) -> None:
    """Sweep."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = desk.call("retention.sweep", {"now": now, "renew": renew})
    if invocation.json:
        print_json(found)
    else:
        print_pairs(
            [
                (say("records with a new term", "新设期限的记录"), found["records"]),
                (say("without a class", "类别未定"), found["unplaced"]),
                (say("locks confirmed", "已确认锁定"), found["locked"]),
                (say("dates renewed", "已续期"), found["renewed"]),
                (say("locks that wait", "待锁定"), found["waiting"]),
            ]
        )
        for one in found["failures"][:_SHOWN]:
            print_line(f"{one['store']} {one['unit']}: {one['reason']}")
    if found["failures"]:
        raise typer.Exit(int(ExitCode.UNDETERMINED))


@app.command(
    help=say(
        "The last day of a period, in working days where the law counts them: " + ", ".join(LAWS),
        "计算期限届满日；法律规定按工作日计算的，按工作日：" + "、".join(LAWS),
    ),
    epilog=_EXAMPLE + "deadline 2026-02-09 7 --law penalty",
)
def deadline(
    context: typer.Context,
    day: Annotated[
        str, typer.Argument(metavar="YYYY-MM-DD", help=say("Day of the act.", "行为发生日。"))
    ],
    days: Annotated[int, typer.Argument(min=1, max=3650, help=say("Days.", "天数。"))],
    law: Annotated[str, typer.Option(help=" | ".join(LAWS))] = "notice",
) -> None:
    """Count; a date for which no notice is known is provisional."""
    invocation = Invocation.of(context)
    if law not in LAWS:
        raise UsageError(
            say(f"--law is one of {', '.join(LAWS)}.", f"--law 为 {'、'.join(LAWS)}。")
        )
    start = day_start(day).date()
    try:
        calendar = Calendar.load([CONFIG / "calendar", *_own_calendar(invocation)])
    except FormatError as error:
        raise UsageError(f"{error}.") from error
    working = in_working_days(law, days)
    found = calendar.after(start, days) if working else calendar.on_or_after(_plain(start, days))
    last = found.day if working else _plain(start, days)
    answer = {
        "day": last.isoformat(),
        "working_days": working,
        "next_working_day": found.day.isoformat(),
        "provisional": found.provisional,
        "reason": found.reason,
        "calendar": found.calendar,
    }
    if invocation.json:
        print_json(answer)
        return
    print_pairs(
        [
            (say("last day", "届满日"), answer["day"]),
            (say("counted in", "计算单位"), _unit(working)),
            (say("next working day", "其后首个工作日"), None if working else found.day.isoformat()),
            (say("provisional", "暂定"), found.reason or None),
            (say("calendar", "日历"), found.calendar),
        ]
    )


def _unit(working: bool) -> str:  # noqa: FBT001 - one of two words
    return say("working days", "工作日") if working else say("calendar days", "日历日")


def _plain(start: date, days: int) -> date:
    return date.fromordinal(start.toordinal() + days)


def _own_calendar(invocation: Invocation) -> list[Path]:
    """The archive's own notices, where a home is named."""
    return [invocation.home / "calendar"] if invocation.home else []


retention_changes.add_to(app)
