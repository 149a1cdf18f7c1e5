"""The table of findings, its page, and the report that collects them."""

from pathlib import Path

import findings_page
import pytest
from pki_fixture import NOW

from archive.findings import FINDINGS, Outcome
from archive.report import KEPT_PER_CODE, Report, printable

PAGE = Path(__file__).parents[2] / "docs" / "findings.md"


def test_page_is_what_the_table_says() -> None:
    assert PAGE.read_text() == findings_page.page()


@pytest.mark.parametrize("code", FINDINGS)
def test_every_code_has_both_languages(code: str) -> None:
    kind = FINDINGS[code]
    assert kind.code == code
    for language in ("en", "zh"):
        assert "X-1" in kind.describe("X-1", language)
        assert kind.advice[language]
    assert not kind.sentence["zh"].isascii()
    assert not kind.advice["zh"].isascii()
    assert kind.sentence["en"].isascii()


def test_no_code_is_there_twice() -> None:
    from archive.findings_table import TABLE

    assert len(TABLE) == len(FINDINGS)


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ((), Outcome.PASSED),
        (("INTERNAL_TIME",), Outcome.PASSED),
        (("STALE", "INTERNAL_TIME"), Outcome.INDETERMINATE),
        (("STALE", "CONTENT_LOST"), Outcome.FAILED),
    ],
)
def test_outcome_is_the_worst(codes: tuple[str, ...], outcome: Outcome) -> None:
    report = Report("everything", NOW)
    for code in codes:
        report.add(code, "x")
    assert report.outcome is outcome
    assert report.to_value()["outcome"] == outcome.value


def test_keeps_some_and_counts_all() -> None:
    report = Report("everything", NOW)
    for number in range(KEPT_PER_CODE + 10):
        report.add("CONTENT_ALTERED", str(number))
    assert len(report.findings) == KEPT_PER_CODE
    assert report.to_value()["failed"] == KEPT_PER_CODE + 10


def test_unknown_code_is_an_error() -> None:
    with pytest.raises(KeyError):
        Report("everything", NOW).add("NO_SUCH_CODE", "x")


def test_subjects_can_be_printed_anywhere() -> None:
    assert printable("a\udcff\n\x1b[31m\u202e") == "a\\udcff\\x0a\\x1b[31m\\x202e"
