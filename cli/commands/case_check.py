"""`cunzheng case check`: what a case has of the list of what is recorded."""

from typing import Annotated

import typer

from cli.case_view import print_completeness
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json
from cli.service import large, open_desk

_EXAMPLE = say("Example: ", "示例：") + "cunzheng case check CF-2026-12"


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


def check(
    context: typer.Context,
    case: Annotated[str, typer.Argument(help=say("Case: number or id.", "案件：案号或标识。"))],
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
