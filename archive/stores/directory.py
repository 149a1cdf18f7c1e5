"""ObjectStore on a directory: the default for one machine. Plain files, read-only, never replaced.

What the first put of a process finds in `scratch` of processes that are no more is removed.

A put writes what it is given as bytes into `scratch` (same file system, another tree), syncs, then
links every file under its key (link(2) never replaces), and syncs again: a name in the store always
has its whole bytes. Staged files must have been synced by whoever staged them.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from archive.durable import FileSystem, disk_errors, replace, write_new
from archive.errors import ObjectConflict, ObjectMissing, Unreachable, UsageError
from archive.leftovers import remove_leftovers
from archive.ports import CHUNK, ObjectInfo, PutItem, StagedFile
from archive.stores.immutable import set_immutable
from archive.stores.keys import check_key

_LARGE = 4 * CHUNK
_Paths = list[str]
_ELSEWHERE = "The store must be on the same file system as staging/ and scratch/ of the archive."


class DirectoryStore:
    """Objects below `root`; `scratch` holds files being written and may be emptied when idle.

    With `immutable` every object gets the file system's immutable flag once it is durable, and
    loses its staged name before that: no name of such a file can be removed.
    """

    def __init__(
        self, root: Path, scratch: Path, fs: FileSystem, *, immutable: bool = False
    ) -> None:
        self._root = root
        self._prefix = f"{root}/"
        self._scratch = scratch
        self._fs = fs
        self._counter = 0
        self._folders: set[str] = set()
        self._swept = False
        self._immutable = immutable

    def put(self, items: Sequence[PutItem]) -> None:
        """See ObjectStore.put."""
        if not items:
            return
        with disk_errors("the store"):
            written: _Paths = []
            self._sweep_scratch()
            try:
                sources = [self._source(item, written) for item in items]
                if written:
                    self._fs.sync_file_system(self._scratch)
                for item, source in zip(items, sources, strict=True):
                    self._link(item.key, source)
                self._fs.sync_file_system(self._root)
            finally:
                for path in written:
                    self._fs.unlink(path)
            self._forget_cached(items)
            if self._immutable:
                self._protect(items)

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See ObjectStore.read."""
        fd = self._open(key)
        try:
            if start:
                os.lseek(fd, start, os.SEEK_SET)
            left = os.fstat(fd).st_size - start
            left = left if length is None else min(left, length)
            while left > 0 and (chunk := os.read(fd, min(CHUNK, left))):
                left -= len(chunk)
                yield chunk
        except OSError as error:
            raise Unreachable(f"{key} cannot be read: {os.strerror(error.errno or 0)}") from error
        finally:
            os.close(fd)

    def open_object(self, key: str) -> int:
        """A descriptor for reading an object where it stands, to be closed; raises ObjectMissing.

        For programs that want a file: no other store can do this.
        """
        return self._open(key)

    def stat(self, key: str) -> ObjectInfo | None:
        """See ObjectStore.stat."""
        try:
            found = os.lstat(self._path(key))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _info(key, found) if stat.S_ISREG(found.st_mode) else None

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """See ObjectStore.list. Whatever is no regular file is listed too, with size 0."""
        folder = self._root / prefix if prefix else self._root
        yield from self._walk(os.fsencode(folder), prefix, after)

    def discard(self, keys: Iterable[str]) -> None:
        """See LiveStore.discard."""
        for key in keys:
            self._fs.unlink(self._path(key))

    def _walk(self, folder: bytes, prefix: str, after: str) -> Iterator[ObjectInfo]:
        try:
            with os.scandir(folder) as scan:
                names = (e.name + b"/" if e.is_dir(follow_symlinks=False) else e.name for e in scan)
                found = [name for name in map(os.fsdecode, names) if _follows(prefix + name, after)]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise Unreachable(f"{prefix or 'the store'} cannot be listed: {reason}") from error
        # A folder sorts as `name/`, so keys come out in the order an S3 listing has.
        for name in sorted(found):
            key = prefix + name
            if name.endswith("/"):
                yield from self._walk(os.path.join(folder, os.fsencode(name[:-1])), key, after)
                continue
            try:
                yield _info(key, os.lstat(os.path.join(folder, os.fsencode(name))))
            except FileNotFoundError:
                continue

    def _sweep_scratch(self) -> None:
        """Once: remove what killed processes left behind, never what a live one is writing."""
        if not self._swept:
            remove_leftovers(self._scratch, self._fs)
            self._swept = True

    def _source(self, item: PutItem, written: _Paths) -> str:
        if isinstance(item.source, StagedFile):
            return str(item.source.path)
        while True:
            self._counter += 1
            path = f"{self._scratch}/{os.getpid()}-{id(self):x}-{self._counter}"
            try:
                write_new(self._fs, path, (item.source,))
            except FileExistsError:
                continue  # left behind by a process of the same number that was killed
            written.append(path)
            return path

    def _link(self, key: str, source: str) -> None:
        target = self._path(key)
        folder = os.path.dirname(target)
        if folder not in self._folders:
            with suppress(NotADirectoryError):
                self._fs.mkdir(Path(folder))
            if len(self._folders) < 4096:
                self._folders.add(folder)
        try:
            self._fs.link(source, target)
        except (NotADirectoryError, FileNotFoundError):
            if os.path.isdir(folder):
                raise
            sentence = f"{key} cannot be stored: a file stands where a folder should be"
            raise ObjectConflict(sentence) from None
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise UsageError(_ELSEWHERE) from error
            if error.errno != errno.EEXIST:
                raise
            if not _same_file(source, target):
                raise ObjectConflict(f"{key} is already stored with other bytes") from None

    def _protect(self, items: Sequence[PutItem]) -> None:
        for item in items:
            if isinstance(item.source, StagedFile):
                self._fs.unlink(item.source.path)
            set_immutable(self._path(item.key), on=True)

    def _forget_cached(self, items: Sequence[PutItem]) -> None:
        """Drop large objects from the page cache, so that reading them back asks the disk."""
        for item in items:
            if isinstance(item.source, StagedFile) and item.source.path.stat().st_size >= _LARGE:
                fd = self._open(item.key)
                try:
                    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                finally:
                    os.close(fd)

    def _open(self, key: str) -> int:
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            fd = os.open(self._path(key), flags)
        except (FileNotFoundError, NotADirectoryError):
            raise ObjectMissing(f"{key} is not in the store") from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise ObjectMissing(f"{key} is a link, not an object") from None
            raise Unreachable(f"{key} cannot be read: {os.strerror(error.errno or 0)}") from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise ObjectMissing(f"{key} is not a regular file")
        return fd

    def _path(self, key: str) -> str:
        return self._prefix + check_key(key)


class DirectoryPointer:
    """The pointer as a file that is replaced by rename."""

    def __init__(self, path: Path, temporary: Path, fs: FileSystem) -> None:
        self._path = path
        self._temporary = temporary
        self._fs = fs

    def replace(self, data: bytes) -> None:
        """See Pointer.replace."""
        with disk_errors("the checkpoint pointer"):
            self._fs.mkdir(self._path.parent)
            replace(self._fs, self._path, data, self._temporary)


def _info(key: str, found: os.stat_result) -> ObjectInfo:
    size = found.st_size if stat.S_ISREG(found.st_mode) else 0
    return ObjectInfo(key, size, datetime.fromtimestamp(found.st_mtime, UTC))


def _follows(key: str, after: str) -> bool:
    """Whether a key, or something in the folder of that key, comes after another one."""
    return key > after or (key.endswith("/") and after.startswith(key))


def _same_file(source: str, target: str) -> bool:
    """Whether a name that is taken holds the same bytes; never follows links, never waits."""
    found = os.lstat(target)
    if not stat.S_ISREG(found.st_mode):
        return False
    return os.path.samestat(os.lstat(source), found) or _same_bytes(source, target)


def _same_bytes(left: str, right: str) -> bool:
    with open(left, "rb") as one, open(right, "rb") as other:
        while True:
            a, b = one.read(CHUNK), other.read(CHUNK)
            if a != b:
                return False
            if not a:
                return True
