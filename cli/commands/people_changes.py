"""`cunzheng people suspend|resume|revoke`: what ends or interrupts an enrolment."""

from typing import Annotated

import typer

from archive.errors import UsageError
from archive.times import format_time
from archive.vocabulary import REVOCATION_CODES
from cli import author, signing_two
from cli.author import KeyOption, SecondKeyOption, open_author, open_signer
from cli.clock import SystemClock
from cli.dates import exact_moment
from cli.invocation import Invocation
from cli.language import say
from cli.sealing import show_place
from cli.service import large, open_desk
from cli.signing_two import ProposalOption, Second

_EXAMPLE = say("Example: ", "示例：") + "cunzheng people "
_PERSON = Annotated[str, typer.Argument(help=say("Person id.", "人员编号。"))]
ReasonOption = Annotated[
    str, typer.Option(help=say("Reason; it is kept for ever.", "事由，将永久留存。"))
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(
        help=say("Refuse a person until `resume`.", "停用人员，直至 resume。"),
        epilog=_EXAMPLE + "suspend li --reason " + say("'on leave'", "休假"),
    )(suspend)
    app.command(
        help=say(
            "End a suspension; takes the people that an enrolment takes.",
            "恢复人员；签署要求与登记相同。",
        ),
        epilog=_EXAMPLE + "resume li --reason " + say("'back at work'", "返岗"),
    )(resume)
    app.command(
        help=say("End an enrolment and revoke its keys for ever.", "终止登记，并永久吊销其密钥。"),
        epilog=_EXAMPLE
        + "revoke li --code key_compromise --since '2026-11-20 18:00' --reason "
        + say("'laptop stolen'", "电脑失窃"),
    )(revoke)


def suspend(
    context: typer.Context, person: _PERSON, reason: ReasonOption, key: KeyOption = None
) -> None:
    """Suspend."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        own = open_author(desk, key)
        made = own.make("person.suspended", {"person": person}, {"reason": reason})
        place = author.submit(desk, made)
    show_place(place, say(f"{person} is suspended.", f"{person} 已停用。"), invocation)


def resume(
    context: typer.Context,
    person: _PERSON,
    reason: ReasonOption,
    key: KeyOption = None,
    second_key: SecondKeyOption = None,
    output: ProposalOption = None,
) -> None:
    """Resume."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        own = open_signer(desk, key)
        roles = large.fetch(desk, "people.show", {"person": person})["roles"]
        alone = roles == ["handler"] and "archivist" in own.roles
        made = own.make("person.resumed", {"person": person}, {"reason": reason})
        signing_two.finish(
            invocation,
            desk,
            made,
            say(f"{person} is active again.", f"{person} 已恢复。"),
            Second(not alone, second_key, output),
        )


def revoke(
    context: typer.Context,
    person: _PERSON,
    reason: ReasonOption,
    code: Annotated[
        str, typer.Option(help=say("Why: ", "原因代码：") + " ".join(REVOCATION_CODES))
    ],
    since: Annotated[
        str | None,
        typer.Option(
            help=say(
                "Nothing signed from then on counts: 'YYYY-MM-DD HH:MM'; default: now.",
                "自此刻起的签署均无效：'年-月-日 时:分'，默认为现在。",
            )
        ),
    ] = None,
    key: KeyOption = None,
) -> None:
    """Revoke."""
    if code not in REVOCATION_CODES:
        known = " ".join(REVOCATION_CODES)
        raise UsageError(say(f"The code is one of: {known}", f"原因代码为：{known}"))
    invocation = Invocation.of(context)
    moment = SystemClock().now() if since is None else exact_moment(since)
    payload = {"person": person, "code": code, "since": format_time(moment)}
    with open_desk(invocation) as desk:
        own = open_author(desk, key)
        place = author.submit(desk, own.make("person.revoked", payload, {"reason": reason}))
    show_place(place, say(f"{person} is revoked.", f"{person} 已吊销。"), invocation)
