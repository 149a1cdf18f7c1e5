"""Entries as bytes, put together from parts that are canonical already (docs/formats.md §2).

A submitted entry's body lies in the database in its canonical form; encoding it again for the
leaf would be most of the work of appending.
"""

from datetime import datetime
from functools import lru_cache

from archive.errors import FormatError
from archive.tiles import MAX_ENTRY
from archive.times import format_time
from signing import canonical


class LineMaker:
    """Makes the leaves of one batch, which all have one time."""

    def __init__(self, at: datetime) -> None:
        self._at = format_time(at).encode()

    def line(
        self,
        kind: str,
        stream: str,
        actor: str,
        subject: str | None,
        body: bytes,
        seq: int,
        prev: bytes | None,
    ) -> bytes:
        """The same bytes as `Entry.to_bytes`; `prev` is the leaf hash of the entry before.

        Raises FormatError if they are more than 65,535.
        """
        before = b"null" if prev is None else b'"sha256:%s"' % prev.hex().encode()
        data = (
            b'{"actor":%s,"at":"%s","body":%s,"kind":%s,"prev":%s,"seq":%d,"stream":%s,'
            b'"subject":%s,"v":1}'
            % (_text(actor), self._at, body, _text(kind), before, seq, _text(stream), _id(subject))
        )
        if len(data) > MAX_ENTRY:
            raise FormatError(f"an entry has at most {MAX_ENTRY} bytes, this one {len(data)}")
        return data


@lru_cache(maxsize=1024)
def _text(text: str) -> bytes:
    return canonical.encode(text)


def _id(subject: str | None) -> bytes:
    if subject is None:
        return b"null"
    if subject.isascii() and subject.isalnum():
        return b'"%s"' % subject.encode()
    return canonical.encode(subject)
