"""The rows of the bucket table for a store in a folder: what its owner, or root, can do to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from bucket_table import Attack, Row
from tamper_lab import Base, Lab, set_times

OWNER = "the account of the store"
ROOT = "root"
ATTACKS: list[tuple[Attack, Callable[[Path], None]]] = []


def attack(
    name: str, *codes: str, who: str = OWNER
) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Put a function into the table; it gets the folder of the evidence."""

    def add(do: Callable[[Path], None]) -> Callable[[Path], None]:
        one = Attack(name, "read-only", lambda _: None, frozenset(codes), who)
        ATTACKS.append((one, do))
        return do

    return add


def _content(evidence: Path) -> Path:
    return next(iter(sorted(evidence.glob("records/*/*/content"))))


def _pack(evidence: Path) -> Path:
    return next(iter(sorted(evidence.glob("packs/*/*/*.zip"))))


@attack("chmod and write", "CONTENT_ALTERED", "LOCK_MISSING")
def _write(evidence: Path) -> None:
    path = _content(evidence)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(b"forged")


@attack("chmod alone", "LOCK_MISSING")
def _writable(evidence: Path) -> None:
    _pack(evidence).chmod(0o644)


@attack("unlink", "CONTENT_MISSING")
def _unlink(evidence: Path) -> None:
    _content(evidence).unlink()


@attack("unlink a pack", "PACK_MISSING")
def _unlink_pack(evidence: Path) -> None:
    _pack(evidence).unlink()


@attack("replace", "CONTENT_ALTERED")
def _replace(evidence: Path) -> None:
    path = _content(evidence)
    size = path.stat().st_size
    path.unlink()
    path.write_bytes(b"f" * size)
    path.chmod(0o444)


@attack("a symbolic link in place of a file", "CONTENT_MISSING", "FILE_NOT_REGULAR")
def _symlink(evidence: Path) -> None:
    path = _content(evidence)
    aside = evidence.parent.parent / "aside"
    path.rename(aside)
    path.symlink_to(aside)


@attack("a symbolic link in place of a folder", "OBJECT_UNEXPECTED", "CONTENT_MISSING")
def _symlink_folder(evidence: Path) -> None:
    folder = _content(evidence).parent
    aside = evidence.parent.parent / "aside"
    folder.rename(aside)
    folder.symlink_to(aside)


@attack("plant a file among the records", "OBJECT_UNEXPECTED")
def _plant(evidence: Path) -> None:
    (_content(evidence).parent / "notes").write_bytes(b"x")


@attack("plant a file where nothing is", "OBJECT_UNEXPECTED")
def _plant_aside(evidence: Path) -> None:
    (evidence / "aside").mkdir()
    (evidence / "aside/file").write_bytes(b"x")


@attack("a hard link from elsewhere", "FILE_LINKED")
def _link(evidence: Path) -> None:
    os.link(_content(evidence), evidence.parent.parent / "second-name")


@attack("open a folder to others", "FOLDER_WRITABLE")
def _open(evidence: Path) -> None:
    _content(evidence).parent.chmod(0o777)


@attack("give a file to another account", "FILE_OWNER", who=ROOT)
def _chown(evidence: Path) -> None:
    os.chown(_content(evidence), 65534, 65534)


class FolderLab:
    """A small archive in a folder: one record that stands alone, and a pack."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._lab = Lab(folder)
        self._home = self._lab._founded("office")
        self._lab.take(self._home, "DSJ-0012345", 3, large=True)
        self._end = self._lab.clock.moment
        set_times(self._home, self._end)
        self._base = Base(self._home, self._end, (), Path(), Path(), self._home / "policy.toml")

    def untouched(self) -> dict[str, list[str]]:
        """What verification says of a copy that nobody touched."""
        return self._verify(self._lab.copy(self._base))[1]

    def run(self, one: Attack, do: Callable[[Path], None]) -> Row:
        """One attack on a fresh copy; the files keep their times, as an attacker would see to."""
        home = self._lab.copy(self._base)
        do(home / "store/evidence")
        set_times(home, self._end)
        return Row(one, "done", *self._verify(home))

    def _verify(self, home: Path) -> tuple[int, dict[str, list[str]]]:
        self._lab.clock.moment = self._end + timedelta(minutes=30)
        words = ("verify", "--json", "--storage")
        code, text = self._lab.run(home, *words)
        return code, _found(text)


def _found(text: str) -> dict[str, list[str]]:
    import json

    report = json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
    by: dict[str, list[str]] = {}
    for item in (*report["findings"], *report["remarks"]):
        if item["code"] not in ("INTERNAL_TIME", "POLICY_NOT_INDEPENDENT"):
            by.setdefault(item["code"], []).append(item["subject"])
    return by


def rows(folder: Path) -> Iterator[Row]:
    """All of them; those of root only where this is root."""
    lab = FolderLab(folder / "folder")
    for one, do in ATTACKS:
        if one.who != ROOT or os.geteuid() == 0:
            yield lab.run(one, do)
