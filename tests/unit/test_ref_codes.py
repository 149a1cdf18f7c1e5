"""Reference codes that a pattern proposes."""

import pytest

from archive import fields
from archive.errors import FormatError
from archive.filing.ref_codes import CodePattern

PATTERN = CodePattern.parse("0123-XZ·2-{year}-{term}-{volume}")


@pytest.mark.parametrize(
    ("period", "term"), [("permanent", "Y"), ("30y", "D30"), ("10y", "D10"), ("5y", "D5")]
)
def test_the_term_is_that_of_the_class(period: str, term: str) -> None:
    code = PATTERN.next("2026", period, [])
    assert code == f"0123-XZ·2-2026-{term}-0001"
    fields.ref_code(code)


@pytest.mark.parametrize("period", ["6m", "30d", None])
def test_what_has_no_term_is_not_proposed(period: str | None) -> None:
    assert PATTERN.next("2026", period, []) is None
    assert CodePattern.parse("A-{volume}").next("2026", period, []) == "A-0001"


def test_numbers_go_on_within_what_stands_around_them() -> None:
    taken = [
        "0123-XZ·2-2026-D30-0007",
        "0123-XZ·2-2026-D30-0003",
        "0123-XZ·2-2026-D10-0100",
        "0123-XZ·2-2025-D30-0200",
        "0123-XZ·2-2026-D30-00300",
        "0123-XZ·2-2026-D30-0300-x",
        "0123-XZ·2-2026-D30-٠٣٠٠",
        "other",
    ]
    assert PATTERN.next("2026", "30y", taken) == "0123-XZ·2-2026-D30-0008"


def test_after_the_last_number_there_is_none() -> None:
    pattern = CodePattern.parse("A{volume}B")
    assert pattern.next("2026", None, ["A9998B"]) == "A9999B"
    assert pattern.next("2026", None, ["A9999B"]) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A-{year}",
        "{volume}{volume}",
        "{volume}{item}",
        "{volume}-{}",
        "A B {volume}",
        "档-{volume}",
        "{volume",
        "A{volume}}",
        "A" * 61 + "{volume}",
    ],
)
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(FormatError):
        CodePattern.parse(text)
