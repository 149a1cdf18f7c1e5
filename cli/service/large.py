"""Documents of any size: as JSON in the pieces of a delivery.

@delivery("catalog.search")
@contextmanager
def search(host, caller, params):
    yield large.stream(document)

document = large.fetch(desk, "catalog.search", params)
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from archive.errors import FormatError
from cli.service.desk import MAX_PIECE, Desk, Document, Stream


def stream(document: Mapping[str, Any]) -> Stream:
    """The delivery of a document, which has to be JSON data already."""
    return Stream({}, _pieces(json.dumps(document, separators=(",", ":")).encode("ascii")))


def fetch(desk: Desk, name: str, params: Mapping[str, Any]) -> Document:
    """Receive the document of an operation; FormatError where it is none."""
    with desk.receive(name, params) as delivery:
        data = b"".join(delivery)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError("What was received is no JSON document.") from error
    if not isinstance(document, dict):
        raise FormatError("What was received is no JSON object.")
    return document


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), MAX_PIECE):
        yield data[start : start + MAX_PIECE]
