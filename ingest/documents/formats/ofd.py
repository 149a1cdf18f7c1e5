"""OFD: the words of each page, those of its templates first (GB/T 33190-2016)."""

import posixpath
from collections.abc import Callable, Mapping
from typing import BinaryIO

from ingest.documents.codes import BROKEN, EXTERNAL
from ingest.documents.package import Package
from ingest.documents.reading import PAGES, Reached, Reading
from ingest.documents.xml_walk import walk

_ROOT = "OFD.xml"


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of all pages into the reading; signatures are counted."""
    package = Package(file, reading)
    if _ROOT not in package:
        reading.unreadable = True
        reading.notice(BROKEN, "OFD.xml is missing")
        return
    root = _Texts(package, _ROOT, reading)
    reading.title = root.first("Title")
    for place in root.all("Signatures"):
        listed = _Texts(package, _within(_ROOT, place), reading)
        reading.signatures += listed.elements.get("Signature", 0)
    reading.pages = 0
    for place in root.all("DocRoot"):
        _document(package, _within(_ROOT, place), reading)


def _document(package: Package, part: str, reading: Reading) -> None:
    document = _Texts(package, part, reading)
    pages = [_within(part, place) for place in document.places.get("Page", [])]
    templates = [_within(part, place) for place in document.places.get("TemplatePage", [])]
    reading.pages = (reading.pages or 0) + len(pages)
    if len(pages) > PAGES:
        raise Reached(f"pages: {len(pages)}, more than {PAGES}")
    for template in templates:
        _page(package, template, reading, reading.front)
    for number, page in enumerate(pages):
        if number:
            reading.page()
        _page(package, page, reading, reading.add)


def _within(part: str, place: str) -> str:
    """The member that a part names; never anything outside the package."""
    if place.startswith("/"):
        return posixpath.normpath(place).lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), place))


class _Texts:
    """Words of an XML part by element, and where its elements lie."""

    def __init__(self, package: Package, part: str, reading: Reading) -> None:
        self.texts: dict[str, list[str]] = {}
        self.places: dict[str, list[str]] = {}
        self.elements: dict[str, int] = {}
        self._words: list[str] = []
        if part not in package:
            reading.notice(EXTERNAL if ".." in part else BROKEN, f"{part} is not in the package")
            return
        walk(
            package.chunks(part),
            reading,
            start=self._start,
            end=self._end,
            words=self._words.append,
            part=part,
        )

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._words.clear()
        self.elements[name] = self.elements.get(name, 0) + 1
        if "BaseLoc" in attributes:
            self.places.setdefault(name, []).append(attributes["BaseLoc"])

    def _end(self, name: str) -> None:
        text = "".join(self._words).strip()
        if text:
            self.texts.setdefault(name, []).append(text)
        self._words.clear()

    def first(self, name: str) -> str | None:
        return next(iter(self.texts.get(name, [])), None)

    def all(self, name: str) -> list[str]:
        return self.texts.get(name, [])


def _page(package: Package, part: str, reading: Reading, put: Callable[[str], None]) -> None:
    """Words of a page; what lies at another height begins a new line."""
    if part not in package:
        reading.notice(EXTERNAL if ".." in part else BROKEN, f"{part} is not in the package")
        return
    telling = False
    height = ""

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal telling, height
        if name == "TextObject":
            box = attributes.get("Boundary", "").split()
            here = box[1] if len(box) == 4 else ""
            if height and here != height:
                put("\n")
            height = here or height
        elif name == "TextCode":
            telling = True

    def end(name: str) -> None:
        nonlocal telling
        if name == "TextCode":
            telling = False

    def words(text: str) -> None:
        if telling:
            put(text)

    walk(package.chunks(part), reading, start=start, end=end, words=words, part=part)
    put("\n")
