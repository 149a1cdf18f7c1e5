"""No code of a finding is without words, in either language, on the screen and in the docs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ingest
from cli import language
from cli.arrival_notes import note_words, noticed
from ingest import codes
from ingest.complete import docking, hours, listing
from ingest.documents import codes as documents
from ingest.documents.esignatures import codes as esignatures
from ingest.late.entry import _unchecked
from ingest.media.codes import CODES as MEDIA
from ingest.remarks import remarks_on
from ingest.sidecar import Sidecar
from ingest.sidecars import folder
from ingest.walk import HARD_LINKED

HOME = Path(ingest.__file__).parent
DOCS = HOME.parent / "docs"
CODE = re.compile(r"[A-Z]{3,}(_[A-Z]+)+")
REFUSALS = frozenset(
    (
        *("CLASSIFIED_REFUSED", "DESTROYED_BEFORE", "KIND_NOT_ALLOWED", "NO_RECORD"),
        *("SPILLED_BEFORE", "STILL_REJECTED"),
    )
)
"""Why a drop is not taken: these stand in no record."""
OTHERS = frozenset(
    ("QUARANTINE_ALTERED", "QUARANTINE_MISSING", "QUARANTINE_UNKNOWN", "RECORD_SPILLED")
) | {"RESTED_SECONDS"}
"""Words of `quarantine` itself, and a name of Python."""
TABLES = {
    "arrival": codes.CODES,
    "documents": documents.CODES,
    "esignatures": esignatures.CODES,
    "media": {code: (one.english, one.chinese) for code, one in MEDIA.items()},
}


@pytest.fixture
def chinese() -> Iterator[None]:
    language.choose("zh")
    yield
    language.choose("en")


def codes_in(paths: Iterator[Path]) -> set[str]:
    """Every text in the code that looks like a code."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update([node.value] if CODE.fullmatch(node.value) else [])
    return found


def test_every_code_of_an_arrival_has_words() -> None:
    folders = ("", "complete", "late", "quarantine", "sidecars")
    paths = (path for name in folders for path in (HOME / name).glob("*.py"))
    written = codes_in(path for path in paths if path.name != "codes.py") - REFUSALS - OTHERS
    written = {code for code in written if not code.startswith("SIDECAR_")} | {folder.UNUSED}
    assert written == codes.CODES.keys()


def test_every_code_of_a_document_has_words() -> None:
    found = codes_in((HOME / "documents").rglob("*.py"))
    known = {*documents.CODES, *esignatures.CODES}
    assert found - known == {"FORM_FILLING", "LTA_UPDATES"}, "levels of pyHanko"


@pytest.mark.parametrize("table", TABLES)
def test_words_are_in_both_languages(table: str) -> None:
    assert len(TABLES[table]) > 5
    for code, (english, chinese) in TABLES[table].items():
        assert english.isascii(), code
        assert re.search(r"[\u4e00-\u9fff]", chinese), code


@pytest.mark.parametrize("table", ["arrival", "documents", "esignatures"])
def test_every_code_is_explained_in_the_docs(table: str) -> None:
    page = (DOCS / "findings.md").read_text(encoding="utf-8")
    for code, (english, chinese) in TABLES[table].items():
        assert f"| `{code}` | {english} | {chinese} |" in page


def notes() -> Iterator[tuple[str, str]]:
    """Every note that an arrival has, made by what makes it in earnest."""
    yield from remarks_on(
        {
            "officers": [{"name": "张三", "number": "1"}],
            "capture_start": "2026-03-01T08:30:00+08:00",
            "interruptions": [{"from": "2026-03-01T08:00:00+08:00", "to": "2026-03-01T08:01:00Z"}],
            "clock_offset_ms": -5_400_000,
        }
    )
    yield from _unchecked(Sidecar({}, {"md5": "0" * 32}))
    yield HARD_LINKED
    yield folder.UNUSED, folder.UNUSED_NOTE
    for many in (["a.mp4"], [f"{number}.mp4" for number in range(40)]):
        yield folder.MISSING, folder.missing_note(many)
        yield docking.MANIFEST_MISSING, listing.missing_note(many)
    listed = listing.ListedFile("a.mp4", None, size=7)
    yield docking.MANIFEST_DIFFERS, listing.differs(listed, 8) or ""


def test_every_note_is_told_in_chinese(chinese: None) -> None:
    found = list(notes())
    assert len(found) == 11
    for code, note in found:
        words = note_words(note)
        assert words != note, note
        assert re.search(r"[\u4e00-\u9fff]", words), note
        assert noticed({"code": code, "note": note}) == f"{codes.CODES[code][1]}：{words}"


def test_notes_with_times_and_digests(chinese: None) -> None:
    day = hours(86400)
    assert note_words(f"no marker came within {day}") == "24 小时内未见就绪标记"
    assert note_words(f"no manifest listed it within {day}") == "24 小时内没有清单列出"
    assert note_words(f"a temporary name, at rest for {day}") == "以临时文件名静置 24 小时"
    both = "the {} sha256:aa, the file has sha256:bb"
    assert note_words(both.format("manifest says")) == "清单为 sha256:aa，文件为 sha256:bb"
    assert note_words(both.format("sidecar claims")) == "附带说明称 sha256:aa，文件为 sha256:bb"
    offset = "the sidecar says that the device's clock is off by -5400000 ms"
    assert note_words(offset) == "偏差 -1:30:00"


def test_what_is_not_known_is_shown_as_it_is() -> None:
    assert noticed({"code": "NEWER", "note": "x"}) == "NEWER: x"
    assert noticed({"code": "HARD_LINKED", "note": ""}) == codes.CODES["HARD_LINKED"][0]
    assert note_words(HARD_LINKED[1]) == HARD_LINKED[1]
