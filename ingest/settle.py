"""Decides from observations when a file is complete. Pure: no clock, no file system.

A file is complete when its key did not change for `settle` seconds of a monotonic clock and nobody
holds it open for writing. Its mtime is never compared with the time of day: device clocks are wrong
and copies keep old times. What no rule can see is a copy that was killed half way.

    settler = Settler(Settle())
    while True:
        for path, key in look():
            verdict = settler.observe(path, key, monotonic(), lambda: has_writer(path))
        settler.end_round()
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self

_HALF = 1 << 63
"""Numbers from -_HALF to below _HALF are those that a database has."""


class FileKey(NamedTuple):
    """What changes when a file changes; times in nanoseconds, size in bytes.

    Times before 1677 and from 2262 on, which wrong clocks make, are too large for a database: here
    they are taken modulo 2^64. They are still different times, and never told to anybody.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Self:
        """The key in a stat result."""
        mtime, ctime = stat.st_mtime_ns, stat.st_ctime_ns
        if not (-_HALF <= mtime < _HALF and -_HALF <= ctime < _HALF):
            mtime, ctime = _wrapped(mtime), _wrapped(ctime)
        return cls(stat.st_dev, stat.st_ino, stat.st_size, mtime, ctime)


def _wrapped(time_ns: int) -> int:
    return (time_ns + _HALF) % (2 * _HALF) - _HALF


@dataclass(frozen=True, slots=True)
class Settle:
    """How long a file must rest, in seconds of the monotonic clock."""

    seconds: float = 2.0
    seconds_without_lease: float = 60.0
    """Where the system cannot say who is writing (another's file, a network share)."""


class Settled(NamedTuple):
    """The file is complete; goes into record.json as `settle`."""

    lease: bool
    """True if the system confirmed that nobody was writing."""
    seconds: int
    """Whole seconds for which the key had been seen unchanged."""


class _Watch:
    __slots__ = ("beside", "due", "key", "round", "settled", "since", "taken")

    def __init__(self, key: FileKey, now: float, due: float, current_round: int) -> None:
        self.key = key
        self.since = now
        self.due = due
        self.round = current_round
        self.settled: Settled | None = None
        self.taken = False
        self.beside: FileKey | None = None


class Settler:
    """Remembers every file that is there now, and nothing about files that are gone."""

    def __init__(self, settle: Settle) -> None:
        self._settle = settle
        self._watched: dict[bytes, _Watch] = {}
        self._round = 0

    def __len__(self) -> int:
        return len(self._watched)

    def observe(
        self, path: bytes, key: FileKey, now: float, writer: Callable[[], bool | None]
    ) -> Settled | None:
        """One look at a file at `now`; None while it is not complete.

        `writer` is asked only when the time is up: True if somebody is writing, False if nobody
        is, None if the system cannot say. A complete file stays complete until its key changes.
        """
        watch = self._watched.get(path)
        if watch is None or watch.key != key:
            due = now + self._settle.seconds
            watch = self._watched[path] = _Watch(key, now, due, self._round)
        watch.round = self._round
        if watch.settled is None and now >= watch.due:
            self._ask(watch, now, writing=writer())
        return watch.settled

    def _ask(self, watch: _Watch, now: float, *, writing: bool | None) -> None:
        if writing:
            watch.since, watch.due = now, now + self._settle.seconds
            return
        if writing is None:
            watch.due = max(watch.due, watch.since + self._settle.seconds_without_lease)
            if now < watch.due:
                return
        watch.settled = Settled(writing is False, int(now - watch.since))

    def rested(self, path: bytes, now: float) -> float:
        """Seconds for which a file was seen unchanged, complete or not."""
        watch = self._watched.get(path)
        return 0.0 if watch is None else now - watch.since

    def unsettled(self) -> list[bytes]:
        """Files that were not complete when they were last looked at."""
        return [path for path, watch in self._watched.items() if watch.settled is None]

    def take(self, path: bytes, beside: FileKey | None = None) -> None:
        """The drop was taken, with the sidecar that has the key `beside`.

        It is not offered again while both stay as they are.
        """
        if watch := self._watched.get(path):
            watch.taken = True
            watch.beside = beside

    def is_taken(self, path: bytes, beside: FileKey | None = None) -> bool:
        """Whether this file, as it is now, was taken, and no new sidecar has come since.

        A sidecar that has gone offers nothing anew: perhaps its file is being taken away too.
        """
        watch = self._watched.get(path)
        return watch is not None and watch.taken and beside in (None, watch.beside)

    def forget(self, path: bytes) -> None:
        """Start anew with this file, as if it had just appeared."""
        self._watched.pop(path, None)

    def end_round(self) -> None:
        """Forget every file that was not observed since the last call."""
        gone = [path for path, watch in self._watched.items() if watch.round != self._round]
        for path in gone:
            del self._watched[path]
        self._round += 1
