"""Lays hostile drops into a real inbox, lets the command take them, and tells what came of each.

Time is that of the command, memory that of all its processes together, as the kernel tells it.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hostile_drops_files  # noqa: F401 - puts its drops into the table, as the following do
import hostile_drops_inbox  # noqa: F401
import hostile_drops_packages  # noqa: F401
from hostile_drops import LEFT, QUARANTINED, SEALED, TABLE, Hostile

from cli.main import run

__all__ = ["TABLE", "Home", "Row"]

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "a passphrase for tests"
GOOD = "zz-good.txt"
"""Lies behind each hostile drop, and has to be taken whatever becomes of that."""
_EVERY = 0.01


@dataclass(frozen=True)
class Run:
    """One call of a command."""

    code: int
    said: Any
    seconds: float
    peak: int
    """Bytes of memory of all its processes together, at most."""


@dataclass(frozen=True)
class Row:
    """What came of one hostile drop."""

    hostile: Hostile
    outcome: str
    codes: tuple[str, ...]
    good: bool
    """Whether the good file behind it was taken."""

    @property
    def harm(self) -> list[str]:
        """What is not as it must be."""
        missing = sorted(self.hostile.codes - set(self.codes))
        harm = [f"{code} is missing" for code in missing]
        if self.outcome != self.hostile.outcome:
            harm.append(f"{self.outcome} instead of {self.hostile.outcome}")
        return harm if self.good else [*harm, "the good file was not taken"]


class Home:
    """An archive of its own, used through its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run("init")
        settings = folder / "cunzheng.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("settle_seconds = 2.0", "settle_seconds = 0.1"), "utf-8")
        self._rows: dict[str, Hostile] = {}

    def lay(self, hostile: Hostile) -> None:
        """Lay a drop into a source of its own, with a good file behind it."""
        source = f"row{len(self._rows):03d}"
        inbox = self.folder / "inbox" / source
        inbox.mkdir()
        hostile.lay(inbox)
        (inbox / GOOD).write_text("现场笔录\n检查正常。\n", encoding="utf-8")
        self._rows[source] = hostile

    def take(self) -> Run:
        """One pass of the watcher."""
        return self.run("watch", "--once", "--json", codes=(0, 1, 3))

    def rows(self, sources: Iterable[str] | None = None) -> list[Row]:
        """What came of the drops in all sources, or in these."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for described in self._descriptions():
            names = found.setdefault(described["source"], {})
            names[described["name"]] = _codes(described)
        return [self._row(source, found.get(source, {})) for source in (sources or self._rows)]

    @property
    def last(self) -> str:
        """The source that was made last."""
        return list(self._rows)[-1]

    def _row(self, source: str, records: dict[str, tuple[str, ...]]) -> Row:
        hostile = self._rows[source]
        good = records.pop(GOOD, None) is not None
        codes = {code for found in records.values() for code in found}
        rejected = source in self._rejected()
        outcome = SEALED if records else QUARANTINED if rejected else LEFT
        return Row(hostile, outcome, tuple(sorted(codes)), good)

    def _rejected(self) -> set[str]:
        """Sources of what lies in quarantine."""
        reasons = (self.folder / "quarantine").glob("*/reason.json")
        return {json.loads(path.read_bytes())["source"] for path in reasons}

    def _descriptions(self) -> Iterator[dict[str, Any]]:
        """Of all records but the good files; asked in this process, which is quicker."""
        more, page = True, 1
        while more:
            found = self._ask("search", "--json", "--limit", "1000", "--page", str(page))
            more, page = found["more"], page + 1
            for record in found["records"]:
                if record["name"] == GOOD:
                    yield {"source": record["source"], "name": GOOD, "findings": []}
                else:
                    yield self._ask("show", record["record"], "--json")["description"]

    def _ask(self, *arguments: str) -> Any:
        out = io.StringIO()
        before = os.environ.get("CUNZHENG_PASSPHRASE")
        os.environ["CUNZHENG_PASSPHRASE"] = PASSPHRASE
        try:
            with contextlib.redirect_stdout(out):
                code = run(["--home", str(self.folder), *arguments], {})
        finally:
            os.environ.pop("CUNZHENG_PASSPHRASE")
            if before is not None:
                os.environ["CUNZHENG_PASSPHRASE"] = before
        assert code == 0, arguments
        return json.loads(out.getvalue())

    def run(self, *arguments: str, codes: Sequence[int] = (0,)) -> Run:
        """Call a command in a process of its own."""
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        start = time.monotonic()
        program = "import sys; from cli.main import main; sys.exit(main())"
        process = subprocess.Popen(
            [sys.executable, "-c", program, "--home", str(self.folder), *arguments],
            env=environment | {"CUNZHENG_PASSPHRASE": PASSPHRASE},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with _Scale(process.pid) as scale:
            out, err = process.communicate(timeout=1800)
        if process.returncode not in codes:
            raise AssertionError(
                f"{arguments}: {process.returncode}: {(out + err).decode()[-2000:]}"
            )
        said = json.loads(out) if "--json" in arguments else out.decode()
        return Run(process.returncode, said, time.monotonic() - start, scale.peak)


class _Scale:
    """Weighs a process and all it started, a hundred times a second."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._weigh, daemon=True)

    def __enter__(self) -> "_Scale":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _weigh(self) -> None:
        while not self._over.wait(_EVERY):
            self.peak = max(self.peak, sum(map(_resident, _tree(self._pid))))


def _tree(pid: int) -> Sequence[int]:
    found, waiting = [], [pid]
    while waiting:
        here = waiting.pop()
        found.append(here)
        try:
            for task in os.listdir(f"/proc/{here}/task"):
                text = Path(f"/proc/{here}/task/{task}/children").read_text(encoding="ascii")
                waiting.extend(map(int, text.split()))
        except OSError:
            continue
    return found


def _resident(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def _codes(described: Mapping[str, Any]) -> tuple[str, ...]:
    documented = (described.get("document") or {}).get("findings", [])
    return tuple(finding["code"] for finding in [*described["findings"], *documented])


def as_json(row: Row, run: Run) -> Mapping[str, Any]:
    """A row for machines."""
    return {
        "name": row.hostile.name,
        "tries": row.hostile.tries,
        "outcome": row.outcome,
        "findings": list(row.codes),
        "seconds": round(run.seconds, 1),
        "megabytes": run.peak // 1_000_000,
        "harm": row.harm,
    }
