"""`cunzheng decide REQUEST approve|refuse|withdraw`: decide on a request, signed."""

import sys
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from archive.errors import Denied, UsageError
from archive.times import format_time
from archive.vocabulary import DECISIONS
from cli.author import KeyOption, Signer, open_signer
from cli.clock import SystemClock
from cli.dates import day_end
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line
from cli.request_view import extent, show_outcome
from cli.requesting import one_of
from cli.service import large, open_desk
from cli.service.desk import Document
from cli.service.signed import packed


def run(
    context: typer.Context,
    request: Annotated[
        str, typer.Argument(help=say("Request, or the beginning of its id.", "申请编号或其开头。"))
    ],
    decision: Annotated[
        str,
        typer.Argument(
            help=say("approve, refuse or withdraw.", "approve 批准、refuse 拒绝、withdraw 撤回。")
        ),
    ],
    role: Annotated[
        str | None,
        typer.Option(help=say("In which role; default: the one needed.", "以何角色；默认取所需。")),
    ] = None,
    comment: Annotated[str | None, typer.Option(help=say("Comment.", "意见。"))] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help=say("Accesses that are granted.", "授权次数。"))
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help=say("Last day of the grant.", "授权截止日。")),
    ] = None,
    key: KeyOption = None,
) -> None:
    """Decide."""
    invocation = Invocation.of(context)
    one_of(DECISIONS, decision, say("The decision", "决定"))
    if decision != "approve" and (count is not None or until is not None):
        raise UsageError(
            say(
                "Only an approval has --count and --until.",
                "只有批准时可用 --count 和 --until。",
            )
        )
    with open_desk(invocation) as desk:
        signer = open_signer(desk, key)
        found = large.fetch(desk, "request.show", {"request": request})
        payload = {
            "decision": decision,
            "grant": _grant(found, SystemClock().now(), count, until),
            "request": found["request"],
            "role": None if decision == "withdraw" else role or _role(found, signer, decision),
        }
        data = None if comment is None else {"comment": comment}
        _say_extent(found)
        made = signer.make("access.decided", payload, data)
        try:
            done = desk.call("request.decide", packed(*made))
        except Denied:
            _hint(found)
            raise
    print_json(done) if invocation.json else show_outcome(done)


def _role(found: Document, signer: Signer, decision: str) -> str | None:
    """The needed role that the signer has; the desk says no where there is none."""
    needed = found["still_needed" if decision == "approve" else "needed"]
    units = (None, signer.unit)
    fitting = [i["role"] for i in needed if i["role"] in signer.roles and i["unit"] in units]
    return fitting[0] if fitting else None


def _grant(
    found: Document, now: datetime, count: int | None, until: str | None
) -> dict[str, Any] | None:
    """What is granted beside the rules' own; None where nothing is said."""
    if count is None and until is None:
        return None
    usual = found["limits"]
    end = day_end(until) if until else now + timedelta(hours=usual["hours"])
    if end <= now:
        raise UsageError(say("--until is in the past.", "--until 已过去，请另选日期。"))
    return {
        "count": usual["count"] if count is None else count,
        "from": format_time(now),
        "until": format_time(end),
    }


def _say_extent(found: Document) -> None:
    """Say what of the record is decided on, before it is signed."""
    for name, value in extent(found):
        if value is not None:
            print_line(f"{name}{say(': ', '：')}{value}", sys.stderr)


def _hint(found: Document) -> None:
    """Say whose decision it is."""
    needed = ", ".join(
        item["role"] + (f" @ {item['unit']}" if item["unit"] else "")
        for item in found["still_needed"]
    )
    if needed:
        print_line(say(f"Still needed: {needed}.", f"尚需：{needed}。"), sys.stderr)
