"""A disk that remembers what was synced, and what a power cut may leave of the rest.

`PowerCutDisk` stands in for `FileSystem`: it does everything on the real disk but syncing, and
records each call. `WatchedDatabase` adds a copy of the database at every commit, which SQLite makes
durable by itself. From the recording `states()` rebuilds, after every single call, the worst that
a power cut allows:

    lazy      nothing unsynced survives: neither bytes nor names
    names     every name, link, rename and removal survives, but unsynced bytes do not: empty files
    torn      the same, but half of the unsynced bytes survive
    removals  removals survive, new names and unsynced bytes do not

A sync can be ignored by its call site, to show that it is needed.
"""

import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from archive.database import Database
from archive.durable import FileSystem

VARIANTS = ("lazy", "names", "torn", "removals")
DATABASE = "cunzheng.db"
_LEFT_OUT = ("keys/", DATABASE, "seal.lock")
_REPOSITORY = Path(__file__).resolve().parents[2]
_Event = Sequence[Any]


@dataclass(frozen=True)
class State:
    """What stands on the disk after a power cut; `files` maps a path to mode and bytes or None.

    `marks` are what the scenario had promised to the outside by then, `moment` is the time.
    """

    variant: str
    step: int
    after: str
    files: tuple[tuple[str, int, bytes | None], ...]
    database: bytes
    marks: tuple[Any, ...]
    moment: datetime

    @property
    def key(self) -> int:
        """Equal for states that differ in nothing but files that were just being written."""
        files = tuple(file for file in self.files if not file[0].startswith("scratch/"))
        return hash((files, self.database, self.marks))

    def write_to(self, home: Path) -> None:
        """Rebuild it in place of what stands in a folder; the keys stay."""
        for path in home.iterdir():
            if path.is_dir() and path.name != "keys":
                shutil.rmtree(path)
            elif path.is_file():
                path.unlink()
        for name, mode, data in self.files:
            path = home / name
            if data is None:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.write_bytes(data)
                path.chmod(mode)
        if self.database:
            (home / DATABASE).write_bytes(self.database)


class PowerCutDisk(FileSystem):
    """The real disk below `home`, with a recording. Paths outside are not recorded."""

    def __init__(self, home: Path, now: Callable[[], datetime]) -> None:
        self.home = home
        self._now = now
        self.events: list[_Event] = []
        self._open: dict[int, int] = {}
        self._handles = 0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin: what stands there now counts as durable."""
        self.events.clear()
        for folder, folders, names in os.walk(self.home):
            for name in (*sorted(folders), *sorted(names)):
                self.settled(Path(folder) / name)

    def settled(self, path: Path) -> None:
        """A file or folder that somebody else made and synced, such as a device's drop."""
        name = self._name(path)
        if name is not None and not name.startswith(_LEFT_OUT):
            data = None if path.is_dir() else path.read_bytes()
            self._record("settled", name, path.stat().st_mode & 0o7777, data)

    def mark(self, promise: Any) -> None:
        """Something was promised to the outside now, such as a receipt."""
        self._record("mark", promise)

    def committed(self, path: Path) -> None:
        """The database was committed."""
        connection = sqlite3.connect(path)
        try:
            self._record("commit", connection.serialize())
        finally:
            connection.close()

    def create(self, path: Path | bytes, mode: int = 0o600) -> int:
        fd = super().create(path, mode)
        self._opened("create", fd, path, mode)
        return fd

    def append(self, path: Path) -> int:
        fd = super().append(path)
        self._opened("append", fd, path, 0o644)
        return fd

    def write(self, fd: int, data: bytes | memoryview) -> None:
        super().write(fd, data)
        self._record("write", self._open[fd], bytes(data))

    def truncate(self, fd: int, size: int) -> None:
        super().truncate(fd, size)
        self._record("truncate", self._open[fd], size)

    def chmod(self, fd: int, mode: int) -> None:
        super().chmod(fd, mode)
        self._record("chmod", self._open[fd], mode)

    def close(self, fd: int) -> None:
        self._open.pop(fd, None)
        super().close(fd)

    def fsync_file(self, fd: int) -> None:
        self._record("fsync_file", self._open[fd], _site())

    def fsync_directory(self, path: Path) -> None:
        self._record("fsync_directory", self._name(path), _site())

    def sync_file_system(self, path: Path) -> None:
        self._record("sync_file_system", self._name(path), _site())

    def link(self, source: Path, target: Path) -> None:
        super().link(source, target)
        self._record("link", self._name(source), self._name(target))

    def rename(self, source: Path | bytes, target: Path | bytes) -> None:
        super().rename(source, target)
        self._record("rename", self._name(source), self._name(target))

    def unlink(self, path: Path | bytes) -> None:
        super().unlink(path)
        self._record("unlink", self._name(path))

    def mkdir(self, path: Path) -> None:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        super().mkdir(path)
        for folder in reversed(missing):
            self._record("mkdir", self._name(folder))

    def sites(self) -> set[str]:
        """Where syncs were called from: `file:line`."""
        return {event[-1] for event in self.events if event[1] in _SYNCS}

    def states(self, ignored: str = "") -> Iterator[State]:
        """Every distinct state that a power cut may leave, in order; `ignored` is a site."""
        model = _Model()
        seen: set[int] = set()
        begun = False
        for step, (moment, *event) in enumerate(self.events):
            if event[0] in _SYNCS and event[-1] == ignored:
                continue
            model.apply(event)
            begun = begun or event[0] != "settled"
            if not begun:
                continue
            after = " ".join(str(part)[:60] for part in event[:3] if not isinstance(part, bytes))
            for variant in VARIANTS:
                state = model.state(variant, step, after, moment)
                if state.key not in seen:
                    seen.add(state.key)
                    yield state

    def _opened(self, op: str, fd: int, path: Path | bytes, mode: int) -> None:
        with self._lock:
            self._handles += 1
            self._open[fd] = self._handles
        self._record(op, self._name(path), self._handles, mode)

    def _name(self, path: Path | bytes) -> str | None:
        text = os.fsdecode(path)
        root = f"{self.home}/"
        return text[len(root) :] if text.startswith(root) else None

    def _record(self, *event: Any) -> None:
        with self._lock:
            self.events.append((self._now(), *event))


class WatchedDatabase(Database):
    """A database that tells the disk of every commit."""

    def __init__(self, home: Path, disk: PowerCutDisk) -> None:
        super().__init__(f"sqlite:///{home}/{DATABASE}")
        self._path = home / DATABASE
        self._disk = disk

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            yield connection
        self._disk.committed(self._path)


@dataclass
class _File:
    data: bytes = b""
    mode: int = 0o600
    synced: bytes = b""
    synced_mode: int = 0o600

    def sync(self) -> None:
        self.synced, self.synced_mode = self.data, self.mode

    def left(self, *, torn: bool) -> tuple[int, bytes]:
        """Mode and bytes after the cut."""
        rest = self.data[len(self.synced) :] if self.data.startswith(self.synced) else b""
        return self.synced_mode, self.synced + (rest[: len(rest) // 2] if torn else b"")


@dataclass
class _Model:
    """Names and bytes as programs see them, and as they stand on the platter."""

    names: dict[str, _File | None] = field(default_factory=dict)
    durable: dict[str, _File | None] = field(default_factory=dict)
    open: dict[int, _File] = field(default_factory=dict)
    database: bytes = b""
    marks: list[Any] = field(default_factory=list)

    def apply(self, event: _Event) -> None:
        getattr(self, f"_{event[0]}")(*event[1:])

    def state(self, variant: str, step: int, after: str, moment: datetime) -> State:
        names = self.names if variant in ("names", "torn") else self.durable
        if variant == "removals":
            names = {name: file for name, file in names.items() if name in self.names}
        files = []
        for name in sorted(names):
            file = names[name]
            if not _reachable(name, names):
                continue
            mode, data = file.left(torn=variant == "torn") if file else (0o755, None)
            files.append((name, mode, data))
        marks = tuple(self.marks)
        return State(variant, step, after, tuple(files), self.database, marks, moment)

    def _settled(self, name: str, mode: int, data: bytes | None) -> None:
        file = None if data is None else _File(data, mode, data, mode)
        self.names[name] = self.durable[name] = file

    def _mark(self, promise: Any) -> None:
        self.marks.append(promise)

    def _commit(self, data: bytes) -> None:
        self.database = data

    def _create(self, name: str | None, handle: int, mode: int) -> None:
        self.open[handle] = _File(mode=mode)
        if name is not None:
            self.names[name] = self.open[handle]

    def _append(self, name: str, handle: int, mode: int) -> None:
        found = self.names.get(name)
        if found is None:
            self._create(name, handle, mode)
        else:
            self.open[handle] = found

    def _write(self, handle: int, data: bytes) -> None:
        self.open[handle].data += data

    def _truncate(self, handle: int, size: int) -> None:
        self.open[handle].data = self.open[handle].data[:size]

    def _chmod(self, handle: int, mode: int) -> None:
        self.open[handle].mode = mode

    def _fsync_file(self, handle: int, _site: str) -> None:
        self.open[handle].sync()

    def _fsync_directory(self, folder: str, _site: str) -> None:
        for name in self.names.keys() | self.durable.keys():
            if os.path.dirname(name) == folder:
                self._sync_name(name)

    def _sync_file_system(self, _folder: str, _site: str) -> None:
        for name in self.names.keys() | self.durable.keys():
            self._sync_name(name)
        for file in (*self.names.values(), *self.open.values()):
            if file is not None:
                file.sync()

    def _sync_name(self, name: str) -> None:
        if name in self.names:
            self.durable[name] = self.names[name]
        else:
            self.durable.pop(name, None)

    def _link(self, source: str, target: str) -> None:
        self.names[target] = self.names[source]

    def _rename(self, source: str, target: str) -> None:
        self.names[target] = self.names.pop(source)

    def _unlink(self, name: str) -> None:
        self.names.pop(name, None)

    def _mkdir(self, name: str) -> None:
        self.names.setdefault(name, None)


_SYNCS = ("fsync_file", "fsync_directory", "sync_file_system")


def _reachable(name: str, names: dict[str, _File | None]) -> bool:
    while name := os.path.dirname(name):
        if name not in names:
            return False
    return True


def _site() -> str:
    frame = sys._getframe(2)
    path = Path(frame.f_code.co_filename).resolve()
    inside = path.is_relative_to(_REPOSITORY)
    return f"{path.relative_to(_REPOSITORY) if inside else path.name}:{frame.f_lineno}"
