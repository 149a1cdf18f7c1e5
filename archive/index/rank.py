"""Which hit is better, and the stretch of text that shows why. Pure.

The better hit has the words in its title or number, then in its name and the names of people, then
more often in a short text than in a long one (the saturation of BM25). How rare a word is does not
count: every hit has all words. Databases count that over all records, which takes seconds for a
frequent word; this looks at the few hits that are ranked.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archive.index.fields import TEXTS, Document
from archive.index.query import Term
from archive.index.tokens import BLANK, DIGIT, LETTER, is_han, normal, pieces

_WEIGHTS = {
    **dict.fromkeys(("title", "number"), 6.0),
    **dict.fromkeys(("name", "case_no"), 4.0),
    **dict.fromkeys(("officers", "unit", "parties", "subject", "place"), 3.0),
    "note": 2.0,
}
_WHOLE_TITLE = 3.0
_SATURATION, _USUAL_LENGTH = 1.2, 600
_BODY = 2.0
_AROUND = 36
SNIPPET = 120
"""Characters of a snippet."""
_BETWEEN = r"[\W_]*"
_FIELDS = [(TEXTS.index(name), weight) for name, weight in _WEIGHTS.items()]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of a text; `marks` are the places [from, to) of what was asked for."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


def patterns(terms: Iterable[Term], *, begin: bool = False) -> list[re.Pattern[str]]:
    """Expressions that find terms in a text after `normal`."""
    return [re.compile(_pattern(term, begin=begin)) for term in terms if not term.negated]


def _pattern(term: Term, *, begin: bool) -> str:
    found = pieces(term.text)
    parts = [f"[{BLANK}]*".join(map(re.escape, piece)) for piece in found]
    if not is_han(found[0][0]):
        parts[0] = rf"(?<!{_kind(found[0])})" + parts[0]
    if not is_han(found[-1][0]):
        parts[-1] += f"{_kind(found[-1])}*" if begin else f"(?!{_kind(found[-1])})"
    return _BETWEEN.join(parts)


def _kind(piece: str) -> str:
    return DIGIT if piece[0].isdigit() else LETTER


def score(document: Document, wished: Sequence[re.Pattern[str]]) -> float:
    """How good a hit is; of the body only what the document has of it counts."""
    fields = [(normal(text), weight) for at, weight in _FIELDS if (text := document.texts[at])]
    title, body = document.texts[0], normal(document.texts[-1])
    total = 0.0
    length = 0.25 + 0.75 * len(body) / _USUAL_LENGTH
    for pattern in wished:
        total += sum(weight for text, weight in fields if pattern.search(text))
        if title and pattern.fullmatch(normal(title)):
            total += _WHOLE_TITLE
        often = len(pattern.findall(body))
        total += _BODY * often / (often + _SATURATION * length) if often else 0.0
    return total


def snippet(text: str, wished: Sequence[re.Pattern[str]]) -> Snippet | None:
    """The first stretch in which a word stands, with all words of it marked; None: none does."""
    shown, found, back = _folded(text)
    first = min((match.start() for p in wished if (match := p.search(found))), default=None)
    if first is None:
        return None
    start = max(0, first - _AROUND)
    end = min(len(found), start + SNIPPET)
    marks = {
        (match.start(), match.end())
        for pattern in wished
        for match in pattern.finditer(found, start, end)
        if match.end() > match.start()
    }
    at = back(start)
    flat = re.sub(r"\s", " ", shown[at : back(end)]).rstrip()
    before, after = "…" if at else "", "…" if back(end) < len(shown) else ""
    moved = tuple(
        (back(a) - at + len(before), back(b) - at + len(before)) for a, b in _joined(marks)
    )
    return Snippet(before + flat + after, moved)


def beginning(text: str) -> Snippet:
    """The beginning of a text, nothing marked."""
    flat = " ".join(text[: 4 * SNIPPET].split())
    return Snippet(flat[:SNIPPET] + ("…" if len(flat) > SNIPPET else ""))


def _joined(marks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Marks in order, those that touch made one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _folded(text: str) -> "tuple[str, str, Back]":
    """The text, as `normal` has it, and how places there become places here."""
    whole = normal(text)
    same = text.isascii() or (len(whole) == len(text) and unicodedata.is_normalized("NFKC", text))
    if same:
        return text, whole, Back()
    parts = [normal(char) for char in text]
    places = [at for at, part in enumerate(parts) for _ in part]
    return text, "".join(parts), Back((*places, len(text)))


class Back:
    """Places in a folded text as places in the text itself."""

    def __init__(self, places: Sequence[int] | None = None) -> None:
        self._places = places

    def __call__(self, place: int) -> int:
        """One place."""
        return place if self._places is None else self._places[place]
