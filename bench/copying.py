"""Copying safely, the yardstick of intake: copied while it is hashed, synced, read back.

    python bench/copying.py FOLDER TARGET

SHA-256 and SM3 of every file in the same pass as the copy, one sync for all, then every copy is
read again and its SHA-256 compared; two files at a time, a thread for each digest of large ones.
"""

import ctypes
import hashlib
import os
import sys
import threading
from multiprocessing import get_context
from pathlib import Path
from queue import Queue
from typing import Any

CHUNK = 1 << 20
LARGE = 4 << 20


class Lane:
    """One hash in a thread of its own."""

    def __init__(self, total: Any) -> None:
        self.total = total
        self.queue: Queue[bytes | None] = Queue(4)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while (chunk := self.queue.get()) is not None:
            self.total.update(chunk)

    def finish(self) -> None:
        self.queue.put(None)
        self.thread.join()


def copy(job: tuple[str, str]) -> tuple[str, bytes]:
    source, target = job
    hashes = [hashlib.sha256(), hashlib.new("sm3")]
    with open(source, "rb", buffering=0) as file, open(target, "xb", buffering=0) as out:
        lanes = [Lane(total) for total in hashes] if os.fstat(file.fileno()).st_size > LARGE else []
        while chunk := file.read(CHUNK):
            for lane in lanes:
                lane.queue.put(chunk)
            if not lanes:
                for total in hashes:
                    total.update(chunk)
            out.write(chunk)
        for lane in lanes:
            lane.finish()
    return target, hashes[0].digest()


def read_back(job: tuple[str, bytes]) -> None:
    path, digest = job
    total = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := file.read(CHUNK):
            total.update(chunk)
    if total.digest() != digest:
        raise SystemExit(f"{path} does not read back as it was written")


def main(folder: Path, target: Path) -> None:
    jobs = []
    for place, _, names in os.walk(folder):
        there = target / Path(place).relative_to(folder)
        there.mkdir(parents=True)
        jobs += [(f"{place}/{name}", f"{there}/{name}") for name in names]
    step = 1 if len(jobs) < 100 else 64
    with get_context("fork").Pool(2) as pool:
        done = list(pool.imap_unordered(copy, jobs, step))
        fd = os.open(target, os.O_RDONLY)
        ctypes.CDLL(None).syncfs(fd)
        list(pool.imap_unordered(read_back, done, step))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
