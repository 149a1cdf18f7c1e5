"""`cunzheng packs show|split|countersign`: small records that stand together in one file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import signing_two
from cli.author import KeyOption, SecondKeyOption, open_author
from cli.commands.people_changes import ReasonOption
from cli.dates import end_day
from cli.invocation import Invocation
from cli.labels import label
from cli.language import say
from cli.output import print_json, print_line, print_table, show_size
from cli.service import large, open_desk
from cli.signing_two import ProposalOption, Second

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say("Packs of small records.", "小记录的打包存放。"),
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng packs "
_PACK = Annotated[
    str, typer.Argument(help=say("Pack id, or a record in it.", "包编号，或其中的一份记录。"))
]
_STATES = {
    "kept": ("kept", "保管中"),
    "due": ("due", "已到期"),
    "held": ("held", "封存中"),
    "destroyed": ("destroyed", "已销毁"),
    "spilled": ("blocked as a secret", "已涉密封控"),
}


@app.command(
    help=say("The members of a pack and until when each is kept.", "查看包的成员及各自保管期限。"),
    epilog=_EXAMPLE + "show 01KAN4",
)
def show(context: typer.Context, pack: _PACK) -> None:
    """Show it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "packs.show", {"pack": pack})
    if invocation.json:
        print_json(found)
        return
    print_line(found["pack"])
    print_table(
        (
            say("record", "记录"),
            say("name", "名称"),
            say("size", "大小"),
            say("kept until", "保管至"),
            say("state", "状态"),
            say("own objects", "已拆出"),
        ),
        [_row(member) for member in found["members"]],
    )


def _row(member: dict[str, Any]) -> tuple[object, ...]:
    end = end_day(member["end"])
    return (
        member["record"],
        member["name"],
        show_size(member["size"]),
        say("for ever", "永久") if member["permanent"] else end or say("not known", "未定"),
        label(_STATES, member["state"]),
        say("yes", "是") if member["split"] else None,
    )


@app.command(
    help=say(
        "Give members objects of their own, so that the rest of the pack can go; takes two people,"
        " one an archivist. Without RECORD: every member that is kept, or that is not blocked.",
        "将成员拆出单独存放，使包内其余记录可以销毁；须两人签署，其中一人为档案员。"
        "不指定记录时，拆出全部续存（或未封控）的成员。",
    ),
    epilog=_EXAMPLE
    + "split main-2026-0000000000000007-6m --reason "
    + say("'kept longer'", "续存")
    + " --second-key zhao.p12",
)
def split(
    context: typer.Context,
    pack: _PACK,
    reason: ReasonOption,
    records: Annotated[
        list[str] | None, typer.Argument(metavar="RECORD…", help=say("Members.", "成员。"))
    ] = None,
    key: KeyOption = None,
    second_key: SecondKeyOption = None,
    output: ProposalOption = None,
) -> None:
    """Split them off."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "packs.show", {"pack": pack})
        if records:
            named = desk.call("record.ids", {"records": records})["records"]
        else:
            members = found["members"]
            staying = _BESIDE_A_SECRET if _has_secret(members) else _KEPT
            named = [m["record"] for m in members if not m["split"] and m["state"] in staying]
        if not named:
            raise typer.BadParameter(
                say("Nothing in this pack has to be split off.", "此包中没有需要拆出的成员。")
            )
        own = open_author(desk, key)
        payload = {"pack": found["pack"], "records": sorted(set(named))}
        made = own.make("pack.split", payload, {"reason": reason})
        count = len(payload["records"])
        done = say(f"Split off: {count} records.", f"已拆出 {count} 份记录。")
        signing_two.finish(
            invocation, desk, made, done, Second(needed=True, key=second_key, output=output)
        )


_KEPT = ("kept", "held")
_BESIDE_A_SECRET = (*_KEPT, "due")
"""What is due stays too: it goes by a disposition, not with a secret."""


def _has_secret(members: list[dict[str, Any]]) -> bool:
    return any(member["state"] == "spilled" for member in members)


@app.command(
    help=say("Complete what another person signed.", "会签另一人签署的事项。"),
    epilog=_EXAMPLE + "countersign pack.json --key zhao.p12",
)
def countersign(
    context: typer.Context,
    proposal: Annotated[
        Path, typer.Argument(help=say("File of the first person.", "首签人给出的文件。"))
    ],
    key: KeyOption = None,
) -> None:
    """Show it, sign it, submit it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        signing_two.countersign(invocation, desk, proposal, key, ("pack.split",))
