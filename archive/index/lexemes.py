"""A record's tokens as a tsvector of PostgreSQL, and a query as one of its expressions. Pure.

PostgreSQL keeps places up to 16,383 and at most 255 of a lexeme. A text with more bears a lexeme
that says so, and a phrase is found in it where all its tokens are.

A GIN index gives all records with a word, or none. So that the newest are found without the others,
every record bears the numbers of its block of 2,048 and of 65,536 too, and is asked for by them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archive.index.fields import COLUMNS, SEARCHED
from archive.index.query import Asked, Term

_WORD = re.compile("[a-z0-9]+")
_LONG = "z0long"
_MOST_PLACES, _LAST_PLACE = 250, 16_000
_MOST_CHARACTERS = 200
_MOST_BYTES = 900_000
"""Of all lexemes; PostgreSQL takes a MiB."""
_BLOCK, _LARGE_BLOCK = "b/", "l/"
"""Before a block's number; no field has such a name."""
_BITS, _LARGE_BITS = 11, 16
_BLOCKS_OF_LARGE = 1 << (_LARGE_BITS - _BITS)
_WIDEST = 16
"""Blocks that are asked for at once, before large ones are."""
_GAP = 3
"""Places between two columns: no phrase reaches over it."""


def vector(columns: Sequence[str], number: int) -> str:
    """The text of a tsvector: of the tokens of COLUMNS, those of some again under its name; and
    the blocks of the record, of which this is the number.
    """
    blocks = (f"{_BLOCK}{number >> _BITS}", f"{_LARGE_BLOCK}{number >> _LARGE_BITS}")
    places: dict[str, list[int]] = {block: [] for block in blocks}
    at, size, cut = 1, 0, False
    for token, step in _each(columns):
        at += step
        there = places.get(token)
        if there is None:
            size += 4 * len(token) + 8
            if size > _MOST_BYTES:
                cut = True
                continue
            there = places[token] = []
        if at > _LAST_PLACE or len(there) >= _MOST_PLACES:
            cut = True
        else:
            there.append(at)
    if cut:
        places[_LONG] = []
    return " ".join(_shown(token, there) for token, there in places.items())


def _shown(token: str, places: Sequence[int]) -> str:
    return f"'{token}':{','.join(map(str, places))}" if places else f"'{token}'"


def _each(columns: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Tokens, and how far each stands from the one before."""
    ordered = sorted(zip(COLUMNS, columns, strict=True), key=lambda pair: pair[0] == "body")
    for name, text in ordered:
        parts = _WORD.findall(text.lower()) if text.isascii() else text.split()
        found = [token[:_MOST_CHARACTERS] for token in parts]
        for field in ("", name) if name in SEARCHED else ("",):
            step = _GAP
            for token in found:
                yield lexeme(token, field), step
                step = 1


def lexeme(token: str, field: str | None = None) -> str:
    """A token as it stands in the index; those of one field are apart from all others."""
    short = token[:_MOST_CHARACTERS]
    return f"{field}/{short}" if field else short


def expression(asked: Asked, *, begin: bool = False) -> str:
    """A tsquery; `begin`: last words may be the beginning of longer ones."""
    some = [_phrase(term, begin=begin) for term in asked.positive]
    some += ["(" + " | ".join(f"'{one}'" for one in group) + ")" for group in asked.facets]
    some += [f"!({_phrase(term, begin=False)})" for term in asked.terms if term.negated]
    return " & ".join(some)


class Stretch(NamedTuple):
    """Records next to each other: from which number on, and an expression for their blocks."""

    lowest: int
    blocks: str


def stretches(newest: int) -> Iterator[Stretch]:
    """All records from the newest on, in ever longer stretches."""
    high, width = newest >> _BITS, 1
    while high >= 0 and width <= _WIDEST:
        low = max(0, high - width + 1)
        if width == _WIDEST:
            low -= low % _BLOCKS_OF_LARGE
        yield _stretch(_BLOCK, low, high, _BITS)
        high, width = low - 1, 2 * width
    high, width = high // _BLOCKS_OF_LARGE, 1
    while high >= 0:
        low = max(0, high - width + 1)
        yield _stretch(_LARGE_BLOCK, low, high, _LARGE_BITS)
        high, width = low - 1, 2 * width


def _stretch(name: str, low: int, high: int, bits: int) -> Stretch:
    return Stretch(low << bits, " | ".join(f"'{name}{at}'" for at in range(low, high + 1)))


def _phrase(term: Term, *, begin: bool) -> str:
    quoted = [f"'{lexeme(token, term.field)}'" for token in term.tokens]
    if begin and term.may_begin:
        quoted[-1] += ":*"
    if len(quoted) == 1:
        return quoted[0]
    return f"(({' <-> '.join(quoted)}) | ('{_LONG}' & {' & '.join(quoted)}))"
