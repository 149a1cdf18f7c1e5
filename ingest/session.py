"""A process's own folder below staging/, and cleaning up after those that died.

Each session holds a lock on its folder; one without a holder belongs to nobody, and what the
database does not need any more of it is removed. Staged bytes that an unsealed entry needs stay.
"""

import fcntl
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from archive.durable import FileSystem
from ingest.unrejected import discard, is_note

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from archive.database import Database


class StagingSession:
    """One folder of staged files, locked while its process lives."""

    def __init__(self, staging: Path, fs: FileSystem, name: str) -> None:
        self._staging = staging
        self._quarantine = staging.parent / "quarantine"
        self._fs = fs
        self._submitted: set[str] = set()
        self._taken_over = False
        self.name = name
        self.folder = staging / name
        self._lock: int | None = self._make_and_lock()

    def _make_and_lock(self) -> int:
        """Another process that cleans up may remove the folder before it is locked."""
        while True:
            self._fs.mkdir(self.folder)
            with suppress(FileNotFoundError):
                fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                fcntl.flock(fd, fcntl.LOCK_EX)
                if _is_at(fd, self.folder):
                    return fd
                os.close(fd)

    def take_over(self) -> None:
        """From now on the database alone says what is needed: entries may stand for it."""
        self._taken_over = True

    def submitted(self, names: Iterable[str]) -> None:
        """Files that an entry in the database stands for, or that none will ever need."""
        self._submitted.update(names)

    def clean_up(self, database: "Database") -> None:
        """Remove our submitted files that are stored by now."""
        if not self._submitted:
            return
        needed = _needed(database.read, self.name)
        for name in self._submitted - needed:
            self._fs.unlink(f"{self.folder}/{name}")
        self._submitted &= needed

    def clean_up_dead(self, database: "Database") -> bool:
        """Remove what dead sessions left behind and no entry needs; whether some must stay."""
        left = False
        for folder in self._staging.iterdir():
            if folder == self.folder or folder.is_symlink() or not folder.is_dir():
                continue
            try:
                fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # its process has just given it back
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            else:
                if _is_at(fd, folder):
                    # A server may still be committing what its process asked for: take turns.
                    needed = _needed(database.write, folder.name)
                    discard(self._fs, database, folder, self._quarantine)
                    self._empty(folder, needed)
                    _remove_if_empty(folder)
                    left = left or bool(needed)
            finally:
                os.close(fd)
        return left

    def drop_unsubmitted(self, database: "Database") -> None:
        """Remove everything of ours that no entry needs: a batch was given up, or the end came."""
        self._empty(self.folder, _needed(database.read, self.name))
        self._submitted.clear()

    def close(self, database: "Database") -> None:
        """Give the folder back; files that are still needed stay for the next process.

        Where the database is away everything stays: nobody knows what is needed.
        """
        try:
            discard(self._fs, database, self.folder, self._quarantine)
            self.drop_unsubmitted(database)
        finally:
            self._leave()

    def abandon(self) -> None:
        """Remove everything of a session that nobody took over; of others nothing."""
        if not self._taken_over and self._lock is not None:
            self._empty(self.folder, set())
            self._leave()

    def _leave(self) -> None:
        assert self._lock is not None  # noqa: S101 - it is left once
        _remove_if_empty(self.folder)
        os.close(self._lock)
        self._lock = None

    def _empty(self, folder: Path, needed: set[str]) -> None:
        for path in folder.iterdir():
            if path.name not in needed and not is_note(path):
                self._fs.unlink(path)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _is_at(fd: int, folder: Path) -> bool:
    """Whether a folder that was opened still stands under its name."""
    try:
        return os.path.samestat(os.fstat(fd), folder.stat())
    except FileNotFoundError:
        return False


def _needed(begin: "Callable[[], AbstractContextManager[Connection]]", session: str) -> set[str]:
    """Names in a session's folder that submitted, unstored objects point to."""
    # Imported late: whoever reads ahead has a session, and no database.
    from sqlalchemy import select

    from archive.ledger import UNSTORED

    query = select(UNSTORED.c.path).where(UNSTORED.c.path.startswith(session + "/"))
    with begin() as connection:
        return {row.path.partition("/")[2] for row in connection.execute(query)}
