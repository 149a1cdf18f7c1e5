"""`cunzheng case`: the register of cases, which says whose records are whose."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from archive import vocabulary
from archive.errors import UsageError
from archive.registers.cases import names_alone
from archive.times import SHANGHAI
from archive.vocabulary import Labels
from cli import author, signing_two
from cli.author import KeyOption, SecondKeyOption, Signer, open_author, open_signer
from cli.case_view import print_timeline
from cli.clock import SystemClock
from cli.commands import case_check, case_filing
from cli.commands.people import print_history
from cli.commands.people_changes import ReasonOption
from cli.dates import day_start
from cli.filing_view import print_filing
from cli.invocation import Invocation
from cli.labels import label, listed
from cli.language import say
from cli.output import print_json, print_line, print_pairs, print_table
from cli.sealing import show_place
from cli.service import large, open_desk
from cli.service.desk import Desk
from cli.signing_two import ProposalOption, Second

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=say("Register of cases.", "案件登记。")
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng case "
_CASE = Annotated[str, typer.Argument(help=say("Case: number or id.", "案件：案号或标识。"))]
_RECORDS = Annotated[list[str], typer.Argument(metavar="RECORD…", help=say("Records.", "记录。"))]
_HANDLERS = Annotated[
    list[str] | None, typer.Option("--handler", help=say("Person id.", "承办人编号。"))
]
_SENSITIVITY = Annotated[list[str] | None, typer.Option(help=" | ".join(vocabulary.SENSITIVITIES))]


@app.command(
    name="open",
    help=say(
        "Open a case; records that claim its number are linked. Handlers are named by the head of "
        "the unit, or by an archivist and a second person.",
        "立案登记；声明该案号的记录自动关联。承办人由本单位负责人指定，或由档案员与另一人共同指定。",
    ),
    epilog=_EXAMPLE
    + "open "
    + say("CF-2026-12", "滨综执罚〔2026〕12号")
    + " --category penalty --unit zfdd1 --handler li",
)
def open_case(  # noqa: PLR0913, PLR0917 - one option for each field
    context: typer.Context,
    number: Annotated[str, typer.Argument(help=say("Case number.", "案号。"))],
    category: Annotated[str, typer.Option(help=" | ".join(vocabulary.CATEGORIES))],
    unit: Annotated[str, typer.Option(help=say("Unit id.", "单位编号。"))],
    handler: _HANDLERS = None,
    sensitivity: _SENSITIVITY = None,
    importance: Annotated[str, typer.Option(help=" | ".join(vocabulary.IMPORTANCES))] = "ordinary",
    opened: Annotated[str | None, typer.Option(help=say("Day; today.", "日期，默认今天。"))] = None,
    title: Annotated[str | None, typer.Option(help=say("Title.", "案由。"))] = None,
    key: KeyOption = None,
    second_key: SecondKeyOption = None,
    output: ProposalOption = None,
) -> None:
    """Open it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        own = open_signer(desk, key)
        payload = {
            "case": own.author.id(),
            "category": _known(vocabulary.CATEGORIES, category),
            "handlers": sorted(set(handler or ())),
            "importance": _known(vocabulary.IMPORTANCES, importance),
            "opened": _day(opened),
            "sensitivity": _sensitivities(sensitivity),
            "unit": unit,
        }
        made = own.make("case.opened", payload, {"number": number, "title": title})
        second = _second(own, unit, handler or (), second_key, output)
        signing_two.finish(invocation, desk, made, _opened, second)


def _opened(answer: dict[str, Any]) -> str:
    linked = answer["linked"]
    return say(
        f"Case {answer['subject']}, {linked} records linked.",
        f"案件 {answer['subject']} 已登记，关联 {linked} 份记录。",
    )


def _second(
    own: Signer, unit: str, named: Collection[str], key: str | None, output: Path | None
) -> Second:
    """A second person where handlers are named by anybody but the head of the unit."""
    return Second(bool(named) and not names_alone(own.value, unit), key, output)


@app.command(
    help=say(
        "Change what the register says of a case. A new handler is named by the head of the unit, "
        "or by an archivist and a second person.",
        "变更案件登记。新增承办人由本单位负责人指定，或由档案员与另一人共同指定。",
    ),
    epilog=_EXAMPLE + "change CF-2026-12 --handler zhao --reason " + say("handover", "移交"),
)
def change(  # noqa: PLR0913, PLR0917 - one option for each field
    context: typer.Context,
    case: _CASE,
    reason: ReasonOption,
    category: Annotated[str | None, typer.Option(help=" | ".join(vocabulary.CATEGORIES))] = None,
    unit: Annotated[str | None, typer.Option(help=say("Unit id.", "单位编号。"))] = None,
    handler: _HANDLERS = None,
    no_handlers: Annotated[
        bool, typer.Option("--no-handlers", help=say("Nobody handles it.", "清空承办人。"))
    ] = False,
    sensitivity: _SENSITIVITY = None,
    no_sensitivity: Annotated[
        bool, typer.Option("--no-sensitivity", help=say("It is not sensitive.", "不涉敏感。"))
    ] = False,
    importance: Annotated[str | None, typer.Option(help=" | ".join(vocabulary.IMPORTANCES))] = None,
    key: KeyOption = None,
    second_key: SecondKeyOption = None,
    output: ProposalOption = None,
) -> None:
    """Change it; what is not named stays."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        own = open_signer(desk, key)
        now = _show(desk, case)
        handlers = [] if no_handlers else sorted(set(handler)) if handler else now["handlers"]
        named = _sensitivities(sensitivity) if sensitivity else now["sensitivity"]
        payload = {
            "case": now["case"],
            "category": _known(vocabulary.CATEGORIES, category or now["category"]),
            "handlers": handlers,
            "importance": _known(vocabulary.IMPORTANCES, importance or now["importance"]),
            "sensitivity": [] if no_sensitivity else named,
            "unit": unit or now["unit"],
        }
        made = own.make("case.changed", payload, {"reason": reason})
        added = set(handlers) - set(now["handlers"])
        second = _second(own, now["unit"], added, second_key, output)
        done = say("The case is changed.", "案件登记已变更。")
        signing_two.finish(invocation, desk, made, done, second)


@app.command(
    help=say("Complete, as the second person, what the first one signed.", "作为第二人会签。"),
    epilog=_EXAMPLE + "countersign case.json",
)
def countersign(
    context: typer.Context,
    proposal: Annotated[
        Path, typer.Argument(help=say("File of the first person.", "首签人给出的文件。"))
    ],
    key: KeyOption = None,
) -> None:
    """Sign the same and submit."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        signing_two.countersign(invocation, desk, proposal, key, ("case.opened", "case.changed"))


@app.command(
    help=say("Close a case.", "结案登记。"),
    epilog=_EXAMPLE + "close CF-2026-12 --reason " + say("'fine paid'", "罚款已缴清"),
)
def close(
    context: typer.Context,
    case: _CASE,
    reason: ReasonOption,
    closed: Annotated[str | None, typer.Option(help=say("Day; today.", "日期，默认今天。"))] = None,
    decided: Annotated[
        str | None, typer.Option(help=say("Day of the decision.", "决定日期。"))
    ] = None,
    key: KeyOption = None,
) -> None:
    """Close it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        own = open_author(desk, key)
        payload = {
            "case": _show(desk, case)["case"],
            "closed": _day(closed),
            "decided": None if decided is None else _day(decided),
        }
        answer = author.submit(desk, own.make("case.closed", payload, {"reason": reason}))
    show_place(answer, say("The case is closed.", "已结案。"), invocation)


@app.command(
    help=say("Attach records to a case.", "将记录关联到案件。"),
    epilog=_EXAMPLE + "attach CF-2026-12 01KAN4 --reason " + say("'found later'", "补充材料"),
)
def attach(
    context: typer.Context,
    case: _CASE,
    records: _RECORDS,
    reason: ReasonOption,
    key: KeyOption = None,
) -> None:
    """Attach them."""
    done = say("Attached.", "已关联。")
    _move(Invocation.of(context), "case.attached", case, records, reason, key, done)


@app.command(
    help=say("Take records from a case.", "解除记录与案件的关联。"),
    epilog=_EXAMPLE + "detach CF-2026-12 01KAN4 --reason " + say("'wrong number'", "案号有误"),
)
def detach(
    context: typer.Context,
    case: _CASE,
    records: _RECORDS,
    reason: ReasonOption,
    key: KeyOption = None,
) -> None:
    """Detach them."""
    done = say("Detached.", "已解除关联。")
    _move(Invocation.of(context), "case.detached", case, records, reason, key, done)


def _move(
    invocation: Invocation,
    kind: str,
    case: str,
    records: list[str],
    reason: str,
    key: str | None,
    done: str,
) -> None:
    with open_desk(invocation) as desk:
        own = open_author(desk, key)
        ids = desk.call("record.ids", {"records": records})["records"]
        payload = {"case": _show(desk, case)["case"], "records": sorted(set(ids))}
        answer = author.submit(desk, own.make(kind, payload, {"reason": reason}))
    show_place(answer, done, invocation)


@app.command(
    help=say("One case, its timeline and history.", "查看案件、其时间轴及登记经过。"),
    epilog=_EXAMPLE + "show CF-2026-12",
)
def show(context: typer.Context, case: _CASE) -> None:
    """Show it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = _show(desk, case)
        line = large.fetch(desk, "case.timeline", {"case": found["case"]})
        filing = large.fetch(desk, "case.filing", {"case": found["case"]})
    if invocation.json:
        filed = {key: filing[key] for key in ("volumes", "unfiled", "late")}
        print_json({**found, **filed, "list": line["list"], "timeline": line["stages"]})
        return
    print_pairs(
        [
            (say("case", "标识"), found["case"]),
            (say("number", "案号"), found["number"]),
            (say("title", "案由"), found["title"]),
            (say("unit", "单位"), found["unit"]),
            (say("handlers", "承办人"), " ".join(found["handlers"]) or None),
            (say("category", "类别"), label(vocabulary.CATEGORIES, found["category"])),
            (say("importance", "重要程度"), label(vocabulary.IMPORTANCES, found["importance"])),
            (say("sensitivity", "敏感"), _sensitive(found)),
            (say("opened", "立案"), found["opened"]),
            (say("closed", "结案"), found["closed"]),
            (
                say("claims that wait for an archivist", "声明该案号、待档案员关联"),
                found["claims_waiting"] or None,
            ),
        ]
    )
    print_line()
    print_filing(filing, line["stages"])
    print_timeline(line["stages"])
    print_history(found["history"])


case_check.add_to(app)
case_filing.add_to(app)


@app.command(name="list", help=say("Open cases.", "列出未结案件。"), epilog=_EXAMPLE + "list --all")
def list_cases(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help=say("Closed ones too.", "含已结案的。"))
    ] = False,
    unit: Annotated[str | None, typer.Option(help=say("Unit id.", "单位编号。"))] = None,
) -> None:
    """List them, newest first."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "case.list", {"closed": everything, "unit": unit})
    if invocation.json:
        print_json(found)
        return
    print_table(
        (
            say("case", "标识"),
            say("number", "案号"),
            say("unit", "单位"),
            say("handlers", "承办人"),
            say("category", "类别"),
            say("sensitivity", "敏感"),
            say("opened", "立案"),
            say("closed", "结案"),
        ),
        [
            (
                case["case"],
                case["number"],
                case["unit"],
                " ".join(case["handlers"]) or None,
                label(vocabulary.CATEGORIES, case["category"]),
                _sensitive(case),
                case["opened"],
                case["closed"],
            )
            for case in found["cases"]
        ],
    )


def _sensitive(case: dict[str, Any]) -> str:
    return listed(vocabulary.SENSITIVITIES, case["sensitivity"]) or "–"


def _show(desk: Desk, case: str) -> dict[str, Any]:
    return large.fetch(desk, "case.show", {"case": case})


def _day(text: str | None) -> str:
    moment = SystemClock().now() if text is None else day_start(text)
    return moment.astimezone(SHANGHAI).date().isoformat()


def _sensitivities(given: list[str] | None) -> list[str]:
    return sorted({_known(vocabulary.SENSITIVITIES, code) for code in given or ()})


def _known(words: Labels, code: str) -> str:
    if code not in words:
        known = " ".join(words)
        raise UsageError(
            say(f"{code[:40]!r} is none of: {known}", f"{code[:40]!r} 不在可用值中：{known}")
        )
    return code
