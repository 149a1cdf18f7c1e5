"""The immutable flag of Linux file systems (ioctl_iflags(2)): not even root changes such a file
before the flag is taken off, which needs CAP_LINUX_IMMUTABLE.
"""

import fcntl
import os
from array import array
from pathlib import Path

_GET_FLAGS, _SET_FLAGS, _IMMUTABLE = 0x80086601, 0x40086602, 0x10
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def is_immutable(path: str | Path) -> bool:
    """Whether a file has the flag; False too where the file system knows no flags."""
    try:
        fd = os.open(path, _OPEN)
    except OSError:
        return False
    try:
        return bool(_flags(fd)[0] & _IMMUTABLE)
    except OSError:
        return False
    finally:
        os.close(fd)


def set_immutable(path: str | Path, *, on: bool) -> None:
    """Set or clear the flag; raises OSError where that cannot be. The only name must be left."""
    fd = os.open(path, _OPEN)
    try:
        flags = _flags(fd)
        wanted = flags[0] | _IMMUTABLE if on else flags[0] & ~_IMMUTABLE
        if wanted != flags[0]:
            flags[0] = wanted
            fcntl.ioctl(fd, _SET_FLAGS, flags)
    finally:
        os.close(fd)


def can_be_immutable(folder: Path) -> bool:
    """Whether this process may set the flag on files of a folder: tried out on one."""
    path = folder / f"flag-trial-{os.getpid()}"
    try:
        path.touch(mode=0o600)
        set_immutable(path, on=True)
        set_immutable(path, on=False)
    except OSError:
        return False
    finally:
        path.unlink(missing_ok=True)
    return True


def _flags(fd: int) -> "array[int]":
    flags = array("l", [0])
    fcntl.ioctl(fd, _GET_FLAGS, flags)
    return flags
