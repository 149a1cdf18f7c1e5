"""`cunzheng request RECORD…`: ask for records, signed with one's own key."""

from typing import Annotated

import typer

from cli.author import KeyOption, open_signer
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json
from cli.request_options import (
    BehalfContact,
    BehalfName,
    BehalfPost,
    BehalfUnit,
    Bytes,
    Capacity,
    Case,
    IdKind,
    IdNo,
    Letter,
    LetterNo,
    Purpose,
    Reason,
    Span,
    TaskNo,
)
from cli.request_view import show_explanation, show_outcome
from cli.requesting import Wish, ask, behalf, byte_range, explain, records_of
from cli.service import open_desk
from cli.service.signed import packed
from cli.spans import span_of, with_span


def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    records: Annotated[
        list[str] | None,
        typer.Argument(help=say("Records, or beginnings of ids.", "记录标识或其开头。")),
    ] = None,
    action: Annotated[
        str,
        typer.Option(
            help=say(
                "view, excerpt, copy, export or court_bundle.",
                "view 查看、excerpt 摘录、copy 复制、export 导出、court_bundle 诉讼证据包。",
            )
        ),
    ] = "view",
    purpose: Purpose = None,
    reason: Reason = None,
    case: Case = None,
    capacity: Capacity = None,
    bytes_: Bytes = None,
    span: Span = None,
    task_no: TaskNo = None,
    letter: Letter = None,
    letter_no: LetterNo = None,
    behalf_name: BehalfName = None,
    id_kind: IdKind = None,
    id_no: IdNo = None,
    behalf_unit: BehalfUnit = None,
    behalf_post: BehalfPost = None,
    behalf_contact: BehalfContact = None,
    query: Annotated[
        str | None, typer.Option(help=say("All records that a search finds.", "检索到的全部记录。"))
    ] = None,
    only_explain: Annotated[
        bool,
        typer.Option("--explain", help=say("Only say what it takes.", "只说明所需审批，不申请。")),
    ] = False,
    key: KeyOption = None,
) -> None:
    """Ask."""
    invocation = Invocation.of(context)
    wish = Wish(
        action=action,
        purpose=purpose,
        reason=reason,
        case=case,
        capacity=capacity,
        range=byte_range(bytes_),
        times=span_of(span),
        task_no=task_no,
        letter=letter,
        letter_no=letter_no,
        query=query,
        behalf=behalf(
            name=behalf_name,
            id_kind=id_kind,
            id_no=id_no,
            unit=behalf_unit,
            post=behalf_post,
            contact=behalf_contact,
        ),
    )
    wish.check()
    with open_desk(invocation) as desk:
        signer = open_signer(desk, key)
        named = records_of(desk, records or [], query)
        found = explain(desk, signer.author.person, wish, named)
        wish = with_span(desk, wish, found["records"])
        if not only_explain:
            _, made = ask(desk, signer, wish, found)
            done = desk.call("request.submit", packed(*made))
    if only_explain:
        found = {**found, "span": wish.span, "range": wish.range}
        print_json(found) if invocation.json else show_explanation(found)
    else:
        print_json(done) if invocation.json else show_outcome(done)
