"""What a command sees of an archive: named operations with JSON documents, and streams of bytes.

    with desk.receive("access.start", {"request": request}) as delivery:
        for piece in delivery:
            file.write(piece)

Leaving the context after the last piece means that everything was received; leaving it earlier, or
with an error, ends the delivery on the other side with `DeliveryEnded`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, Protocol

MAX_PIECE = 4 << 20
"""Bytes of one piece of a delivery; a record's pieces have this size."""
MAX_UPLOAD = 256 << 20
"""Bytes of one upload: a scanned letter, not a recording."""

Document = dict[str, Any]
"""A JSON object: texts, whole numbers, booleans, null, lists and objects of these."""


class Delivery(Protocol):
    """Bytes on their way to the caller; to be read once, from the beginning."""

    @property
    def head(self) -> Document:
        """What is known before the first byte."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Pieces of at most MAX_PIECE bytes; raises what stopped the other side."""
        ...

    @property
    def tail(self) -> Document:
        """What is known after the last byte."""
        ...


class Desk(Protocol):
    """The archive's operations, wherever they are carried out.

    Errors of the archive are raised as the same classes here as there (see `cli.service.faults`).
    """

    def call(self, name: str, params: Mapping[str, Any]) -> Document:
        """Carry out an operation; UsageError for an unknown one or wrong parameters."""
        ...

    def receive(self, name: str, params: Mapping[str, Any]) -> AbstractContextManager[Delivery]:
        """An operation that hands out bytes."""
        ...

    def send(self, name: str, params: Mapping[str, Any], stream: BinaryIO) -> Document:
        """An operation that takes bytes, at most MAX_UPLOAD; they are read to the end."""
        ...


class Stream:
    """A delivery made of its parts; what operations yield.

    `closing` is called once the pieces are used up and gives the tail.
    """

    def __init__(
        self, head: Document, pieces: Iterable[bytes], closing: "Closing | None" = None
    ) -> None:
        self.head = head
        self._pieces = pieces
        self._closing = closing

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    @property
    def tail(self) -> Document:
        """The tail; to be asked for after the last piece."""
        return self._closing() if self._closing else {}


class Closing(Protocol):
    """Makes the tail of a delivery."""

    def __call__(self) -> Document:
        """The tail."""
        ...
