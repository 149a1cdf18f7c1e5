"""Hashing alone, the yardstick: SHA-256 and SM3 of every file below a folder, on all cores.

python bench/hashing.py FOLDER
"""

import hashlib
import os
import sys
from multiprocessing import get_context
from pathlib import Path

CHUNK = 1 << 20


def digests(path: str) -> tuple[str, str]:
    one, two = hashlib.sha256(), hashlib.new("sm3")
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            one.update(chunk)
            two.update(chunk)
    return one.hexdigest(), two.hexdigest()


def main(folder: Path) -> None:
    paths = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
    few = len(paths) < 100
    with get_context("fork").Pool(os.cpu_count()) as pool:
        for _ in pool.imap_unordered(digests, paths, 1 if few else 64):
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
