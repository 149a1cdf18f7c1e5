"""`cunzheng sources list|confirm`: the register of where drops come from."""

from typing import Annotated

import typer

from cli.dates import moment
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, print_table
from cli.sealing import show_place
from cli.service import open_desk

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=say("Register of sources.", "来源登记。")
)


@app.command(
    name="list",
    help=say("All sources.", "列出全部来源。"),
    epilog=say("Example: ", "示例：") + "cunzheng sources list",
)
def list_sources(context: typer.Context) -> None:
    """List all sources; needs no passphrase."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = desk.call("sources.list", {})
    if invocation.json:
        print_json(found)
        return
    rows = found["sources"]
    if not rows:
        print_line(
            say(
                "No source yet: make a folder in the inbox and drop a file into it.",
                "尚无来源：请在收件目录中建一个子目录并放入文件。",
            )
        )
        return
    headings = (
        say("source", "来源"),
        say("state", "状态"),
        say("folder", "目录"),
        say("label", "名称"),
        say("kind", "类型"),
        say("unit", "单位"),
        say("first seen", "首次"),
        say("last seen", "最近"),
    )
    print_table(
        headings,
        [
            (
                row["source"],
                say(row["state"], {"confirmed": "已确认"}.get(row["state"], "未确认")),
                row["name"],
                row["label"],
                row["kind"],
                row["unit"],
                moment(row["first_seen"]),
                moment(row["last_seen"]),
            )
            for row in rows
        ],
    )


@app.command(
    help=say("Confirm a source and say what it is.", "确认来源并说明其为何物。"),
    epilog=say("Example: ", "示例：")
    + "cunzheng sources confirm DSJ-0012345 --kind "
    + say("body-camera", "执法记录仪"),
)
def confirm(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help=say("Source id.", "来源标识。"))],
    label: Annotated[
        str | None, typer.Option(help=say("Name for people.", "便于识别的名称。"))
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help=say("For example body-camera.", "设备类型，如 执法记录仪。")),
    ] = None,
    unit: Annotated[str | None, typer.Option(help=say("Unit it belongs to.", "所属单位。"))] = None,
    person: Annotated[
        str | None, typer.Option(help=say("Who confirms.", "确认人；默认为系统用户。"))
    ] = None,
) -> None:
    """Confirm it; the entry is sealed before the command ends."""
    invocation = Invocation.of(context)
    params = {"source": source, "label": label, "kind": kind, "unit": unit, "person": person}
    with open_desk(invocation) as desk:
        place = desk.call("sources.confirm", params)
    show_place(place, say(f"{source} is confirmed.", f"{source} 已确认。"), invocation)
