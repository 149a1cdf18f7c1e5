"""File-system events as hints: any event is only a reason to sweep, its path is never used.

inotify loses events when thousands of files arrive at once, sees nothing of what another machine
writes to a share, and may have no watches left. So nothing may depend on a hint; without them the
inbox is swept at its usual interval, and where some are known to be lost more often.
"""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

_NO_HINTS = "No file events here ({reason}); the inbox is swept at intervals only."
OVERFLOW, FEW = "overflow", "few_watches"


def _observer() -> Any:
    # Imported late: commands that do not watch should not pay for it.
    from watchdog.observers import Observer

    return Observer()


class _Overflow(logging.Handler):
    """Hears of lost events: watchdog has no other way to say so.

    It also keeps the library from complaining on stderr when an event comes while it is stopped.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self.count += 1


class Hints:
    """Sets `wake` when something happens below a folder.

    `problem` is None while events arrive, else one sentence saying that there are none.
    """

    def __init__(
        self,
        folder: bytes,
        wake: threading.Event,
        observer: Callable[[], Any] = _observer,
        watches: Callable[[], int | None] | None = None,
    ) -> None:
        """`watches` counts what the kernel watches for this process; None if it does not say."""
        self._folder = folder
        self._wake = wake
        self._new = observer
        self._watches = watches or count_watches
        self._running: Any = None
        self._heard = _Overflow()
        self._overflows = 0
        self._few = 0
        self.problem: str | None = _NO_HINTS.format(reason="not started")

    def start(self) -> None:
        """Begin; a system without events is no error."""
        logging.getLogger("watchdog").addHandler(self._heard)
        try:
            running = self._new()
            _schedule(running, os.fsdecode(self._folder), self._wake)
            running.start()
        except (ImportError, OSError, RuntimeError) as error:
            self.problem = _NO_HINTS.format(reason=type(error).__name__)
            return
        self._running = running
        self.problem = None

    def losses(self, folders: int) -> list[str]:
        """What was lost since the last call: OVERFLOW, FEW (folders that nobody watches).

        `folders` is how many there are. One that is new gets its watch a moment later, so that
        there must be too few twice.
        """
        if self._running is None:
            return []
        found = []
        if self._heard.count > self._overflows:
            self._overflows = self._heard.count
            found.append(OVERFLOW)
        watches = self._watches()
        self._few = self._few + 1 if watches is not None and watches < folders else 0
        if self._few >= 2:
            found.append(FEW)
        return found

    def watched(self) -> int | None:
        """How many folders the kernel watches; None if it does not say."""
        return self._watches()

    def stop(self) -> None:
        """End and join the thread; safe to call twice, or without `start`."""
        if self._running is not None:
            self._running.stop()
            self._running.join()
            self._running = None
        # Last: it complains on stderr, where nobody hears it, of events that come while it stops.
        logging.getLogger("watchdog").removeHandler(self._heard)


class NoHints(Hints):
    """For who wants no events: nothing is watched, and nothing is missed."""

    def __init__(self) -> None:
        super().__init__(b"", threading.Event())
        self.problem = None

    def start(self) -> None:
        """Nothing to begin."""


def count_watches() -> int | None:
    """Watches of all inotify descriptors of this process (proc(5), fdinfo)."""
    count = None
    with suppress(OSError):
        for fd in os.listdir("/proc/self/fd"):
            # A descriptor of another thread may be gone again.
            with suppress(OSError):
                if os.readlink(f"/proc/self/fd/{fd}") == "anon_inode:inotify":
                    lines = Path(f"/proc/self/fdinfo/{fd}").read_bytes()
                    count = (count or 0) + lines.count(b"\ninotify ")
    return count


def _schedule(observer: Any, folder: str, wake: threading.Event) -> None:
    from watchdog import events  # see _observer

    class Wake(events.FileSystemEventHandler):
        def dispatch(self, event: events.FileSystemEvent) -> None:  # noqa: ARG002
            wake.set()

    # Our own reading causes "opened" and "closed without writing": they must not wake us.
    wanted: list[type[events.FileSystemEvent]] = [
        events.FileCreatedEvent,
        events.DirCreatedEvent,
        events.FileModifiedEvent,
        events.FileMovedEvent,
        events.DirMovedEvent,
        events.FileClosedEvent,
    ]
    observer.schedule(Wake(), folder, recursive=True, event_filter=wanted)
