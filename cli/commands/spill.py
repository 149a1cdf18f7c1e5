"""`cunzheng spill RECORD…`: a state secret that is found among sealed records."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.errors import UsageError
from cli import signing_two
from cli.author import KeyOption, SecondKeyOption, open_author
from cli.dates import end_day, moment
from cli.disposition_view import why
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, print_table
from cli.progress import progress
from cli.service import large, open_desk
from cli.service.desk import Desk
from cli.signing_two import ProposalOption, Second

SHOWN = 20
_KINDS = ("record.spilled",)
_Records = Annotated[
    list[str] | None, typer.Argument(metavar="RECORD…", help=say("Records.", "记录。"))
]
_Reason = Annotated[
    str | None,
    typer.Option(
        help=say(
            "Why; stays readable for ever, so say nothing of the content.",
            "事由；将永久可读，不得涉及内容。",
        )
    ),
]
_Countersign = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help=say("Complete what the first person signed.", "会签首签人给出的文件。"),
    ),
]
_Left = Annotated[
    bool,
    typer.Option(
        "--list",
        help=say("What is stored still, and what it waits for.", "列出尚有存储的记录及原因。"),
    ),
]
_Clear = Annotated[
    bool,
    typer.Option(
        "--clear",
        help=say(
            "Delete what may go by now; the service does it by itself.",
            "删除现已可删的内容；服务运行时自动进行。",
        ),
    ),
]


def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    records: _Records = None,
    reason: _Reason = None,
    countersign: _Countersign = None,
    left: _Left = False,
    clear: _Clear = False,
    key: KeyOption = None,
    second_key: SecondKeyOption = None,
    output: ProposalOption = None,
) -> None:
    """Block records and delete what is under no lock; list and clear what is left."""
    invocation = Invocation.of(context)
    if sum((bool(records), countersign is not None, left, clear)) != 1:
        raise UsageError(
            say(
                "Give records, --countersign, --list or --clear.",
                "请指定记录、--countersign、--list 或 --clear 之一。",
            )
        )
    with open_desk(invocation) as desk:
        if left:
            _tell_left(invocation, large.fetch(desk, "spill.list", {}))
            return
        if countersign is not None:
            signing_two.countersign(invocation, desk, countersign, key, _KINDS)
        elif records:
            second = Second(needed=True, key=second_key, output=output)
            _block(invocation, desk, records, reason, key, second)
            if output is not None:
                return
        done = _cleared(desk)
    _tell_cleared(invocation, done)


def _block(
    invocation: Invocation,
    desk: Desk,
    records: list[str],
    reason: str | None,
    key: str | None,
    second: Second,
) -> None:
    """Sign that these records are secrets."""
    if reason is None:
        raise UsageError(say("Say why: --reason.", "请用 --reason 说明事由。"))
    named = sorted(set(desk.call("record.ids", {"records": records})["records"]))
    own = open_author(desk, key)
    payload = {"records": named, "spill": own.id()}
    made = own.make("record.spilled", payload, {"reason": reason})
    done = say(
        f"Blocked: {len(named)} records. Nobody reads them here any more.",
        f"已封控 {len(named)} 份记录，任何人不得再在此读取。",
    )
    signing_two.finish(invocation, desk, made, done, second)


def _cleared(desk: Desk) -> dict[str, Any]:
    """Delete what may go; the last line is what was done."""
    found: dict[str, Any] = {}
    with (
        desk.receive("spill.clear", {}) as delivery,
        progress("Clearing", "正在清除", 1, "") as advance,
    ):
        for piece in delivery:
            for line in piece.splitlines():
                found = json.loads(line)
        advance(1)
    return found


def _tell_cleared(invocation: Invocation, done: dict[str, Any]) -> None:
    if invocation.json:
        print_json(done)
    else:
        gone, some = len(done["destroyed"]), len(done["cleared"])
        print_line(
            say(
                f"Gone from every store: {gone}; from some stores: {some};"
                f" derivatives deleted: {done['derivatives']}.",
                f"已从全部存储删除 {gone} 份，从部分存储删除 {some} 份；删除派生件"
                f" {done['derivatives']} 个。",
            )
        )
        for one in done["left"][:SHOWN]:
            store = f" ({one['store']})" if one["store"] else ""
            print_line(say("left: ", "尚存：") + f"{one['record']}{store}: {_why(one)}")
        if any(one["code"] == "PACK_PART" for one in done["left"]):
            print_line(_pack_advice())
        if len(done["left"]) > SHOWN:
            total = len(done["left"])
            print_line(say(f"… {total} in all", f"…… 共 {total} 条"))
        _tell_at_home(done)
    if done["left"] or done["copies"] or done["databases"]:
        raise typer.Exit(int(ExitCode.FAILED))


def _why(one: dict[str, Any]) -> str:
    """Why it stays; in a pack, what a disposition would say of it is of no use here."""
    if one["code"] == "PACK_PART":
        return say("it lies in a pack with others.", "与其他记录同在一包。")
    return why(one)


def _tell_at_home(found: dict[str, Any]) -> None:
    """What the home may have of them: copies that could not be wiped, databases of before."""
    for place in found["copies"][:SHOWN]:
        print_line(say("a copy of ours could not be removed: ", "未能删除的本系统副本：") + place)
    if len(found["copies"]) > SHOWN:
        total = len(found["copies"])
        print_line(say(f"… {total} in all", f"…… 共 {total} 条"))
    for name in found["databases"]:
        print_line(say("a database of before a rebuild: ", "重建前的数据库：") + name)
    if found["databases"]:
        print_line(
            say(
                "It may have names, titles and words of what is blocked: delete it as"
                " docs/classification.md says.",
                "其中可能有已封控记录的名称、标题和文字：请按 docs/classification.md 所述删除。",
            )
        )


def _pack_advice() -> str:
    return say(
        "Others stand in the same pack: give them objects of their own (`cunzheng packs split"
        " RECORD --reason …`), then the pack goes.",
        "同一包内尚有其他记录：请先将其拆出（cunzheng packs split 记录 --reason …），"
        "随后整包删除。",
    )


def _tell_left(invocation: Invocation, found: dict[str, Any]) -> None:
    left = found["left"]
    if invocation.json:
        print_json(found)
        return
    if left:
        _print_left(left)
    elif not found["copies"] and not found["databases"]:
        print_line(say("Nothing is left.", "没有尚存的记录。"))
    _tell_at_home(found)


def _print_left(left: list[dict[str, Any]]) -> None:
    print_table(
        (
            say("record", "记录"),
            say("blocked", "封控时间"),
            say("stored in", "尚存于"),
            say("locked until", "锁定至"),
            say("others in its pack", "同包其他记录"),
            say("holds", "封存"),
        ),
        [_row(one) for one in left],
    )
    if any(one["others"] for one in left):
        print_line(_pack_advice())


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    comma = say(", ", "、")
    locks = [f"{store} {_end(end)}" for store, end in sorted(one["locked"].items())]
    return (
        one["record"],
        moment(one["at"]),
        comma.join(one["left"]),
        comma.join(locks),
        one["others"] or None,
        comma.join(one["holds"]),
    )


def _end(text: str) -> str:
    return say("for ever", "永久") if text == "forever" else str(end_day(text))
