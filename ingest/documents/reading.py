"""What a format module fills while it reads: bounded, so that any end leaves something of use."""

import re

from ingest.classification import is_marked_name, is_marked_page
from ingest.documents.codes import BROKEN, ENCRYPTED, ENTITIES, LIMIT_REACHED
from ingest.documents.extract import FIRST_PAGE, MOST, Extracted
from ingest.documents.rows import CELL, apart, first_page, joined

INFLATED = 256 << 20
"""Bytes that are unpacked of one document."""
RATIO = 300
"""Times that a member may be larger unpacked than packed, once it is larger than RATIO_FROM."""
RATIO_FROM = 8 << 20
MEMBERS = 10_000
"""Files within a package."""
DEPTH = 200
"""Elements, groups or parts within each other."""
ELEMENTS = 3_000_000
PAGES = 5_000
BYTES = 256 << 20
"""Bytes of a format that has to be in memory as a whole."""
MOST_FINDINGS = 40
_MOST_NOTE, _MOST_TITLE = 300, 500
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_BLANK = re.compile(r"\s+")


_LOSE = frozenset((LIMIT_REACHED, BROKEN, ENTITIES, ENCRYPTED))
"""What explains that there are no words."""


class Reached(Exception):
    """A limit was reached; what was read until then counts. The text names it."""


class OutOfTime(Reached):
    """The time for this document is over; codecs put words of their own around the text."""


class Reading:
    """Text, pages and findings of one document."""

    def __init__(self, most: int = MOST) -> None:
        self.pages: int | None = None
        self.title: str | None = None
        self.signatures = 0
        self.encoding = ""
        self.confidence: int | None = None
        self.puid: str | None = None
        self.kind: str | None = None
        self.unreadable = False
        self.has_rows = False
        """Whether rows of tables are marked in the text (ingest.documents.rows)."""
        self.marked = False
        self._most = most
        self._left = most
        self._inflated = 0
        self._front: list[str] = []
        self._body: list[str] = []
        self._aside: list[str] = []
        self._first: int | None = None
        self._findings: dict[tuple[str, str], None] = {}

    def add(self, text: str) -> None:
        """Put text behind what is there."""
        self._body.append(self._taken(text))

    def front(self, text: str) -> None:
        """Put text before all pages: what stands in a header, or on a master page."""
        self._front.append(self._taken(text))

    def aside(self, text: str) -> None:
        """Text of the first page that is stored elsewhere: text boxes, notes."""
        self._aside.append(self._taken(text))

    def page(self) -> None:
        """A page ends here."""
        if self._first is None and any(map(str.strip, self._body)):
            self._first = len(self._body)
        self.add("\f")

    def notice(self, code: str, note: str) -> None:
        """Put down what a reader of the record should know; the same thing once."""
        if len(self._findings) < MOST_FINDINGS:
            self._findings.setdefault((code, clean(note, _MOST_NOTE)))

    def judge(self, text: str) -> None:
        """Look for a mark at the beginning of a part that is shown by itself: a mail in a mail."""
        self.marked = self.marked or is_marked_page(_proper(text[:FIRST_PAGE]))

    def judge_property(self, name: str, value: str) -> None:
        """Look for a mark in a property, and in a field that is named like a classification."""
        line = clean(value, _MOST_TITLE)
        if line and (is_marked_name(line) or is_marked_page(f"{clean(name, 100)}: {line}")):
            self.marked = True

    def limit(self, which: str) -> None:
        """Put down that a limit was reached."""
        self.notice(LIMIT_REACHED, which)

    def spend(self, unpacked: int) -> None:
        """Count bytes that were unpacked; raise Reached when there are too many."""
        self._inflated += unpacked
        if self._inflated > INFLATED:
            raise Reached(f"inflated bytes: more than {INFLATED}")

    @property
    def has_text(self) -> bool:
        """Whether any words were found."""
        return any(map(str.strip, (*self._front, *self._body, *self._aside)))

    def finish(self) -> Extracted:
        """All that was put here."""
        self.judge_property("", self.title or "")
        front, aside = "".join(self._front), "".join(self._aside)
        body = "".join(self._body)
        opening = "".join(self._body[: self._first])
        first = "\n".join(filter(None, (front[:FIRST_PAGE], opening[:FIRST_PAGE], aside)))
        text = "\n".join(filter(None, (front, body, aside)))
        blank = not text.strip()
        lost = any(code in _LOSE for code, _ in self._findings)
        return Extracted(
            text=self._shown(text)[: self._most],
            first_page=self._shown_first(first)[: 2 * FIRST_PAGE],
            pages=self.pages,
            title=clean(self.title or "", _MOST_TITLE) or None,
            readable=not (self.unreadable or (blank and (lost or bool(self.pages)))),
            signatures=self.signatures,
            encoding=self.encoding,
            confidence=self.confidence,
            puid=self.puid,
            findings=tuple(self._findings),
            kind=self.kind,
            marked=self.marked,
        )

    def _shown(self, text: str) -> str:
        return _proper(joined(text).replace(CELL, "\t") if self.has_rows else text)

    def _shown_first(self, text: str) -> str:
        if not self.has_rows:
            return _proper(text)
        return first_page(_proper(apart(text)), self._shown(text))

    def _taken(self, text: str) -> str:
        self._left -= len(text)
        if self._left >= 0:
            return text
        kept = text[: len(text) + self._left]
        self._body.append(kept)
        self._left = 0
        if self._most >= MOST:
            self.limit(f"characters: more than {self._most}")
        raise Reached("")


def clean(text: str, most: int) -> str:
    """One line without control characters."""
    return _BLANK.sub(" ", _proper(text[: 4 * most])).strip()[:most]


def _proper(text: str) -> str:
    """Without controls that no text has, and without halves of characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text.encode("utf-8", "ignore").decode("utf-8"))
