"""`cunzheng retention set-class|extend`: what people say about the terms of records."""

from datetime import date
from typing import Annotated

import typer

from archive.errors import UsageError
from archive.statements.kinds import MOST_RECORDS
from archive.times import format_time, parse_time
from archive.vocabulary import PROMOTIONS
from cli import author
from cli.author import KeyOption, open_author
from cli.clock import SystemClock
from cli.commands.people_changes import ReasonOption
from cli.dates import day_end, day_start, last_day
from cli.invocation import Invocation
from cli.labels import choices
from cli.language import say
from cli.sealing import show_place
from cli.service import large, open_desk
from cli.service.desk import Desk
from retention.periods import Period, day_of, start_of_day

_EXAMPLE = say("Example: ", "示例：") + "cunzheng retention "
RecordsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="RECORD…", help=say("Records.", "记录。"))
]
CaseOption = Annotated[
    str | None, typer.Option(help=say("All records of a case.", "某案件的全部记录。"))
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to the group."""
    app.command(
        name="set-class",
        help=say(
            "Say the class of records, and perhaps from when it counts; an archivist or the legal"
            " office. What was set before stays.",
            "划定记录的保管类别，可确认起算日期（档案员或法制机构办理）；已设定的期限不会缩短。",
        ),
        epilog=_EXAMPLE
        + "set-class exam_video 01KAN4 --reason "
        + say("'driving test'", "考试录像"),
    )(set_class)
    app.command(
        help=say(
            "Keep records longer, or for ever; what they are kept for already stays.",
            "延长保管期限，或永久保存；不会缩短。",
        ),
        epilog=_EXAMPLE
        + "extend 01KAN4 --cause evidence_used --reason "
        + say("'used in court'", "作为证据使用"),
    )(extend)


def set_class(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="CLASS", help=say("Class.", "类别。"))],
    reason: ReasonOption,
    records: RecordsArgument = None,
    case: CaseOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help=say("From when it counts, confirmed by you.", "经您确认的起算日期。"),
        ),
    ] = None,
    key: KeyOption = None,
) -> None:
    """Say it."""
    invocation = Invocation.of(context)
    trigger = None if since is None else format_time(day_start(since))
    with open_desk(invocation) as desk:
        own = open_author(desk, key)
        found = large.fetch(desk, "retention.schedule", {})
        flagged = {one["class"] for one in found["classes"] if one["trigger"] == "flag"}
        if trigger is None and name in flagged:
            # What a person says counts from the day on which he says it.
            trigger = format_time(start_of_day(_today()))
        named = _named(desk, records, case)
        payload = {"class": name, "records": named, "trigger": trigger}
        answer = author.submit(desk, own.make("retention.classed", payload, {"reason": reason}))
    done = say(
        f"{len(named)} records are of the class {name}.",
        f"{len(named)} 份记录划为 {name}。",
    )
    show_place(answer, done, invocation)


def extend(
    context: typer.Context,
    cause: Annotated[str, typer.Option(help=say("Why: ", "原因：") + choices(PROMOTIONS))],
    reason: ReasonOption,
    records: RecordsArgument = None,
    case: CaseOption = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help=say(
                "At least to the end of this day; default: what the schedule gives for the cause.",
                "至少保管至该日结束；默认按保管期限表对该原因的规定。",
            ),
        ),
    ] = None,
    permanent: Annotated[
        bool, typer.Option("--permanent", help=say("For ever.", "永久。"))
    ] = False,
    key: KeyOption = None,
) -> None:
    """Sign it."""
    invocation = Invocation.of(context)
    if cause not in PROMOTIONS:
        raise UsageError(
            say(
                f"{cause!r} is none of: {', '.join(PROMOTIONS)}.",
                f"{cause!r} 不在以下范围：{'、'.join(PROMOTIONS)}。",
            )
        )
    if permanent and until is not None:
        raise UsageError(say("Give --until or --permanent.", "--until 与 --permanent 只能选一个。"))
    with open_desk(invocation) as desk:
        own = open_author(desk, key)
        end = None if permanent else _end(desk, cause, until)
        payload = {"cause": cause, "records": _named(desk, records, case), "until": end}
        answer = author.submit(desk, own.make("retention.extended", payload, {"reason": reason}))
    kept = say("for ever", "永久") if end is None else str(last_day(parse_time(end)))
    done = say(f"Kept at least: {kept}.", f"至少保管至：{kept}。")
    show_place(answer, done, invocation)


def _end(desk: Desk, cause: str, until: str | None) -> str | None:
    """What is asked for: a day, or what the schedule gives for the cause; None for ever."""
    if until is not None:
        end = day_end(until)
        if end <= SystemClock().now():
            raise UsageError(say("--until is a day that is past.", "--until 的日期已过。"))
        return format_time(end)
    found = large.fetch(desk, "retention.schedule", {})
    fits = [one for one in found["classes"] if cause in one["causes"]]
    if not fits:
        raise UsageError(
            say(
                f"The schedule has nothing for {cause}; give --until or --permanent.",
                f"保管期限表未规定 {cause}，请给出 --until 或 --permanent。",
            )
        )
    moment = Period.parse(fits[0]["period"]).end(SystemClock().now())
    return None if moment is None else format_time(moment)


def _named(desk: Desk, records: list[str] | None, case: str | None) -> list[str]:
    """The records that are meant, in order; UsageError for none and for too many."""
    if bool(records) == (case is not None):
        raise UsageError(say("Name records or a --case.", "请指定记录或 --case。"))
    if case is not None:
        found = set(large.fetch(desk, "case.show", {"case": case})["records"])
    else:
        found = set(desk.call("record.ids", {"records": records})["records"])
    if not 1 <= len(found) <= MOST_RECORDS:
        raise UsageError(
            say(
                f"{len(found)} records: one statement is about 1 to {MOST_RECORDS}.",
                f"共 {len(found)} 份记录：一次签署限 1 至 {MOST_RECORDS} 份。",
            )
        )
    return sorted(found)


def _today() -> date:
    return day_of(SystemClock().now())
