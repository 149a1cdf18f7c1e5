"""`cunzheng seal abandon`: repair of the sealing itself."""

from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line
from cli.service import open_desk

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say("Repair of the sealing.", "封存修复。"),
)


@app.callback()
def group() -> None:
    """Keeps `abandon` a sub-command, though it is the only one."""


@app.command(
    help=say(
        "Give up records whose staged bytes are gone, so that the ledger can go on. It is recorded"
        " for ever, and verification will always report CONTENT_LOST.",
        "放弃暂存内容已丢失的记录，使账本得以继续。此举永久记录，核验将始终报告 CONTENT_LOST。",
    ),
    epilog=say("Example: ", "示例：")
    + "cunzheng seal abandon --reason "
    + say("'disk of the staging folder failed'", "暂存磁盘损坏"),
)
def abandon(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help=say("Why; kept for ever.", "事由，永久保存。"))],
    person: Annotated[
        str | None, typer.Option(help=say("Who decides.", "决定人；默认为系统用户。"))
    ] = None,
) -> None:
    """Give up what is gone, then let the sealer go on."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        done = desk.call("seal.abandon", {"reason": reason, "person": person})
    if invocation.json:
        print_json(done)
    else:
        for lost in done["abandoned"]:
            place = f"{lost['log']}#{lost['index']}"
            print_line(
                say(f"given up: {lost['record']} ({place})", f"已放弃：{lost['record']}（{place}）")
            )
    if not done["sealed"]:
        raise typer.Exit(int(ExitCode.UNDETERMINED))
