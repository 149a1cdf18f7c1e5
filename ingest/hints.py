"""File-system events as hints: any event is only a reason to sweep, its path is never used.

inotify loses events when thousands of files arrive at once, sees nothing of what another machine
writes to a share, and may have no watches left. So nothing may depend on a hint; without them the
inbox is swept at its usual interval.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

_NO_HINTS = "No file events here ({reason}); the inbox is swept at intervals only."


def _observer() -> Any:
    # Imported late: commands that do not watch should not pay for it.
    from watchdog.observers import Observer

    # It complains on stderr when an event comes while it is being stopped; hints may be lost.
    logging.getLogger("watchdog").addHandler(logging.NullHandler())
    return Observer()


class Hints:
    """Sets `wake` when something happens below a folder.

    `problem` is None while events arrive, else one sentence saying that there are none.
    """

    def __init__(
        self, folder: bytes, wake: threading.Event, observer: Callable[[], Any] = _observer
    ) -> None:
        self._folder = folder
        self._wake = wake
        self._new = observer
        self._running: Any = None
        self.problem: str | None = _NO_HINTS.format(reason="not started")

    def start(self) -> None:
        """Begin; a system without events is no error."""
        try:
            running = self._new()
            _schedule(running, os.fsdecode(self._folder), self._wake)
            running.start()
        except (ImportError, OSError, RuntimeError) as error:
            self.problem = _NO_HINTS.format(reason=type(error).__name__)
            return
        self._running = running
        self.problem = None

    def stop(self) -> None:
        """End and join the thread; safe to call twice, or without `start`."""
        if self._running is not None:
            self._running.stop()
            self._running.join()
            self._running = None


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
