"""Listens to a running program until it ends or a bound is reached, in bounded memory."""

import os
import selectors
import subprocess
import time
from collections.abc import Callable
from typing import Literal

from ingest.media.limits import Limits, lend

Ended = Literal["ok", "failed", "timeout", "crashed", "limit", "stopped"]


def has_ended(pid: int) -> bool:
    """Whether the program has ended; it is not waited for yet."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class Said:
    """Standard error in bounded memory: its beginning and its end."""

    HEAD = 512 << 10
    TAIL = 64 << 10

    def __init__(self) -> None:
        self.head = bytearray()
        self.tail = bytearray()
        self.lost = False

    def add(self, data: bytes) -> None:
        """Take what comes next."""
        room = self.HEAD - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        if len(self.tail) > 2 * self.TAIL:
            self.lost = True
            del self.tail[: -self.TAIL]

    def text(self) -> str:
        """What was kept; bytes that are no UTF-8 are replaced."""
        middle = b"\n[...]\n" if self.lost else b""
        return bytes(self.head + middle + self.tail).decode("utf-8", errors="replace")


class Listening:
    """Takes both outputs of a process until they end, or a bound is reached.

    `out` and `err` are what it said, `cut` is why it was not heard to its end.
    """

    TICK = 0.2
    """Seconds between two looks at the clock and two questions to `watch`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        limits: Limits,
        watch: Callable[[], bool] | None,
        sink: Callable[[bytes], None] | None,
    ) -> None:
        self.process = process
        self.limits = limits
        self.watch = watch
        self.out = bytearray()
        self.take = sink or self.out.extend
        self.err = Said()
        self.count = 0
        self.cut: Ended | None = None
        self.start = self.looked = time.monotonic()

    def to_the_end(self) -> None:
        """Listen until the process has ended, or until `cut` says why it must be ended."""
        with selectors.DefaultSelector() as selector:
            assert self.process.stdout is not None  # noqa: S101 - Popen was given PIPE
            assert self.process.stderr is not None  # noqa: S101
            selector.register(self.process.stdout, selectors.EVENT_READ, self._out)
            selector.register(self.process.stderr, selectors.EVENT_READ, self.err.add)
            while selector.get_map() and self.cut is None:
                for key, _ in selector.select(self.TICK):
                    data = os.read(key.fd, 1 << 16)
                    if data:
                        key.data(data)
                    else:
                        selector.unregister(key.fileobj)
                self._bounds()
        if self.cut is None:
            self._wait()

    def _out(self, data: bytes) -> None:
        self.count += len(data)
        if self.count > self.limits.output:
            self.cut = "limit"
        else:
            self.take(data)

    def _bounds(self) -> None:
        now = time.monotonic()
        if self.cut is not None or now - self.looked < self.TICK:
            return
        self.looked = now
        if now - self.start > self.limits.seconds:
            self.cut = "timeout"
        elif self.watch is not None and not self.watch():
            self.cut = "stopped"
        lend(self.process.pid, self.limits, now - self.start)

    def _wait(self) -> None:
        """Both outputs are closed; the process may still go on for a moment, or on purpose."""
        pause = 0.0005
        while self.cut is None and not has_ended(self.process.pid):
            time.sleep(pause)
            pause = min(2 * pause, self.TICK)
            self._bounds()
