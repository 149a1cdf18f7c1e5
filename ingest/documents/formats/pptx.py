"""PPTX: the words of each slide, then those of its notes (ECMA-376 part 1)."""

from collections.abc import Mapping
from typing import BinaryIO

from ingest.documents.formats.office import properties
from ingest.documents.package import Package
from ingest.documents.reading import PAGES, Reached, Reading
from ingest.documents.xml_walk import walk


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of all slides into the reading."""
    package = Package(file, reading)
    reading.puid = "fmt/215"
    properties(package, reading)
    slides = package.matching(r"ppt/slides/slide\d+\.xml")
    reading.pages = len(slides)
    if len(slides) > PAGES:
        raise Reached(f"pages: {len(slides)}, more than {PAGES}")
    for number, part in enumerate(slides):
        if number:
            reading.page()
        drawing(package, part, reading)
    for part in package.matching(r"ppt/notesSlides/notesSlide\d+\.xml"):
        reading.add("\n")
        drawing(package, part, reading)


def drawing(package: Package, part: str, reading: Reading) -> None:
    """The words of DrawingML: `a:t` within `a:p`."""
    telling = 0

    def start(name: str, _attributes: Mapping[str, str]) -> None:
        nonlocal telling
        telling += name == "t"
        if name == "br":
            reading.add("\n")

    def end(name: str) -> None:
        nonlocal telling
        telling -= name == "t"
        if name == "p":
            reading.add("\n")

    def words(text: str) -> None:
        if telling:
            reading.add(text)

    walk(package.chunks(part), reading, start=start, end=end, words=words, part=part)
