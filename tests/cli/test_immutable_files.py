"""The immutable flag: what it stops, what takes it away, and what is said where it cannot be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.durable import FileSystem, write_new
from archive.errors import ObjectConflict
from archive.ports import PutItem, StagedFile, read_all
from archive.stores.directory import DirectoryStore
from archive.stores.directory_vault import DirectoryVault
from archive.stores.immutable import can_be_immutable, is_immutable, set_immutable

pytestmark = pytest.mark.full


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose flags are cleared at the end, so that it can be removed."""
    if not can_be_immutable(tmp_path):
        pytest.skip("NOT RUN: needs root and a file system with the immutable flag")
    yield tmp_path
    for path in tmp_path.rglob("*"):
        if is_immutable(path):
            set_immutable(path, on=False)


@pytest.fixture
def store(folder: Path) -> DirectoryStore:
    for name in ("store", "scratch", "staging"):
        (folder / name).mkdir()
    return DirectoryStore(folder / "store", folder / "scratch", FileSystem(), immutable=True)


def staged(folder: Path, data: bytes) -> StagedFile:
    write_new(FileSystem(), folder / "staging" / "s", (data,))
    return StagedFile(folder / "staging" / "s")


class TestFlag:
    def test_nobody_changes_an_object(self, store: DirectoryStore, folder: Path) -> None:
        store.put([PutItem("a/one", b"1"), PutItem("a/two", staged(folder, b"2"))])
        assert not (folder / "staging" / "s").exists(), "no name of such a file can go later"
        for name in ("one", "two"):
            path = folder / "store" / "a" / name
            attempts: list[Callable[[], object]] = [
                path.unlink,
                lambda path=path: path.write_bytes(b"x"),  # type: ignore[misc]
                lambda path=path: path.rename(folder / "moved"),  # type: ignore[misc]
                lambda path=path: path.chmod(0o644),  # type: ignore[misc]
                lambda path=path: os.link(path, folder / "linked"),  # type: ignore[misc]
                lambda path=path: os.truncate(path, 0),  # type: ignore[misc]
            ]
            for attempt in attempts:
                with pytest.raises(PermissionError):
                    attempt()
        assert read_all(store, "a/two") == b"2"

    def test_the_contract_holds(self, store: DirectoryStore) -> None:
        store.put([PutItem("a/one", b"1")])
        store.put([PutItem("a/one", b"1")])
        with pytest.raises(ObjectConflict):
            store.put([PutItem("a/one", b"2")])
        assert [info.key for info in store.list("")] == ["a/one"]

    def test_only_a_destruction_takes_it_away(self, store: DirectoryStore, folder: Path) -> None:
        store.put([PutItem("a/one", b"1")])
        vault = DirectoryVault(folder / "store", store, FileSystem())
        assert vault.protection("a/one", "").level == "immutable flag"
        vault.destroy("a/one", "")
        assert store.stat("a/one") is None


class TestArchive:
    def test_the_level_is_stated(self, folder: Path, at_home: Callable[[Path], Any]) -> None:
        cli = at_home(folder / "home")
        assert cli("init", "--set", "immutable_files=true").code == 0
        drop = folder / "statement.txt"
        drop.write_text("询问笔录", encoding="utf-8")
        assert cli("ingest", drop, "--source", "office").code == 0
        assert cli("status", "--json").json["storage"]["level"] == "immutable flag"
        evidence = folder / "home/store/evidence"
        files = [path for path in evidence.rglob("*") if path.is_file()]
        assert files
        assert all(map(is_immutable, files))
        assert cli("verify", "--storage").code == 0
        set_immutable(files[0], on=False)
        found = cli("verify", "--storage", "--json")
        assert "LOCK_MISSING" in found.out

    def test_it_is_refused_where_it_cannot_be(
        self, folder: Path, at_home: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cli.protecting.can_be_immutable", lambda _: False)
        done = at_home(folder / "home")("init", "--set", "immutable_files=true")
        assert done.code == 2
        assert "CAP_LINUX_IMMUTABLE" in done.err
