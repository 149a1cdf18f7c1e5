"""Frames on a stream socket: 4 bytes big-endian length, 1 byte kind, then so many bytes.

    kind 1   a JSON document, at most 1 MiB
    kind 2   a piece of bytes, at most 4 MiB

Lengths are checked before anything is read, and every frame has a deadline as a whole: a peer that
sends one byte now and then gains no time by it.
"""

import select
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any

from archive.errors import FormatError, Unreachable
from cli.service.desk import MAX_PIECE, Document
from cli.service.documents import MAX_DOCUMENT, decode, encode

HEADER = struct.Struct(">IB")
DOCUMENT, PIECE = 1, 2
_LIMITS = {DOCUMENT: MAX_DOCUMENT, PIECE: MAX_PIECE}
_CHUNK = 1 << 18


class ConnectionLost(Unreachable):
    """The other side went away, or did not go on in time."""


class Channel:
    """Sends and receives frames; closes its socket at the end of a `with` statement."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def __enter__(self) -> "Channel":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, content: Mapping[str, Any] | bytes, seconds: float | None = None) -> None:
        """Send a document or a piece; ConnectionLost when it is not taken in time."""
        kind, data = (PIECE, content) if isinstance(content, bytes) else (DOCUMENT, encode(content))
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(HEADER.pack(len(data), kind))
            self._socket.sendall(data)
        except OSError as error:
            raise ConnectionLost("The other side does not take what is sent.") from error

    def receive(self, seconds: float | None = None) -> Document | bytes:
        """The next frame; ConnectionLost at the end or too late, FormatError for no frame."""
        deadline = None if seconds is None else time.monotonic() + seconds
        length, kind = HEADER.unpack(self._read(HEADER.size, deadline))
        if length > _LIMITS.get(kind, -1):
            raise FormatError("That is no message, or too large a one.")
        data = self._read(length, deadline)
        return decode(data) if kind == DOCUMENT else data

    def document(self, seconds: float | None = None) -> Document:
        """The next frame, which must be a document."""
        frame = self.receive(seconds)
        if isinstance(frame, bytes):
            raise FormatError("A document was expected here.")
        return frame

    def ready(self) -> bool:
        """Whether something of the other side, or its end, waits to be received."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def cut(self) -> None:
        """End both directions at once; whoever waits on this channel wakes up."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended already

    def _read(self, size: int, deadline: float | None) -> bytes:
        data = bytearray(min(size, _CHUNK))
        done = 0
        while done < size:
            if done == len(data):
                # Grows with what has come, so that a length alone costs no memory.
                data.extend(bytes(min(size - done, max(done, _CHUNK))))
            done += self._read_some(memoryview(data)[done:], deadline)
        return bytes(data)

    def _read_some(self, room: memoryview, deadline: float | None) -> int:
        left = None if deadline is None else deadline - time.monotonic()
        try:
            if left is not None and left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            count = self._socket.recv_into(room)
        except OSError as error:
            raise ConnectionLost("The other side does not go on.") from error
        finally:
            room.release()
        if count == 0:
            raise ConnectionLost("The other side has ended the connection.")
        return count
