"""`cunzheng fetch RECORD`: receive a record. The ledger knows before the first byte."""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from archive.errors import UsageError
from archive.vocabulary import STANDING
from cli.author import KeyOption, open_signer
from cli.derived_kinds import check_derived
from cli.fetching import Fetch, has_form
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_pairs, show_size, show_span
from cli.receiving import Files, Receiver, Screen, check_folder
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
    TaskNo,
)
from cli.requesting import Wish, behalf, byte_range, one_of
from cli.service import open_desk
from cli.service.desk import Document
from cli.spans import span_of

_ALGORITHMS = ("sha256", "sm3")
_STDOUT = Path("-")


def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    record: Annotated[
        str, typer.Argument(help=say("Record, or the beginning of its id.", "记录标识或其开头。"))
    ],
    request: Annotated[
        str | None, typer.Option(help=say("Request that was granted.", "已获批准的申请编号。"))
    ] = None,
    action: Annotated[
        str | None,
        typer.Option(help=say("Without --request: default view.", "无 --request 时：默认 view。")),
    ] = None,
    purpose: Purpose = None,
    reason: Reason = None,
    case: Case = None,
    capacity: Capacity = None,
    bytes_: Bytes = None,
    excerpt: Annotated[
        str | None,
        typer.Option(
            "--excerpt",
            "--span",
            metavar="FROM-TO",
            help=say(
                "This part of a film, such as 00:01:00-00:02:30.",
                "音像的这一时间段，如 00:01:00-00:02:30。",
            ),
        ),
    ] = None,
    marked: Annotated[
        bool,
        typer.Option(
            "--marked",
            help=say(
                "A copy with request, person and time on it.",
                "带申请编号、领取人和时间的水印副本。",
            ),
        ),
    ] = False,
    derived: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help=say(
                "View what was made of it: ",
                "查看其衍生件：",
            )
            + ", ".join(STANDING),
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=say(
                "Folder for the copy; of an excerpt or marked copy also a file.",
                "副本存放目录；摘录或水印副本也可为文件名。",
            ),
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="ACCESS", help=say("Go on with an aborted access.", "续传已中止的调阅。")
        ),
    ] = None,
    copies: Annotated[
        int | None, typer.Option(min=1, help=say("Copies that are made of it.", "副本份数。"))
    ] = None,
    medium: Annotated[str | None, typer.Option(help=say("What they are on.", "副本载体。"))] = None,
    medium_no: Annotated[
        str | None, typer.Option(help=say("Serial number of the medium.", "载体编号。"))
    ] = None,
    note: Annotated[str | None, typer.Option(help=say("Note.", "备注。"))] = None,
    confidential: Annotated[
        bool,
        typer.Option(
            "--confidential",
            help=say("Supervision: opened later.", "保密监督：先承诺、后公开。"),
        ),
    ] = False,
    task_no: TaskNo = None,
    letter: Letter = None,
    letter_no: LetterNo = None,
    behalf_name: BehalfName = None,
    id_kind: IdKind = None,
    id_no: IdNo = None,
    behalf_unit: BehalfUnit = None,
    behalf_post: BehalfPost = None,
    behalf_contact: BehalfContact = None,
    key: KeyOption = None,
) -> None:
    """Receive."""
    invocation = Invocation.of(context)
    others = behalf(
        name=behalf_name,
        id_kind=id_kind,
        id_no=id_no,
        unit=behalf_unit,
        post=behalf_post,
        contact=behalf_contact,
    )
    wish = Wish(
        action=action or ("excerpt" if excerpt and request is None else "view"),
        purpose=purpose,
        reason=reason,
        case=case,
        capacity=capacity,
        range=byte_range(bytes_),
        times=span_of(excerpt),
        task_no=task_no,
        letter=letter,
        letter_no=letter_no,
        behalf=others,
    )
    if derived is not None:
        one_of(STANDING, derived, "--derived")
    given = {"copies": (copies, medium), "medium_no": medium_no, "note": _note(note, derived)}
    with open_desk(invocation) as desk:
        fetch = Fetch(desk, open_signer(desk, key), record, wish, given, marked=marked)
        params = fetch.order(request, resume, confidential=confidential)
        if derived is not None:
            check_derived(desk, params, derived)
            params |= {"derived": derived}
        receiver = _receiver(fetch.action, output, invocation, made=has_form(params))
        # A polite end request closes the access on the ledger like Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        done = fetch.receive(params, receiver, output)
    _show(done, invocation, on_screen=isinstance(receiver, Screen))


def _note(note: str | None, derived: str | None) -> str | None:
    """The note of the statement: what was looked at instead of the record always stands in it."""
    return f"{note} ({derived})" if note and derived else note or derived


def _receiver(action: str, output: Path | None, invocation: Invocation, *, made: bool) -> Receiver:
    if action == "view":
        if output not in (None, _STDOUT):
            raise UsageError(
                say(
                    "A view makes no file; pipe it into a viewer.",
                    "查看不生成文件；请通过管道交给查看程序。",
                )
            )
        if sys.stdout.isatty():
            raise UsageError(
                say("Pipe a view into a viewer.", "请将查看的内容通过管道交给查看程序。")
            )
        return Screen()
    if output == _STDOUT:
        return Screen()
    folder, name = output or Path(), None
    if made and folder.suffix and not folder.is_dir():
        folder, name = folder.parent, folder.name
    check_folder(folder, invocation.home)
    return Files(folder, _ALGORITHMS, action, name)


def _made(copy: Document | None) -> list[tuple[str, object]]:
    """What a copy is, where one was made."""
    if copy is None:
        return []
    span = copy["span"] and show_span(copy["span"])
    return [(say("shows", "内容时段"), span), (say("made from", "原件摘要"), copy["parent"])]


def _show(done: Document, invocation: Invocation, *, on_screen: bool) -> None:
    if on_screen:  # stdout belongs to the content
        if invocation.json:
            sys.stderr.write(json.dumps(done, ensure_ascii=False) + "\n")
        return
    if invocation.json:
        print_json(done)
        return
    print_pairs(
        [
            (say("file", "文件"), done["path"]),
            *_made(done.get("copy")),
            (say("size", "大小"), show_size(done["size"])),
            *((say("digest", "摘要"), digest) for digest in done["digests"]),
            (say("cover sheet", "交付单"), done["cover_sheet"]),
            (say("access", "调阅编号"), done["access"]),
        ]
    )
