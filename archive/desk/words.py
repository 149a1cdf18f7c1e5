"""Who may read the free text of requests, decisions and accesses in the custody of a record.

Who asked for what is shown to everybody who sees the record. The words (reasons, whom somebody
stands for, comments) are for those who may see the request itself: a complaint that an inspector
follows is not told to whom it is about.
"""

from collections.abc import Mapping
from typing import Any

from archive.desk import ask
from archive.desk.reading import Reader
from archive.registers.shelf import Shelf
from archive.trace import payload_of


def may_read_words(shelf: Shelf, reader: Reader, kind: str, body: Mapping[str, Any]) -> bool:
    """Whether a reader may read the detail of an entry about a record."""
    if reader.holder or not kind.startswith("access."):
        return True
    payload = payload_of(body)
    access = shelf.get("access", payload["access"]) if "access" in payload else None
    named = payload.get("request") or (access["request"] if access else None)
    request = shelf.get("request", named) if named else None
    return request is not None and ask.may_see(reader, ask.people_of(shelf, reader), request)
