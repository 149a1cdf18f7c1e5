"""Choice of the language from locale and option."""

from __future__ import annotations

import pytest

from cli import language
from cli.main import hoist, wanted_language


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "ZH_tw", "LANG": "en_US"}, "zh"),
    ],
)
def test_locale_decides(environment: dict[str, str], expected: str) -> None:
    assert language.language_of(environment) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["status"], "zh"),
        (["--lang", "en", "status"], "en"),
        (["--lang=en"], "en"),
        (["--lang"], "zh"),
        (["--lang", "fr"], "zh"),
    ],
)
def test_option_wins_over_locale(arguments: list[str], expected: str) -> None:
    assert wanted_language(arguments, {"LANG": "zh_CN"}) == expected


def test_say_follows_the_choice() -> None:
    language.choose("zh")
    try:
        assert language.say("a", "甲") == "甲"
        assert language.current() == "zh"
    finally:
        language.choose("en")
    assert language.say("a", "甲") == "a"


@pytest.mark.parametrize(
    ("given", "hoisted"),
    [
        (["show", "X", "--json"], ["--json", "show", "X"]),
        (["show", "--home", "h", "X"], ["--home", "h", "show", "X"]),
        (["show", "--home=h", "X"], ["--home=h", "show", "X"]),
        (["show", "--", "--json"], ["show", "--", "--json"]),
        (["show", "--home"], ["--home", "show"]),
        ([], []),
    ],
)
def test_global_options_may_follow_the_verb(given: list[str], hoisted: list[str]) -> None:
    assert hoist(given) == hoisted
