"""Reading one version as a stream that goes on where a connection broke off."""

from collections.abc import Iterator
from typing import Any

from archive.errors import Unreachable
from archive.ports import CHUNK
from archive.stores.s3.client import Bucket
from archive.stores.s3.errors import BeyondEnd, explained
from archive.stores.s3.locks import named

_TRIES = 4


def read_version(
    bucket: Bucket, key: str, version: str, start: int = 0, length: int | None = None
) -> Iterator[bytes]:
    """Yield the bytes of a version, or of a range of it, at most 4 MiB at once.

    Raises ObjectMissing, or Unreachable after the connection broke several times in a row.
    """
    if length == 0:
        bucket.call("head_object", key, **named(version))
        return
    place, end = start, None if length is None else start + length
    failures = 0
    while end is None or place < end:
        try:
            for chunk in _stream(bucket, key, version, place, end):
                place += len(chunk)
                failures = 0
                yield chunk
        except BeyondEnd:
            return
        except _Broken as broken:
            failures += 1
            if failures == _TRIES:
                raise broken.error from broken
        else:
            return


class _Broken(Exception):
    """The stream ended early; what was read so far is good."""

    def __init__(self, error: Unreachable) -> None:
        self.error = error


def _stream(bucket: Bucket, key: str, version: str, start: int, end: int | None) -> Iterator[bytes]:
    asked = {} if start == 0 and end is None else {"Range": f"bytes={start}-{_last(end)}"}
    body: Any = bucket.call("get_object", key, **asked, **named(version))["Body"]
    try:
        while chunk := _next_chunk(body, key):
            yield chunk
    finally:
        body.close()


def _next_chunk(body: Any, key: str) -> bytes:
    try:
        with explained(key):
            return bytes(body.read(CHUNK))
    except Unreachable as error:
        raise _Broken(error) from error


def _last(end: int | None) -> str:
    return "" if end is None else str(end - 1)
