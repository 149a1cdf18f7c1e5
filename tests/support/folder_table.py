"""The folder table (`make folders`): what becomes of files however they come, and whoever watches.

    python tests/support/folder_table.py [COUNT]

Every way of arriving has a source of its own, and all come at once. The ledger is asked by digest:
taken; missed; early (a content that nobody ever completed); double. Only the first may not be 0.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import folder_writers
from folder_arrivals import ARRIVALS
from folder_lab import Count, Lab, Watch, counted, on_ledger, wait_for
from folder_writers import WRITERS, data_of

MODES = ("events", "poll", "two", "kill")
"""With inotify, without; two watchers at once on one home; kill -9 in between, and a restart."""
PATIENCE = 120.0
"""Seconds without anything new after which nothing more is expected."""


class Row(NamedTuple):
    """One line of the table."""

    mode: str
    arrival: str
    count: Count
    seconds: float
    remark: str = ""

    @property
    def is_good(self) -> bool:
        """Whether everything was taken, once, whole."""
        return self.count.taken > 0 and self.count[1:] == (0, 0, 0)


def arrivals(lab: Lab, mode: str, count: int, settle: float) -> Iterator[Row]:
    """All ways of arriving at once, each with `count` files."""
    home = lab.home(f"home-{mode}", settle_seconds=settle)
    expected: dict[str, set[str]] = {}
    begun = time.monotonic()
    remark, watch = "", Watch(home, *(["--poll"] if mode == "poll" else []))
    if mode == "two":
        watch, remark = _two(home, watch)
    watch.ready()
    threads = [_bring(lab, home, name, count, expected) for name in ARRIVALS]
    if mode == "kill":
        wait_for(home, max(1, len(ARRIVALS) * count // 3), PATIENCE)
        watch.kill()
        watch = Watch(home).ready()
        remark = "killed and started again"
    for thread in threads:
        thread.join()
    wait_for(home, len(ARRIVALS) * count, PATIENCE)
    seconds = time.monotonic() - begun
    if "events came at once" in watch.end():
        remark += " events were lost, and it was said"
    seen = on_ledger(home)
    for name in ARRIVALS:
        found = counted(seen.get(name, Counter()), expected[name])
        yield Row(mode, name, found, seconds, remark)


def _two(home: Path, one: Watch) -> tuple[Watch, str]:
    """Start another one: who comes second is told so and ends."""
    other = Watch(home)
    end = time.monotonic() + PATIENCE
    while one.process.poll() is None and other.process.poll() is None:
        assert time.monotonic() < end, "both watch"
        time.sleep(0.05)
    ended, at_work = (one, other) if one.process.poll() is not None else (other, one)
    assert ended.process.wait() == 2, ended.said
    assert "Another watcher is already at work" in ended.said, ended.said
    return at_work, "the second one was told to go"


def _bring(
    lab: Lab, home: Path, name: str, count: int, expected: dict[str, set[str]]
) -> threading.Thread:
    source, aside = home / "inbox" / name, lab.folder / f"aside-{home.name}-{name}"
    source.mkdir()
    aside.mkdir()

    def bring() -> None:
        expected[name] = ARRIVALS[name](source, aside, count)

    thread = threading.Thread(target=bring)
    thread.start()
    return thread


def writers(lab: Lab, settle: float, *arguments: str) -> Iterator[Row]:
    """The careless writers, each with a source of its own, all at once."""
    home = lab.home(f"home-writers{''.join(arguments)}", settle_seconds=settle)
    watch = Watch(home, *arguments).ready()
    begun = time.monotonic()
    with ThreadPoolExecutor(len(WRITERS)) as pool:
        written = list(pool.map(lambda name: _write(home, name, settle), WRITERS))
    wait_for(home, len(WRITERS) - 1, PATIENCE, lambda: len(on_ledger(home).keys() & written))
    seconds = time.monotonic() - begun
    watch.end()
    seen = on_ledger(home)
    for name, source in zip(WRITERS, written, strict=True):
        expected = {sha256(data_of(source)).hexdigest()}
        found = counted(seen.get(source, Counter()), expected)
        if name == "killed":
            # Nobody completed it: it is not missed as long as nothing of it was taken.
            yield Row("writer", name, found._replace(missed=0), seconds, "left, not taken")
        else:
            yield Row("writer", name, found, seconds)


def _write(home: Path, name: str, settle: float) -> str:
    """Let a writer write, again in another source where it was held up; returns the source."""
    for number in range(1, 10):
        source = home / "inbox" / f"{name}-{number}"
        source.mkdir()
        command = (sys.executable, folder_writers.__file__, name, str(source / "file.bin"))
        if subprocess.run((*command, str(settle)), check=False).returncode != folder_writers.LATE:
            return source.name
    raise AssertionError(f"{name} was never in time")


def is_good(row: Row) -> bool:
    """The killed copy is taken by nobody; all others are, once and whole."""
    return row.count == (0, 0, 0, 0) if row.arrival == "killed" else row.is_good


def main() -> int:
    """Print the table; 1 where a row is not as it must be."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    bad = 0
    print(f"{'mode':8} {'arrival':14} {'taken':>7} {'missed':>7} {'early':>6} {'double':>7}  s")
    with tempfile.TemporaryDirectory(prefix="folders-") as folder:
        lab = Lab(Path(folder))
        rows = [arrivals(lab, mode, count, 2.0) for mode in MODES]
        for some in (*rows, writers(lab, 2.0), writers(lab, 2.0, "--poll")):
            for row in some:
                bad += not is_good(row)
                numbers = "{:>7} {:>7} {:>6} {:>7}".format(*row.count)
                mark = row.remark if is_good(row) else f"! {row.remark}"
                print(f"{row.mode:8} {row.arrival:14} {numbers}  {row.seconds:.0f} {mark}".rstrip())
                sys.stdout.flush()
    print(f"{bad} rows are not as they must be.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
