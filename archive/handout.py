"""Writing the copy that leaves the archive: hidden while it grows, final only when it is whole.

    with Handout(fs, folder, access) as copy:
        for piece in pieces:
            copy.write(piece)
        path = copy.finish("笔录.txt")

The final name is given without ever replacing a file; `笔录 (2).txt` is taken where it is in use.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from archive.durable import FileSystem
from signing.digest import Digest, Hasher

_MOST_NAMES = 10_000
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class Handout:
    """One file on its way out; whatever goes wrong, nothing unfinished stays behind."""

    def __init__(
        self, fs: FileSystem, folder: Path, label: str, algorithms: Sequence[str] = ("sha256",)
    ) -> None:
        self._fs = fs
        self._folder = folder
        self._part = folder / f".{label}.part"
        self._algorithms = tuple(algorithms)
        self._fd = -1
        self._finished = False
        self.digests: tuple[Digest, ...] = ()

    def __enter__(self) -> "Handout":
        """Create the hidden file; OSError where the folder cannot be written."""
        self._fd = self._fs.create(self._part)
        self._hasher = Hasher(self._algorithms, threads=True)
        return self

    def write(self, piece: bytes) -> None:
        """Add bytes that have been checked."""
        self._fs.write(self._fd, piece)
        self._hasher.update(piece)

    def finish(self, name: str) -> Path:
        """Make it durable and give it its name; returns the path. `digests` are then set."""
        self.digests = self._hasher.finish()
        self._fs.fsync_file(self._fd)
        for candidate in _names(name):
            path = self._folder / candidate
            if self._take(path):
                self._finished = True
                self._fs.fsync_directory(self._folder)
                return path
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._folder / name))

    def _take(self, path: Path) -> bool:
        try:
            self._fs.link(self._part, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return self._take_without_links(path)
        self._fs.unlink(self._part)
        return True

    def _take_without_links(self, path: Path) -> bool:
        """FAT and exFAT have no hard links: claim the name with an empty file of ours first."""
        try:
            self._fs.close(self._fs.create(path))
        except FileExistsError:
            return False
        self._fs.rename(self._part, path)
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hasher.close()
        self._fs.close(self._fd)
        if not self._finished:
            self._fs.unlink(self._part)


def _names(name: str) -> Iterator[str]:
    yield name
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    for number in range(2, _MOST_NAMES):
        yield f"{stem} ({number}){dot}{extension}"
