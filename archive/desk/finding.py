"""Search through the index, for one reader: what matches, the best first, with the stretch of text.

    found = find(connection, reader, Query(words=("超限运输",), unit="一大队"))

Hits are taken from the newest on, `WINDOW` at a time, and ranked within these, so that a word that
stands in every record costs no more than one that stands in few. Whether the reader may see a
record is decided for each by `archive.desk.reading`; what he may not see is neither shown nor
counted nor ranked. Facets of his units and cases only spare looking at what is not his.

Records that are not in the index yet are found by what the catalog says of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from archive import catalog
from archive.catalog import RECORD, Query
from archive.desk.judging import Judge, asks_bare
from archive.desk.reading import Reader
from archive.errors import UsageError
from archive.index import lookup, places, rank
from archive.index.fields import Document, facet, group, period, texts_of
from archive.index.query import MOST_CHARACTERS, Asked, Term, field_term, read_words, text_matches
from archive.rows import batched
from archive.tables import RecordRow

WINDOW = 500
"""Hits that are ranked against each other: the newest, then the next ones."""
MOST_COUNTED, MOST_READ = 10_000, 2_000
"""Hits that are counted, and that are where each must be read for it."""
_MOST_WINDOWS = 40
"""Of one search by a reader who does not see everything."""
_JUDGED = 50
"""Hits that are judged at a time to see whether there is one at all."""
_LOOKED_AT = 6_000
"""Bytes of what is kept of a record that ranking looks at, fields and all; more for long fields."""
_ID = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_SHORTEST_ID = 6


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that matches, whether it is shown as a whole, and why it matches."""

    row: RecordRow
    whole: bool
    snippet: rank.Snippet | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits. `count` is of those that the reader may see, at least so many (`exact`: no
    more). `waiting` records are not in the index yet; they are found by their lines alone.

    `top` is the number of the newest indexed record: given again, later pages stay what they were.
    """

    hits: tuple[Hit, ...]
    more: bool
    count: int
    exact: bool
    waiting: int
    top: int


class _Line(NamedTuple):
    """A candidate: `data` is what the index keeps of it, `document` what the catalog says."""

    id: str
    whole: bool
    data: bytes | None = None
    document: Document | None = None


def find(
    connection: Connection,
    reader: Reader,
    query: Query,
    *,
    mine: bool = False,
    skip: int = 0,
    top: int | None = None,
    snippets: bool = False,
) -> Found:
    """Records that match for this reader; raises Denied NO_CONTENT.

    `mine`: only of cases that he handles. `skip` hits come before this page.
    """
    reader.check_records()
    search = _Search(connection, reader, _storable(query), mine=mine, top=top)
    page = search.page(skip)
    shown = page[: query.limit]
    rows = _rows(connection, [line.id for line in shown])
    made = search.snippets(shown) if snippets else {}
    hits = tuple(
        Hit(rows[line.id], line.whole, made.get(line.id)) for line in shown if line.id in rows
    )
    count, exact = search.count(skip + len(page) if page else 0)
    more = len(page) > query.limit or search.cut
    if search.listed:
        return Found(hits, more, count, exact, 0, 0)
    return Found(hits, more, count, exact, lookup.waiting(connection), search.top)


class _Search:
    """One search: its question to the index, and what of it was looked at."""

    def __init__(
        self,
        connection: Connection,
        reader: Reader,
        query: Query,
        *,
        mine: bool,
        top: int | None,
    ) -> None:
        terms, empty = read_words(query.words)
        if terms and all(term.negated for term in terms):
            raise UsageError("Give at least one word that must stand there.")
        self._connection = connection
        self._reader = reader
        self._query = query
        self._judge = Judge(connection, reader, query, mine=mine)
        self._terms = terms
        self.listed = not mine and is_listing(reader, query)
        self._asked = Asked((*terms, *_fields(query)), self._facets(mine=mine), empty)
        self._begin = False
        self._ended = False
        self.cut = False
        """Whether there may be more than was looked at."""
        newest = lookup.newest(connection)
        self.top = newest if top is None else max(0, min(top, newest))

    def _facets(self, *, mine: bool) -> tuple[tuple[str, ...], ...]:
        query = self._query
        found = [
            group(letter, [value])
            for letter, value in (
                *(("c", query.case), ("g", query.category), ("s", query.stage)),
                *(("o", query.source), ("k", query.kind), ("x", query.condition)),
                *(("i", query.importance), ("t", query.tag)),
                ("d", query.device.casefold() if query.device else None),
                ("m", _media(query.media)),
            )
            if value is not None
        ]
        if query.since is not None or query.until is not None:
            found.append(period(query.since, query.until))
        if mine or not self._reader.sees_everything:
            found.append(self._judge.facets())
        return tuple(found)

    # ── pages ──

    def page(self, skip: int) -> list[_Line]:
        """The hits after `skip`, one more than the limit where there are more."""
        wanted = self._query.limit + 1
        found: list[_Line] = []
        passed = 0
        for block in self._listing(skip) if self.listed else self._blocks(skip):
            if isinstance(block, int):
                passed += block
                continue
            found += block[max(0, skip - passed) :]
            passed += len(block)
            if len(found) >= wanted:
                return found[:wanted]
        self._ended = not self.cut
        return found

    def _blocks(self, skip: int) -> Iterator[list[_Line] | int]:
        """Ranked hits block by block; a number stands for so many that nobody needs to look at."""
        fresh = self._fresh(skip + self._query.limit + 1)
        part = self._first()
        seen = {line.id for line in fresh}
        if fresh or len(part) < WINDOW or skip < WINDOW or not self._simple:
            yield self._ranked([*fresh, *self._lines(part, seen)])
        else:
            yield WINDOW
        at, windows = len(part), 1
        while len(part) == WINDOW:
            if self._simple and len(fresh) + at + WINDOW <= skip:
                yield WINDOW
                at += WINDOW
                continue
            if windows >= _MOST_WINDOWS and not self._reader.sees_everything:
                self.cut = True
                return
            part = self._numbers(at)
            yield self._ranked(self._lines(part, seen))
            at, windows = at + len(part), windows + 1

    def _first(self) -> list[int]:
        """The newest hits; where he may find none, those with words that begin like the last ones.

        What he may not find decides nothing: an empty answer would tell him that it is there.
        """
        found = self._numbers(0)
        if any(term.may_begin for term in self._asked.positive) and not self._finds_any(found):
            self._begin = True
            found = self._numbers(0)
        return found

    def _finds_any(self, part: list[int]) -> bool:
        """Whether the reader may find a hit that has the words as they were given."""
        if self._simple:
            return bool(part)
        for window in range(1, _MOST_WINDOWS + 1):
            if any(self._lines(some, set()) for some in batched(part, _JUDGED)):
                return True
            if len(part) < WINDOW:
                return False
            part = self._numbers(window * WINDOW)
        return False

    @property
    def _simple(self) -> bool:
        """Whether every number of the index is a hit."""
        dated = self._query.since is not None or self._query.until is not None
        return self._reader.sees_everything and not dated

    def _numbers(self, skip: int) -> list[int]:
        asked, top = self._asked, self.top
        return lookup.numbers(
            self._connection, asked, most=WINDOW, top=top, skip=skip, begin=self._begin
        )

    def _lines(self, numbers: Sequence[int], seen: set[str]) -> list[_Line]:
        """Those of some numbers that the reader may find."""
        query = self._query
        rows = [row for row in lookup.lines(self._connection, numbers) if row.id not in seen]
        kept = []
        for row in rows:
            moment = row.captured_start or row.received_at
            after = query.since is None or moment >= query.since
            if after and (query.until is None or moment < query.until):
                kept.append(row)
        judged = self._judge.judged(kept)
        return [_Line(row.id, whole=True, data=row.data) for row, whole in judged if whole]

    def _fresh(self, need: int) -> list[_Line]:
        """What is not in the index, or named by its id: at least `need`, if there are so many."""
        words = tuple(term.text for term in self._terms if not term.negated)
        query = replace(self._query, words=words if self._terms else self._query.words)
        wished = [*lookup.behind(self._connection)]
        if words and all(map(_is_id, words)):
            wished.append(RECORD.c.id.startswith(words[0].upper(), autoescape=True))
        found: dict[str, _Line] = {}
        for only in wished:
            portion = replace(query, limit=WINDOW)
            while rows := catalog.search(self._connection, portion, only=only):
                found |= {line.id: line for line in self._said(rows)}
                portion = replace(portion, before=rows[-1].id)
                if len(rows) < WINDOW:
                    break
                if len(found) >= need:
                    self.cut = True
                    break
        return [*found.values()]

    def _said(self, rows: Sequence[RecordRow]) -> Iterator[_Line]:
        """Hits among lines of the catalog."""
        negated = [term for term in self._terms if term.negated]
        for row, whole in self._judge.judged(rows):
            document = Document(row.id, texts_of(vars(row), "", row.preview or ""), ())
            hidden = any(text_matches(term, "\n".join(document.texts)) for term in negated)
            if self._judge.finds(row, whole=whole) and not hidden:
                yield _Line(row.id, whole, document=document)

    def _listing(self, skip: int) -> Iterator[list[_Line] | int]:
        """The catalog from the newest on; nothing is ranked."""
        at, most = skip, min(WINDOW, self._query.limit + 1)
        query = replace(self._query, limit=most)
        yield at
        while rows := catalog.search(self._connection, query, skip=at):
            yield [*self._said(rows)]
            at += len(rows)
            if len(rows) < most:
                return

    # ── order, stretches of text, number ──

    def _ranked(self, lines: list[_Line]) -> list[_Line]:
        """The best first; what is equal, and all where nothing is asked by words, newest first."""
        wished = rank.patterns(self._terms, begin=self._begin)
        if not wished:
            return sorted(lines, key=lambda line: line.id, reverse=True)
        scores = {
            line.id: rank.score(document, wished) if (document := _document(line)) else 0.0
            for line in lines
        }
        return sorted(lines, key=lambda line: (scores[line.id], line.id), reverse=True)

    def snippets(self, lines: Sequence[_Line]) -> dict[str, rank.Snippet]:
        """Why each hit matches; nothing of those that are not shown as a whole."""
        kept: dict[str, bytes] = {}
        for some in batched([line.id for line in lines if line.whole]):
            kept |= lookup.data_of(self._connection, some)
        wished = rank.patterns(self._terms, begin=self._begin)
        found = {}
        for line in lines:
            data = kept.get(line.id)
            document = places.read(line.id, data) if data is not None else line.document
            if line.whole and document and (made := _stretch(document, wished)):
                found[line.id] = made
        return found

    def count(self, seen: int) -> tuple[int, bool]:
        """How many hits there are for the reader, and whether there are no more."""
        if (self._ended and seen) or not self._simple or self.listed:
            return seen, self._ended
        most = MOST_COUNTED
        if lookup.reads_to_count(self._connection, self._asked):
            most = min(most, MOST_READ)
        found = lookup.count(self._connection, self._asked, most, top=self.top, begin=self._begin)
        return max(found, seen), found < most


def _storable(query: Query) -> Query:
    """Without what no database takes: NUL, and bytes that are no text; raises UsageError for what
    is too long.
    """

    def cleaned(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(cleaned, value))
        if not isinstance(value, str):
            return value
        if len(value) > MOST_CHARACTERS:
            raise UsageError(f"A search takes words of {MOST_CHARACTERS} characters at most.")
        return value.encode("utf-8", "replace").decode().replace("\0", " ")

    return replace(query, **{one.name: cleaned(getattr(query, one.name)) for one in fields(query)})


def is_listing(reader: Reader, query: Query) -> bool:
    """Whether the catalog alone answers: nothing is asked that it would take long to find.

    Who does not see everything is told by it that there are records of others.
    """
    timed = query.since is not None or query.until is not None
    simple = query.source is None and query.media is None and not timed
    return not query.words and asks_bare(query) and (simple or not reader.sees_everything)


def _document(line: _Line) -> Document | None:
    """As much of it as ranking looks at."""
    return line.document if line.data is None else places.read(line.id, line.data, _LOOKED_AT)


def _fields(query: Query) -> list[Term]:
    """What must stand in one field."""
    wished = {
        "officers": query.officer,
        "unit": query.unit,
        "number": query.number,
        "parties": query.party,
        "place": query.place,
        "subject": query.subject,
    }
    return [
        field_term(name, text) or Term(text, (facet("-", text),))
        for name, text in wished.items()
        if text is not None
    ]


def _media(media: str | None) -> str | None:
    """`video`, `video/` or a whole media type."""
    return None if media is None else media if "/" in media else f"{media}/"


def _stretch(document: Document, wished: Sequence[Any]) -> rank.Snippet | None:
    body = document.texts[-1]
    found = rank.snippet(body, wished) if wished else None
    return found or (rank.beginning(body) if body else None)


def _is_id(word: str) -> bool:
    return len(word) >= _SHORTEST_ID and _ID.issuperset(word.upper())


def _rows(connection: Connection, records: Sequence[str]) -> dict[str, RecordRow]:
    found: dict[str, RecordRow] = {}
    for some in batched(records):
        query = select(RECORD).where(RECORD.c.id.in_(some))
        found.update((row["id"], RecordRow(**row)) for row in connection.execute(query).mappings())
    return found


def find_for(
    connection: Connection, reader: Reader, query: Query, *, mine: bool = False
) -> list[tuple[RecordRow, bool]]:
    """Records that match for this reader, and whether each is shown as a whole."""
    found = find(connection, reader, query, mine=mine)
    return [(hit.row, hit.whole) for hit in found.hits]
