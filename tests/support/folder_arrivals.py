"""How files come into an inbox: in place, renamed, in new folders, by cp -r, by mv of a tree."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

Arrive = Callable[[Path, Path, int], set[str]]
"""Bring so many files into a source's folder, by way of another one; returns their SHA-256."""


def content(name: str, number: int) -> bytes:
    """No two are alike."""
    return f"{name} {number}\n".encode() + b"x" * (number % 900)


def flat(source: Path, aside: Path, count: int) -> set[str]:
    """Written in place, one beside the other."""
    return {_write(source / f"{number:06}.bin", source.name, number) for number in range(count)}


def renamed(source: Path, aside: Path, count: int) -> set[str]:
    """Written under NAME.part, then renamed."""
    found = set()
    for number in range(count):
        part = source / f"{number:06}.bin.part"
        found.add(_write(part, source.name, number))
        part.rename(part.with_suffix(""))
    return found


def in_folders(source: Path, aside: Path, count: int) -> set[str]:
    """Ten at a time in a new folder."""
    return set(_tree(source, source.name, count, 10))


def copied(source: Path, aside: Path, count: int) -> set[str]:
    """A hundred folders, by cp -r."""
    found = set(_tree(aside, source.name, count, max(1, count // 100)))
    subprocess.run(["cp", "-r", f"{aside}/.", str(source)], check=True)
    return found


def moved(source: Path, aside: Path, count: int) -> set[str]:
    """A whole tree in one rename."""
    found = set(_tree(aside / "tree", source.name, count, max(1, count // 100)))
    (aside / "tree").rename(source / "tree")
    shutil.rmtree(aside)
    return found


ARRIVALS: Mapping[str, Arrive] = {
    "flat": flat,
    "part-rename": renamed,
    "new-folders": in_folders,
    "cp-r": copied,
    "mv-tree": moved,
}


def _tree(top: Path, name: str, count: int, each: int) -> Iterator[str]:
    for number in range(count):
        folder = top / f"{number // each:04}"
        if number % each == 0:
            folder.mkdir(parents=True)
        yield _write(folder / f"{number:06}.bin", name, number)


def _write(path: Path, name: str, number: int) -> str:
    data = content(name, number)
    path.write_bytes(data)
    return sha256(data).hexdigest()
