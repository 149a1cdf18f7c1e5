"""Looking at one file without trusting it: opening, reading, and asking who writes."""

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterator

from ingest.errors import SourceChanged, SourceForbidden, SourceUnreadable
from ingest.settle import FileKey

_BEGINNING = 1 << 18
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_regular(path: bytes) -> int:
    """Open a regular file for reading, see `open_known`; returns the descriptor."""
    return open_known(path)[0]


def open_known(path: bytes) -> tuple[int, FileKey]:
    """Open a regular file for reading: never follows a link, never waits on a FIFO.

    Links in the folders above the file are the business of the sweep, which does not walk them.
    Returns descriptor and key; raises SourceUnreadable, or SourceForbidden where it is not allowed.
    """
    try:
        fd = os.open(path, _FLAGS)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        kind = SourceForbidden if error.errno in (errno.EACCES, errno.EPERM) else SourceUnreadable
        raise kind(f"The file cannot be opened: {reason}.") from error
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise SourceUnreadable("This is not a regular file.")
    return fd, FileKey.of(found)


def has_writer(fd: int) -> bool | None:
    """Whether anybody on this machine has the file open for writing; None if it cannot be known.

    A read lease is refused with EAGAIN while there is a writer (fcntl(2), F_SETLEASE). It needs the
    file's owner or CAP_LEASE and a local file system.

    Somebody who opens the file for writing in the instant of the lease waits for us, and the kernel
    tells us by a signal: SIGIO by default, which would end the process. SIGURG is ignored.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    return False


def writer_of(path: bytes, key: FileKey, *, soon: bool = False) -> bool | None:
    """`has_writer` by path; a file that is no longer the one with this key counts as written to.

    With `soon` the system may fetch its beginning from the disk: it is read next, after others
    that are asked about now. Raises SourceForbidden.
    """
    try:
        fd, found = open_known(path)
    except SourceForbidden:
        raise
    except SourceUnreadable:
        return True
    try:
        if soon:
            os.posix_fadvise(fd, 0, _BEGINNING, os.POSIX_FADV_WILLNEED)
        return True if found != key else has_writer(fd)
    finally:
        os.close(fd)


def read_pieces(path: bytes, expected: FileKey) -> Iterator[bytes]:
    """The bytes of a settled file, a mebibyte at a time; raises as `read_head` does."""
    fd = open_regular(path)
    try:
        while part := os.read(fd, 1 << 20):
            yield part
        if FileKey.of(os.fstat(fd)) != expected:
            raise SourceChanged("The file changed while it was read.")
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise SourceUnreadable(f"The file cannot be read: {reason}.") from error
    finally:
        os.close(fd)


def read_head(path: bytes, limit: int, expected: FileKey | None = None) -> bytes:
    """Read at most `limit` bytes of a settled file into memory; nothing of it is written anywhere.

    Raises SourceUnreadable, or SourceChanged if the file is not (or no longer) the expected one.
    """
    fd = open_regular(path)
    try:
        before = FileKey.of(os.fstat(fd))
        parts = []
        while limit > 0 and (part := os.read(fd, min(limit, 1 << 20))):
            parts.append(part)
            limit -= len(part)
        if before != (expected or before) or FileKey.of(os.fstat(fd)) != before:
            raise SourceChanged("The file changed while it was read.")
        return b"".join(parts)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise SourceUnreadable(f"The file cannot be read: {reason}.") from error
    finally:
        os.close(fd)
