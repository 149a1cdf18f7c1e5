"""Tells text from other bytes by strict decoding, and takes a title and a preview from it.

Order: a byte-order mark, UTF-8, GB18030, UTF-16. GB18030 gives a meaning to nearly every pair of
bytes, so its text must also look like text: no control or unassigned characters, hardly any from
the private-use area, and at least six tenths of what is not ASCII from the common Chinese ones.
"""

import codecs
import json
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

from ingest.named_kinds import extension_of

PREVIEW = 400
"""Characters of the preview."""
MAX_TITLE = 200
FIRST_PAGE = 4_000
END = 1_500

_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_ASCII_CONTROL = bytes((*range(9), 0x0B, *range(0x0E, 0x20), 0x7F))
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 600
_COMMON_SHARE = 0.6
_PRIVATE_SHARE = 0.05
_HTML_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,1000}?)</title>", re.IGNORECASE | re.DOTALL)
_HTML_HEADING = re.compile(r"<h1[^>]{0,200}>(.{0,1000}?)</h1>", re.IGNORECASE | re.DOTALL)
_HTML = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)
_LEADING = re.compile(r"(?:<!--.{0,1500}?-->\s*|<\?[^>]{0,300}>\s*)*", re.DOTALL)
_ELEMENT = re.compile(r"<(?:!--|[^\W\d][\w:.-]*[\s/>])")
_NAMED_MARKUP = {"xml": "xml", "html": "html", "htm": "html", "xhtml": "html"}
_MARKUP_START = 4_000
_TAG = re.compile(r"<[^>]*>")
_READ_JSON = json.JSONDecoder().raw_decode
_JSON_SPACE = " \t\n\r"
_JSON_END = re.compile(r"[ \t\n\r]*\Z")
_JSON_TITLES = ("title", "标题", "文书名称", "文书标题", "名称", "案由", "name")
# 行政处罚决定书, 现场笔录, 送达回证 …: what an enforcement document is called.
_DOCUMENT = re.compile(
    r"[\w（）()《》〔〕 ]{0,40}(书|笔录|回证|清单|记录|通知|公告|审批表|报告|表|单|证)"
)
_TITLE_LINES = 5
_TITLE_CHARACTERS = 4000


class TextInfo(NamedTuple):
    """What the start of a text says; title and preview are NFC without control characters."""

    encoding: str
    """`utf-8`, `gb18030`, `utf-16-le` or `utf-16-be`."""
    title: str
    preview: str
    form: str = "plain"
    """`plain`, `xml`, `html`, or `json` where all of it was there and could be parsed."""
    confidence: int | None = None
    """0 to 100: how sure the encoding is; None where a byte-order mark names it."""
    start: str = ""
    """The first FIRST_PAGE characters as they stand."""
    end: str = ""
    """The last END characters, where the text is longer than its start and all of it was there."""


def read_text(head: bytes, *, complete: bool, name: str = "") -> TextInfo | None:
    """Look at the first bytes of a file (all of them if `complete`); None if it is not text.

    `name` says what markup without a declaration is, and JSON of which only the head is here.
    """
    found = decode(head, complete=complete)
    if found is None:
        return None
    encoding, text = found
    preview = clean(text[: 3 * PREVIEW], PREVIEW)
    start = text[:200].lstrip()
    if start.startswith("<"):
        form, title = _markup(text[:_MARKUP_START].lstrip(), name), _markup_title(text)
    elif start.startswith(("{", "[")):
        whole = _json(text) if complete else ("plain", "")
        form, title = whole if complete or extension_of(name) != "json" else ("json", "")
    else:
        form, title = "plain", _plain_title(text)
    end = text[-END:] if complete and len(text) > FIRST_PAGE else ""
    sure = _confidence(encoding, head, text)
    return TextInfo(encoding, title, preview, form, sure, text[:FIRST_PAGE], end)


def decode(head: bytes, *, complete: bool) -> tuple[str, str] | None:
    """Encoding and text without byte-order mark; None if this is not text. An empty file is not."""
    if not head:
        return None
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return _attempt(head[len(bom) :], encoding, complete=complete)
    if b"\x00" not in head:
        for encoding in ("utf-8", "gb18030"):
            if found := _attempt(head, encoding, complete=complete):
                return found
    for encoding in ("utf-16-le", "utf-16-be"):
        if found := _attempt(head, encoding, complete=complete):
            return found
    return None


def _confidence(encoding: str, head: bytes, text: str) -> int | None:
    """By the share of common characters where an encoding gives a meaning to nearly anything."""
    if any(head.startswith(bom) for bom, _ in _BOMS):
        return None
    if encoding == "utf-8":
        return 100  # a wrong guess would not have been decoded
    return 90 if text[:_SAMPLE].isascii() else min(99, in_use(text))


def _attempt(data: bytes, encoding: str, *, complete: bool) -> tuple[str, str] | None:
    if encoding == "utf-8" and data.isascii():
        # Five times as fast as the search below.
        plain = len(data.translate(None, _ASCII_CONTROL)) == len(data)
        return (encoding, data.decode("ascii")) if plain else None
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(data, final=complete)
    except UnicodeDecodeError:
        return None
    if _CONTROL.search(text):
        return None
    if encoding != "utf-8" and not _looks_like_text(text, names=encoding == "gb18030"):
        return None
    return encoding, text


def _looks_like_text(text: str, *, names: bool) -> bool:
    """For encodings that accept nearly everything; judged on the first characters.

    `names`: it may be one. Two bytes that are nothing mean a rare character in UTF-16 too often.
    """
    foreign = [char for char in text[:_SAMPLE] if char > "\x7f"]
    if not foreign:
        return text.isascii() and bool(text)
    categories = {char: unicodedata.category(char) for char in set(foreign)}
    if any(category in ("Cn", "Cs", "Cc") for category in categories.values()):
        return False
    private = sum(categories[char] == "Co" for char in foreign)
    known = _known(foreign, names=names)
    return private <= _PRIVATE_SHARE * len(foreign) and known >= _COMMON_SHARE * len(foreign)


def _known(foreign: Sequence[str], *, names: bool = True) -> float:
    """How many are in common use, in the simplified or in the traditional script.

    A character of names and places is half of one: there are few of them in any text but a name.
    """
    simplified, traditional, rare = _common()
    plain = sum(map(simplified.__contains__, foreign))
    named = sum(map(rare.__contains__, foreign)) if names else 0
    return max(plain + named / 2, sum(map(traditional.__contains__, foreign)))


@cache
def _common() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """GB 2312 level 1 (3,755 characters in common use) and Big5 level 1 (5,401), each with
    punctuation, numbers, full-width forms and the lines of tables; and GB 2312 level 2 (3,008).
    """
    shared = set("…—·￥¥√×☑☐☒□■◻㎡㎏㎝㎞℃")
    simplified = _rows(0xA1, 0xA2, 0xA3, 0xA9, *range(0xB0, 0xD8)) | shared
    cells = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    traditional = b"".join(bytes((row, cell)) for row in range(0xA4, 0xC7) for cell in cells)
    marks = {char for char in simplified if not "\u3400" <= char <= "\u9fff"}
    both = frozenset(traditional.decode("big5", errors="ignore")) | marks
    return simplified, both, _rows(*range(0xD8, 0xF8))


def _rows(*rows: int) -> frozenset[str]:
    """Of GB 2312, with the Roman numbers that GBK has in its second."""
    pairs = (bytes((row, cell)) for row in rows for cell in range(0xA1, 0xFF))
    return frozenset("".join(pair.decode("gbk", errors="ignore") for pair in pairs))


def in_use(text: str) -> int:
    """0 to 100: how much of a text's beginning is in common use, but for ASCII."""
    foreign = [char for char in text[:_SAMPLE] if char > "\x7f"]
    return int(100 * _known(foreign)) // len(foreign) if foreign else 100


def clean(text: str, limit: int) -> str:
    """On one line, in NFC, without what cannot be seen, and at most `limit` characters."""
    shown = " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
    if not shown.isprintable():
        shown = _BLANK.sub(" ", shown).strip()
    return shown[:limit].rstrip()


def _plain_title(text: str) -> str:
    lines = (
        clean(line[: 2 * MAX_TITLE], MAX_TITLE) for line in text[:_TITLE_CHARACTERS].splitlines()
    )
    return _best(list(islice(filter(None, lines), _TITLE_LINES)))


def _best(lines: Sequence[str]) -> str:
    for line in lines:
        # Titles are often spaced out: 行 政 处 罚 决 定 书
        closed = line.replace(" ", "") if not line.isascii() else line
        if _DOCUMENT.fullmatch(closed):
            return closed
    return lines[0].lstrip("# ").strip() if lines else ""


def _markup(start: str, name: str) -> str:
    """Form of what begins with a tag: by what stands behind comments, else as it is named."""
    if _HTML.match(start, _LEADING.match(start).end()):  # type: ignore[union-attr]
        return "html"
    if start.startswith("<?xml"):
        return "xml"
    return _NAMED_MARKUP.get(extension_of(name), "plain") if _ELEMENT.match(start) else "plain"


def _markup_title(text: str) -> str:
    match = _HTML_TITLE.search(text) or _HTML_HEADING.search(text)
    return clean(_TAG.sub("", match[1]), MAX_TITLE) if match else ""


def _json(text: str) -> tuple[str, str]:
    """Form and title of what begins like JSON. Many lines of JSON are no JSON."""
    try:
        value, end = _READ_JSON(text, len(text) - len(text.lstrip(_JSON_SPACE)))
    except (ValueError, RecursionError):
        return "plain", ""
    if not _JSON_END.match(text, end):
        return "plain", ""
    for key in _JSON_TITLES if isinstance(value, dict) else ():
        if isinstance(value.get(key), str):
            # JSON escapes can name half characters, which no text may hold.
            return "json", clean(value[key].encode(errors="ignore").decode(), MAX_TITLE)
    return "json", ""
