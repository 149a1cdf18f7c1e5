"""The benchmark's data sets, the same bytes at every run.

A: text files of 2 to 20 KB in folders of 100, one field record per line. B: random bytes, as video
looks to a hash function. C: very many files of 1 KB. N: further small files for the incremental
figure.
"""

import os
import random
from pathlib import Path

MIB = 1 << 20
_WORDS = (
    *("door", "patrol", "unit", "north", "arrived", "suspect", "vehicle", "time", "camera"),
    *("battery", "fix", "lat", "lon", "speed", "note", "officer", "scene", "witness"),
    *("statement", "closed"),
)


def make_a(folder: Path, files: int) -> Path:
    """Set A below `folder`; made once."""
    target = folder / f"A{files}"
    if not target.exists():
        rng = random.Random(1)
        for number in range(files):
            place = target / f"dev{number // 100:03d}"
            place.mkdir(parents=True, exist_ok=True)
            text = _text(rng, rng.randint(2048, 18_000 + 2480), number)
            (place / f"rec{number:06d}.txt").write_bytes(text)
    return target


def make_c(folder: Path, files: int) -> Path:
    """Set C below `folder`: files of 1 KB in folders of 100; made once."""
    target = folder / f"C{files}"
    if not target.exists():
        rng = random.Random(2)
        for number in range(files):
            place = target / f"dev{number // 100:04d}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"rec{number:06d}.txt").write_bytes(_text(rng, 1024, number))
    return target


def make_b(folder: Path, files: int, mebibytes: int) -> Path:
    """Set B below `folder`; made once."""
    target = folder / f"B{files}x{mebibytes}"
    if not target.exists():
        target.mkdir(parents=True)
        for number in range(files):
            rng = random.Random(100 + number)
            with (target / f"cam{number:02d}.mp4").open("wb") as file:
                for _ in range(mebibytes):
                    file.write(rng.randbytes(MIB))
    return target


def make_n(folder: Path, run: int) -> Path:
    """100 files of 10 KB that no other run has."""
    target = folder / f"N{run}"
    rng = random.Random(1000 + run)
    target.mkdir(parents=True, exist_ok=True)
    for number in range(100):
        (target / f"rec{number:06d}.txt").write_bytes(rng.randbytes(5000).hex().encode())
    return target


def files_below(folder: Path) -> list[Path]:
    return [Path(place) / name for place, _, names in os.walk(folder) for name in names]


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in files_below(folder))


def _text(rng: random.Random, size: int, number: int) -> bytes:
    lines: list[str] = []
    length = 0
    while length < size:
        month, day = rng.randint(1, 9), rng.randint(1, 28)
        clock = (rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59))
        line = (
            f'{{"rec":{number},"seq":{len(lines)},"t":"2026-0{month}-{day:02d}T'
            f'{clock[0]:02d}:{clock[1]:02d}:{clock[2]:02d}Z","lat":{rng.uniform(50, 53):.6f},'
            f'"lon":{rng.uniform(5, 9):.6f},"id":"{rng.getrandbits(64):016x}",'
            f'"txt":"{" ".join(rng.choices(_WORDS, k=8))}"}}\n'
        )
        lines.append(line)
        length += len(line)
    return "".join(lines)[:size].encode()
