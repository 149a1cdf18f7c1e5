"""Sentences that send people to a page name one that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PAGE = re.compile(r"\bdocs/[\w./-]+\.\w+")


def test_every_page_exists() -> None:
    named = {
        page
        for package in ("archive", "cli", "ingest", "retention", "signing", "verifier")
        for source in (ROOT / package).rglob("*.py")
        for page in _PAGE.findall(source.read_text(encoding="utf-8"))
    }
    assert len(named) >= 5
    assert sorted(page for page in named if not (ROOT / page).is_file()) == []
