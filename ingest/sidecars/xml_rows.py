"""XML of stations, as a plain tree of elements: no DTD, no entities, nothing from elsewhere.

    root = read_tree(data)
    root.text("Case/Number"), [row.data() for row in rows_at(root, "Files/File")]

defusedxml refuses whatever is declared; size, depth and elements are limited here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from ingest.errors import SidecarBad
from ingest.sidecars.encodings import Places, Whole, read_head, read_text
from ingest.sidecars.rows import MOST_DEPTH, MOST_ROWS, Row, several, too_many_rows

_MOST_ELEMENTS = 200_000
_ASIDE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s+[^\s>\[]+", re.DOTALL | re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE\s+([^\s>\[]+)", re.IGNORECASE)
_PREFIX = re.compile(r"[<\s/]([^\W\d][\w.-]{0,60}):(?=\w)")
_MOST_PREFIXES = 20
_START = re.compile(r"<([^\s/>!?&]+)")


@dataclass(slots=True)
class Element:
    """An element. `start` and `end` are its place in the text, as UTF-8."""

    tag: str
    attributes: dict[str, str]
    start: int
    end: int = 0
    words: str = ""
    inner: list["Element"] = field(default_factory=list)

    def text(self, place: str) -> str | None:
        """See Row."""
        path, _, attribute = place.partition("@")
        found = self._all(path.rstrip("/"))
        if attribute:
            values = [one.attributes[attribute] for one in found if attribute in one.attributes]
        else:
            values = [one.words for one in found]
        if len(values) > 1:
            raise several(place)
        return values[0].strip() or None if values else None

    def each(self, place: str) -> Sequence[Row]:
        """See Row."""
        return self._all(place)

    def texts(self) -> Iterator[str]:
        """See Row."""
        stack = [self]
        while stack:
            one = stack.pop()
            yield one.words
            yield from one.attributes.values()
            stack.extend(one.inner)

    def _all(self, path: str) -> "list[Element]":
        found = [self]
        for step in path.split("/") if path else ():
            found = [inner for one in found for inner in one.inner if inner.tag == step]
        return found


_NOTHING = Element("", {}, 0)


@dataclass(frozen=True, slots=True)
class XmlRow:
    """One element of a list, with its own bytes: `line` is its text, `start` its first byte."""

    row: Element
    number: int
    whole: Whole
    line: str
    start: int

    def bare(self) -> "XmlRow":
        """See Listed."""
        return replace(self, row=_NOTHING)

    def data(self) -> bytes:
        """The element, byte for byte; of UTF-16 with the byte-order mark of the whole, and see
        `Whole.by_itself`.
        """
        bom = self.whole.bom if self.whole.encoding.startswith("utf-16") else b""
        element = self.whole.checked(self.line, self.start)
        return bom + self.whole.by_itself(element, self.line)


def root_name(head: bytes) -> str | None:
    """Name of the outermost element at the beginning of a file; never fails."""
    text, at, named = read_head(head), 0, None
    while aside := _ASIDE.match(text, at):
        if declared := _DOCTYPE.match(aside[0]):
            named = declared[1]
            break
        at = aside.end()
    start = _START.match(text, at)
    found = named or (start[1] if start else None)
    return None if found is None else found.rpartition(":")[2]


def read_tree(data: bytes) -> tuple[Element, Whole]:
    """The outermost element; raises SidecarBad."""
    whole = read_text(data)
    return _parsed(whole.text), whole


def read_row(data: bytes) -> Element:
    """An element of a list by itself; prefixes that the list declares mean nothing here.

    Raises SidecarBad.
    """
    text = read_text(data).text
    prefixes = sorted({*_PREFIX.findall(text)} - {"xml", "xmlns"})[:_MOST_PREFIXES]
    declared = "".join(f' xmlns:{prefix}="urn:{number}"' for number, prefix in enumerate(prefixes))
    (element,) = _parsed(f"<list{declared}>{text}</list>").inner or (None,)
    if element is None:
        raise _not_xml(None)
    return element


def _parsed(text: str) -> Element:
    target = _Target()
    # The text is handed over in UTF-8, whatever the declaration in it says.
    parser: Any = DefusedXMLParser(target=target, encoding="utf-8", forbid_dtd=True)
    target.place = lambda: parser.parser.CurrentByteIndex
    try:
        parser.feed(text.encode())
        root: Element = parser.close()
    except DefusedXmlException:
        raise SidecarBad(
            "SIDECAR_XML_DTD",
            "The sidecar declares a document type or entities; that is not taken.",
            "附带说明含有文档类型或实体声明，不予接受。",
        ) from None
    except (ParseError, ExpatError) as error:
        raise _not_xml(getattr(error, "position", (None,))[0]) from None
    return root


def _not_xml(line: int | None) -> SidecarBad:
    where, wo = (f" in line {line}", f"（第 {line} 行）") if line else ("", "")
    return SidecarBad(
        "SIDECAR_NOT_XML",
        f"The sidecar is not XML: there is a mistake{where}.",
        f"附带说明不是有效的 XML{wo}。",
    )


def rows_at(root: Element, whole: Whole, path: str) -> list[XmlRow]:
    """The elements at a path below the outermost one, in their order; raises SidecarBad."""
    found = root._all(path)
    if len(found) > MOST_ROWS:
        raise too_many_rows()
    encoded, places = whole.text.encode(), Places(whole)
    rows, char, byte = [], 0, 0
    for number, element in enumerate(found, 1):
        end = _after_tag(encoded, element.start)
        if not encoded.endswith(b"/>", element.start, end):  # else it ends with its first tag
            end = _after_tag(encoded, element.end)
        char += len(encoded[byte : element.start].decode())
        line = encoded[element.start : end].decode()
        rows.append(XmlRow(element, number, whole, line, places.of(char)))
        char, byte = char + len(line), end
    return rows


def _after_tag(encoded: bytes, at: int) -> int:
    """The place behind the tag that begins here; a `>` in a quoted value does not end it."""
    quote = 0
    for place in range(at, len(encoded)):
        char = encoded[place]
        if quote:
            quote = 0 if char == quote else quote
        elif char in b"\"'":
            quote = char
        elif char == ord(">"):
            return place + 1
    return len(encoded)


class _Target:
    """Builds the tree; raises SidecarBad as soon as it is too deep or too large."""

    def __init__(self) -> None:
        self.place: Any = None
        self._stack: list[tuple[Element, list[str]]] = []
        self._root: Element | None = None
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._count += 1
        if len(self._stack) >= MOST_DEPTH or self._count > _MOST_ELEMENTS:
            raise SidecarBad(
                "SIDECAR_TOO_DEEP",
                f"The sidecar is nested deeper than {MOST_DEPTH} levels, or has too many parts.",
                f"附带说明嵌套超过 {MOST_DEPTH} 层，或部分过多。",
            )
        plain = {_local(name): value for name, value in attributes.items()}
        element = Element(_local(tag), plain, self.place())
        if self._stack:
            self._stack[-1][0].inner.append(element)
        else:
            self._root = element
        self._stack.append((element, []))

    def data(self, text: str) -> None:
        """Text of the innermost element."""
        self._stack[-1][1].append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        del tag
        element, words = self._stack.pop()
        element.words, element.end = "".join(words), self.place()

    def close(self) -> Element:
        """The outermost element."""
        assert self._root is not None  # noqa: S101 - expat takes no file without one
        return self._root


def _local(name: str) -> str:
    return name.rpartition("}")[2]
