"""Where the socket of an archive is, and who is at its other end."""

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

FOLDER = "run"
SOCKET = "cunzheng.sock"
SOCKET_MODE = 0o660
_CREDENTIALS = struct.Struct("iII")


@dataclass(frozen=True, slots=True)
class Peer:
    """Credentials of the process that connected or listens (SO_PEERCRED)."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """Who is at the other end, by the kernel's word."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return Peer(*_CREDENTIALS.unpack(data))


@contextmanager
def run_folder(home: Path) -> Iterator[int]:
    """The folder of the socket as a descriptor that no link and no later renaming can divert."""
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(home / FOLDER, flags)
    try:
        yield fd
    finally:
        os.close(fd)


def connect(folder: int, seconds: float) -> tuple[socket.socket, Peer]:
    """Connect to the socket of a run folder; OSError where nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(_address(folder))
        return connection, peer_of(connection)
    except BaseException:
        connection.close()
        raise


def listen(folder: int, backlog: int) -> socket.socket:
    """Listen in a run folder, in place of a socket that nobody listens on.

    Raises FileExistsError where somebody does, or where the name is taken by something else. The
    group of the socket is that of the folder.
    """
    _remove_stale(folder)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o777 & ~SOCKET_MODE)
    try:
        listener.bind(_address(folder))
        with suppress(PermissionError):  # then the account is not in that group; doctor says so
            os.chown(SOCKET, -1, os.fstat(folder).st_gid, dir_fd=folder, follow_symlinks=False)
        listener.listen(backlog)
        return listener
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)


def _remove_stale(folder: int) -> None:
    try:
        mode = os.stat(SOCKET, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(SOCKET)
    try:
        connection, _ = connect(folder, 5.0)
    except ConnectionRefusedError:
        os.unlink(SOCKET, dir_fd=folder)
        return
    connection.close()
    raise FileExistsError(SOCKET)


def _address(folder: int) -> str:
    # The path of a socket has at most 107 bytes; so it does, however long that of the home is.
    return f"/proc/self/fd/{folder}/{SOCKET}"
