"""Copying objects from one store to another: hashed as they are read, and read back afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from os import getpid
from pathlib import Path

from archive.durable import READ_ONLY, FileSystem, disk_errors
from archive.errors import ContentAltered, ObjectMissing
from archive.ports import ObjectStore, PutItem, StagedFile

_IN_MEMORY = 1 << 20
"""What is larger goes over a file."""


def absent(here: ObjectStore, there: ObjectStore) -> Iterator[str]:
    """Keys that one store has and the other has not; both are listed once, side by side."""
    others = there.list("")
    other = next(others, None)
    for info in here.list(""):
        while other is not None and other.key < info.key:
            other = next(others, None)
        if other is None or other.key != info.key:
            yield info.key


class Copier:
    """Carries objects over; `staging` is on the disk of the store that is copied to, if it is one.

    Files of killed processes are removed by the store's own sweep: their names begin with the
    number of their process.
    """

    def __init__(self, staging: Path, fs: FileSystem) -> None:
        self._staging = staging
        self._fs = fs
        self._number = 0

    @contextmanager
    def batch(self) -> Iterator["Staged"]:
        """Some objects on their way; their files are gone at the end."""
        staged = Staged(self)
        try:
            yield staged
        finally:
            for path in staged.files:
                self._fs.unlink(path)

    def new_file(self) -> Path:
        """A name that nobody has."""
        self._fs.mkdir(self._staging)
        self._number += 1
        return self._staging / f"{getpid()}-copy-{id(self):x}-{self._number}"

    def write(self, path: Path, chunks: Iterator[bytes]) -> bytes:
        """Write a file so that it stays written; returns its SHA-256."""
        total = sha256()
        with disk_errors("the folder for copies"):
            fd = self._fs.create(path)
            try:
                for chunk in chunks:
                    total.update(chunk)
                    self._fs.write(fd, chunk)
                self._fs.chmod(fd, READ_ONLY)
                self._fs.fsync_file(fd)
            finally:
                self._fs.close(fd)
        return total.digest()

    def read_back(self, store: ObjectStore, item: PutItem) -> None:
        """Read what was written; raises ContentAltered if other bytes come."""
        total = sha256()
        for chunk in store.read(item.key):
            total.update(chunk)
        if total.digest() != item.sha256:
            raise ContentAltered(f"{item.key} does not read back as it was copied.")


class Staged:
    """Objects that were read and are not yet written."""

    def __init__(self, copier: Copier) -> None:
        self._copier = copier
        self.files: list[Path] = []

    def read(self, store: ObjectStore, wanted: PutItem) -> PutItem:
        """An object's bytes with its digest; raises ContentAltered if `wanted` names another.

        Raises ObjectMissing, Unreachable.
        """
        chunks = iter(store.read(wanted.key))
        begun: list[bytes] = []
        size = 0
        for chunk in chunks:
            begun.append(chunk)
            size += len(chunk)
            if size > _IN_MEMORY:
                break
        if size <= _IN_MEMORY:
            data = b"".join(begun)
            item = replace(wanted, source=data, sha256=sha256(data).digest())
        else:
            path = self._copier.new_file()
            self.files.append(path)
            digest = self._copier.write(path, chain(begun, chunks))
            item = replace(wanted, source=StagedFile(path), sha256=digest)
        if wanted.sha256 not in (None, item.sha256):
            raise ContentAltered(f"{wanted.key} does not have the bytes that were sealed.")
        return item

    def if_there(self, store: ObjectStore, key: str) -> list[PutItem]:
        """The same for an object that may be gone meanwhile."""
        try:
            return [self.read(store, PutItem(key, b""))]
        except ObjectMissing:
            return []
