"""What a drop is and what it says of itself: kind, text, and `document` of record.json.

    kind, encoding, title, preview  <- its first bytes          (ingest.kind, ingest.text)
    words, pages, signatures        <- a reader, for documents  (ingest.documents.readers)
    number, date, parties, language <- its first page and end   (fields, language)
    a mark of a state secret        -> Classified

    understander = Understander(Readers)
    understood = understander.understand(path, head, False, "决定书.pdf", size)

Whatever a file is, the answer has the documented form; only Classified and Later are raised.
"""

import re
import threading
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

from archive.document import EXAMINED, MOST_FINDINGS, MOST_PARTIES, MOST_TEXT, NOT_EXAMINED
from archive.kinds import short_kind
from ingest.classification import is_marked_name, is_marked_page
from ingest.documents.codes import (
    BROKEN,
    ENTITIES,
    FIRST_PAGE_SCANNED,
    LIMIT_REACHED,
    MIXED,
    NAME_DIFFERS,
    READER_DIED,
    UNDERSTANDING_FAILED,
)
from ingest.documents.extract import PLAIN_PUIDS, Extracted, is_document, mixed, plain
from ingest.documents.fields import (
    Fields,
    fields_of,
    fields_of_named,
    fields_of_rows,
    fields_of_sheets,
)
from ingest.documents.language import language_of
from ingest.documents.marks import (
    is_marked_big5,
    is_marked_damaged,
    is_marked_markup,
    may_hide_more,
)
from ingest.documents.parties import Party
from ingest.documents.titles import DATA
from ingest.errors import Classified, SourceUnreadable
from ingest.kind import UNKNOWN, Media, detect
from ingest.named_kinds import name_differs
from ingest.text import END, MAX_TITLE, PREVIEW, TextInfo, clean, read_text
from signing import canonical

MOST_READ = 200_000
"""Characters of a document that are asked for: its first pages and, as a rule, its end."""
_SHEETS = ("xlsx", "xls", "et")
_MARKUP = frozenset(("html", "xml"))
_OPENING = ("<", " ", "\n", "\r", "\t")
_CUT = frozenset((BROKEN, ENTITIES, READER_DIED, FIRST_PAGE_SCANNED))
_BEHIND = ("characters", "pages")
"""Beginnings of notes of limits that are reached behind the first page."""
_PARTY = canonical.Form("name", "role")
_FINDING = canonical.Form("code", "note")
_DOCUMENT = canonical.Form(
    *("classification", "confidence", "date", "findings", "language", "number", "pages"),
    *("parties", "puid", "readable", "signatures"),
)
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u2069]")
_TEXTUAL = ("text/", "application/json", "application/xml")


class Reader(Protocol):
    """Takes documents apart (ingest.documents.readers)."""

    def read(
        self, source: Path | bytes | int, media_type: str, name: str, *, most: int
    ) -> Extracted:
        """Never raises for what the file is."""


class Later(Exception):
    """A document, which takes a reader; there is none in this process."""


class Understood(NamedTuple):
    """What is known of a drop by what it holds; `document` as canonical bytes, None for others."""

    media: Media
    text: TextInfo | None
    document: bytes | None


class Understander:
    """Understands drops; `readers` is asked for a reader at the first document, and only once.

    None: documents are for another process, Later is raised for them. Threads may share one.
    """

    def __init__(self, readers: Callable[[], Reader] | None) -> None:
        self._readers = readers
        self._lock = threading.Lock()
        self._reader: Reader | None = None

    def understand(
        self,
        source: Path | bytes,
        head: bytes,
        complete: bool,  # noqa: FBT001
        name: str,
        size: int,
    ) -> Understood:
        """`head` are the first bytes of `source`, all of them if `complete`.

        Raises Classified for what is marked as a state secret on its first page, and Later;
        SourceUnreadable where no reader can be had: nothing passes because nobody could look.
        """
        text = read_text(head, complete=complete, name=name)
        media = detect(head, name, text, complete=complete, whole=(source, size))
        try:
            return self._understood(source, head, name, size, media, text)
        except (Classified, Later, SourceUnreadable):
            raise
        except Exception as error:  # a drop is never lost for what it is
            note = ((UNDERSTANDING_FAILED, type(error).__name__),)
            return Understood(
                media, None, _bytes_of(replace(_UNREAD, findings=note), Fields(), None)
            )

    def _understood(
        self,
        source: Path | bytes,
        head: bytes,
        name: str,
        size: int,
        media: Media,
        text: TextInfo | None,
    ) -> Understood:
        if is_document(media.type):
            return self._document(source, name, media)
        if text is not None:
            return _plain(head, name, media, text, cut=size > len(head))
        if media.type == UNKNOWN and size:
            media = self._named_by_library(source, name, media)
        differs = _differs(name, media)
        if size and media.type.startswith(_TEXTUAL):
            whole = size <= len(head)
            return _mixed(head if whole else head[: head.rfind(b"\n") + 1] or head, media)
        if differs:
            found = replace(_UNREAD, findings=differs)
            return Understood(media, None, _bytes_of(found, Fields(), None))
        return Understood(media, None, None)

    def _named_by_library(self, source: Path | bytes, name: str, media: Media) -> Media:
        """libmagic's word on what no signature of our own knows; asked in a reader process."""
        kind = self._read(source, media, name, most=0).kind
        return Media(kind, "content") if kind else media

    def _document(self, source: Path | bytes, name: str, media: Media) -> Understood:
        found = self._read(source, media, name, most=MOST_READ)
        found = replace(found, findings=(*_differs(name, media), *found.findings))
        if found.marked or is_marked_page(found.first_page):
            raise Classified
        read = fields_of_sheets if short_kind(media.type) in _SHEETS else fields_of
        fields = read(found.first_page, found.text[-END:], title=found.title or "")
        text = None
        if found.text.strip():
            preview = clean(found.text[: 3 * PREVIEW], PREVIEW)
            text = TextInfo(found.encoding, _title(fields.title), preview)
        return Understood(media, text, _bytes_of(found, fields, language_of(found.text)))

    def _read(self, source: Path | bytes, media: Media, name: str, *, most: int) -> Extracted:
        try:
            return self._asked().read(source, media.type, name, most=most)
        except (OSError, MemoryError) as error:  # of processes, descriptors, memory: for now
            raise SourceUnreadable("No reader of documents can be started now.") from error

    def _asked(self) -> Reader:
        with self._lock:
            if self._reader is None:
                if self._readers is None:
                    raise Later
                self._reader = self._readers()
            return self._reader


_UNREAD = Extracted(readable=False)


def _differs(name: str, media: Media) -> tuple[tuple[str, str], ...]:
    """The finding that a name says another kind than the content."""
    note = name_differs(name, media.type) if media.by == "content" else None
    return ((NAME_DIFFERS, note),) if note else ()


def _mixed(head: bytes, media: Media) -> Understood:
    """What has the name of a text, and no encoding in which it is one beyond doubt."""
    found = mixed(head)
    if is_marked_damaged(head):
        raise Classified
    if found is None:
        return Understood(media, None, _bytes_of(_UNREAD, Fields(), None))
    if is_marked_page(found.first_page):
        raise Classified
    fields = fields_of(found.first_page, found.text[-END:], title="")
    preview = clean(found.text[: 3 * PREVIEW], PREVIEW)
    text = TextInfo(found.encoding, _title(fields.title), preview)
    return Understood(media, text, _bytes_of(found, fields, language_of(found.text)))


def _plain(head: bytes, name: str, media: Media, text: TextInfo, *, cut: bool) -> Understood:
    """A text that is at hand (its beginning where it is `cut`); markup without its tags."""
    noticed, raw = _differs(name, media), ""
    if text.form == "plain":
        found = Extracted(text.start, text.start)
    else:
        raw = head.decode(text.encoding, "ignore").removeprefix("\ufeff")
        if is_marked_page(raw):
            raise Classified  # in an attribute, a tag or a field
        found = Extracted(raw, raw[: len(text.start)])
    if text.form in _MARKUP:
        found = plain(head, text.encoding, form=text.form)
    if is_marked_page(found.first_page) or _is_marked_elsewhere(head, text, found):
        raise Classified
    fields = _fields(media, text, found, raw)
    shown = text._replace(title=_title(fields.title), start="", end="")
    whole = Extracted(
        confidence=text.confidence,
        first_page="" if cut and may_hide_more(text.start, text.form) else found.first_page,
        readable=found.readable,
        puid=found.puid or PLAIN_PUIDS.get(media.type),
        findings=(*noticed, *found.findings),
    )
    return Understood(media, shown, _bytes_of(whole, fields, language_of(found.text)))


def _is_marked_elsewhere(head: bytes, text: TextInfo, found: Extracted) -> bool:
    """In the title of a page, within tags of no known kind, in another encoding."""
    if text.form == "html":
        return bool(found.title) and is_marked_name(found.title or "")
    if text.encoding == "gb18030" and is_marked_big5(head):
        return True
    return text.form == "plain" and text.start[:1] in _OPENING and is_marked_markup(found.text)


def _fields(media: Media, text: TextInfo, found: Extracted, raw: str) -> Fields:
    """What a text says of itself, looked for as its form has it."""
    if text.form in ("json", "xml"):
        return fields_of_named(raw, text.form, text.title)
    if text.form == "html":
        return fields_of(found.first_page, found.text[-END:], title=text.title)
    if media.type == "text/csv":
        return fields_of_rows(text.start, text.end)
    if text.start.startswith(DATA):
        return Fields()
    return fields_of(text.start, text.end)


def _title(title: str) -> str:
    return clean(title, MAX_TITLE) if title else ""


def _bytes_of(found: Extracted, fields: Fields, language: str | None) -> bytes:
    """`document` of record.json (docs/formats.md §14)."""
    examined = bool(found.first_page) and not found.first_page.isspace() and _is_whole(found)
    return _DOCUMENT(
        b'"%s"' % (EXAMINED if examined else NOT_EXAMINED).encode(),
        _number(found.confidence),
        canonical.text(fields.date),
        _findings(found.findings),
        canonical.text(language),
        canonical.text(_shown(fields.number)),
        _number(found.pages),
        _parties(fields.parties),
        canonical.text(_shown(found.puid)),
        b"true" if found.readable else b"false",
        _number(found.signatures),
    )


def _is_whole(found: Extracted) -> bool:
    """Whether the first page can be taken for complete."""
    return not any(
        code in _CUT
        or (code == MIXED and note.endswith(" lost"))
        or (code == LIMIT_REACHED and not note.startswith(_BEHIND))
        for code, note in found.findings
    )


def _findings(found: Iterable[tuple[str, str]]) -> bytes:
    kept = list(dict.fromkeys((code, _shown(note) or "") for code, note in found))[:MOST_FINDINGS]
    each = (_FINDING(canonical.text(code), canonical.text(note)) for code, note in kept)
    return b"[%s]" % b",".join(each)


def _parties(parties: Iterable[Party]) -> bytes:
    each = [
        _PARTY(canonical.text(_shown(party.name)), canonical.text(party.role)) for party in parties
    ]
    return b"[%s]" % b",".join(each[:MOST_PARTIES])


def _number(value: int | None) -> bytes:
    return b"null" if value is None else b"%d" % value


def _shown(value: str | None) -> str | None:
    """A text of a file as record.json may have it: NFC, nothing hidden, and short."""
    if not value or value.isascii():
        return _HIDDEN.sub("", value)[:MOST_TEXT] if value else None
    return unicodedata.normalize("NFC", _HIDDEN.sub("", value))[:MOST_TEXT]
