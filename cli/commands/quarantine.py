"""`cunzheng quarantine list|show|retry|attach-sidecar|reject`: drops that could not be taken."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.errors import UsageError
from archive.vocabulary import RESOLUTIONS
from cli.dates import moment
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.labels import label
from cli.language import say
from cli.output import print_json, print_line, print_pairs, print_table, show_path, show_size
from cli.sealing import show_place
from cli.service import open_desk

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say("Drops that could not be taken.", "未能收取、已隔离的文件。"),
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng quarantine "
_Id = Annotated[str, typer.Argument(metavar="ID", help=say("Quarantined drop.", "隔离标识。"))]
_Person = Annotated[
    str | None,
    typer.Option(
        help=say("Who does it; the account's person by default.", "办理人；默认为系统用户。")
    ),
]
_Found = Mapping[str, Any]


@app.command(
    name="list",
    help=say("What waits in quarantine.", "列出待处置的隔离文件。"),
    epilog=_EXAMPLE + "list",
)
def list_(
    context: typer.Context,
    every: Annotated[
        bool, typer.Option("--all", help=say("Resolved ones too.", "包括已处置的。"))
    ] = False,
) -> None:
    """List it; needs no passphrase."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = desk.call("quarantine.list", {"every": every})
    if invocation.json:
        print_json(found)
        return
    if not found["quarantine"]:
        print_line(say("Nothing waits in quarantine.", "没有待处置的隔离文件。"))
        return
    headings: tuple[str, ...] = (
        say("id", "标识"),
        say("source", "来源"),
        say("name", "名称"),
        say("code", "代码"),
        say("since", "隔离时间"),
        say("size", "大小"),
        say("state", "状态"),
    )
    if every:
        headings += (say("resolved by", "处置人"), say("why", "处置说明"))
    ended = _ended if every else lambda _: ()
    print_table(headings, [_row(line) + ended(line) for line in found["quarantine"]])


def _row(line: _Found) -> tuple[object, ...]:
    return (
        line["quarantine"],
        line["source"],
        line["name"],
        line["code"],
        moment(line["at"]),
        show_size(line["size"]),
        _state(line),
    )


def _ended(line: _Found) -> tuple[object, ...]:
    return _who(line), (line["resolution"] or {}).get("reason")


def _who(line: _Found) -> str | None:
    """Who resolved a drop, by the ledger; None where nobody did."""
    said = line["resolution"]
    if said is None:
        return say("not sealed yet", "尚未封存") if line["resolved_at"] else None
    person, actor = said["person"], said["actor"]
    if person is None:
        return say(f"{actor}; its detail cannot be read", f"{actor}；明细无法读取")
    return say(f"{person} ({actor})", f"{person}（{actor}）")


def _resolved(line: _Found) -> list[tuple[str, object]]:
    """Who resolved a drop, when and why."""
    if not line["resolved_at"]:
        return []
    said = line["resolution"] or {}
    return [
        (say("resolved by", "处置人"), _who(line)),
        (say("resolved", "处置时间"), moment(said.get("at"))),
        (say("why", "处置说明"), said.get("reason")),
    ]


def _state(line: _Found) -> str:
    words = {"open": say("open", "待处置"), "unknown": say("unknown", "无登记")}
    state = words.get(line["state"]) or label(RESOLUTIONS, line["state"])
    return f"{state}  {line['condition']}" if line["condition"] else state


@app.command(
    help=say("One of them: why, and which files.", "查看一项：原因与文件。"),
    epilog=_EXAMPLE + "show 01KANAZ8Q4V5X1R7Y2T3W6B9CD",
)
def show(context: typer.Context, quarantine: _Id) -> None:
    """Show names, digests and reason, and how the sidecar begins; never a content."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = desk.call("quarantine.show", {"quarantine": quarantine})
    if invocation.json:
        print_json(found)
        return
    print_pairs(
        [
            (say("quarantined drop", "隔离标识"), found["quarantine"]),
            (say("source", "来源"), found["source"]),
            (say("name", "名称"), found["name"]),
            (say("code", "代码"), found["code"]),
            (say("reason", "原因"), found["sentence"]),
            (say("in Chinese", "原因（中文）"), found["sentence_zh"]),
            (say("since", "隔离时间"), moment(found["at"])),
            (say("state", "状态"), _state(found)),
            *_resolved(found),
            (say("files now", "文件现状"), _condition(found)),
            (say("record", "记录"), found["record"]),
            (say("late for record", "补交对象"), found["late_for"]),
            *(
                (_role(one["role"]), f"{one['name']}  {show_size(one['size'])}  {one['digest']}")
                for one in found["files"]
            ),
        ]
    )
    if found["sidecar_head"]:
        print_line()
        print_line(say("The sidecar begins:", "附带说明开头："))
        for line in found["sidecar_head"].splitlines():
            print_line(f"  {line}")


def _condition(line: _Found) -> object:
    return say(line["condition_text"], line["condition_zh"]) if line["condition"] else None


def _role(role: str) -> str:
    return say("sidecar", "附带说明") if role == "sidecar" else say("file", "文件")


@app.command(
    help=say("Take it the ordinary way once more.", "按常规流程重新收取。"),
    epilog=_EXAMPLE + "retry --all",
)
def retry(
    context: typer.Context,
    quarantine: Annotated[
        str | None, typer.Argument(metavar="ID", help=say("Quarantined drop.", "隔离标识。"))
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help=say("All that wait.", "全部待处置项。"))
    ] = False,
    person: _Person = None,
) -> None:
    """Retry one or all; what still cannot be taken stays where it is."""
    if (quarantine is None) != every:
        raise UsageError(
            say("Name a quarantined drop, or --all.", "请指明隔离标识，或用 --all 重试全部。")
        )
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        params = {"quarantine": quarantine, "person": person}
        found = desk.call("quarantine.retry", params)
    _tell(found["tried"], invocation)


@app.command(
    name="attach-sidecar",
    help=say("Take it with another sidecar.", "更换附带说明后重新收取。"),
    epilog=_EXAMPLE + "attach-sidecar 01KANAZ8Q4V5X1R7Y2T3W6B9CD a.mp4.json",
)
def attach_sidecar(
    context: typer.Context,
    quarantine: _Id,
    file: Annotated[Path, typer.Argument(help=say("The right sidecar.", "正确的附带说明文件。"))],
    reason: Annotated[str | None, typer.Option(help=say("Why.", "说明。"))] = None,
    person: _Person = None,
) -> None:
    """Attach a sidecar; the bad one stays in quarantine."""
    invocation = Invocation.of(context)
    params = {"quarantine": quarantine, "name": file.name, "reason": reason, "person": person}
    try:
        stream = file.open("rb")
    except OSError as error:
        raise UsageError(
            say(
                f"{show_path(file)} cannot be read: {error.strerror}.",
                f"无法读取 {show_path(file)}：{error.strerror}。",
            )
        ) from error
    with stream, open_desk(invocation) as desk:
        found = desk.send("quarantine.attach", params, stream)
    _tell(found["tried"], invocation)


@app.command(
    help=say("Do not take it; its bytes stay.", "不予收取；原件仍保留。"),
    epilog=_EXAMPLE
    + "reject 01KANAZ8Q4V5X1R7Y2T3W6B9CD --reason "
    + say("'test recording'", "测试录像"),
)
def reject(
    context: typer.Context,
    quarantine: _Id,
    reason: Annotated[str, typer.Option(help=say("Why.", "理由。"))],
    person: _Person = None,
) -> None:
    """Reject it; the entry is sealed before the command ends."""
    invocation = Invocation.of(context)
    params = {"quarantine": quarantine, "reason": reason, "person": person}
    with open_desk(invocation) as desk:
        place = desk.call("quarantine.reject", params)
    show_place(place, say(f"{quarantine} is rejected.", f"{quarantine} 不予收取。"), invocation)


def _tell(tried: list[dict[str, Any]], invocation: Invocation) -> None:
    """What became of each: code 1 where one still cannot be taken, 3 where one is not sealed."""
    if invocation.json:
        print_json({"tried": tried})
    elif not tried:
        print_line(say("Nothing waits in quarantine.", "没有待处置的隔离文件。"))
    for line in tried if not invocation.json else ():
        print_line(_sentence(line))
    if any(line["outcome"] in ("still_rejected", "refused") for line in tried):
        raise typer.Exit(int(ExitCode.FAILED))
    if not all(line["sealed"] for line in tried):
        raise typer.Exit(int(ExitCode.UNDETERMINED))


def _sentence(line: _Found) -> str:
    number, name = line["quarantine"], line["name"]
    if line["outcome"] == "still_rejected":
        why = say(line["sentence"], line["sentence_zh"])
        return say(f"{number} {name}: still not taken: {why}", f"{number} {name}：仍未收取：{why}")
    if line["outcome"] == "refused":
        return f"{number} {name}: " + say(line["sentence"], line["sentence_zh"])
    ended = label(RESOLUTIONS, line["outcome"])
    record = line["record"]
    return say(
        f"{number} {name}: {ended}, record {record}", f"{number} {name}：{ended}，记录 {record}"
    )
