"""Who holds an archive: the service alone, or commands side by side while there is none.

`locks/home` is flock(2)ed exclusively by the service and shared by every command that opens keys or
writes the database itself. The kernel takes it back when its holder dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.errors import Unreachable
from cli.language import say

PRIVATE = 0o077
"""The umask of whoever holds an archive: what it makes is for its own account alone."""


@contextmanager
def hosting(home: Path) -> Iterator[None]:
    """Hold the archive beside other commands; Unreachable while the service has it.

    Files made meanwhile are for this account alone.
    """
    with _private_files(), _locked(home) as fd:
        if not _try(fd, fcntl.LOCK_SH):
            raise Unreachable(
                say(
                    "The service (`cunzheng serve`) has this archive, so that a command cannot open"
                    " it too; if the service is starting or ending, try again in a moment.",
                    "该存证库正由服务（cunzheng serve）占用，命令不能同时打开；"
                    "如服务正在启动或停止，请稍后再试。",
                )
            )
        yield


@contextmanager
def serving(home: Path) -> Iterator[None]:
    """Hold the archive alone; Unreachable while the service or a command has it."""
    with _private_files(), _locked(home) as fd:
        if not _try(fd, fcntl.LOCK_EX):
            raise Unreachable(
                say(
                    "Another service or command is at work on this archive.",
                    "另有服务或命令正在使用该存证库。",
                )
            )
        yield


@contextmanager
def _locked(home: Path) -> Iterator[int]:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(home / "locks" / "home", flags, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)


def _try(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _private_files() -> Iterator[None]:
    before = os.umask(PRIVATE)
    try:
        yield
    finally:
        os.umask(before)
