"""One sealer at a time: a lock that the kernel takes back when its holder dies, and a fence.

flock(2) needs no clock and no heartbeat, so a killed sealer blocks nobody and a stepping clock
cannot give the lease to two. The fencing number in the head row guards what the lock cannot: a
process that was stopped while holding it and wakes up later.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Lease:
    """An exclusive lock on a file, between processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def hold(self, *, wait: bool) -> Iterator[bool]:
        """Hold the lease; yields False at once if it is taken and `wait` is False."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(fd)
