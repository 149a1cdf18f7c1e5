"""`cunzheng case check` and `case page`: what a case has, on the terminal and on a page."""

from pathlib import Path
from typing import Annotated

import typer

from archive.completeness.page import Picture
from cli.author import KeyOption, open_signer
from cli.case_page import Viewer, page_of, pieces
from cli.case_view import print_completeness
from cli.commands.report import check_new, write_file
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import current, say
from cli.output import print_json, print_line, show_path
from cli.request_options import Capacity, Purpose, Reason
from cli.requesting import Wish
from cli.service import large, open_desk

_EXAMPLE = say("Example: ", "示例：") + "cunzheng case check CF-2026-12"
_PAGE_EXAMPLE = say("Example: ", "示例：") + "cunzheng case page CF-2026-12 -o case.html --pictures"
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
            "A case on one page of HTML that opens offline: verdicts, timeline, and with "
            "--pictures what was made of its recordings. Each picture is viewed as `fetch "
            "--derived` does, and is on the ledger.",
            "将案件写成可离线打开的单页：核对结论、时间轴；加 --pictures 时含录音录像的图像，"
            "每张图像均按 fetch --derived 调阅并记入账本。",
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


def page(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    case: _CASE,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help=say("New file.", "新文件。"))
    ],
    pictures: Annotated[
        bool, typer.Option("--pictures", help=say("View its pictures.", "调阅并附上图像。"))
    ] = False,
    request: Annotated[
        str | None, typer.Option(help=say("Request that was granted.", "已获批准的申请编号。"))
    ] = None,
    purpose: Purpose = None,
    reason: Reason = None,
    capacity: Capacity = None,
    key: KeyOption = None,
) -> None:
    """Write it."""
    invocation = Invocation.of(context)
    check_new(output)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "case.page", {"case": case, "lang": current()})
        shown: dict[str, list[Picture]] = {}
        if pictures or request is not None:
            # A new request names the case; of a granted one nothing is given.
            named = None if request else found["title"]
            wish = Wish("view", purpose, reason, named, capacity)
            shown = Viewer(desk, open_signer(desk, key), wish, request).pictures(found["roles"])
        write_file(output, pieces(page_of(found, shown)))
    count = sum(map(len, shown.values()))
    if invocation.json:
        print_json({"written": show_path(output), "pictures": count})
    else:
        print_line(
            say(
                f"written: {show_path(output)}, {count} pictures",
                f"已写出：{show_path(output)}，含图片 {count} 张",
            )
        )
