"""Whatever stands in a text is found by any part of it, in a real database, whatever is typed."""

from contextlib import suppress
from datetime import UTC
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, delete, insert
from sqlmodel import SQLModel

from archive.catalog import RECORD, Query
from archive.desk.finding import find
from archive.desk.reading import Reader
from archive.errors import UsageError
from archive.index import lexemes, places, rank
from archive.index.fields import TEXTS, Document, days_of, facet
from archive.index.query import Asked, Term, read_words, sqlite, text_matches
from archive.index.tokens import chars, is_han, normal, spaced, tokens, wanted
from archive.times import claimed_time

LETTERS = "aZé号罚款运输张三〇龘𠀀カ한Ａ９７0沪"
BETWEEN = " \n\u3000，。〔〕-_.'\"“*():^+&|!/\\　%☃\u200b"
TEXT = st.text(st.sampled_from(LETTERS + BETWEEN), max_size=60)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@cache
def connection() -> Connection:
    """One database for all examples; each takes its record out again."""
    opened = create_engine("sqlite://").connect()
    opened.begin()
    SQLModel.metadata.create_all(opened)
    places.make(opened)
    opened.exec_driver_sql("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, words, row)")
    return opened


def document(body: str, title: str = "") -> Document:
    texts = {**dict.fromkeys(TEXTS, ""), "body": body, "title": title}
    return Document("R", tuple(texts[name] for name in TEXTS), ("z0c0000000000",))


def found(text: str, asked: Asked) -> bool:
    """Whether FTS5 finds a record with this text."""
    database = connection()
    places.put(database, [places.ready(document(text))])
    try:
        expression = sqlite(asked)
        return bool(
            database.exec_driver_sql("SELECT 1 FROM words WHERE words MATCH ?", (expression,)).all()
        )
    finally:
        places.remove(database, "R")


def kind(char: str) -> str:
    """What may not be cut within: a word of letters, or a number."""
    folded = normal(char)
    if not folded.isalnum() or is_han(folded[0]):
        return ""
    return "digit" if folded.isdigit() else "letter"


@given(TEXT, st.data())
@settings(max_examples=250, deadline=None)
def test_any_part_is_found(text: str, data: st.DataObject) -> None:
    """A part that begins and ends anywhere, but not within a word of letters or a number."""
    cuts = [
        at
        for at in range(len(text) + 1)
        if not (0 < at < len(text) and kind(text[at - 1]) and kind(text[at - 1]) == kind(text[at]))
    ]
    start, end = sorted(data.draw(st.tuples(st.sampled_from(cuts), st.sampled_from(cuts))))
    asked = wanted(text[start:end])
    if not asked:
        return
    term = Term(text[start:end], asked)
    assert text_matches(term, text)
    assert found(text, Asked((term,)))
    (pattern,) = rank.patterns([term])
    stretch = rank.snippet(text, [pattern])
    assert stretch is not None
    assert stretch.marks
    assert all(0 <= a < b <= len(stretch.text) for a, b in stretch.marks)


@given(TEXT, st.lists(TEXT, max_size=3))
@settings(max_examples=250, deadline=None)
def test_the_database_finds_what_the_tokens_say(text: str, words: list[str]) -> None:
    terms, _ = read_words(words)
    if not any(not term.negated for term in terms):
        return
    expected = all(text_matches(term, text) != term.negated for term in terms)
    assert found(text, Asked(terms)) == expected


@given(ANY, st.lists(ANY, min_size=1, max_size=3))
@settings(max_examples=250, deadline=None)
def test_nothing_typed_is_an_operator(text: str, words: list[str]) -> None:
    terms, _ = read_words(words)
    asked = Asked(terms, (("z0c0000000000",),))
    found(text, asked)  # raises for a syntax error
    quoted = lexemes.expression(asked).split("'")[1::2]
    assert all(set(part).isdisjoint("'\"\\ :*&|!()<>") for part in quoted)


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_what_was_put_can_be_taken_out_again(text: str) -> None:
    """FTS5 without content forgets only what it is told in the same words."""
    found(text, Asked((Term("a", ("a",)),)))
    assert connection().exec_driver_sql("SELECT term FROM temp.terms").all() == []


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_a_record_is_read_as_it_was_kept(text: str) -> None:
    made = document(text.replace("\x1f", " "))
    assert Document.of_stored("R", made.stored()) == made


@given(st.text(st.characters(max_codepoint=127), max_size=80))
def test_the_quick_way_of_ascii_is_the_same(text: str) -> None:
    assert tokens(spaced(text)) == tokens(text)


@given(ANY)
def test_single_characters_are_of_the_text(text: str) -> None:
    assert all(one[1:] in normal(text) for one in chars(text).split())


@given(st.lists(st.sampled_from(["罚", "款", "a", "7", "，"]), max_size=400), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_a_vector_has_every_token(parts: list[str], often: int) -> None:
    text = "".join(parts) * 10**often
    vector = lexemes.vector(document(text).columns(), 70_000)
    assert "'b/34'" in vector
    assert "'l/1'" in vector
    assert all(f"'{token[:200]}'" in vector for token in tokens(text))
    places_of = [
        int(at) for part in vector.split() for at in part.partition(":")[2].split(",") if at
    ]
    assert all(0 < at < 16_383 for at in places_of)


@given(st.integers(0, 5_000_000))
def test_stretches_hold_every_number_once(newest: int) -> None:
    high = newest
    for lowest, blocks in lexemes.stretches(newest):
        assert 0 <= lowest <= high
        for number in (lowest, high, (lowest + high) // 2):
            mine = (f"'b/{number >> 11}'", f"'l/{number >> 16}'")
            assert sum(block in mine for block in blocks.split(" | ")) == 1
        assert blocks.count("|") < 64
        high = lowest - 1
    assert high == -1


READERS = (
    Reader((), frozenset(), frozenset(), holder=True),
    Reader(("chen",), frozenset(("handler",)), frozenset(("team1",))),
    Reader((), frozenset(("handler",)), frozenset()),
)
EMPTY: dict[str, Any] = {column.name: None if column.nullable else False for column in RECORD.c}
SHORT, NOTE, OFFICERS, ITEMS = 200, 4_000, 32 * 402, 100_000
"""Characters that config/sidecar.schema.json allows: of a field, of a note, of all officers."""
BIT = st.text(st.sampled_from(LETTERS + BETWEEN + "\x1f"), min_size=1, max_size=8)
WORD = BIT | ANY | st.builds(str.__mul__, BIT, st.sampled_from((1, 25, 60)))
MOMENT = st.datetimes(timezones=st.just(UTC))
CAPTURED = MOMENT.filter(lambda moment: claimed_time(moment.isoformat()) is not None)


def filled(most: int) -> st.SearchStrategy[str]:
    """Texts of a field: short ones, and some as long as it takes."""
    return ANY | st.builds(lambda bit, size: (bit * size)[:size], BIT, st.sampled_from((9, most)))


STORED = st.fixed_dictionaries(
    {name: filled(SHORT) for name in TEXTS}
    | {"officers": filled(OFFICERS), "parties": filled(ITEMS), "body": filled(9_000)}
    | {"note": filled(NOTE), "captured_start": CAPTURED}
)
THERE = "锚"
"""Stands in every one of these records, so that many a question finds it."""
WORDS = st.just([THERE]) | st.lists(WORD, max_size=3) | st.lists(BIT, max_size=40)
QUESTION = st.fixed_dictionaries({"words": WORDS}) | st.fixed_dictionaries(
    {"words": WORDS},
    optional=dict.fromkeys(("officer", "unit", "number", "party", "place", "subject"), WORD)
    | dict.fromkeys(("case", "kind", "media", "device", "tag", "condition"), WORD)
    | {"since": MOMENT, "until": MOMENT, "limit": st.integers(1, 100_000)},
)


def kept(stored: dict[str, Any]) -> None:
    """One record with these fields, in the catalog and in the index."""
    texts = tuple((stored | {"body": THERE + stored["body"]})[name] for name in TEXTS)
    moment = stored["captured_start"]
    facets = (*days_of(moment), facet("k", "txt"), facet("o", "s"))
    columns = dict.fromkeys(("name", "folder", "media_type", "log", "source"), "") | {
        "id": "R",
        "idx": 0,
        "size": 0,
        "received_at": moment,
        "captured_start": moment,
    }
    raw = dict.fromkeys(("name_raw", "folder_raw", "sha256"), b"")
    connection().execute(insert(RECORD), [{**EMPTY, **columns, **raw}])
    places.put(connection(), [places.ready(Document("R", texts, facets))])


@given(STORED, QUESTION, st.sampled_from(READERS), st.integers(0, 10**25) | st.none())
@settings(max_examples=250, deadline=None)
def test_no_record_and_no_question_breaks_a_search(
    stored: dict[str, Any], asked: dict[str, Any], reader: Reader, top: int | None
) -> None:
    """There is an answer, or a sentence that says what is wrong with the question."""
    query = Query(**{**asked, "words": tuple(asked["words"])})
    kept(stored)
    try:
        with suppress(UsageError):
            find(connection(), reader, query, top=top, snippets=True)
    finally:
        places.remove(connection(), "R")
        connection().execute(delete(RECORD))
