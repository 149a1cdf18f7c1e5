"""`cunzheng alerts`: what the rules of supervision say, and what became of it."""

from typing import Annotated, Any, Literal

import typer

from archive import vocabulary
from archive.errors import NotFound, UsageError
from archive.oversight.alerts.settings import RULES
from archive.times import format_time
from cli.author import KeyOption, detail_value, open_author
from cli.dates import day_start, moment
from cli.invocation import Invocation
from cli.labels import label
from cli.language import current, say
from cli.output import print_json, print_line, print_pairs, print_table
from cli.service import large, open_desk
from cli.service.desk import Desk

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    help=say("What the rules of supervision say.", "监督规则发现的异常。"),
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng alerts "
_SEVERITIES = {"low": ("low", "低"), "medium": ("medium", "中"), "high": ("high", "高")}
_SHORT = 12
IdArgument = Annotated[
    str, typer.Argument(help=say("Alert, or the beginning of its id.", "告警标识或其开头。"))
]


@app.callback(invoke_without_command=True)
def listing(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help=say("From this day.", "自该日起。"))
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help=say("Only of this rule, such as A9.", "仅该规则，如 A9。"))
    ] = None,
    only_open: Annotated[
        bool, typer.Option("--open", help=say("Only those not handled yet.", "仅未处置的。"))
    ] = False,
) -> None:
    """List them, unless a sub-command is named."""
    if context.invoked_subcommand is not None:
        return
    if rule is not None and rule not in RULES:
        known = ", ".join(RULES)
        raise UsageError(say(f"The rules are: {known}.", f"可用的规则：{known}。"))
    invocation = Invocation.of(context)
    params = {
        "since": format_time(day_start(since)) if since else None,
        "rule": rule,
        "open": only_open,
    }
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "alerts.list", params)
    if invocation.json:
        print_json(found)
    elif not found["alerts"]:
        print_line(say("There are no alerts.", "没有告警。"))
    else:
        _table(found["alerts"])


def _table(alerts: list[dict[str, Any]]) -> None:
    headings = (
        say("alert", "告警"),
        say("rule", "规则"),
        say("severity", "等级"),
        say("time", "时间"),
        say("why", "缘由"),
        say("handled", "处置"),
    )
    rows = [
        (
            alert["id"][:_SHORT],
            alert["rule"],
            say(*_SEVERITIES[alert["severity"]]),
            moment(alert["at"]),
            alert["sentence"][current()],
            _disposition(alert),
        )
        for alert in alerts
    ]
    print_table(headings, rows)


def _disposition(alert: dict[str, Any]) -> str | None:
    handled = alert["handled"]
    return label(vocabulary.DISPOSITIONS, handled["disposition"]) if handled else None


@app.command(
    help=say("One alert with its evidence.", "查看一条告警及其依据。"),
    epilog=_EXAMPLE + "show 3f2a",
)
def show(context: typer.Context, alert: IdArgument) -> None:
    """Show it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = _one(desk, alert)
    if invocation.json:
        print_json(found)
        return
    handled = found["handled"]
    print_pairs(
        [
            (say("alert", "告警"), found["id"]),
            (say("rule", "规则"), found["rule"]),
            (say("severity", "等级"), say(*_SEVERITIES[found["severity"]])),
            (say("assignee", "负责角色"), label(vocabulary.ROLES, found["assignee"])),
            (say("person", "人员"), found["person"]),
            (say("unit", "单位"), found["unit"]),
            (say("time", "时间"), moment(found["at"])),
            (say("why", "缘由"), found["sentence"][current()]),
            (say("handled", "处置"), _disposition(found)),
            (say("by", "处置人"), handled["person"] if handled else None),
            (say("entry", "处置条目"), handled["entry"] if handled else None),
        ]
    )
    print_line(say("evidence:", "依据条目："))
    for place in found["evidence"]:
        print_line(f"  {place['log']}#{place['index']}")


@app.command(
    help=say("Say what became of an alert; signed.", "登记告警的处置结果（须签名）。"),
    epilog=_EXAMPLE
    + say(
        "handle 3f2a --disposition explained --comment 'on duty that night' --key du.key",
        "handle 3f2a --disposition explained --comment 当晚值班 --key du.key",
    ),
)
def handle(
    context: typer.Context,
    alert: IdArgument,
    disposition: Annotated[
        Literal["explained", "misuse", "false_alarm", "referred"],
        typer.Option(help=say("What became of it.", "处置结论。")),
    ],
    comment: Annotated[str, typer.Option(help=say("How it was found.", "处置说明。"))],
    assignee: Annotated[
        str | None, typer.Option(help=say("Who goes on with it.", "后续承办人。"))
    ] = None,
    key: KeyOption = None,
) -> None:
    """Sign and submit it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = _one(desk, alert)
        author = open_author(desk, key)
        payload = {
            "alert": found["id"],
            "disposition": disposition,
            "evidence": found["evidence"],
            "rule": found["rule"],
        }
        data = {"comment": comment, "assignee": assignee}
        signed, detail = author.make("alert.handled", payload, data)
        params = {"statement": signed.value(), "detail": detail_value(detail)}
        done = desk.call("alerts.handle", params)
    if invocation.json:
        print_json(done)
        return
    place = f"{done['log']}#{done['index']}"
    said = label(vocabulary.DISPOSITIONS, disposition)
    print_line(
        say(
            f"alert {found['id'][:_SHORT]}: {said}, entry {place}",
            f"告警 {found['id'][:_SHORT]}：{said}，条目 {place}",
        )
    )


def _one(desk: Desk, number: str) -> dict[str, Any]:
    alerts: list[dict[str, Any]] = large.fetch(desk, "alerts.list", {"id": number})["alerts"]
    if len(alerts) == 1:
        return alerts[0]
    if alerts:
        raise NotFound(
            say(
                f"Several alerts begin with {number[:64]}; give more of the id.",
                f"有多条告警以 {number[:64]} 开头，请给出更长的标识。",
            )
        )
    raise NotFound(say(f"There is no alert {number[:64]}.", f"没有告警 {number[:64]}。"))
