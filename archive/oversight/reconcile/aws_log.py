"""Lines of an S3 server access log, as Amazon documents it ("LogFormat").

Fields are separated by spaces; those in quotes and brackets may hold some. New ones are added at
the end of a line, so there may be more than are known.
"""

import re
from datetime import UTC, datetime, timedelta

from archive.errors import FormatError
from archive.oversight.reconcile.request import (
    Act,
    Request,
    act_of,
    cause_in,
    is_number,
    key_of,
    makes_object,
    query_of,
)

_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|(\S+)')
_LEAST = 17
_NAMES = "JanFebMarAprMayJunJulAugSepOctNovDec"
_MONTHS = {_NAMES[i : i + 3]: i // 3 + 1 for i in range(0, len(_NAMES), 3)}
_TIME = re.compile(
    r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII
)
_NONE = "-"
_COPY = "REST.COPY"
_EXPIRE = ("S3.EXPIRE", "S3.CREATE.DELETEMARKER", "S3.DELETE", "S3.TRANSITION")


def parse_line(line: str, source: str) -> Request:
    """One line; raises FormatError for what is none."""
    fields = [a or b or c for a, b, c in _FIELD.findall(line)]
    if len(fields) < _LEAST:
        raise FormatError(f"a line has at least {_LEAST} fields, this one {len(fields)}")
    bucket, when, address, who, operation, key, uri, status = (fields[i] for i in _USED)
    method, _, target = uri.partition(" ")
    query = target.rpartition(" ")[0].partition("?")[2]
    name = None if key == _NONE else key_of(key_of(key) or "")
    return Request(
        source=source,
        at=_time(when),
        bucket=bucket,
        who="anonymous" if who == _NONE else who,
        address="" if address == _NONE else address,
        act=_act(operation, method, name, query),
        operation=operation,
        key=name,
        status=int(status) if is_number(status) else 0,
        sent=int(fields[11]) if is_number(fields[11]) else 0,
        cause=cause_in(fields[16]),
        makes=makes_object(method, query_of(query)),
    )


_USED = (1, 2, 3, 4, 6, 7, 8, 9)


def _act(operation: str, method: str, key: str | None, query: str) -> Act:
    if operation.startswith(_EXPIRE):
        return Act.DELETE  # what the server does by itself, by a lifecycle rule
    if operation.startswith(_COPY):
        return Act.READ if operation.endswith("_GET") else Act.WRITE
    if operation.startswith("BATCH.DELETE"):
        return Act.DELETE
    if method not in _METHODS:
        method = operation.split(".")[1] if operation.count(".") > 1 else "PUT"
    return act_of(method, key, query_of(query))


_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")


def _time(text: str) -> datetime:
    found = _TIME.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        raise FormatError("the time has another form")
    day, year, hour, minute, second, ahead, off = (int(found[i]) for i in (1, 3, 4, 5, 6, 8, 9))
    try:
        local = datetime(year, _MONTHS[found[2]], day, hour, minute, second, tzinfo=UTC)
        zone = timedelta(hours=ahead, minutes=off)
        return local - zone if found[7] == "+" else local + zone
    except (ValueError, OverflowError) as error:
        raise FormatError("there is no such time") from error
