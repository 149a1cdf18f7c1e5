"""Careless writers of one file each (facts, media.md §5): none may be taken before its last byte.

    python folder_writers.py KIND PATH SETTLE

Each runs as a process of its own, for a lease does not see its own process' files. What it writes
is named after the folder. One that was held up until its file had settled ends with code LATE.
"""

import math
import mmap
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LATE = 75
_PART = 40_000
_PARTS = 4


class _Pauses:
    """The pauses of a writer, which have to be shorter than the time to settle."""

    def __init__(self, settle: float) -> None:
        self._longest = 0.9 * settle
        self._before = math.inf

    @contextmanager
    def change(self) -> Iterator[None]:
        """One change of the file; ends the process if the one before is too long ago."""
        begun = time.monotonic()
        yield
        if time.monotonic() - self._before > self._longest:
            sys.exit(LATE)
        self._before = begun


def data_of(kind: str) -> bytes:
    """What the file has in the end."""
    return b"".join(_part(kind, number) for number in range(_PARTS))


def _part(kind: str, number: int) -> bytes:
    return f"{kind} {number} ".encode().ljust(_PART, b"%d" % number)


def copy(kind: str, path: Path, settle: float) -> None:
    """cp."""
    path.write_bytes(data_of(kind))


def slow(kind: str, path: Path, settle: float) -> None:
    """Kept open, with pauses longer than the time to settle."""
    with path.open("wb") as file:
        for number in range(_PARTS):
            file.write(_part(kind, number))
            file.flush()
            time.sleep(1.5 * settle)


def preallocated(kind: str, path: Path, settle: float) -> None:
    """The size first, then the bytes, as SMB clients do."""
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, _PART * _PARTS)
        for number in range(_PARTS):
            time.sleep(1.5 * settle)
            file.write(_part(kind, number))
            file.flush()


def reopening(kind: str, path: Path, settle: float) -> None:
    """Closed and opened again, as scanners do, with pauses shorter than the time to settle."""
    pauses = _Pauses(settle)
    for number in range(_PARTS):
        with pauses.change(), path.open("ab") as file:
            file.write(_part(kind, number))
        if number < _PARTS - 1:
            time.sleep(0.5 * settle)


def renaming(kind: str, path: Path, settle: float) -> None:
    """NAME.part, then renamed."""
    part = path.with_name(path.name + ".part")
    reopening(kind, part, 3 * settle)
    part.rename(path)


def mapped(kind: str, path: Path, settle: float) -> None:
    """Through a mapping, which changes no time until it is written back."""
    data = data_of(kind)
    with path.open("w+b") as file:
        file.truncate(len(data))
        with mmap.mmap(file.fileno(), len(data)) as memory:
            for at in range(0, len(data), _PART):
                time.sleep(1.5 * settle)
                memory[at : at + _PART] = data[at : at + _PART]


def old_times(kind: str, path: Path, settle: float) -> None:
    """cp -p in pieces: the file has an old time of its own from the beginning."""
    with path.open("wb") as file:
        for number in range(_PARTS):
            file.write(_part(kind, number))
            file.flush()
            os.utime(path, (0, 0))
            time.sleep(1.2 * settle)
    os.utime(path, (0, 0))


def truncating(kind: str, path: Path, settle: float) -> None:
    """Saved over and over: emptied and written anew."""
    pauses = _Pauses(settle)
    for number in range(3):
        with pauses.change(), path.open("wb") as file:
            file.write(data_of(kind) if number == 2 else _part(kind, number))
        time.sleep(0.5 * settle)


def rsyncing(kind: str, path: Path, settle: float) -> None:
    """.NAME.XXXXXX, then renamed."""
    hidden = path.with_name(f".{path.name}.Qx7ZpA")
    reopening(kind, hidden, 3 * settle)
    hidden.rename(path)


def killed(kind: str, path: Path, settle: float) -> None:
    """A copy to NAME.part that is killed half way: nothing of it is taken (until it has rested)."""
    with path.with_name(path.name + ".part").open("wb") as file:
        file.write(_part(kind, 0))
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)


def exchanged(kind: str, path: Path, settle: float) -> None:
    """Another file is renamed over it while it settles."""
    pauses = _Pauses(settle)
    with pauses.change():
        path.write_bytes(b"the first one\n")
    time.sleep(0.6 * settle)
    other = path.with_name(path.name + ".tmp")
    with pauses.change():
        other.write_bytes(data_of(kind))
        shutil.move(other, path)


WRITERS: Mapping[str, Callable[[str, Path, float], None]] = {
    "cp": copy,
    "slow-open": slow,
    "preallocated": preallocated,
    "re-opening": reopening,
    "part-rename": renaming,
    "mmap": mapped,
    "old-times": old_times,
    "killed": killed,
    "truncating": truncating,
    "rsync": rsyncing,
    "exchanged": exchanged,
}

if __name__ == "__main__":
    place = Path(sys.argv[2])
    WRITERS[sys.argv[1]](place.parent.name, place, float(sys.argv[3]))
