"""Peak memory of intake by file size, and of the sealer and of verify by ledger length.

    python bench/memory.py [--small] [--folder DIR]

Files are sparse: their bytes are read, hashed, copied and read back like any others. Entries are
heartbeats, submitted 512 at a time and sealed by the real sealer. MiB of the largest process.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from run import CUNZHENG, PYTHON, Measured, measure

_BATCH = 512
_SIZES = (1, 64, 1024, 8192)
_LENGTHS = (1000, 10_000, 100_000, 1_000_000)


def ingest_file(work: Path, mebibytes: int) -> Measured:
    home, source = work / f"home{mebibytes}", work / f"file{mebibytes}"
    with source.open("wb") as file:
        file.truncate(mebibytes << 20)
    measure([*CUNZHENG, "--home", home, "init"])
    try:
        return measure([*CUNZHENG, "--home", home, "ingest", source, "--source", "bench"])
    finally:
        source.unlink()
        shutil.rmtree(home)


def seal_entries(home: Path, count: int) -> None:
    """In a process of its own: submit and seal so many entries."""
    from archive import ledger
    from archive.system_entries import SystemEntries
    from cli.settings import Settings
    from cli.wiring import Workbench

    bench = Workbench(home, Settings.load(home / "cunzheng.toml"))
    system = SystemEntries(bench.identity, bench.log_settings, os.urandom)
    for done in range(0, count, _BATCH):
        now = bench.clock.now()
        fresh = [system.heartbeat(now) for _ in range(min(_BATCH, count - done))]
        with bench.database.write() as connection:
            ledger.submit(connection, fresh)
        bench.sealer.drain()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="up to 64 MiB and 10,000 entries")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--seal", nargs=2, metavar=("HOME", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seal:
        seal_entries(Path(options.seal[0]), int(options.seal[1]))
        return
    work = Path(tempfile.mkdtemp(prefix="cunzheng-memory-", dir=options.folder))
    few = 2 if options.small else len(_SIZES)
    try:
        print("| what | s | CPU s | RSS MiB |\n|---|---|---|---|")
        for size in _SIZES[:few]:
            show(f"ingest, one file of {size:,} MiB", ingest_file(work, size))
        for length in _LENGTHS[:few]:
            home = work / f"ledger{length}"
            measure([*CUNZHENG, "--home", home, "init"])
            show(
                f"seal, {length:,} entries",
                measure([PYTHON, __file__, "--seal", home, str(length)]),
            )
            show(f"verify, {length:,} entries", measure([*CUNZHENG, "--home", home, "verify"]))
            shutil.rmtree(home)
    finally:
        shutil.rmtree(work)


def show(what: str, found: Measured) -> None:
    print(f"| {what} | {found.seconds:.1f} | {found.cpu:.1f} | {found.memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
