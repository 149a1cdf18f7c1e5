"""Looks for the mark of a secret where a text does not show it at once: tags, other encodings.

Whoever has no character of a mark pays for one search of bytes. Pure.
"""

import re

from ingest.classification import is_marked_page
from ingest.documents.extract import FIRST_PAGE
from ingest.documents.markup import visible

_BIG5 = tuple(word.encode("big5") for word in ("絕密", "機密", "秘密"))
"""Valid in GB 18030 too, where they are other characters."""
_LOOKED_AT = 16_000
_PAGE = frozenset(
    ("html", "head", "body", "p", "div", "span", "b", "i", "table", "ul", "ol", "h1", "h2", "br")
)
_ROOT = re.compile(r"\s*<(?:\w+:)?([A-Za-z][A-Za-z0-9]*)")
_STRUCTURED = re.compile(r"\s*(?:\{|\[\s*[\[{\"]|<(?!!doctype\s+html|html))", re.IGNORECASE)


def is_marked_markup(raw: str) -> bool:
    """Whether a text with tags that is announced as neither XML nor HTML shows a mark."""
    if "<" not in raw[:200] or ("密" not in raw and "&#" not in raw):
        return False
    root = _ROOT.match(raw)
    if root is None:
        return False
    shown = visible(raw, lambda _code, _note: None, xml=root[1].lower() not in _PAGE)
    return is_marked_page(shown.text[:FIRST_PAGE])


def is_marked_big5(head: bytes) -> bool:
    """Whether bytes that were read as GB 18030 bear a mark in Big5."""
    if not any(word in head for word in _BIG5):
        return False
    return is_marked_page(head[:_LOOKED_AT].decode("big5hkscs", "ignore"))


def is_marked_damaged(head: bytes) -> bool:
    """Whether bytes that are no proper text in any encoding bear a mark in one of them."""
    data = head[:_LOOKED_AT]
    readings = ["utf-8", "gb18030", "big5hkscs"]
    if b"\0" in data:
        readings += ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
    return any(is_marked_page(data.decode(one, "ignore").replace("\0", "")) for one in readings)


def may_hide_more(start: str, form: str) -> bool:
    """Whether a text has fields, so that what stands behind its beginning may be one of them."""
    return form in ("json", "xml") or (form == "plain" and _STRUCTURED.match(start) is not None)
