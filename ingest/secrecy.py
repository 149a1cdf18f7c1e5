"""Finds the mark of a state secret in a sidecar, also in one that is otherwise broken.

The marks of 保守国家秘密法 are 绝密, 机密, 秘密, alone or as 机密★10年, in traditional characters
too. Work secrets (工作秘密) and trade secrets (商业秘密) are other things. In doubt the answer is
that it is marked: a refused drop stays with its owner, a kept secret cannot be taken back out.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from itertools import chain

from ingest.mark_words import HEADS, STRAY, end_of, may_hold, plain

_MARK = re.compile(r"绝密|机密|(?<!工作)(?<!商业)秘密|top[-_]?secret|secret|confidential")
_STAR = re.compile(r"(?:绝密|机密|秘密|secret|confidential)[★☆*]")
_IN_ALL = re.compile(r"(?<![不非未否])涉密(?!否)")
"""Says in a field of classification that it is a secret, not which."""
_FIELD = re.compile(
    r"(?:(?:classification|sensitivity|secrecy)(?:[-_]?(?:level|class|mark|marking))?|classified|"
    r"security[-_]?(?:level|class)|密[级别](?:标志|名称|代码)?|定密|涉密(?:等级|级别)?|保密(?:级别|等级)|"
    r"秘密等级|(?<=[\"'])(?:level|级别))"
    r"[\"']?[:=][\[{\"']*(?:[^\"',:}\]]{1,20}[\"'][:=][\[{\"']*)?([^\"',}\]]{0,40})"
)
"""A field with its value, which may be the first within an object."""
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_OVERLAP = 256
"""Characters of the longest field with its value, and more."""
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def is_marked(value: str) -> bool:
    """Whether the value of a classification field names a secret."""
    return _says_secret(plain(STRAY.sub("", value)))


def is_marked_text(text: str) -> bool:
    """Whether a text that cannot be read as a sidecar carries the mark.

    It does if a field of classification names it, or if the mark stands anywhere with its star.
    """
    return _names_a_secret(plain(STRAY.sub("", _ESCAPE.sub(_unescape, text))))


def is_marked_stream(pieces: Iterable[bytes]) -> bool:
    """`is_marked_text` for a file that is too large for memory, in every reading."""
    scans = [_Scan(encoding) for encoding in _ENCODINGS]
    return any(scan.feed(piece) for piece in chain(pieces, (b"",)) for scan in scans)


class _Scan:
    """One reading of a stream; keeps what may be the first half of a mark."""

    def __init__(self, encoding: str) -> None:
        self._decoder = getincrementaldecoder(encoding)(errors="replace")
        self._half = ""
        self._tail = ""

    def feed(self, piece: bytes) -> bool:
        text = self._half + self._decoder.decode(piece, final=not piece)
        # An escape may be cut in two by the end of a piece.
        end = text.rfind("\\", max(0, len(text) - 5)) if piece else -1
        self._half = text[end:] if end >= 0 else ""
        whole = text[:end] if end >= 0 else text
        whole = _ESCAPE.sub(_unescape, whole) if "\\u" in whole else whole
        tail = self._tail
        if not (may_hold(whole) or tail.endswith(HEADS) or _MARK.search(tail)):
            self._tail = end_of(tail, whole, _OVERLAP)
            return False
        seen = tail + plain(whole)
        self._tail = seen[-_OVERLAP:]
        return _names_a_secret(seen)


def _names_a_secret(seen: str) -> bool:
    if _STAR.search(seen):
        return True
    return any(_says_secret(match[1]) for match in _FIELD.finditer(seen))


def _says_secret(value: str) -> bool:
    return bool(_MARK.search(value) or _IN_ALL.search(value))


def readings(data: bytes) -> Iterator[str]:
    """Every text these bytes may be, damage replaced."""
    for encoding in _ENCODINGS:
        yield data.decode(encoding, errors="replace")


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))
