"""Takes a copy of ours back out: overwritten as far as the file system lets us, then unlinked.

What overwriting cannot promise (journals, copy-on-write, flash) stands in docs/classification.md.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from archive.durable import FileSystem

_ZEROS = bytes(1 << 20)


def wipe(fs: FileSystem, paths: Iterable[Path | None]) -> None:
    """Overwrite and unlink our own copies; missing ones are no error."""
    for path in paths:
        if path is not None:
            with suppress(OSError):
                _overwrite(path)
            fs.unlink(path)


def _overwrite(path: Path) -> None:
    if path.lstat().st_nlink > 1:
        return  # it has a name that is not ours: what was dropped may be linked by its sender
    with suppress(PermissionError):
        path.chmod(0o600)  # staged copies are read only
    fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        left = os.fstat(fd).st_size
        while left > 0:
            left -= os.write(fd, memoryview(_ZEROS)[:left])
        os.fdatasync(fd)
    finally:
        os.close(fd)
