"""`cunzheng disposition propose|approve|refuse|execute|list`: 鉴定 → 销毁, by different people."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.errors import UsageError
from archive.statements.kinds import MOST_RECORDS
from cli import author
from cli.author import KeyOption, open_author
from cli.commands.report import FormatOption, write_document
from cli.dates import moment
from cli.disposition_view import SHOWN, print_due, print_list, why
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.labels import label
from cli.language import say
from cli.output import print_json, print_line, print_table
from cli.progress import progress
from cli.sealing import show_place
from cli.service import large, open_desk
from cli.service.desk import Desk
from retention.lists import STATES

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say(
        "Destroy what is past its retention: one proposes, another approves, and then it is"
        " executed. Nothing is destroyed by itself.",
        "鉴定销毁：一人提请，另一人审批，然后执行。系统从不自动销毁。",
    ),
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng disposition "
_ID = Annotated[
    str,
    typer.Argument(metavar="ID", help=say("Disposition, or its beginning.", "处置编号或开头。")),
]
CommentOption = Annotated[str, typer.Option(help=say("In your own words.", "意见。"))]
_MOST_BYTES = 600_000
"""Of the lines of one list, which crosses the boundary in one message."""


@app.command(
    help=say(
        "Propose the destruction of records that are due; an archivist does. Shows the list first.",
        "提请销毁到期记录（档案员办理）；签署前先显示清册。",
    ),
    epilog=_EXAMPLE + "propose --due --reason " + say("'past retention'", "保管期限届满"),
)
def propose(
    context: typer.Context,
    records: Annotated[
        list[str] | None, typer.Argument(metavar="RECORD…", help=say("Records.", "记录。"))
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help=say("Everything that is due.", "全部到期记录。"))
    ] = False,
    case: Annotated[
        str | None, typer.Option(help=say("Records of a case.", "某案件的记录。"))
    ] = None,
    reason: Annotated[str | None, typer.Option(help=say("Why.", "事由。"))] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help=say("Only show the list.", "仅显示清册。"))
    ] = False,
    key: KeyOption = None,
) -> None:
    """Show the list, sign it, submit it."""
    if not (records or due or case):
        raise UsageError(say("Name records, --case, or --due.", "请指定记录、--case 或 --due。"))
    if reason is None and not dry_run:
        raise UsageError(say("Give a --reason.", "请用 --reason 说明事由。"))
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        named = {"records": records or None, "case": case}
        found = large.fetch(desk, "disposition.due", named)
        lines = [one["line"] for one in _portion(found["due"])]
        if records and not dry_run:
            _refuse_kept(found["kept"])
        if not invocation.json:
            print_due(found, len(lines))
        elif dry_run or not lines:
            print_json(found)
        if dry_run or not lines:
            return
        data = {"reason": reason, "list": lines}
        answer = _propose(desk, found["schedule"], data, key)
    name = answer["subject"]
    done = say(
        f"Disposition {name}: {len(lines)} records; another person approves it.",
        f"处置 {name}：{len(lines)} 份记录，待另一人审批。",
    )
    show_place(answer, done, invocation)


def _propose(desk: Desk, schedule: str, data: dict[str, Any], key: str | None) -> dict[str, Any]:
    own = open_author(desk, key)
    payload = {
        "disposition": own.id(),
        "records": [line["record"] for line in data["list"]],
        "schedule": schedule,
    }
    return author.submit(desk, own.make("disposition.proposed", payload, data))


def _portion(due: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as one list takes, in the order of their ids, no pack cut in two."""
    taken: list[dict[str, Any]] = []
    packs: dict[str | None, list[dict[str, Any]]] = {}
    for one in due:
        packs.setdefault(one["pack"], []).append(one)
    units = [[one] for one in packs.pop(None, [])] + list(packs.values())
    size = 0
    for unit in units:
        more = sum(len(json.dumps(one["line"], ensure_ascii=False).encode()) for one in unit)
        fits = len(taken) + len(unit) <= MOST_RECORDS and size + more <= _MOST_BYTES
        if fits or not taken:
            taken += unit
            size += more
    return sorted(taken, key=lambda one: str(one["line"]["record"]))


def _refuse_kept(kept: list[dict[str, Any]]) -> None:
    """What was named and cannot go stops the proposal: else somebody would believe it did."""
    if kept:
        first = kept[0]
        more = len(kept) - 1
        text = f"{first['record']}: {why(first)}"
        raise UsageError(
            say(
                f"{text} ({more} more like it)" if more else text,
                f"{text}（另有 {more} 份）" if more else text,
            )
        )


@app.command(
    help=say(
        "Approve a list; by the legal office or a leader who did not propose it. Shows it first.",
        "批准清册；由未提请的法制机构负责人或领导办理，签署前先显示清册。",
    ),
    epilog=_EXAMPLE + "approve 01KAN4 --comment " + say("'as proposed'", "同意"),
)
def approve(
    context: typer.Context, disposition: _ID, comment: CommentOption, key: KeyOption = None
) -> None:
    """Approve it."""
    _decide(Invocation.of(context), disposition, "approve", comment, key)


@app.command(
    help=say(
        "Refuse a list, or take an approval back before it is executed.",
        "不予批准，或在执行前撤回批准。",
    ),
    epilog=_EXAMPLE + "refuse 01KAN4 --comment " + say("'still needed'", "尚需保存"),
)
def refuse(
    context: typer.Context, disposition: _ID, comment: CommentOption, key: KeyOption = None
) -> None:
    """Refuse it."""
    _decide(Invocation.of(context), disposition, "refuse", comment, key)


def _decide(
    invocation: Invocation, named: str, decision: str, comment: str, key: str | None
) -> None:
    with open_desk(invocation) as desk:
        found = _show(desk, named)
        if not invocation.json:
            print_list(found)
        own = open_author(desk, key)
        payload = {
            "decision": decision,
            "disposition": found["disposition"],
            "proposal": found["proposal"],
        }
        made = own.make("disposition.decided", payload, {"comment": comment})
        answer = author.submit(desk, made)
    done = (
        say(
            "Approved; an archivist or administrator executes it.", "已批准，由档案员或管理员执行。"
        )
        if decision == "approve"
        else say("Refused.", "未予批准。")
    )
    show_place(answer, done, invocation)


@app.command(
    help=say(
        "Execute an approved list: every version in every store is deleted, and found gone. Run it"
        " again after an interruption, or when a lock has ended.",
        "执行已批准的清册：删除各存储中的全部版本并核实。中断后或锁定期满后可再次运行。",
    ),
    epilog=_EXAMPLE + "execute 01KAN4",
)
def execute(
    context: typer.Context,
    disposition: _ID,
    comment: Annotated[str | None, typer.Option(help=say("Remarks.", "备注。"))] = None,
    key: KeyOption = None,
) -> None:
    """Order it, unless it was ordered; then destroy what is left."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = _show(desk, disposition)
        if found["register_state"] != "executed":
            own = open_author(desk, key)
            payload = {"disposition": found["disposition"]}
            data = None if comment is None else {"comment": comment}
            author.submit(desk, own.make("disposition.executed", payload, data))
        outcome = _run(desk, found["disposition"])
    _tell_outcome(invocation, outcome)


def _run(desk: Desk, name: str) -> dict[str, Any]:
    """Follow an execution line by line; the last line is its outcome."""
    outcome: dict[str, Any] = {}
    with desk.receive("disposition.run", {"disposition": name}) as delivery:
        total = int(delivery.head["records"])
        with progress("Destroying", "正在销毁", total, say("records", "份")) as advance:
            before = 0
            for piece in delivery:
                for text in piece.splitlines():
                    outcome = json.loads(text)
                    done = int(outcome.get("done", before))
                    advance(done - before)
                    before = done
    return {"disposition": name, **outcome}


def _tell_outcome(invocation: Invocation, outcome: dict[str, Any]) -> None:
    left = outcome["left"]
    if invocation.json:
        print_json(outcome)
    else:
        count = len(outcome["destroyed"])
        print_line(say(f"Destroyed: {count} records.", f"已销毁 {count} 份记录。"))
        for one in left[:SHOWN]:
            print_line(say("left: ", "未销毁：") + f"{one['record']}: {why(one)}")
        if len(left) > SHOWN:
            print_line(say(f"… {len(left)} in all", f"…… 共 {len(left)} 份"))
    if left:
        raise typer.Exit(int(ExitCode.FAILED))


@app.command(
    name="list",
    help=say(
        "All dispositions, or one with its destruction list; -o writes it as CSV, XLSX, HTML, PDF.",
        "列出全部处置，或查看一份销毁清册；-o 可写出 CSV、XLSX、HTML、PDF。",
    ),
    epilog=_EXAMPLE + "list 01KAN4 -o list.pdf",
)
def list_dispositions(
    context: typer.Context,
    disposition: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help=say("Disposition, or its beginning.", "处置编号或开头。")
        ),
    ] = None,
    form: FormatOption = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help=say("New file.", "新文件。")),
    ] = None,
) -> None:
    """List them."""
    invocation = Invocation.of(context)
    if disposition is None:
        if output is not None or form is not None:
            raise UsageError(say("Name the disposition to write.", "请指定要写出的处置编号。"))
        _list_all(invocation)
    elif output is not None or form is not None:
        params = {"disposition": disposition}
        write_document(invocation, "disposition.document", params, form, output)
    else:
        with open_desk(invocation) as desk:
            found = _show(desk, disposition)
        if invocation.json:
            print_json(found)
        else:
            print_list(found)


def _list_all(invocation: Invocation) -> None:
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "disposition.list", {})
    if invocation.json:
        print_json(found)
        return
    print_table(
        (
            say("disposition", "处置编号"),
            say("state", "状态"),
            say("records", "记录数"),
            say("destroyed", "已销毁"),
            say("proposed by", "提请人"),
            say("decided by", "审批人"),
            say("executed by", "执行人"),
            say("proposed", "提请时间"),
        ),
        [
            (
                one["disposition"],
                label(STATES, one["state"]),
                one["records"],
                one["destroyed"],
                one["proposed_by"],
                one["decided_by"],
                one["executed_by"],
                moment(one["at"]),
            )
            for one in found["dispositions"]
        ],
    )


def _show(desk: Desk, named: str) -> dict[str, Any]:
    return large.fetch(desk, "disposition.show", {"disposition": named})
