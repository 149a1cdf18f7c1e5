"""The operations log of a Ceph gateway: `radosgw-admin log show`, or one JSON object a line.

The first is one JSON object with a list of entries in it, of any length, so it is taken apart
while it is read: never more than one entry is in memory.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from archive.errors import FormatError
from archive.oversight.reconcile.request import (
    Request,
    act_of,
    cause_in,
    key_of,
    makes_object,
    query_of,
)

_MOST = 1 << 20
_LEVEL = 3
"""Where entries stand in what is printed: in a list in an object."""


def entries(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Line and text of every entry; raises FormatError where the log is cut off or is none.

    Printed JSON has every bracket that opens a level at the end of a line and every one that closes
    it at the beginning; a text has no line breaks in it.
    """
    depth = begun = 0
    held: list[str] = []
    size = 0
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if depth == 0 and text and text != "{":
            # One entry a line; what is none is said to be none by whoever reads it.
            yield number, text
            continue
        opens, closes = text.endswith(("{", "[")), text.startswith(("}", "]"))
        depth += opens
        if opens and depth == _LEVEL:
            held, size, begun = [], 0, number
        if depth >= _LEVEL:
            size += len(text)
            if size > _MOST:
                raise FormatError("an entry of the log is larger than a megabyte")
            held.append(text)
        if closes:
            if depth == _LEVEL:
                held[-1] = held[-1].rstrip(",")
                yield begun, "\n".join(held)
            depth -= 1
        if depth < 0:
            break
    if depth != 0:
        raise FormatError("the log breaks off in the middle")


def parse_entry(text: str, source: str) -> Request | None:
    """One entry; None for the empty ones of other logs. Raises FormatError for what is none."""
    try:
        value = json.loads(text)
        if not value["operation"]:
            return None
        method, _, rest = str(value["uri"]).partition(" ")
        path, _, query = rest.rpartition(" ")[0].partition("?")
        bucket = str(value["bucket"])
        key = _key(path, bucket)
        asked = query_of(query)
        return Request(
            source=source,
            at=_time(value["time"]),
            bucket=bucket,
            who=str(value["user"]) or "anonymous",
            address=str(value["remote_addr"]),
            act=act_of(method, key, asked),
            operation=str(value["operation"]),
            key=key,
            status=int(value["http_status"]),
            sent=int(value["bytes_sent"]),
            cause=cause_in(str(value["user_agent"])),
            makes=makes_object(method, asked),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise FormatError("this is no entry of an operations log") from error


def _time(text: str) -> datetime:
    """With its zone: without one nobody can say when it was."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise FormatError("the time has no zone")
    return found.astimezone(UTC)


def _key(path: str, bucket: str) -> str | None:
    """The key in a path: behind the bucket, unless the bucket is in the host's name."""
    first, slash, rest = path.lstrip("/").partition("/")
    if first == bucket:
        return key_of(rest) if slash else None
    return key_of(path.lstrip("/"))
