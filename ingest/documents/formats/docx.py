"""DOCX: headers, footers, body with its text boxes, notes (ECMA-376 part 1)."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from ingest.documents.codes import BROKEN
from ingest.documents.formats.office import main_part, pages_of, properties
from ingest.documents.package import Package
from ingest.documents.reading import Reading
from ingest.documents.rows import CELL, END, ROW
from ingest.documents.xml_walk import walk

_BREAKS = {"tab": "\t", "cr": "\n", "br": "\n", "noBreakHyphen": "-", "ptab": "\t", "tr": ROW}
_ENDS = {"p": "\n", "tc": CELL, "tr": END}
_SKIPPED = frozenset(("Fallback", "instrText", "delText", "delInstrText", "binData"))
"""What stands there again for old programs, field codes, and what was deleted."""


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of a DOCX into the reading."""
    package = Package(file, reading)
    reading.puid = "fmt/412"
    reading.has_rows = True
    reading.pages = pages_of(properties(package, reading), "Pages")
    for part in package.matching(r"word/(?:header|footer)\d*\.xml"):
        _part(package, part, reading, reading.front)
    # Word opens the part that the package names, others may take the one with the usual name.
    usual = "word/document.xml"
    stories = [
        part for part in dict.fromkeys((main_part(package, reading), usual)) if part in package
    ]
    for part in stories:
        _part(package, part, reading, reading.add)
    if not stories:
        reading.unreadable = True
        reading.notice(BROKEN, f"{usual} is missing")
    for pattern in ("footnotes", "endnotes", "comments"):
        for part in package.matching(rf"word/{pattern}\.xml"):
            reading.add("\n")
            _part(package, part, reading, reading.add)


def _part(package: Package, part: str, reading: Reading, put: Callable[[str], None]) -> None:
    story = _Story(put, reading.page if put == reading.add else None)
    walk(
        package.chunks(part),
        reading,
        start=story.start,
        end=story.end,
        words=story.words,
        part=part,
    )


class _Story:
    """One part of a document: what its elements mean for its words."""

    def __init__(self, put: Callable[[str], None], page: Callable[[], None] | None) -> None:
        self._put = put
        self._page = page
        self._skipping = 0
        self._telling = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _SKIPPED:
            self._skipping += 1
        elif self._skipping:
            return
        elif name == "t":
            self._telling += 1
        elif name == "txbxContent":
            self._put("\n")
        elif self._page and _is_page_end(name, attributes):
            self._page()
        elif name in _BREAKS:
            self._put(_BREAKS[name])

    def end(self, name: str) -> None:
        if name in _SKIPPED:
            self._skipping -= 1
        elif self._skipping:
            return
        elif name == "t":
            self._telling -= 1
        elif name in _ENDS:
            self._put(_ENDS[name])

    def words(self, text: str) -> None:
        if self._telling and not self._skipping:
            self._put(text)


def _is_page_end(name: str, attributes: Mapping[str, str]) -> bool:
    return name == "lastRenderedPageBreak" or (name == "br" and attributes.get("type") == "page")
