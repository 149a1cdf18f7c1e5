"""What the second person sees before he signs, and the words of entries, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from archive.entry_kinds import KINDS as ENTRIES
from archive.statements.kinds import SIGNED
from cli import language
from cli.labels import KINDS
from cli.statement_view import _CODES, _FIELDS, show_statement

ENROLLED = {
    "kind": "person.enrolled",
    "person": "gu",
    "at": "2026-11-22T04:05:06.000000Z",
    "payload": {
        "person": "li",
        "roles": ["archivist", "handler"],
        "valid_from": "2026-11-22T16:00:00.000000Z",
        "account": None,
        "key": "own",
        "detail": "x",
    },
}
RULES = {**ENROLLED, "kind": "rules.adopted", "payload": {"name": "access", "rules": "sha256:00"}}
_COUNTERSIGNED = [
    kind for kind in SIGNED if kind.partition(".")[0] in ("person", "rules", "case", "hold")
]


@pytest.fixture(params=["zh", "en"])
def lang(request: pytest.FixtureRequest) -> Iterator[str]:
    language.choose(request.param)
    yield request.param
    language.choose("en")


def test_fields_codes_and_times_are_worded(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_statement(ENROLLED, {"data": {"name": "李明"}})
    shown = capsys.readouterr().out
    assert "2026-11-22 12:05:06+08:00" in shown
    assert "2026-11-23 00:00:00+08:00" in shown
    wanted = (
        ("事项", "人员登记", "角色", "档案员、承办人", "生效时间", "姓名", "本人密钥文件")
        if lang == "zh"
        else ("kind", "enrolled", "roles", "archivist, handler", "valid from", "own key file")
    )
    assert all(word in shown for word in (*wanted, "李明"))
    assert "valid_from" not in shown
    assert "detail" not in shown


def test_the_text_of_rules_keeps_its_lines(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_statement(RULES, {"data": {"text": "a = 1\nb = 2\x1b[2J\n"}})
    lines = capsys.readouterr().out.splitlines()
    assert "  a = 1" in lines
    assert "  b = 2\\u{1b}[2J" in lines


def test_a_time_that_is_none_is_shown_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    bad: dict[str, Any] = {**ENROLLED, "at": "yesterday"}
    show_statement(bad, {})
    assert "yesterday" in capsys.readouterr().out


@pytest.mark.parametrize("kind", _COUNTERSIGNED)
def test_every_field_that_is_countersigned_has_a_label(kind: str) -> None:
    signed = SIGNED[kind]
    assert {*signed.payload, *(signed.data or {})} - {"detail"} <= set(_FIELDS)
    assert set(_CODES) <= set(_FIELDS)


def test_every_signed_kind_has_words() -> None:
    assert set(SIGNED) <= set(KINDS) <= {*ENTRIES, *SIGNED}
