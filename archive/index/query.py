"""What a query's words ask of the index: terms, and their expression in FTS5. Pure.

    terms = read_words(("超限运输", "-预告"))
    sqlite(terms)               # "超限 限运 运输" NOT "预告"

Every word must stand in the record; what is given as one argument with blanks, or in quotation
marks, is a phrase; a word after `-` must not stand there. Expressions are made of tokens alone, so
nothing that is typed can be read as an operator.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archive.errors import UsageError
from archive.index.tokens import SINGLE, chars, is_han, tokens, wanted

_QUOTES = "\"'“”‘’「」『』«»＂"
_PREFIX_LETTERS, _PREFIX_DIGITS = 3, 4
"""From so many on a word may be the beginning of one: fewer begin too many."""
MOST_TERMS = 32
MOST_CHARACTERS = 200
"""Of a word, a phrase, or what is asked of a field."""


@dataclass(frozen=True, slots=True)
class Term:
    """Tokens that follow each other; `field` limits them to one column."""

    text: str
    tokens: tuple[str, ...]
    negated: bool = False
    field: str | None = None

    @property
    def may_begin(self) -> bool:
        """Whether the last token may be the beginning of a longer one."""
        last = self.tokens[-1]
        if is_han(last[0]) or (last[0] == SINGLE and is_han(last[-1])):
            return False
        return len(last) >= (_PREFIX_DIGITS if last.isdigit() else _PREFIX_LETTERS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What must match: all terms, and of every group of facets one.

    `empty`: a word has nothing in it that could be found.
    """

    terms: tuple[Term, ...]
    facets: tuple[tuple[str, ...], ...] = ()
    empty: bool = False

    @property
    def positive(self) -> tuple[Term, ...]:
        """Terms that must stand there."""
        return tuple(term for term in self.terms if not term.negated)

    @property
    def may_match(self) -> bool:
        """Whether there is anything to look for, and nothing that no record can have."""
        return not self.empty and all(self.facets) and bool(self.positive or self.facets)


def read_words(words: Iterable[str]) -> tuple[tuple[Term, ...], bool]:
    """Terms of words, and whether one of them is empty; raises UsageError for too many."""
    found: list[Term] = []
    empty = False
    for given in words:
        word = given.strip()
        negated = len(word) > 1 and word[0] in "-－"
        text = (word[1:] if negated else word).strip(_QUOTES + " ")
        if not text:
            continue
        if part := wanted(text):
            found.append(Term(text, part, negated))
        else:
            empty = empty or not negated
    if len(found) > MOST_TERMS:
        raise UsageError(f"A search takes at most {MOST_TERMS} words.")
    return tuple(found), empty


def field_term(field: str, text: str) -> Term | None:
    """A word that must stand in one field; None where there is nothing in it."""
    part = wanted(text.strip(_QUOTES + " "))
    return Term(text, part, field=field) if part else None


def sqlite(asked: Asked, *, begin: bool = False) -> str:
    """An expression of FTS5; `begin`: last words may be the beginning of longer ones."""
    some = [_phrase(term, begin=begin) for term in asked.positive]
    some += ["(" + " OR ".join(f'"{one}"' for one in group) + ")" for group in asked.facets]
    expression = " AND ".join(some)
    for term in asked.terms:
        if term.negated:
            expression = f"({expression}) NOT {_phrase(term, begin=False)}"
    return expression


def _phrase(term: Term, *, begin: bool) -> str:
    phrase = '"' + " ".join(term.tokens) + '"'
    if begin and term.may_begin:
        phrase += " *"
    return f"{term.field} : {phrase}" if term.field else phrase


def stands_in(term: Term, found: Sequence[str], *, begin: bool = False) -> bool:
    """Whether a term stands among the tokens of a text, as databases judge it."""
    size = len(term.tokens)
    return any(
        tuple(found[at : at + size]) == term.tokens
        or (begin and term.may_begin and _begins(found[at : at + size], term.tokens))
        for at in range(len(found) - size + 1)
    )


def _begins(found: Sequence[str], wished: Sequence[str]) -> bool:
    return [*found[:-1]] == [*wished[:-1]] and found[-1].startswith(wished[-1])


def text_matches(term: Term, text: str) -> bool:
    """Whether a term stands in a text."""
    if len(term.tokens) == 1 and term.tokens[0] in chars(text).split():
        return True
    return stands_in(term, tokens(text))
