"""Spans of time as people write them, and the words for copies that cannot be made."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.errors import UsageError
from cli.spans import span_of
from cli.wording import copy_in_chinese

ROOT = Path(__file__).parents[2]
CODES = {
    "COPY_FAILED",
    "NO_PROGRAM",
    "NOT_A_FILM",
    "RANGE_DIFFERS",
    "SPAN_OUTSIDE",
    "TOOK_TOO_LONG",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:01:00-00:02:30", (60_000, 150_000)),
        ("1:00-2:30", (60_000, 150_000)),
        ("60-150", (60_000, 150_000)),
        ("0:00:01.5 - 0:00:02.040", (1500, 2040)),
        ("90-", (90_000, None)),
        ("100:00:00-", (360_000_000, None)),
        (None, None),
    ],
)
def test_spans(text: str | None, expected: tuple[int, int | None] | None) -> None:
    assert span_of(text) == expected


@pytest.mark.parametrize(
    "text", ["", "-", "-5", "5", "2:00-1:00", "1:00-1:00", "1:00–2:00", "a-b", "1.0000-2", "١-٢"]
)
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(UsageError, match="FROM-TO"):
        span_of(text)


def said() -> Iterator[tuple[str, str]]:
    """Code and sentence of every copy that cannot be made, as the sources have them."""
    for path in (*(ROOT / "ingest/media").glob("*.py"), ROOT / "archive/desk/making.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "CopyNotMade":
                continue
            code, text = node.args
            assert isinstance(code, ast.Constant)
            if isinstance(text, ast.JoinedStr):
                parts = (getattr(part, "value", None) for part in text.values)
                yield code.value, "".join(p if isinstance(p, str) else "00:00" for p in parts)
            elif isinstance(text, ast.Constant):
                yield code.value, str(text.value)
            else:  # the sentence of another error
                yield code.value, "ffmpeg and ffprobe of version 8 or later are needed to look"


def test_every_reason_has_its_code_and_its_chinese() -> None:
    found = list(said())
    assert {code for code, _ in found} == CODES
    page = (ROOT / "docs/formats.md").read_text("utf-8")
    for code, sentence in found:
        assert copy_in_chinese(sentence) is not None, sentence
        assert f"`{code}`" in page
