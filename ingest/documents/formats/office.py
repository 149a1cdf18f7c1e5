"""What all OOXML packages share: properties, links, signatures (ECMA-376 part 2)."""

from collections.abc import Mapping

from ingest.documents.codes import EXTERNAL
from ingest.documents.package import Package
from ingest.documents.reading import Reading
from ingest.documents.xml_walk import walk

_JUDGED = ("subject", "category", "keywords", "description", "contentStatus")
"""Properties in which offices write the classification."""


def properties(package: Package, reading: Reading) -> dict[str, str]:
    """Texts of docProps/core.xml and app.xml by element; notices links and signatures."""
    found: dict[str, str] = {}
    for part in ("docProps/core.xml", "docProps/app.xml"):
        if part in package:
            _texts(package, part, reading, found)
    reading.title = found.get("title")
    for name in _JUDGED:
        reading.judge_property(name, found.get(name, ""))
    if "docProps/custom.xml" in package:
        _judge_custom(package, reading)
    reading.signatures = len(package.matching(r"_xmlsignatures/[^/]*sig[^/]*\.xml"))
    for part in package.matching(r"(.*/)?_rels/[^/]*\.rels"):
        _links(package, part, reading)
    return found


def main_part(package: Package, reading: Reading) -> str:
    """The part that is the document, as the package's own relationships name it; "" if none."""
    found: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/officeDocument"):
            found.append(attributes.get("Target", "").lstrip("/"))

    if "_rels/.rels" in package:
        parts = package.chunks("_rels/.rels")
        walk(parts, reading, start=start, end=_nothing, words=_nothing, part="_rels/.rels")
    return found[0] if found else ""


def _nothing(_: str) -> None:
    pass


def pages_of(found: Mapping[str, str], key: str) -> int | None:
    """A count from the properties, where it is one."""
    stated = found.get(key, "")
    return int(stated) if stated.isascii() and stated.isdigit() and 0 < len(stated) < 7 else None


def _texts(package: Package, part: str, reading: Reading, found: dict[str, str]) -> None:
    words: list[str] = []

    def end(name: str) -> None:
        if words:
            found.setdefault(name, "".join(words)[:500])
        words.clear()

    walk(
        package.chunks(part),
        reading,
        start=lambda _name, _attributes: words.clear(),
        end=end,
        words=words.append,
        part=part,
    )


def _judge_custom(package: Package, reading: Reading) -> None:
    """Properties that somebody named himself: 密级 = 机密."""
    names = [""]
    words: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "property":
            names.append(attributes.get("name", ""))
            words.clear()

    def end(name: str) -> None:
        if name == "property":
            reading.judge_property(names.pop(), "".join(words)[:500])

    part = "docProps/custom.xml"
    walk(package.chunks(part), reading, start=start, end=end, words=words.append, part=part)


def _links(package: Package, part: str, reading: Reading) -> None:
    def start(_name: str, attributes: Mapping[str, str]) -> None:
        if attributes.get("TargetMode") != "External":
            return
        kind = attributes.get("Type", "")
        if not kind.endswith("/hyperlink"):
            reading.notice(EXTERNAL, f"{kind.rpartition('/')[2]}: {attributes.get('Target', '')}")

    walk(
        package.chunks(part),
        reading,
        start=start,
        end=lambda _name: None,
        words=lambda _words: None,
        part=part,
    )
