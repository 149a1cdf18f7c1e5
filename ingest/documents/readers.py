"""Reads documents in processes of their own, which stay and are held to limits.

Each is started with the first document that finds no other free, up to one for each core. A
document that kills its process, or takes too long, costs that document only.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from ingest.documents.codes import LIMIT_REACHED, READER_DIED
from ingest.documents.extract import MOST, Extracted
from ingest.documents.wire import REQUEST, Answer, Garbled, decode
from ingest.media.limits import stand_back

SECONDS, MEMORY_MB = 20.0, 1024
_CHILD = (sys.executable, "-IB", "-m", "ingest.documents.child")
_PATIENCE = 3
"""Times the seconds of processor time that a document may take by the clock, on a busy machine."""


class _Died(Exception):
    """The process ended while it read."""


class _Child:
    """One reader process, and our end of the socket."""

    def __init__(self, seconds: float, memory: int, nice: int, shift: int) -> None:
        self.served = 0
        self.shift = shift
        self._seconds = seconds
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            self.process = subprocess.Popen(
                [*_CHILD, str(number), str(seconds), str(memory)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(number,),
                env={},
                cwd="/",
                start_new_session=True,
            )
        self._talk = ours
        if nice:
            stand_back(self.process.pid, nice)

    def ask(self, descriptor: int, media_type: str, most: int) -> Answer:
        """Let it read; raises _Died, Garbled, TimeoutError."""
        self.served += 1
        until = time.monotonic() + _PATIENCE * self._seconds
        name = media_type.encode()[:1000]
        try:
            socket.send_fds(self._talk, [REQUEST.pack(most, 0, len(name)) + name], [descriptor])
            return decode(lambda length: self._receive(length, until), most)
        except TimeoutError:
            raise
        except OSError as error:
            raise _Died from error

    def _receive(self, length: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._talk.settimeout(max(0.001, until - time.monotonic()))
            piece = self._talk.recv(min(length - len(data), 1 << 20))
            if not piece:
                raise _Died
            data += piece
        return bytes(data)

    def end(self) -> int:
        """End it, whatever it does; how it ended, where it had by itself."""
        self._talk.close()
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(0.2)
        self.process.kill()
        return self.process.wait()


class Readers:
    """Takes documents apart; made once for a process. Threads may share it."""

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        memory_mb: int = MEMORY_MB,
        nice: int = 0,
        processes: int | None = None,
    ) -> None:
        self._seconds, self._memory, self._nice = seconds, memory_mb * 1_000_000, nice
        self._free: list[_Child] = []
        self._lock = threading.Lock()
        self._places = threading.Semaphore(processes or os.cpu_count() or 1)
        self._owner = os.getpid()
        self._shift = 0

    def read(
        self, source: Path | bytes | int, media_type: str, name: str, *, most: int = MOST
    ) -> Extracted:
        """What stands in a document (a path, its bytes or an open descriptor).

        Whatever the document is, nothing is raised; OSError only where `source` cannot be opened.
        """
        del name  # says nothing that the content does not say better
        descriptor = _opened(source)
        try:
            with self._places:
                return self._read(descriptor, media_type, most)
        finally:
            if not isinstance(source, int):
                os.close(descriptor)

    def close(self) -> None:
        """End the processes; those that still read end with what they read.

        Whoever reads later has others started: one who is done may share it with one who is not.
        """
        with self._lock:
            ending, self._free = self._free, []
            self._shift += 1
        if os.getpid() == self._owner:
            for child in ending:
                child.end()

    def _read(self, descriptor: int, media_type: str, most: int) -> Extracted:
        """Once more in a new process where one died that others had used before."""
        while True:
            child = self._take()
            fresh = child.served == 0
            try:
                answer = child.ask(descriptor, media_type, most)
            except TimeoutError:
                child.process.kill()
                child.end()
                return _lost(LIMIT_REACHED, "time")
            except (_Died, Garbled):
                code = child.end()
                if code in (-signal.SIGXCPU, -signal.SIGPROF):
                    return _lost(LIMIT_REACHED, "time")
                if fresh:
                    return _lost(READER_DIED, f"by signal {-code}" if code < 0 else f"code {code}")
                continue
            except BaseException:
                child.process.kill()
                child.end()
                raise
            self._give_back(child, used_up=answer.used_up)
            return answer.extracted

    def _take(self) -> _Child:
        with self._lock:
            if os.getpid() != self._owner:  # of a process that was forked: leave its parent's alone
                self._free, self._owner = [], os.getpid()
            if self._free:
                return self._free.pop()
            shift = self._shift
        return _Child(self._seconds, self._memory, self._nice, shift)

    def _give_back(self, child: _Child, *, used_up: bool) -> None:
        with self._lock:
            if not used_up and child.shift == self._shift:
                self._free.append(child)
                return
        child.end()


def _lost(code: str, note: str) -> Extracted:
    return Extracted(readable=False, findings=((code, note),))


def _opened(source: Path | bytes | int) -> int:
    if isinstance(source, int):
        return source
    if isinstance(source, bytes):
        descriptor = os.memfd_create("document", os.MFD_CLOEXEC)
        view = memoryview(source)
        while view:
            view = view[os.write(descriptor, view) :]
        return descriptor
    return os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
