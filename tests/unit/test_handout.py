"""The copy that leaves the archive: whole or not at all, and never over another file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from archive.durable import FileSystem
from archive.handout import Handout
from signing.digest import Digest


def _hand_out(folder: Path, name: str, data: bytes = b"abc", fs: FileSystem | None = None) -> Path:
    with Handout(fs or FileSystem(), folder, "label") as copy:
        copy.write(data[:1])
        copy.write(data[1:])
        path = copy.finish(name)
    assert copy.digests == (Digest.of("sha256", data),)
    return path


def test_names_that_are_taken_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"mine")
    (tmp_path / "a (2).txt").symlink_to("nowhere")
    path = _hand_out(tmp_path, "a.txt")
    assert path.name == "a (3).txt"
    assert path.read_bytes() == b"abc"
    assert (tmp_path / "a.txt").read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "second"),
    [("noending", "noending (2)"), (".x", ".x (2)"), ("a.tar.gz", "a.tar (2).gz")],
)
def test_the_number_stands_before_the_ending(tmp_path: Path, name: str, second: str) -> None:
    assert _hand_out(tmp_path, name).name == name
    assert _hand_out(tmp_path, name).name == second


def test_nothing_stays_behind_when_it_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with Handout(FileSystem(), tmp_path, "label") as copy:
            copy.write(b"half")
            assert [path.name for path in tmp_path.iterdir()] == [".label.part"]
            raise RuntimeError("piece is bad")

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


class WithoutLinks(FileSystem):
    """A memory stick with FAT."""

    def link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_file_system_without_links(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"mine")
    path = _hand_out(tmp_path, "a.txt", fs=WithoutLinks())
    assert path.name == "a (2).txt"
    assert path.read_bytes() == b"abc"
    assert (tmp_path / "a.txt").read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_other_trouble_with_the_name_is_an_error(tmp_path: Path) -> None:
    with (
        Handout(FileSystem(), tmp_path, "label") as copy,
        pytest.raises(OSError, match="File name too long"),
    ):
        copy.finish("x" * 300)
    assert list(tmp_path.iterdir()) == []
