"""Letting go of a drop once it is receipted: purge, keep or move (design §3).

A drop is renamed out of the inbox first and compared afterwards, so whatever is written under the
old name later is a new drop. Only a file that is still the one that was sealed is removed, and only
after it has rested in the purge tree; one that changed goes back into the inbox.
"""

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.durable import FileSystem
from ingest.errors import SourceUnreadable
from ingest.settle import FileKey
from ingest.sources import open_regular

PURGE, KEEP, MOVE = "purge", "keep", "move"
ASIDE = b".cunzheng-purge"
_BUFFER = 1 << 20
_MAX_NAME = 255
_MAX_EXTENSION = 16


@dataclass(frozen=True, slots=True)
class Held:
    """A file as it was sealed. `key` may be None (sidecars): then only the bytes count."""

    path: bytes
    key: FileKey | None
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Released:
    """Where the file is now (None: it was gone), and whether it went back as a new drop."""

    path: bytes | None
    returned: bool
    before: bool = False
    """It was found at its target: a crash came after the rename."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a drop goes: `numbered` is a name for it alone; `plain` is taken instead if free."""

    numbered: bytes
    plain: bytes | None = None


def release(fs: FileSystem, held: Held, target: Target, *, first: bool = False) -> Released:
    """Rename a drop to its target, then compare; a changed one goes back under a free name.

    One that a crash left at its target is compared now; what stands under the old name by then
    is another drop and stays there. `first` says that no crash can have come: what stands at the
    plain target is somebody else's.
    """
    place = _moved_before(held, target, first=first)
    before = place is not None
    if place is None:
        try:
            place = _rename(fs, held.path, target)
        except FileNotFoundError:
            return Released(None, returned=False)
    if is_unchanged(place, held):
        return Released(place, returned=False, before=before)
    put_back(fs, place, held.path)
    return Released(held.path, returned=True, before=before)


def _moved_before(held: Held, target: Target, *, first: bool) -> bytes | None:
    for place in (target.numbered, _aside(held.path, target)):
        if os.path.lexists(place):
            return place
    if target.plain is None or first:
        return None
    with suppress(FileNotFoundError, NotADirectoryError):
        found = os.lstat(target.plain)
        same = held.key is not None and (found.st_dev, found.st_ino) == held.key[:2]
        if same or (held.key is None and is_unchanged(target.plain, held)):
            return target.plain
    return None


def _aside(path: bytes, target: Target) -> bytes:
    """Where a drop rests on its own file system; under its number, for others have its name."""
    return os.path.join(os.path.dirname(path), ASIDE, os.path.basename(target.numbered))


def _rename(fs: FileSystem, path: bytes, target: Target) -> bytes:
    free = target.plain is not None and not os.path.lexists(target.plain)
    wanted = target.plain if target.plain is not None and free else target.numbered
    fs.mkdir(Path(os.fsdecode(os.path.dirname(wanted))))
    try:
        fs.rename(path, wanted)
        return wanted
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    # The source is a file system of its own: the drop must rest on it.
    place = _aside(path, target)
    fs.mkdir(Path(os.fsdecode(os.path.dirname(place))))
    fs.rename(path, place)
    return place


def is_aside(place: bytes) -> bool:
    """Whether a drop rests on its own file system, because the purge tree is on another one."""
    return os.path.basename(os.path.dirname(place)) == ASIDE


def remove_beside(fs: FileSystem, held: Held, target: Target) -> None:
    """Unlink what was released together with a drop, if it is still what it was."""
    for place in (target.numbered, _aside(held.path, target)):
        if os.path.lexists(place) and is_unchanged(place, held):
            fs.unlink(place)


def is_unchanged(path: bytes, held: Held) -> bool:
    """Whether the file is what was sealed: by its key, else by its bytes.

    The change time is left out: the rename itself sets it.
    """
    try:
        fd = open_regular(path)
    except SourceUnreadable:
        return False
    try:
        found = FileKey.of(os.fstat(fd))
        if held.key is not None and found[:4] == held.key[:4]:
            return True
        digest = hashlib.sha256()
        while chunk := os.read(fd, _BUFFER):
            digest.update(chunk)
        return digest.digest() == held.sha256
    finally:
        os.close(fd)


def put_back(fs: FileSystem, path: bytes, wanted: bytes) -> bytes:
    """Give a changed file its place in the inbox again, beside whatever stands there now."""
    for number in range(10_000):
        place = wanted if number == 0 else with_suffix(wanted, b".%d" % number)
        try:
            fs.link(Path(os.fsdecode(path)), Path(os.fsdecode(place)))
        except FileExistsError:
            if not os.path.samefile(path, place):
                continue  # otherwise a crash came after the link
        except FileNotFoundError:
            fs.mkdir(Path(os.fsdecode(os.path.dirname(wanted))))
            fs.link(Path(os.fsdecode(path)), Path(os.fsdecode(place)))
        fs.unlink(path)
        return place
    raise SourceUnreadable("A changed file could not be put back into the inbox.")


def purge_target(purge: Path, number: str, at: datetime, part: str) -> Target:
    """Where a drop rests before it is removed; in folders by the day on which it was taken."""
    return Target(os.fsencode(purge / f"{at:%Y%m%d}" / f"{number}.{part}"))


def move_target(taken: Path, source: str, folder: bytes, name: bytes, number: str) -> Target:
    """Where a moved drop goes; a name that is taken there gets the drop's number."""
    parent = os.path.join(os.fsencode(taken / source), folder) if folder else None
    place = os.path.join(parent or os.fsencode(taken / source), name)
    return Target(with_suffix(place, b"." + number.encode()), place)


def with_suffix(path: bytes, suffix: bytes) -> bytes:
    """The path with something appended; the stem is cut where the name would be too long."""
    folder, name = os.path.split(path)
    too_long = len(name) + len(suffix) - _MAX_NAME
    if too_long > 0:
        stem, extension = os.path.splitext(name)
        if len(extension) > _MAX_EXTENSION:
            stem, extension = name, b""
        end = len(stem) - too_long
        while stem[end] & 0xC0 == 0x80 and end > 1:
            end -= 1  # not inside a character, for file systems that mind
        name = stem[:end] + extension
    return os.path.join(folder, name + suffix)


def remove(fs: FileSystem, held: Held, inbox_path: bytes, tell: Callable[[str], None]) -> None:
    """Unlink a purged drop if it is still what was sealed; otherwise it is a new drop."""
    if not os.path.lexists(held.path):
        return
    if is_unchanged(held.path, held):
        fs.unlink(held.path)
        return
    place = put_back(fs, held.path, inbox_path)
    tell(os.fsdecode(place))
