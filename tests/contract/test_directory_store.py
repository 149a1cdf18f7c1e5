"""What only a directory can do to a store: links, FIFOs, modes, full disks, leftovers."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.durable import FileSystem
from archive.errors import ObjectConflict, ObjectMissing, StateUnknown, Unreachable
from archive.ports import PutItem, StagedFile, read_all
from archive.stores.directory import DirectoryPointer, DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return make_store(tmp_path)


def make_store(folder: Path, fs: FileSystem | None = None) -> DirectoryStore:
    for name in ("store", "scratch"):
        (folder / name).mkdir(exist_ok=True)
    return DirectoryStore(folder / "store", folder / "scratch", fs or FileSystem())


def listed(store: DirectoryStore) -> list[tuple[str, int]]:
    return [(info.key, info.size) for info in store.list("")]


HOSTILE = ("symlink", "dangling", "loop", "fifo", "folder")


def put_in_the_way(kind: str, path: Path, same: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "symlink":
            path.symlink_to(same)
        case "dangling":
            path.symlink_to(same.parent / "nothing")
        case "loop":
            path.symlink_to(path)
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()


class TestHostileTree:
    @pytest.mark.parametrize("kind", HOSTILE)
    def test_no_object_is_read_through_it(
        self, store: DirectoryStore, tmp_path: Path, kind: str
    ) -> None:
        same = tmp_path / "outside"
        same.write_bytes(b"one")
        put_in_the_way(kind, tmp_path / "store/a/b", same)
        with pytest.raises(ObjectMissing):
            next(store.read("a/b"))
        assert store.stat("a/b") is None

    @pytest.mark.parametrize("kind", HOSTILE)
    @pytest.mark.parametrize("from_staging", [False, True])
    def test_nothing_is_taken_for_stored(
        self, store: DirectoryStore, tmp_path: Path, kind: str, from_staging: bool
    ) -> None:
        same = tmp_path / "outside"
        same.write_bytes(b"one")
        put_in_the_way(kind, tmp_path / "store/a/b", same)
        with pytest.raises(ObjectConflict):
            store.put([PutItem("a/b", StagedFile(same) if from_staging else b"one")])
        assert same.read_bytes() == b"one"

    @pytest.mark.parametrize("kind", ["symlink", "dangling", "loop", "fifo"])
    def test_a_listing_shows_it(self, store: DirectoryStore, tmp_path: Path, kind: str) -> None:
        same = tmp_path / "outside"
        same.write_bytes(b"one")
        put_in_the_way(kind, tmp_path / "store/a/b", same)
        assert listed(store) == [("a/b", 0)]

    def test_a_listing_shows_a_linked_folder_and_does_not_enter_it(
        self, store: DirectoryStore, tmp_path: Path
    ) -> None:
        (tmp_path / "store/records").symlink_to(tmp_path)
        assert listed(store) == [("records", 0)]

    def test_names_that_are_no_utf8_are_listed(self, store: DirectoryStore, tmp_path: Path) -> None:
        (tmp_path / "store" / os.fsdecode(b"\xb1\xca\xc2\xbc")).write_bytes(b"x")
        assert listed(store) == [(os.fsdecode(b"\xb1\xca\xc2\xbc"), 1)]

    @pytest.mark.parametrize("key", ["a/b", "a/b/c"])
    def test_a_file_where_a_folder_should_be(self, store: DirectoryStore, key: str) -> None:
        store.put([PutItem("a", b"file")])
        with pytest.raises(ObjectConflict, match="folder"):
            store.put([PutItem(key, b"x")])
        assert listed(store) == [("a", 4)]


class TestFiles:
    def test_objects_are_read_only(self, store: DirectoryStore, tmp_path: Path) -> None:
        store.put([PutItem("a/b", b"one")])
        assert (tmp_path / "store/a/b").stat().st_mode & 0o7777 == 0o444

    def test_nothing_stays_in_scratch(self, store: DirectoryStore, tmp_path: Path) -> None:
        store.put([PutItem("a", b"one"), PutItem("b", b"two")])
        with pytest.raises(ObjectConflict):
            store.put([PutItem("a", b"other")])
        assert list((tmp_path / "scratch").iterdir()) == []

    def test_leftovers_of_a_killed_process_are_removed(
        self, store: DirectoryStore, tmp_path: Path
    ) -> None:
        gone = subprocess.Popen(["true"])
        gone.wait()
        (tmp_path / "scratch" / f"{gone.pid}-7f00-1").write_bytes(b"half of it")
        left = tmp_path / "scratch" / f"{gone.pid}-copy"
        left.mkdir()
        (left / "original").write_bytes(b"for a copy that was being made")
        (tmp_path / "scratch" / "1-7f00-1").write_bytes(b"a live process writes this")
        store.put([PutItem("a", b"one")])
        assert [path.name for path in (tmp_path / "scratch").iterdir()] == ["1-7f00-1"]

    def test_names_of_a_killed_process_with_our_number_do_no_harm(
        self, store: DirectoryStore, tmp_path: Path
    ) -> None:
        for number in (1, 2):
            left = tmp_path / "scratch" / f"{os.getpid()}-{id(store):x}-{number}"
            left.write_bytes(b"half of it")
        store.put([PutItem("a", b"one"), PutItem("b", b"two")])
        assert (read_all(store, "a"), read_all(store, "b")) == (b"one", b"two")


class Failing(FileSystem):
    """Fails at one verb, after some calls."""

    def __init__(self, verb: str, calls: int, number: int) -> None:
        self._verb = verb
        self._left = calls
        self._number = number

    def _step(self, verb: str) -> None:
        if verb == self._verb:
            self._left -= 1
            if self._left < 0:
                raise OSError(self._number, os.strerror(self._number))

    def create(self, path: Path | bytes, mode: int = 0o600) -> int:
        self._step("create")
        return super().create(path, mode)

    def write(self, fd: int, data: bytes | memoryview) -> None:
        if self._verb == "write" and self._left == 0:
            super().write(fd, data[: len(data) // 2])
        self._step("write")
        super().write(fd, data)

    def link(self, source: Path, target: Path) -> None:
        self._step("link")
        super().link(source, target)

    def mkdir(self, path: Path) -> None:
        self._step("mkdir")
        super().mkdir(path)


class TestFullDisk:
    @pytest.mark.parametrize("verb", ["create", "write", "link", "mkdir"])
    @pytest.mark.parametrize("calls", [0, 1])
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
    def test_nothing_half_written_stands_under_a_key(
        self, tmp_path: Path, verb: str, calls: int, number: int
    ) -> None:
        items = [PutItem("a/1", b"one" * 100), PutItem("b/2", b"two" * 100)]
        broken = make_store(tmp_path, Failing(verb, calls, number))
        with pytest.raises(Unreachable, match="cannot be written"):
            broken.put(items)
        assert list((tmp_path / "scratch").iterdir()) == []
        store = make_store(tmp_path)
        assert all(info.size == 300 for info in store.list(""))
        store.put(items)
        assert [read_all(store, item.key) for item in items] == [b"one" * 100, b"two" * 100]

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        if os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip("NOT RUN: needs root and mount")
        folder = tmp_path / "disk"
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("NOT RUN: needs the right to mount a tmpfs")
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)

    def test_a_real_small_disk(self, small_disk: Path) -> None:
        store = make_store(small_disk)
        items = [PutItem(f"a/{n:02}", os.urandom(20_000)) for n in range(40)]
        with pytest.raises(Unreachable, match="No space left"):
            store.put(items)
        assert listed(store) == []
        assert list((small_disk / "scratch").iterdir()) == []
        store.put(items[:3])
        pointer = DirectoryPointer(small_disk / "live/p", small_disk / "scratch/p", FileSystem())
        pointer.replace(b"old")
        with pytest.raises(Unreachable, match="pointer cannot be written"):
            pointer.replace(os.urandom(400_000))
        assert (small_disk / "live/p").read_bytes() == b"old"
        assert [read_all(store, item.key) for item in items[:3]] == [i.source for i in items[:3]]


class TestFailedSync:
    """A failed fsync is fatal: the kernel may say the next time that all is well."""

    @pytest.mark.parametrize("verb", ["fsync", "syncfs"])
    def test_no_later_sync_succeeds(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
    ) -> None:
        fs = FileSystem()
        pointer = DirectoryPointer(tmp_path / "live/p", tmp_path / "p.new", fs)
        store = make_store(tmp_path, fs)
        with monkeypatch.context() as patched:
            break_syncs(patched, verb)
            with pytest.raises(StateUnknown, match="failed"):
                pointer.replace(b"new") if verb == "fsync" else store.put([PutItem("a", b"one")])
        for attempt in (lambda: pointer.replace(b"new"), lambda: store.put([PutItem("a", b"one")])):
            with pytest.raises(StateUnknown, match="start again"):
                attempt()
        assert listed(store) == []
        make_store(tmp_path).put([PutItem("a", b"one")])


def break_syncs(patched: pytest.MonkeyPatch, verb: str) -> None:
    import ctypes

    from archive import durable

    def fsync(_fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    class Libc:
        @staticmethod
        def syncfs(_fd: int) -> int:
            ctypes.set_errno(errno.EIO)
            return -1

    if verb == "fsync":
        patched.setattr(os, "fsync", fsync)
    else:
        patched.setattr(durable, "_libc", Libc)
