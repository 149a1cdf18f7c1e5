"""Ports for servers of the tests, which no other test process takes, even while they are down.

first = reserve()   # the first of BLOCK neighbours; kept until release(first) or this process ends
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

BLOCK = 10
"""Ports of one server: SeaweedFS needs nine."""
RANGE = range(18000, 31000, BLOCK)
"""Below those which the kernel gives out by itself."""
_HELD: dict[int, IO[bytes]] = {}


def reserve() -> int:
    """The first port of a block that is free, and stays ours: a killed server comes back on it."""
    folder = Path(tempfile.gettempdir()) / f"cunzheng-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    while True:
        first = random.Random().choice(RANGE)
        lock = (folder / str(first)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        if _all_free(first):
            _HELD[first] = lock
            return first
        lock.close()


def release(first: int) -> None:
    """Let others have the block."""
    if (lock := _HELD.pop(first, None)) is not None:
        lock.close()


def _all_free(first: int) -> bool:
    try:
        for port in range(first, first + BLOCK):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
