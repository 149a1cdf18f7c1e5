"""`cunzheng search WORDS…`: find records in the catalog; needs no passphrase."""

import re
from collections.abc import Iterable
from typing import Any

import typer

from archive import vocabulary
from archive.errors import UsageError
from archive.kinds import SHORT_KINDS
from archive.times import format_time
from cli import search_options as options
from cli.dates import day_end, day_start
from cli.finding_view import show_found
from cli.invocation import Invocation
from cli.labels import code_of
from cli.language import say
from cli.output import print_json
from cli.service import large, open_desk


def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    words: options.Words = None,
    case: options.Case = None,
    category: options.Category = None,
    stage: options.Stage = None,
    officer: options.Officer = None,
    unit: options.Unit = None,
    source: options.Source = None,
    kind: options.Kind = None,
    media: options.Media = None,
    number: options.Number = None,
    party: options.Party = None,
    place: options.Place = None,
    subject: options.Subject = None,
    importance: options.Importance = None,
    tag: options.Tag = None,
    condition: options.Condition = None,
    device: options.Device = None,
    since: options.Since = None,
    until: options.Until = None,
    mine: options.Mine = False,
    limit: options.Limit = 100,
    page: options.Page = 1,
    top: options.Top = None,
    snippets: options.Snippets = None,
) -> None:
    """Find records. Example: cunzheng search 超限运输 --from 2026-11-01 --kind pdf."""
    invocation = Invocation.of(context)
    params: dict[str, Any] = {
        "words": words or [],
        "case": case,
        "category": _code("category", category),
        "stage": _code("stage", stage),
        "officer": officer,
        "unit": unit,
        "source": source,
        "kind": _known(kind),
        "media": media,
        "number": number,
        "party": party,
        "place": place,
        "subject": subject,
        "importance": _code("importance", importance),
        "tag": _code("tag", tag),
        "condition": _code("condition", condition),
        "device": device,
        "since": format_time(day_start(since)) if since else None,
        "until": format_time(day_end(until)) if until else None,
        "mine": mine,
        "limit": limit,
        "page": page,
        "top": top,
        "snippets": bool(words) if snippets is None else snippets,
    }
    _check_texts([*params["words"], *params.values()])
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "catalog.search", params)
    if invocation.json:
        print_json(found)
        return
    show_found(found, limit)


def _check_texts(values: Iterable[Any]) -> None:
    """Raises UsageError for bytes that a shell gave and that are no text."""
    if any(_NO_TEXT.search(value) for value in values if isinstance(value, str)):
        raise UsageError(say("What was given is no text in UTF-8.", "输入的内容不是 UTF-8 文字。"))


_NO_TEXT = re.compile("[\ud800-\udfff]")
_CODED = {
    "category": (vocabulary.CATEGORIES, "category", "执法类别"),
    "stage": (vocabulary.STAGES, "stage", "环节"),
    "importance": (vocabulary.IMPORTANCE, "importance", "重要程度"),
    "tag": (vocabulary.SENSITIVITIES, "tag", "敏感标记"),
    "condition": (vocabulary.CONDITIONS, "condition", "状况"),
}
"""Options whose values are codes; Chinese words are taken too."""


def _code(option: str, word: str | None) -> str | None:
    labels, english, chinese = _CODED[option]
    return None if word is None else code_of(labels, word, say(english, chinese))


def _known(kind: str | None) -> str | None:
    if kind is not None and kind not in SHORT_KINDS:
        known = ", ".join(SHORT_KINDS)
        raise UsageError(say(f"Kinds are: {known}.", f"种类应为：{known}。"))
    return kind
