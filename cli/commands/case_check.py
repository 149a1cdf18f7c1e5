"""`cunzheng case check` and `case page`: what a case has, on the terminal and on a page."""

from pathlib import Path
from typing import Annotated

import typer

from cli.case_view import print_completeness
from cli.commands.report import write_file
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import current, say
from cli.output import print_json, print_line, show_path
from cli.service import large, open_desk

_EXAMPLE = say("Example: ", "示例：") + "cunzheng case check CF-2026-12"
_PAGE_EXAMPLE = say("Example: ", "示例：") + "cunzheng case page CF-2026-12 -o case.html"
_CASE = Annotated[str, typer.Argument(help=say("Case: number or id.", "案件：案号或标识。"))]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(
        help=say(
            "What the case has of the list of what is recorded: covered, partial, missing or "
            "excused. Exit code 1 where something required is missing or partial.",
            "对照音像记录事项清单核对案件：齐全、不完整、缺失或免予。不齐全的退出码为 1。",
        ),
        epilog=_EXAMPLE,
    )(check)
    app.command(
        help=say(
            "A case on one page of HTML that opens offline: verdicts, timeline, and pictures if "
            "you hold the archive's own files. Elsewhere pictures take a request.",
            "将案件写成可离线打开的单页：核对结论、时间轴；直接掌管存证库文件者另含图片，其他人看图须申请调阅。",
        ),
        epilog=_PAGE_EXAMPLE,
    )(page)


def check(
    context: typer.Context,
    case: _CASE,
    everything: Annotated[
        bool, typer.Option("--all", help=say("Rows not required too.", "含不要求的事项。"))
    ] = False,
) -> None:
    """Check it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "case.check", {"case": case})
    if invocation.json:
        print_json(found)
    else:
        print_completeness(found, everything=everything)
    if not found["complete"]:
        raise typer.Exit(int(ExitCode.FAILED))


def page(
    context: typer.Context,
    case: _CASE,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help=say("New file.", "新文件。"))
    ],
) -> None:
    """Write it."""
    params = {"case": case, "lang": current()}
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk, desk.receive("case.page", params) as stream:
        write_file(output, stream)
        head = stream.head
    if invocation.json:
        print_json({"written": show_path(output), **head})
    else:
        print_line(
            say(
                f"written: {show_path(output)}, {head['pictures']} pictures",
                f"已写出：{show_path(output)}，含图片 {head['pictures']} 张",
            )
        )
