"""Words of a text as the index keeps them, and those of a query: pure functions.

    tokens("沪A12345号")        # 沪 a 12345 号
    tokens("行政处罚")           # 行 行政 政处 处罚 罚
    wanted("处罚")              # 处罚: a phrase of the pairs that stand in it

Scripts without spaces (Han, kana, Hangul) become overlapping pairs, with the first and the last
character of a run before and behind them, so that a query may begin or end anywhere in a run and
may go over into other letters: whatever stands in a text is found by any part of two or more
characters. Of other scripts words are kept, letters and digits apart. A query of one single
character asks for `chars`.

Upper and lower case, full and half width are the same (NFKC, casefold). Blanks between characters
of a run do not part it: documents space their titles out and break lines anywhere.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

_HAN = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096\u3099\u309a"
    "\u309d-\u309f\u30a1-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00016fe0-\U0001b2ff\U00020000-\U0003ffff"
)
BLANK = "\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
"""Of a character class: what may stand within a run."""
_PIECE = re.compile(f"[{_HAN}]+(?:[{BLANK}]+[{_HAN}]+)*|\\d+|[^\\W\\d_{_HAN}]+")
_BLANKS = re.compile(f"[{BLANK}]+")
_IS_HAN = re.compile(f"[{_HAN}]")
_NOT_HAN = re.compile(f"[^{_HAN}]+")
_WORDS = re.compile("[a-z]+|[0-9]+")
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CLASSES = bytes.maketrans(_LETTERS + b"0123456789", b"a" * len(_LETTERS) + b"0" * 10)
LETTER, DIGIT = f"[^\\W\\d_{_HAN}]", r"\d"
"""Expressions for a character of a word, and of a number."""
SINGLE = "c"
"""Before a single character in `chars`: no word is of letters and Han."""


def normal(text: str) -> str:
    """NFKC and casefold."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def spaced(text: str) -> str:
    """The text's tokens between separators, in their order; quick for much ASCII.

    ASCII keeps its punctuation: who splits it at everything but letters and digits has the tokens.
    """
    if text.isascii():
        return _parted(text)
    return " ".join(_tokens(normal(text)))


def tokens(text: str) -> list[str]:
    """The same as a list."""
    found = normal(text)
    return _WORDS.findall(found) if found.isascii() else [*_tokens(found)]


def chars(text: str) -> str:
    """Every character of scripts without spaces once, marked as such."""
    if text.isascii():
        return ""
    found = sorted(set(_NOT_HAN.sub("", normal(text))))
    return " ".join([SINGLE + char for char in found])


def wanted(word: str) -> tuple[str, ...]:
    """The tokens that must follow each other where a word of a query stands; () for no word.

    Of one single character it is the token that `chars` has.
    """
    parts = pieces(word)
    if len(parts) == 1 and len(parts[0]) == 1 and _IS_HAN.match(parts[0]):
        return (SINGLE + parts[0],)
    last = len(parts) - 1
    found: list[str] = []
    for place, piece in enumerate(parts):
        found += _of_piece(piece, lead=place > 0, trail=place < last)
    return tuple(found)


def pieces(word: str) -> list[str]:
    """Runs of characters of one sort in a word, after `normal`, without blanks."""
    return [_BLANKS.sub("", match[0]) for match in _PIECE.finditer(normal(word))]


def is_han(char: str) -> bool:
    """Whether a character is of a script without spaces."""
    return _IS_HAN.match(char) is not None


def _tokens(text: str) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        piece = match[0]
        if not _IS_HAN.match(piece):
            yield piece
        else:
            yield from _of_piece(_BLANKS.sub("", piece), lead=True, trail=True)


def _of_piece(piece: str, *, lead: bool, trail: bool) -> Sequence[str]:
    if len(piece) == 1 or not _IS_HAN.match(piece):
        return (piece,)
    pairs = [*map(str.__add__, piece, piece[1:])]
    return [*((piece[0],) if lead else ()), *pairs, *((piece[-1],) if trail else ())]


def _parted(text: str) -> str:
    """Letters and digits of ASCII apart; half the time of a regular expression."""
    classes = text.encode().translate(_CLASSES)
    marked = classes.replace(b"a0", b"a\xff0").replace(b"0a", b"0\xffa")
    parts, start = [], 0
    for part in marked.split(b"\xff"):
        end = start + len(part)
        parts.append(text[start:end])
        start = end
    return " ".join(parts)
