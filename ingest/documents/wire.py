"""How the archive and a reader process talk: lengths first, plain data only.

An answer comes from a process that had a hostile file in it: it is taken apart as such.
"""

import json
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from ingest.documents.codes import CODES
from ingest.documents.extract import Extracted

REQUEST = struct.Struct("<IIH")
"""Most characters, length of the size field's remainder, length of the media type."""
ANSWER = struct.Struct("<IIB")
"""Length of the facts, length of the text, whether the process is used up."""
_MOST_FACTS = 1 << 20
_KEYS = (
    *("first_page", "pages", "title", "readable", "signatures", "encoding", "confidence"),
    *("puid", "findings", "kind", "marked"),
)


class Garbled(Exception):
    """An answer has not the form that answers have."""


class Answer(NamedTuple):
    """An answer as it comes in."""

    extracted: Extracted
    used_up: bool


def encode(extracted: Extracted, *, used_up: bool) -> bytes:
    """An answer's bytes."""
    facts = json.dumps({key: getattr(extracted, key) for key in _KEYS}).encode()
    text = extracted.text.encode("utf-8", "ignore")
    return ANSWER.pack(len(facts), len(text), used_up) + facts + text


def decode(receive: Callable[[int], bytes], most: int) -> Answer:
    """Take an answer in; `receive` gives exactly so many bytes. Raises Garbled."""
    facts_length, text_length, used_up = ANSWER.unpack(receive(ANSWER.size))
    if facts_length > _MOST_FACTS or text_length > 4 * most:
        raise Garbled("too long")
    try:
        facts = json.loads(receive(facts_length))
        text = receive(text_length).decode("utf-8")
        return Answer(_extracted(facts, text), bool(used_up))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Garbled(str(error)) from None


def _extracted(facts: dict[str, Any], text: str) -> Extracted:
    found = Extracted(
        text=text,
        first_page=_words(facts["first_page"]),
        pages=_count(facts["pages"]),
        title=None if facts["title"] is None else _words(facts["title"]),
        readable=facts["readable"] is True,
        signatures=_count(facts["signatures"]) or 0,
        encoding=_words(facts["encoding"]),
        confidence=_count(facts["confidence"]),
        puid=None if facts["puid"] is None else _words(facts["puid"]),
        kind=None if facts["kind"] is None else _words(facts["kind"]),
        marked=facts["marked"] is True,
        findings=tuple((_code(code), _words(note)) for code, note in facts["findings"]),
    )
    _words(text)
    return found


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    value.encode()  # no halves of characters
    return value


def _code(value: object) -> str:
    if value not in CODES:
        raise ValueError("unknown code")
    return str(value)


def _count(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < 1 << 31:
        raise ValueError("count expected")
    return value
