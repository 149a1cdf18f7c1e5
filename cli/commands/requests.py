"""`cunzheng requests list|show`: requests and how they stand."""

from typing import Annotated

import typer

from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line
from cli.request_view import show_request, show_requests
from cli.service import large, open_desk

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=say("Requests for records.", "调阅申请。")
)


@app.command(
    name="list",
    help=say("Requests that you may see.", "列出您可查看的申请。"),
    epilog=say("Example: ", "示例：") + "cunzheng requests list --all",
)
def list_requests(
    context: typer.Context,
    all_: Annotated[
        bool, typer.Option("--all", help=say("Closed ones too.", "包括已关闭的。"))
    ] = False,
) -> None:
    """List requests."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "request.list", {"all": all_})
    if invocation.json:
        print_json(found)
    elif found["requests"]:
        show_requests(found["requests"])
    else:
        print_line(say("There are none.", "没有申请。"))


@app.command(
    help=say("One request, its decisions and accesses.", "查看一项申请及其审批和调阅。"),
    epilog=say("Example: ", "示例：") + "cunzheng requests show 01KAN4",
)
def show(
    context: typer.Context,
    request: Annotated[
        str, typer.Argument(help=say("Request, or the beginning of its id.", "申请编号或其开头。"))
    ],
) -> None:
    """Show a request."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "request.show", {"request": request})
    print_json(found) if invocation.json else show_request(found)
