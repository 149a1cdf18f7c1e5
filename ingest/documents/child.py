"""The reader process: takes one open document after the other, and can do nothing but read it.

    python -IB -m ingest.documents.child DESCRIPTOR SECONDS MEMORY

It is started with an empty environment and no descriptor but its end of a socket. Before the first
document it gives up: memory beyond MEMORY bytes, files (none is written), processes, network and
programs (where the kernel filters system calls), core dumps.
"""

import io
import os
import resource
import signal
import socket
import sys
from types import FrameType
from typing import BinaryIO, cast

from ingest.documents.codes import LIMIT_REACHED
from ingest.documents.extract import Extracted
from ingest.documents.guard import forbid_calls
from ingest.documents.reading import OutOfTime
from ingest.documents.take_apart import take_apart
from ingest.documents.wire import REQUEST, encode

_MOST_DOCUMENTS = 5_000
_MOST_MEMORY = 400 << 20
"""Documents, and bytes of memory that stay, after which the process gives way to a new one."""
_DESCRIPTORS = 32
_GRACE = 3.0
"""Seconds between the signal that ends the reading and the one that ends the process."""


class _Positioned(io.RawIOBase):
    """Reads with a position of its own: the descriptor's is shared with whoever opened it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._place, os.fstat(self._descriptor).st_size)[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = os.pread(self._descriptor, len(buffer), self._place)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def main() -> int:
    """Serve until the other end is closed."""
    descriptor, seconds, memory = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    _confine(memory)
    with socket.socket(fileno=descriptor) as talk:
        for served in range(1, _MOST_DOCUMENTS + 1):
            message, descriptors, _, _ = socket.recv_fds(talk, 4096, 1)
            if not message:
                return 0
            most, _, length = REQUEST.unpack_from(message)
            media_type = message[REQUEST.size : REQUEST.size + length].decode()
            extracted = _read(descriptors[0], media_type, most, seconds)
            os.close(descriptors[0])
            used_up = served == _MOST_DOCUMENTS or _memory() > _MOST_MEMORY
            _write(descriptor, encode(extracted, used_up=used_up))
            if used_up:
                return 0
    return 0


def _memory() -> int:
    """Bytes resident now; what getrusage(2) says began with the process that started this one."""
    with open("/proc/self/statm", "rb", buffering=0) as file:
        return int(file.read(100).split()[1]) * resource.getpagesize()


def _write(descriptor: int, data: bytes) -> None:
    """write(2): sendto(2) is among what is given up."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _confine(memory: int) -> None:
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _DESCRIPTORS,
    }
    for which, limit in limits.items():
        resource.setrlimit(which, (limit, limit))
    forbid_calls()
    signal.signal(signal.SIGPROF, _out_of_time)


def _out_of_time(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTime


def _read(descriptor: int, media_type: str, most: int, seconds: float) -> Extracted:
    """Read within the time; library code that does not return is ended by the kernel."""
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds + _GRACE) + 1, hard))
    file = io.BufferedReader(_Positioned(descriptor), 1 << 16)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return take_apart(cast(BinaryIO, file), media_type, most=most)
    except OutOfTime:  # at the very end
        return Extracted(readable=False, findings=((LIMIT_REACHED, "time"),))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    sys.exit(main())
