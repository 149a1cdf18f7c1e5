"""A lock that one process holds, and that a killed one lets go of."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.EINVAL, errno.EOPNOTSUPP}
"""Some network file systems lock only files that are open for writing, others nothing."""


@contextmanager
def one_at_a_time(path: Path) -> Iterator[bool]:
    """Whether the lock is ours while this lasts; never waits."""
    with _locked(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)) as mine:
        yield mine


@contextmanager
def one_at_a_time_in(folder: Path) -> Iterator[bool]:
    """The same for a folder, in which nothing is made for it; True where it has no locks."""
    with _locked(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as mine:
        yield mine


@contextmanager
def _locked(fd: int) -> Iterator[bool]:
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield True
    finally:
        os.close(fd)
