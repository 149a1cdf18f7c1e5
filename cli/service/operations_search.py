"""Search: records that match, as far as the caller may see them, the best first."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from archive.catalog import Query
from archive.desk.finding import WINDOW, Hit, find, is_listing
from archive.errors import ArchiveError, StateUnknown, UsageError
from archive.index import lookup, places
from archive.index.query import MOST_CHARACTERS, MOST_TERMS, read_words
from archive.source_rows import states
from archive.times import parse_time
from cli.language import say
from cli.service import large
from cli.service.desk import Delivery, Document
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery, operation
from cli.service.operations_catalog import record_line
from cli.wiring import Workbench
from cli.wiring_index import indexing

MOST_HITS = 100_000
MOST_TOP = 2**63 - 1
CATCH_UP_SECONDS = 3.0
"""So long a search first indexes what is sealed and not in the index yet."""
_TEXTS = (
    *("case", "category", "stage", "officer", "unit", "source", "media", "condition", "device"),
    *("kind", "number", "party", "place", "subject", "importance", "tag"),
)
_DAYS = ("since", "until")
_OF_PAGE: dict[str, type] = {"mine": bool, "page": int, "top": int, "snippets": bool}


@delivery("catalog.search")
@contextmanager
def _search(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """A page of records that match; with `snippets` the stretch of text in which the words are."""
    query, page = _query(params)
    mine, number = page.get("mine", False), page.get("page", 1)
    with gate(host, caller) as reader:
        if mine and not reader.people:
            raise UsageError(say("Nobody is bound to your account.", "您的账户未绑定任何人员。"))
        if mine or not is_listing(reader, query):
            catch_up(host.bench)
        with host.bench.database.read() as connection:
            found = find(
                connection,
                reader,
                query,
                mine=mine,
                skip=(number - 1) * query.limit,
                top=page.get("top"),
                snippets=page.get("snippets", False),
            )
            known = states(connection)
    shown = [{**_hit(hit), "source_state": known.get(hit.row.source)} for hit in found.hits]
    yield large.stream(
        {
            "records": shown,
            "more": found.more,
            "count": found.count,
            "exact": found.exact,
            "page": number,
            "ranked": WINDOW,
            "top": found.top,
            "waiting": found.waiting,
        }
    )


def _hit(hit: Hit) -> Document:
    line = record_line(hit.row, whole=hit.whole)
    stretch = hit.snippet
    line["snippet"] = (
        {"text": stretch.text, "marks": [[*mark] for mark in stretch.marks]} if stretch else None
    )
    return line


def _query(params: Params) -> tuple[Query, dict[str, Any]]:
    texts = dict.fromkeys((*_TEXTS, *_DAYS), str)
    check_params(params, {}, {"words": list, "limit": int, **_OF_PAGE, **texts})
    given = {name: value for name, value in params.items() if value is not None}
    page = {name: given.pop(name) for name in _OF_PAGE if name in given}
    given |= {name: parse_time(given[name]) for name in _DAYS if name in given}
    given["words"] = tuple(given.get("words", ()))
    if not all(isinstance(word, str) for word in given["words"]):
        raise UsageError("Words are texts.")
    _check_lengths([*given["words"], *(one for one in given.values() if isinstance(one, str))])
    _check_words(given["words"])
    _check_period(given.get("since"), given.get("until"))
    query = Query(**given)
    if not 1 <= query.limit <= MOST_HITS or not 1 <= page.get("page", 1) <= MOST_HITS:
        raise UsageError(f"A search shows 1 to {MOST_HITS} records.")
    if not 0 <= page.get("top", 0) <= MOST_TOP:
        raise UsageError(
            say(
                "The top of a search is the number that its first page gave.",
                "top 应为首页检索结果给出的数字。",
            )
        )
    return query, page


def _check_period(since: datetime | None, until: datetime | None) -> None:
    """Raises UsageError for one that ends before it begins."""
    if since is not None and until is not None and since >= until:
        raise UsageError(
            say("The search ends before the day it begins.", "检索的截止日期早于起始日期。")
        )


def _check_lengths(texts: Sequence[str]) -> None:
    """Raises UsageError for what nobody would look for."""
    if any(len(text) > MOST_CHARACTERS for text in texts):
        raise UsageError(
            say(
                f"A search takes words of {MOST_CHARACTERS} characters at most.",
                f"检索词最多 {MOST_CHARACTERS} 字。",
            )
        )


def _check_words(words: tuple[str, ...]) -> None:
    """Raises UsageError for words in which there is nothing to look for, and for too many."""
    if len(words) > MOST_TERMS:
        raise UsageError(
            say(f"A search takes at most {MOST_TERMS} words.", f"检索词最多 {MOST_TERMS} 个。")
        )
    terms = [(word, *read_words((word,))) for word in words]
    for word, found, empty in terms:
        if empty or not found:
            raise UsageError(
                say(
                    f"There is nothing to look for in {word[:40]!r}.",
                    f"检索词“{word[:40]}”中没有可供检索的文字。",
                )
            )
    if terms and all(one.negated for _, found, _ in terms for one in found):
        raise UsageError(
            say(
                "Give at least one word that must stand there.",
                "请至少给出一个必须出现的检索词。",
            )
        )


@operation("index.again")
def _again(host: Host, caller: Caller, params: Params) -> Document:
    """Try again what could not be read, or begin the index anew; for archivists."""
    check_params(params, {"rebuild": bool})
    with gate(host, caller) as reader:
        reader.check_role("archivist")
    with host.bench.database.write() as connection:
        if params["rebuild"]:
            places.clear(connection)
        places.try_again(connection)
        return {**lookup.state_of(connection).document(), "works": host.bench.settings.index}


def catch_up(bench: Workbench, seconds: float = CATCH_UP_SECONDS) -> None:
    """Index what waits, for some seconds at most; what cannot be done now is left for later."""
    if not bench.settings.index:
        return
    with bench.database.read() as connection:
        if not lookup.waiting(connection):
            return
    end = time.monotonic() + seconds

    def go_on() -> bool:
        return time.monotonic() < end

    try:
        with indexing(bench) as indexer:
            while indexer is not None and indexer.step(go_on):
                pass
    except StateUnknown:
        raise
    except (ArchiveError, OSError):
        return  # the search says how many are not in the index
