"""`cunzheng hold place|lift|list`: what must be kept whatever its period."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from archive.errors import UsageError
from archive.times import parse_time
from cli import author
from cli.author import KeyOption, open_author
from cli.commands.people_changes import ReasonOption
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_table, show_time
from cli.requesting import whole_id
from cli.sealing import show_place
from cli.service import large, open_desk

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say("What must be kept.", "封存（不得销毁）登记。"),
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng hold "


@app.command(
    help=say("Hold records, or a case with all its records.", "封存记录，或案件及其全部记录。"),
    epilog=_EXAMPLE + "place 01KAN4 01KAN5 --reason " + say("'lawsuit'", "行政诉讼"),
)
def place(
    context: typer.Context,
    reason: ReasonOption,
    records: Annotated[
        list[str] | None, typer.Argument(metavar="RECORD…", help=say("Records.", "记录。"))
    ] = None,
    case: Annotated[
        str | None, typer.Option(help=say("Case: number or id.", "案件：案号或标识。"))
    ] = None,
    document_no: Annotated[
        str | None, typer.Option(help=say("Number of the document.", "文书编号。"))
    ] = None,
    key: KeyOption = None,
) -> None:
    """Place it."""
    if not records and case is None:
        raise UsageError(say("Name records or a case.", "请指定记录或案件。"))
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        own = open_author(desk, key)
        ids = desk.call("record.ids", {"records": records or []})["records"]
        found = large.fetch(desk, "case.show", {"case": case})["case"] if case else None
        payload = {"case": found, "hold": own.id(), "records": sorted(set(ids))}
        made = own.make("hold.placed", payload, {"reason": reason, "document_no": document_no})
        answer = author.submit(desk, made)
    done = say(f"Hold {answer['subject']}.", f"已封存，编号 {answer['subject']}。")
    show_place(answer, done + _follows(answer), invocation)


def _follows(answer: Mapping[str, Any]) -> str:
    """That the registers keep it already, where the store has not confirmed its lock yet."""
    if not answer.get("locks_waiting"):
        return ""
    return say(
        " It is kept from now on; the lock in the store follows.",
        "自即日起不得销毁；存储锁定随后完成。",
    )


@app.command(
    help=say("Lift a hold; by the unit that placed it.", "解除封存；由作出封存的单位办理。"),
    epilog=_EXAMPLE
    + "lift 01KAN4Q7C2M8V5T9XW3R6YBHDE --reason "
    + say("'judgment in force'", "判决生效"),
)
def lift(
    context: typer.Context,
    hold: Annotated[str, typer.Argument(help=say("Hold id.", "封存编号。"))],
    reason: ReasonOption,
    key: KeyOption = None,
) -> None:
    """Lift it."""
    invocation = Invocation.of(context)
    named = whole_id(hold, "HOLD")
    with open_desk(invocation) as desk:
        own = open_author(desk, key)
        made = own.make("hold.lifted", {"hold": named}, {"reason": reason})
        answer = author.submit(desk, made)
    show_place(answer, say("The hold is lifted.", "封存已解除。"), invocation)


@app.command(name="list", help=say("Holds in force.", "列出有效的封存。"), epilog=_EXAMPLE + "list")
def list_holds(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help=say("Lifted ones too.", "含已解除的。"))
    ] = False,
) -> None:
    """List them."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "hold.list", {"lifted": everything})
    if invocation.json:
        print_json(found)
        return
    print_table(
        (
            say("hold", "编号"),
            say("unit", "单位"),
            say("placed by", "办理人"),
            say("since", "自"),
            say("reason", "事由"),
            say("document", "文书编号"),
            say("case", "案件"),
            say("records", "记录数"),
            say("state", "状态"),
        ),
        [
            (
                hold["hold"],
                hold["unit"],
                hold["placed_by"],
                show_time(parse_time(hold["placed_at"])),
                hold["reason"],
                hold["document_no"],
                hold["case"],
                len(hold["records"]),
                say("lifted", "已解除") if hold["lifted"] else say("in force", "有效"),
            )
            for hold in found["holds"]
        ],
    )
