"""Checked bytes of a record: any range of them, read and hashed ahead in a thread of its own.

    with closing(checked_range(record, 5_000_000, 9_000_000)) as parts:
        for part in parts:
            ...

Only pieces that the range touches are read; each is checked whole before any of it is handed out.
"""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Final

from archive.cause import carried
from archive.pieces import PIECE_SIZE
from archive.sealed_record import SealedRecord

_AHEAD = 2
"""Pieces that wait, at most: with those in work on either side about 16 MiB in all."""
_ALONE: Final = 2
"""Up to so many pieces a thread is not worth its start."""


def checked_range(record: SealedRecord, start: int, end: int) -> Generator[bytes, None, None]:
    """Bytes [start, end) in parts of at most 4 MiB.

    Raises PieceAltered or ObjectMissing in place of the first part that cannot be had, and
    ValueError for a range that is not in the record.
    """
    if not 0 <= start <= end <= record.description.size:
        raise ValueError(f"{record.id} has no bytes {start} to {end}")
    first, last = start // PIECE_SIZE, -(-end // PIECE_SIZE)
    pieces = record.pieces(first, max(first, last))
    for number, piece in enumerate(pieces if last - first <= _ALONE else _ahead(pieces), first):
        begin = number * PIECE_SIZE
        yield piece[max(start - begin, 0) : end - begin]


class _Failed:
    """What the reader met instead of a piece."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


_Item = bytes | _Failed | None


def _ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, made in another thread; errors arrive in their place."""
    made: queue.Queue[_Item] = queue.Queue(_AHEAD)
    left = threading.Event()
    thread = threading.Thread(
        target=carried(_read), args=(pieces, made, left), name="reader", daemon=True
    )
    thread.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, _Failed):
                raise item.error
            yield item
    finally:
        left.set()
        while thread.is_alive():
            _empty(made)
            thread.join(0.01)


def _read(pieces: Iterator[bytes], made: "queue.Queue[_Item]", left: threading.Event) -> None:
    item: _Item = None
    try:
        for piece in pieces:
            made.put(piece)
            if left.is_set():
                return
    except BaseException as error:
        item = _Failed(error)
    made.put(item)


def _empty(made: "queue.Queue[_Item]") -> None:
    while True:
        try:
            made.get_nowait()
        except queue.Empty:
            return
