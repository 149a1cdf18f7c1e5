"""What is read out of a text or document: words, pages, title, findings (docs/documents.md).

Formats that take a parser are read by processes of their own (`ingest.documents.readers`); plain
text is read here, from bytes that are already at hand.
"""

from contextlib import suppress
from dataclasses import dataclass

from ingest.documents.codes import MIXED
from ingest.documents.markup import visible
from ingest.documents.rows import first_page
from ingest.text import in_use

MOST = 4_000_000
"""Characters of text that are kept of a document."""
FIRST_PAGE = 4_000
"""Characters of what stands for a first page where the format has none."""
_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = _OFFICE + "wordprocessingml.document"
XLSX = _OFFICE + "spreadsheetml.sheet"
PPTX = _OFFICE + "presentationml.presentation"
_MARKUP = {"html": "fmt/96", "xml": "fmt/101"}
"""Forms with tags, and their PRONOM identifiers."""
PLAIN_PUIDS = {
    "text/plain": "x-fmt/111",
    "text/csv": "x-fmt/18",
    "text/markdown": "fmt/1149",
    "application/json": "fmt/817",
}
"""PRONOM identifiers of texts, by media type."""
_MOST_NOTICED = 20
_MOST_LINES = 20_000
DOCUMENTS = frozenset(
    {
        *(DOCX, XLSX, PPTX),
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        *(f"application/vnd.wps-office.{name}" for name in ("wps", "et", "dps")),
        "application/ofd",
        "application/pdf",
        "application/rtf",
        "application/x-ole-storage",
        "application/x-tar",
        "application/zip",
        "message/rfc822",
    }
)
"""Media types that a reader process takes apart."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a document holds; everything in it is the file's own claim."""

    text: str = ""
    """Pages parted by form feeds."""
    first_page: str = ""
    """What a reader sees first, lines kept: headers and text boxes, then the body."""
    pages: int | None = None
    """Pages, sheets or slides; None where the format has none or does not say."""
    title: str | None = None
    """As the file's own properties state it."""
    readable: bool = True
    """False: it has pages and no text, or it could not be read."""
    signatures: int = 0
    encoding: str = ""
    """Of plain text; empty for a format that has none of its own."""
    confidence: int | None = None
    """0 to 100: how sure the encoding is; None where the format names it."""
    puid: str | None = None
    findings: tuple[tuple[str, str], ...] = ()
    """Code and note of each thing that was noticed."""
    kind: str | None = None
    """Media type that libmagic names, where a reader was asked about a file of no known kind."""
    marked: bool = False
    """Whether its properties, or a part that is shown by itself, bear the mark of a secret."""


def is_document(media_type: str) -> bool:
    """Whether a reader process is needed."""
    return media_type in DOCUMENTS


def plain(data: bytes, encoding: str, *, form: str = "plain", most: int = MOST) -> Extracted:
    """Read a text (or its head) of a known encoding; `form` as `TextInfo.form` has it.

    A character that the end of `data` cuts in two is left out; nothing is raised.
    """
    text = data[: 4 * most].decode(encoding, errors="ignore").removeprefix("\ufeff")[:most]
    if form not in _MARKUP:
        return Extracted(text=text, first_page=text[:FIRST_PAGE], encoding=encoding)
    noticed: dict[tuple[str, str], None] = {}

    def notice(code: str, note: str) -> None:
        if len(noticed) < _MOST_NOTICED:
            noticed.setdefault((code, note[:200]))

    shown = visible(text, notice, xml=form == "xml")
    return Extracted(
        text=shown.rows,
        first_page=first_page(shown.text[:FIRST_PAGE], shown.rows[:FIRST_PAGE]),
        title=shown.title,
        encoding=encoding,
        puid=_MARKUP[form],
        findings=tuple(noticed),
    )


def mixed(data: bytes, *, most: int = MOST) -> Extracted | None:
    """Read a text line by line, each in UTF-8 or else GB18030; None for what is no text at all.

    Where all lines have one encoding the text has: what is not in common use may be read yet.
    """
    lines, lost, kinds = [], 0, set()
    for line in data.split(b"\n", _MOST_LINES)[:_MOST_LINES]:
        found = _line(line.removesuffix(b"\r"))
        if found is None:
            lost += 1
            continue
        lines.append(found[0])
        kinds.add(found[1])
    if not lines or lost > len(lines) or not any(map(str.strip, lines)):
        return None
    text = "\n".join(lines)[:most]
    kinds.discard("")
    if kinds == {"gb18030"} and not lost:
        return _of_two_bytes(text, data, most)
    note = ", ".join(sorted(kinds)) + (f", {lost} lost" if lost else "")
    return Extracted(text, text[:FIRST_PAGE], confidence=0, findings=((MIXED, note),))


def _of_two_bytes(text: str, data: bytes, most: int) -> Extracted:
    """GB18030, or Big5 where that has more characters in common use."""
    encoding, sure = "gb18030", in_use(text)
    with suppress(UnicodeDecodeError):
        other = data.decode("big5hkscs")[:most]
        if in_use(other) > sure:
            text, encoding, sure = other, "big5", in_use(other)
    return Extracted(text, text[:FIRST_PAGE], encoding=encoding, confidence=min(99, sure))


def _line(line: bytes) -> tuple[str, str] | None:
    """A line and its encoding, "" where it is ASCII."""
    if b"\0" in line:
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.isprintable() or not any(char < " " and char != "\t" for char in text):
            return text, "" if line.isascii() else encoding
    return None
