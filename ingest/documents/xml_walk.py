"""Walks through XML without building it: no entities, no document type, nothing outside.

Expat never fetches anything by itself. A document type is refused as a whole, as defusedxml does:
entities that expand each other, and those that name a file, are declared there.
"""

from collections.abc import Callable, Iterable, Mapping
from pyexpat import ExpatError, ParserCreate

from ingest.documents.codes import BROKEN, ENTITIES
from ingest.documents.reading import DEPTH, ELEMENTS, Reached, Reading

Start = Callable[[str, Mapping[str, str]], None]
"""Told the local name of an element and its attributes, local names too."""
End = Callable[[str], None]
Words = Callable[[str], None]
_PIECE = 1 << 16


class EntitiesRefused(Exception):
    """The XML declares a document type."""


class Elements:
    """How many elements there were in all parts of one document."""

    def __init__(self) -> None:
        self.count = 0


def walk(
    chunks: Iterable[bytes],
    reading: Reading,
    *,
    start: Start,
    end: End,
    words: Words,
    part: str = "",
) -> None:
    """Tell of every element and its words; what is broken is put down and ends the walk.

    Raises Reached for depth and number of elements.
    """
    locals_: dict[str, str] = {}
    depth = count = 0

    def local(name: str) -> str:
        found = locals_.get(name)
        if found is None:
            found = name.rpartition("}")[2]
            if len(locals_) < 10_000:
                locals_[name] = found
        return found

    def on_start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth += 1
        count += 1
        if depth > DEPTH:
            raise Reached(f"depth: more than {DEPTH} elements within each other in {part or 'XML'}")
        if count > ELEMENTS:
            raise Reached(f"elements: more than {ELEMENTS} in {part or 'XML'}")
        start(local(name), {local(key): value for key, value in attributes.items()})

    def on_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(local(name))

    def refuse(*_: object) -> None:
        raise EntitiesRefused

    parser = ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.buffer_size = _PIECE
    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.CharacterDataHandler = words
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)  # noqa: FBT003 - pyexpat takes no names
        parser.Parse(b"", True)  # noqa: FBT003
    except EntitiesRefused:
        reading.notice(ENTITIES, part or "XML")
    except (ExpatError, ValueError) as error:
        reading.notice(BROKEN, f"{part or 'XML'}: {error}")
