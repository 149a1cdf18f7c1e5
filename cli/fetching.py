"""One fetch of a record: which request, which part, the statement that begins it, the delivery.

fetch = Fetch(desk, signer, record, wish, given, marked=False)
params = fetch.order(request, resume, confidential=False)
fetch.receive(params, receiver, output)
"""

import sys
from pathlib import Path
from typing import Any

from archive.errors import Denied, UsageError
from archive.vocabulary import ACTIONS
from cli.author import Signer
from cli.confidential import write_opening
from cli.labels import label
from cli.language import say
from cli.output import print_line
from cli.progress import progress
from cli.receiving import Receiver
from cli.request_view import STATES
from cli.requesting import Range, Wish, ask, explain, one_of
from cli.service import large
from cli.service.desk import Desk, Document
from cli.service.signed import packed
from cli.spans import planned, with_span

Part = tuple[Range | None, Range | None]
"""Bytes of a record, and milliseconds of a film; None where nothing is said."""
_OPEN: Document = {"confidential": False}


class Fetch:
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


def _copies(action: str, count: int | None, medium: str | None) -> Document | None:
    """How many, and on what: what is no view makes one file unless something else is said."""
    if action == "view" and count is None and medium is None:
        return None
    return {"count": count or 1, "medium": medium or say("file", "文件")}


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


def has_form(params: Document) -> bool:
    """Whether a copy is made for this access."""
    return "form" in params["started"]["statement"]["statement"]["payload"]
