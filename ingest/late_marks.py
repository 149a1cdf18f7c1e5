"""Marks of secrets that are found after a record was taken, where its beginning did not show them.

A text is examined when it is taken as far as its first bytes go. The index reads more of it: what
turns out to be the first page, and fields of classification that stand further behind. Pure.
"""

import re
import unicodedata

from ingest.classification import is_marked_page
from ingest.classified_fields import has_marked_field
from ingest.documents.extract import FIRST_PAGE, Extracted
from ingest.documents.marks import may_hide_more
from ingest.mark_words import SIMPLIFIED, STRAY, may_hold
from ingest.text import decode

_WORD = re.compile(r"[绝絕机機秘祕]密|密[级級]|(?i:secret|confidential)|classification")
_BEFORE, _BEHIND = 200, 60
_MOST_LOOKED_AT = 500
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def is_marked_document(found: Extracted) -> bool:
    """Whether a document that a reader took apart bears a mark on its first page."""
    return found.marked or is_marked_page(found.first_page)


def bears_a_mark(data: bytes, text: str) -> bool:
    """Whether a text bears a mark on its first page or in a field; `text` is what it shows."""
    if is_marked_page(text.lstrip()[:FIRST_PAGE]):
        return True
    decoded = decode(data, complete=False)
    raw = decoded[1] if decoded else ""
    if not may_hide_more(raw[:200], "plain"):
        return False
    if "\\u" in raw:
        raw = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), raw)
    raw = STRAY.sub("", raw)
    return may_hold(raw) and _has_field(raw)


def _has_field(raw: str) -> bool:
    """Looked for around each word that it would have; so many of them, from the beginning."""
    for number, found in enumerate(_WORD.finditer(raw)):
        if number >= _MOST_LOOKED_AT:
            return False
        near = raw[max(0, found.start() - _BEFORE) : found.end() + _BEHIND]
        shown = unicodedata.normalize("NFKC", near).translate(SIMPLIFIED).casefold()
        if has_marked_field(shown, ()):
            return True
    return False
