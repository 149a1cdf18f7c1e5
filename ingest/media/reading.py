"""Any part of a file by its place, however the file is at hand; nothing is read unasked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol


class Parts(Protocol):
    """A file of known size of which parts can be read."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def at(self, place: int, length: int) -> bytes:
        """Up to `length` bytes from `place`; fewer only at the end of the file."""
        ...


class BytesParts:
    """A small file that is in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def at(self, place: int, length: int) -> bytes:
        """Up to `length` bytes from `place`."""
        return self._data[place : place + length]


class _OpenParts:
    """An open descriptor; its own position is not moved."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def at(self, place: int, length: int) -> bytes:
        """Up to `length` bytes from `place`; a file that shrank meanwhile gives fewer."""
        if not 0 <= place < self.size:
            return b""
        return os.pread(self._descriptor, min(length, self.size - place), place)


@contextmanager
def parts(file: Path | int | bytes) -> Iterator[Parts]:
    """Open a file by path, an open descriptor or its bytes; raises OSError."""
    if isinstance(file, bytes):
        yield BytesParts(file)
        return
    if isinstance(file, int):
        yield _OpenParts(file)
        return
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        yield _OpenParts(descriptor)
    finally:
        os.close(descriptor)
