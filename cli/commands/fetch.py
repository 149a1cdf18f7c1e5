"""`cunzheng fetch RECORD`: receive a record. The ledger knows before the first byte."""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.errors import Denied, UsageError
from archive.vocabulary import ACTIONS, STANDING
from cli.author import KeyOption, Signer, open_signer
from cli.confidential import write_opening
from cli.derived_kinds import check_derived
from cli.invocation import Invocation
from cli.labels import label
from cli.language import say
from cli.output import print_json, print_line, print_pairs, show_size, show_span
from cli.progress import progress
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
from cli.request_view import STATES
from cli.requesting import Range, Wish, ask, behalf, byte_range, explain, one_of
from cli.service import large, open_desk
from cli.service.desk import Desk, Document
from cli.service.signed import packed
from cli.spans import planned, span_of, with_span

_ALGORITHMS = ("sha256", "sm3")
_STDOUT = Path("-")
Part = tuple[Range | None, Range | None]
"""Bytes of a record, and milliseconds of a film; None where nothing is said."""


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
        fetch = _Fetch(desk, open_signer(desk, key), record, wish, given, marked=marked)
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


def _copies(action: str, count: int | None, medium: str | None) -> Document | None:
    """How many, and on what: what is no view makes one file unless something else is said."""
    if action == "view" and count is None and medium is None:
        return None
    return {"count": count or 1, "medium": medium or say("file", "文件")}


class _Fetch:
    """One fetch: which request, which range, and the statement that begins it."""

    def __init__(
        self,
        desk: Desk,
        signer: Signer,
        record: str,
        wish: Wish,
        given: dict[str, Any],
        *,
        marked: bool,
    ) -> None:
        self._desk = desk
        self._signer = signer
        self._record = record
        self._wish = wish
        self._given = given
        self._marked = marked
        self.action = wish.action
        self._state = ""

    def order(self, request: str | None, resume: str | None, *, confidential: bool) -> Document:
        """Parameters of `access.receive`."""
        one_of(ACTIONS, self._wish.action, "--action")
        if request is None:
            return self._asking(resume, confidential=confidential)
        if confidential or self._wish.is_asked:
            raise UsageError(
                say(
                    "With --request nothing of a new request is given.",
                    "使用 --request 时不得再给出新申请的内容。",
                )
            )
        found = large.fetch(self._desk, "request.show", {"request": request})
        self.action, self._state = found["action"], found["state"]
        named = self._one(found["records"])
        part = self._part(found, named, resume)
        return {"started": self._started(found["request"], named, part, resume)} | _OPEN

    def _part(self, found: Document, record: str, resume: str | None) -> Part:
        """What of the record is wanted: bytes, or a span of a film, as far as is said."""
        if self._wish.times is not None:
            if found["span"] is None:
                raise UsageError(
                    say(
                        "The request is not for a span of time.",
                        "该申请不是针对时间段的摘录。",
                    )
                )
            part = planned(self._desk, record, self._wish.times)
            return part["range"], part["span"]
        extent = self._wish.range or _rest(found, resume) or _segment(found)
        plain = self._wish.range is not None or resume is not None
        return extent, None if plain and not self._marked else found["span"]

    def _asking(self, resume: str | None, *, confidential: bool) -> Document:
        """Request and start at once, for what needs no approval."""
        if resume is not None:
            raise UsageError(say("--resume needs --request.", "--resume 须与 --request 同用。"))
        found = explain(self._desk, self._signer.author.person, self._wish, [self._record])
        wish = with_span(self._desk, self._wish, found["records"])
        request, made = ask(self._desk, self._signer, wish, found)
        (named,) = found["records"]
        started = self._started(request, named, (wish.range, wish.span), None)
        return {"started": started, "requested": packed(*made), "confidential": confidential}

    def _one(self, records: list[str]) -> str:
        wanted = self._record.strip().upper()
        found = [record for record in records if record.startswith(wanted)]
        # One that the request does not cover is refused by the archive, and recorded.
        return found[0] if len(found) == 1 else self._known(wanted)

    def _known(self, wanted: str) -> str:
        found = self._desk.call(
            "request.explain",
            {"action": self.action, "records": [wanted], "person": self._signer.author.person},
        )
        return str(found["records"][0])

    def _started(self, request: str, record: str, part: Part, resume: str | None) -> Document:
        extent, span = part
        payload: Document = {
            "access": self._signer.author.id(),
            "action": self.action,
            "copies": _copies(self.action, *self._given["copies"]),
            "range": extent,
            "record": record,
            "request": request,
            "resumes": resume,
        }
        if self._marked or span is not None:
            payload["form"] = "marked" if self._marked else "excerpt"
        if span is not None:
            payload["span"] = span
        words = {key: self._given[key] for key in ("medium_no", "note")}
        data = words if any(words.values()) else None
        return packed(*self._signer.make("access.started", payload, data))

    def receive(self, params: Document, receiver: Receiver, output: Path | None) -> Document:
        """Take everything; a denial says what to do."""
        head: Document = {}
        if has_form(params):
            print_line(say("The copy is being made…", "正在制作副本……"), sys.stderr)
        try:
            with self._desk.receive("access.receive", params) as delivery:
                head = delivery.head
                size = head["to"] - head["from"]
                with progress("Fetching", "正在调阅", size, "B") as advance:
                    done = receiver.take(delivery, advance)
        except Denied as error:
            self._hint(error)
            raise
        finally:
            if "start" in head:
                write_opening(self._desk, output, head)
        told = {key: head[key] for key in ("access", "record", "log", "index")}
        return {**told, "person": self._signer.author.person, **done}

    def _hint(self, error: Denied) -> None:
        """Say how to come by an approval that is missing, or that there will be none."""
        if error.code == "NO_GRANT" and self._state in ("refused", "withdrawn"):
            state = label(STATES, self._state)
            print_line(say(f"The request was {state}.", f"该申请{state}。"), sys.stderr)
        if error.code == "NO_GRANT" and self._wish.is_asked:
            words = f"cunzheng request {self._record} --action {self.action} --purpose … --reason …"
            print_line(say(f"Ask first: {words}", f"请先申请：{words}"), sys.stderr)


_OPEN: Document = {"confidential": False}


def _segment(found: Document) -> Range | None:
    return dict(found["segments"][0]) if found["segments"] else None


def _rest(found: Document, resume: str | None) -> Range | None:
    """What is left of an aborted access, as far as the archive knows; None where nothing is."""
    for access in found["accesses"]:
        if access["access"] == resume:
            extent = access["extent"]
            rest = {"from": extent["from"] + access["bytes"], "to": extent["to"]}
            return rest if rest["from"] < rest["to"] else None
    return None


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


def has_form(params: Document) -> bool:
    """Whether a copy is made for this access."""
    return "form" in params["started"]["statement"]["statement"]["payload"]


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
