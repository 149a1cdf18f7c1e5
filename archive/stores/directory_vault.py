"""Vault and Inspectable over a directory: what protects a file, and what is odd about it.

A folder has no versions, no dates and no legal holds: a file is there, read-only, or it is not. So
`extend` and `hold` change nothing; what keeps a file are its mode and the flag of the file system.
"""

import errno
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from archive.durable import FileSystem
from archive.errors import ObjectMissing, StillLocked, Unreachable
from archive.ports import PlaceFacts, Protection, StoredVersion
from archive.stores.directory import DirectoryStore
from archive.stores.immutable import is_immutable, set_immutable
from archive.stores.keys import check_key

_WRITABLE = 0o222
_WRITABLE_BY_OTHERS = 0o022
_REMEMBERED = 65_536


class DirectoryVault:
    """Protection of the objects of one directory store; `root` is the store's own."""

    def __init__(self, root: Path, store: DirectoryStore, fs: FileSystem) -> None:
        self._root = root
        self._store = store
        self._fs = fs
        self._own: os.stat_result | None = None
        self._seen: set[str] = set()

    # ── Vault ──

    def versions(self, prefix: str, after: str = "") -> Iterator[StoredVersion]:
        """See Vault.versions; every name has one version, `""`."""
        for info in self._store.list(prefix, after):
            yield StoredVersion(info.key, "", info.size, info.modified, latest=True)

    def protection(self, key: str, version: str) -> Protection:
        """See Vault.protection."""
        del version
        path = f"{self._root}/{check_key(key)}"
        try:
            found = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            raise ObjectMissing(f"{key} is not in the store") from None
        except OSError as error:
            raise _unreadable(key, error) from error
        remarks = [*self._of_folders(key), *self._of_file(key, found)]
        return Protection(_level(path, found), remarks=tuple(remarks))

    def extend(self, key: str, version: str, until: datetime | None) -> Protection:
        """See Vault.extend; a folder has no dates, so nothing changes."""
        del until
        return self.protection(key, version)

    def hold(self, key: str, version: str, *, on: bool) -> Protection:
        """See Vault.hold; a folder has no legal holds, so nothing changes."""
        del on
        return self.protection(key, version)

    def destroy(self, key: str, version: str) -> None:
        """See Vault.destroy; a missing file is no error, so that it can be done again."""
        del version
        path = Path(f"{self._root}/{check_key(key)}")
        try:
            if is_immutable(path):
                set_immutable(path, on=False)
            self._fs.unlink(path)
        except NotADirectoryError:
            return
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EACCES):
                raise StillLocked(f"{key} cannot be deleted by this account.") from error
            raise _unreadable(key, error) from error
        if path.parent.is_dir():
            self._fs.fsync_directory(path.parent)

    # ── Inspectable ──

    def facts(self) -> PlaceFacts:
        """See Inspectable.facts."""
        root = self._root_stat()
        settings = {
            "file system": _digest(_file_system(self._root)),
            "owner": _digest(f"{root.st_uid}:{root.st_gid}"),
        }
        return PlaceFacts(str(self._root), settings=settings)

    def shows_locks(self, key: str, version: str) -> bool:
        """See Inspectable.shows_locks; a file's mode is there for everybody."""
        del key, version
        return True

    def read_version(self, key: str, version: str) -> Iterator[bytes]:
        """See Inspectable.read_version."""
        del version
        return self._store.read(key)

    # ── what is odd ──

    def _root_stat(self) -> os.stat_result:
        if self._own is None:
            try:
                self._own = os.stat(self._root)
            except OSError as error:
                raise _unreadable("the store", error) from error
        return self._own

    def _of_file(self, key: str, found: os.stat_result) -> Iterator[tuple[str, str]]:
        if not stat.S_ISREG(found.st_mode):
            yield "FILE_NOT_REGULAR", key
            return
        if found.st_nlink > 1:
            yield "FILE_LINKED", key
        yield from self._of_place(key, found)

    def _of_folders(self, key: str) -> Iterator[tuple[str, str]]:
        """Remarks about the folders above a file, each folder once."""
        folder = key.rpartition("/")[0]
        while folder not in self._seen:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen.add(folder)
            found = os.lstat(f"{self._root}/{folder}")
            if not stat.S_ISDIR(found.st_mode):
                yield "FILE_NOT_REGULAR", f"{folder}/"
            elif found.st_mode & _WRITABLE_BY_OTHERS:
                yield "FOLDER_WRITABLE", f"{folder}/"
            yield from self._of_place(f"{folder}/", found)
            folder = folder.rpartition("/")[0]

    def _of_place(self, subject: str, found: os.stat_result) -> Iterator[tuple[str, str]]:
        root = self._root_stat()
        if found.st_uid != root.st_uid:
            yield "FILE_OWNER", subject
        if found.st_dev != root.st_dev:
            yield "FILE_SYSTEM_OTHER", subject


def _level(path: str, found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode) or found.st_mode & _WRITABLE:
        return "none"
    return "immutable flag" if is_immutable(path) else "read-only"


def _file_system(root: Path) -> str:
    """The kind of file system a folder is on (`ext4`), as the kernel says."""
    place, kind = "", "unknown"
    resolved = str(root.resolve())
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return kind
    for line in lines:
        _, mounted, found, *_ = line.split(" ")
        inside = resolved == mounted or resolved.startswith(mounted.rstrip("/") + "/")
        if inside and len(mounted) >= len(place):
            place, kind = mounted, found
    return kind


def _digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _unreadable(what: str, error: OSError) -> Unreachable:
    return Unreachable(f"{what} cannot be read: {os.strerror(error.errno or 0)}")
