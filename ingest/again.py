"""Drops that could not be read or taken: they are left where they are, and tried again later.

Each is told once while it stays what it is. The waits grow, so that a file that will never be
readable costs nothing.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.found import Drop

_FIRST_SECONDS, _MOST_SECONDS = 30.0, 3600.0


@dataclass(slots=True)
class _Try:
    what: Any
    due: float
    pause: float


class Again:
    """Remembers them."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[bytes, _Try] = {}

    def failed(self, drop: Drop, why: str) -> bool:
        """It could not be taken as it is now; whether that is to be told."""
        what = (drop.file.key, drop.sidecar.key if drop.sidecar else None, why)
        before = self._known.get(drop.file.path)
        is_new = before is None or before.what != what
        pause = _FIRST_SECONDS
        if before is not None and not is_new:
            pause = min(2 * before.pause, _MOST_SECONDS)
        self._known[drop.file.path] = _Try(what, self._monotonic() + pause, pause)
        return is_new

    def due(self) -> list[bytes]:
        """Paths to be tried now, each once."""
        if not self._known:
            return []
        self._known = {path: one for path, one in self._known.items() if os.path.lexists(path)}
        now = self._monotonic()
        paths = [path for path, one in self._known.items() if one.due <= now]
        for path in paths:
            self._known[path].due = float("inf")
        return paths
