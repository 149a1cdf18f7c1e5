"""Denials in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archive.errors import Denied
from archive.registers.denials import DENIALS, denied
from cli import language
from cli.exits import ExitCode, exit_code, sentence


@pytest.fixture
def chinese() -> Iterator[None]:
    language.choose("zh")
    yield
    language.choose("en")


@pytest.mark.parametrize("code", DENIALS)
def test_every_denial_has_a_chinese_sentence(chinese: None, code: str) -> None:
    said = DENIALS[code][2]
    assert sentence(denied(code)) == said
    assert sentence(denied(code, "zhang 01K")) == f"{said[:-1]}（zhang 01K）。"
    assert exit_code(denied(code)) is ExitCode.DENIED


def test_a_denial_of_a_newer_version_keeps_its_sentence(chinese: None) -> None:
    assert sentence(Denied("NEW_ONE", "It is not allowed.")) == "不允许：It is not allowed."
