"""Measures cunzheng beside `cp -r`, other archivers, hashing and copying; prints one table.

    python bench/run.py [--small] [--runs 3] [--folder DIR] [--only A,B,C,R]

R is supervised retrieval, see `retrieval.py`; the other archivers are those of `peers.py`.

The programs take turns, and the table shows medians. Before each of them its input is pushed out of
the page cache. Finished archives are moved aside: making files where many have just been removed is
several times slower on ext4.
"""

import argparse
import compileall
import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data import files_below, make_a, make_b, make_c, make_n, size_of
from peers import PEERS, Peer, environment, lines

HERE = Path(__file__).resolve().parent
PYTHON = sys.executable
CUNZHENG = (PYTHON, "-c", "from cli.main import main; main()")
PASSPHRASE = "benchmark"
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(HERE.parent),
    "CUNZHENG_PASSPHRASE": PASSPHRASE,
    "CUNZHENG_LANG": "en",
}


@dataclass(frozen=True)
class Measured:
    """One run: seconds until it ended and was synced, CPU seconds, MiB of its largest process."""

    seconds: float
    cpu: float
    memory: float
    output: str = ""


def syncfs(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    ctypes.CDLL(None).syncfs(fd)
    os.close(fd)


def push_out(folder: Path) -> None:
    """Push the files below a folder out of the page cache."""
    syncfs(folder)
    for path in files_below(folder):
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def measure(
    command: Sequence[str | Path],
    *,
    sync: Path | None = None,
    more: Mapping[str, str] | None = None,
) -> Measured:
    """Run a command, with `more` in its environment; raises RuntimeError with what it said."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            stdout=output,
            stderr=errors,
            env={**ENVIRONMENT, **(more or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if sync is not None:
            syncfs(sync)
        seconds = time.perf_counter() - start
        for stream in (output, errors):
            stream.seek(0)
        if process.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {errors.read().decode()[-500:]}")
        text = output.read().decode()
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


class Bench:
    """One data set and everything that is done with it, run after run."""

    def __init__(self, work: Path, data: Path, label: str) -> None:
        self.work, self.data, self.label = work, data, label
        self.found: dict[str, list[Measured]] = defaultdict(list)
        self.stages: list[dict[str, float]] = []
        self.missing: set[str] = set()
        self._number = 0

    def take(self, name: str, source: Path, run: Callable[[], Measured]) -> None:
        push_out(source)
        self.found[name].append(run())
        print(f"{self.label} {name}: {self.found[name][-1].seconds:.2f} s", file=sys.stderr)

    def place(self, name: str) -> Path:
        self._number += 1
        return self.work / f"{self.label}-{name}-{self._number}"

    def set_aside(self, path: Path) -> None:
        """Few large files are removed at once, many small ones at the end of everything."""
        if self.label == "B":
            shutil.rmtree(path)
        else:
            path.replace(self.work / "trash" / path.name)

    def run(self, *, incremental: bool) -> None:
        copy = self.place("cp")
        self.take(
            "cp -r + sync", self.data, lambda: measure(["cp", "-r", self.data, copy], sync=copy)
        )
        self.set_aside(copy)
        for peer in PEERS:
            self._peer(peer)
        again = self.place("again")
        copying = [PYTHON, HERE / "copying.py", self.data, again]
        self.take("copy, hash, sync, read back", self.data, lambda: measure(copying, sync=again))
        self.set_aside(again)
        hashing = [PYTHON, HERE / "hashing.py"]
        self.take("hashing alone", self.data, lambda: measure([*hashing, self.data]))
        home = self._home("home")
        ingest = [*CUNZHENG, "--home", home, "--json", "ingest", self.data, "--source", "bench"]
        self.take("cunzheng ingest", self.data, lambda: measure(ingest))
        evidence = home / "store" / "evidence"
        verify = [*CUNZHENG, "--home", home, "verify"]
        self.take("cunzheng verify", evidence, lambda: measure(verify))
        self.take("hashing the store alone", evidence, lambda: measure([*hashing, evidence]))
        if incremental:
            more = make_n(self.work / "data", self._number)
            command = [PYTHON, HERE / "stages.py", home, more]
            self.take("cunzheng ingest +100", more, lambda: measure(command))
        self.set_aside(home)
        self._stages()

    def _peer(self, peer: Peer) -> None:
        place, state = self.place("peer"), self.work / "state"
        state.mkdir(exist_ok=True)
        line = lines(peer, self.data, place, state)
        if line is None:
            self.missing.add(peer.program)
            return
        more = environment(state)
        if peer.before:
            measure(line(peer.before), more=more)
        self.take(peer.name, self.data, lambda: measure(line(peer.add), sync=self.work, more=more))
        self.take(f"{peer.name}: verify", place, lambda: measure(line(peer.verify), more=more))
        self.set_aside(place)

    def _home(self, name: str) -> Path:
        home = self.place(name)
        measure([*CUNZHENG, "--home", home, "init"])
        return home

    def _stages(self) -> None:
        home = self._home("stages")
        push_out(self.data)
        found = measure([PYTHON, HERE / "stages.py", home, self.data])
        self.stages.append(json.loads(found.output))
        self.set_aside(home)


def median(found: Sequence[Measured], what: str) -> float:
    return statistics.median(getattr(item, what) for item in found)


def show(bench: Bench) -> None:
    size, files = size_of(bench.data), len(files_below(bench.data))
    seconds = {name: median(found, "seconds") for name, found in bench.found.items()}
    print(f"\n### {bench.label}: {files:,} files, {size / 1e6:,.0f} MB\n")
    print("| what | runs | s (min-max) | files/s | MB/s | CPU s | RSS MiB |")
    print("|---|---|---|---|---|---|---|")
    for name, found in bench.found.items():
        count, length = (100, 1e6) if name.endswith("+100") else (files, size)
        each = [item.seconds for item in found]
        print(
            f"| {name} | {len(found)} | {seconds[name]:.2f} ({min(each):.2f}-{max(each):.2f})"
            f" | {count / seconds[name]:,.0f} | {length / seconds[name] / 1e6:,.0f}"
            f" | {median(found, 'cpu'):.2f} | {median(found, 'memory'):.0f} |"
        )
    for program in sorted(bench.missing):
        print(f"\n{program}: NOT RUN: it is not installed, see bench/peers.py.")
    print()
    ours = seconds["cunzheng ingest"]
    print(f"* ingest : cp -r + sync = {seconds['cp -r + sync'] / ours:.2f} of its rate")
    both = seconds["copy, hash, sync, read back"]
    print(f"* ingest : copy, hash, sync, read back = {both / ours:.2f} of its rate")
    print(f"* ingest : hashing alone = {seconds['hashing alone'] / ours:.2f} of its rate")
    share = seconds["hashing the store alone"] / seconds["cunzheng verify"]
    print(f"* verify : hashing the store alone = {share:.2f} of its rate")
    if more := bench.found.get("cunzheng ingest +100"):
        work = statistics.median(json.loads(item.output)["work"] for item in more)
        print(f"* +100 files: {work:.2f} s of work, without the start of the interpreter")
    stages = {key: statistics.median(s[key] for s in bench.stages) for key in bench.stages[0]}
    print("* stages (they overlap): " + ", ".join(f"{k} {v:.2f} s" for k, v in stages.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="1,000 files and 2 x 32 MB")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--only", default="A,B,C,R")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="cunzheng-bench-", dir=options.folder))
    for package in ("archive", "cli", "ingest", "retention", "signing"):
        # As an installed program is; the environment may forbid that Python does so by itself.
        compileall.compile_dir(HERE.parent / package, quiet=1)
    (work / "trash").mkdir()
    wanted = options.only.split(",")
    try:
        benches = []
        if "A" in wanted:
            a = make_a(work / "data", 1000 if options.small else 10_000)
            benches.append(Bench(work, a, "A"))
        if "B" in wanted:
            b = make_b(work / "data", 2 if options.small else 4, 32 if options.small else 512)
            benches.append(Bench(work, b, "B"))
        if "C" in wanted:
            c = make_c(work / "data", 10_000 if options.small else 100_000)
            benches.append(Bench(work, c, "C"))
        for _ in range(options.runs):
            for bench in benches:
                bench.run(incremental=bench.label == "A")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, data in MB of 10^6 bytes")
        for bench in benches:
            show(bench)
        if "R" in wanted:
            # Imported late: it needs what tests need.
            from retrieval import measure_all

            measure_all(work, small=options.small, runs=10 if options.small else 50)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
