"""Denials in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from archive.errors import Denied
from archive.registers.denials import DENIALS, denied
from archive.registers.remarks import REMARKS, Remark, remark
from cli import language
from cli.exits import ExitCode, exit_code, sentence
from cli.service.faults import describe, restore


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


@pytest.mark.parametrize("code", REMARKS)
def test_every_remark_takes_as_many_values_in_both_languages(code: str) -> None:
    english, chinese = REMARKS[code]
    assert english.count("{}") == chinese.count("{}")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese) or not re.search(
        "[a-z]", english
    )


@pytest.mark.parametrize(
    ("code", "about", "english", "chinese_end"),
    [
        ("ROLE_MISSING", "archivist handler", "(archivist handler).", "（档案员、承办人）。"),
        ("NEED_MISSING", "reason, case", "(reason, case).", "（调阅事由、案件）。"),
        (
            "NO_GRANT",
            remark("STILL_NEEDED", "legal_office, approver.department_head of zfdd1"),
            "(still needed: legal_office, approver.department_head of zfdd1).",
            "（尚需审批：法制机构负责人、部门负责人（zfdd1））。",
        ),
        ("NO_GRANT", "refused", "(refused).", "（已拒绝）。"),
        (
            "NOT_COVERED",
            remark("INSTEAD_OF", "copy", "view"),
            "(copy instead of view).",
            "（所取为“复制”，所批为“查看”）。",
        ),
    ],
)
def test_what_a_denial_is_about_is_worded_and_crosses_the_socket(
    chinese: None, code: str, about: str | Remark, english: str, chinese_end: str
) -> None:
    error = restore(json.loads(json.dumps(describe(denied(code, about)))))
    assert str(error).endswith(english)
    assert sentence(error).endswith(chinese_end)


def test_a_remark_of_a_newer_version_stays_english(chinese: None) -> None:
    error = Denied("NO_GRANT", "There is no granted request (so).", ("NEW", "1"))
    assert sentence(error)
    short = Denied("NO_GRANT", str(denied("NO_GRANT", remark("AT_MOST_HOURS", 3))), ("SPAN", "1"))
    assert "at most 3 hours" in sentence(short)
