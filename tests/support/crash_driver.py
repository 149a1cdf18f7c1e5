"""Runs the real command in forked children and kills them at a chosen durable step.

Nothing in the shipped code knows of this: in the child every method of `FileSystem` and every
commit of `Database` is wrapped from outside, and each call is a *step*. A step's name says what is
done and which function asked for it, for example

    link < directory._link        commit < seal._publish

and its number counts the calls of that name. SIGKILL comes `before` the n-th of them, `after` it,
or in the `middle` (of a write: half of its bytes are written).

The server is a fresh interpreter with everything imported; a case costs a fork, not a start:

    python tests/support/crash_driver.py        # jobs as JSON lines on stdin, results on stdout
"""

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
METHODS = (
    *("create", "append", "write", "truncate", "chmod", "close", "fsync_file"),
    *("fsync_directory", "sync_file_system", "link", "rename", "unlink", "mkdir"),
)
PLACES = ("before", "middle", "after")
_TIMEOUT = 900


@dataclass(frozen=True)
class Kill:
    """Where to die: at the `number`-th call (from 1) of a step."""

    step: str
    number: int
    place: str

    def __str__(self) -> str:
        return f"{self.place} {self.step} #{self.number}"


@dataclass(frozen=True)
class Job:
    """One run of the command.

    `rounds`: end `watch` by SIGTERM after so many looks at the inbox. `rewrite`: a drop that is
    given other bytes as soon as the database says that it was taken. `trace`: where to write how
    often each step was done. `pid`: a file that is given the process' number before it begins.
    """

    arguments: tuple[str, ...]
    home: str
    kill: Kill | None = None
    rounds: int | None = None
    rewrite: str | None = None
    trace: str | None = None
    pid: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, or minus the signal's number; and what it printed."""

    code: int
    output: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Driver:
    """A server process; use as a context manager. Not for several threads at once."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(120)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def run(self, job: Job) -> Ended:
        """Run one command to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(asdict(job)), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        return Ended(answer["code"], answer["output"])


# --- in the child


class Steps:
    """Counts the steps of this process and dies at the one that was chosen."""

    def __init__(self, kill: Kill | None) -> None:
        self.counts: Counter[str] = Counter()
        self.after: list[Callable[[str], None]] = []
        self._kill = kill
        self._lock = threading.Lock()
        self._inside = threading.local()

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[], bool]]:
        """One step; yields a function that says whether to die in its middle."""
        with self._lock:
            self.counts[name] += 1
            kill = self._kill
            mine = kill is not None and (kill.step, kill.number) == (name, self.counts[name])
        place = kill.place if kill is not None and mine else ""
        if place == "before":
            die()
        yield lambda: place == "middle"
        if place == "after":
            die()
        for function in self.after:
            function(name)

    @contextmanager
    def outermost(self) -> Iterator[bool]:
        """Whether this call does not come from inside another step."""
        before = getattr(self._inside, "depth", 0)
        self._inside.depth = before + 1
        try:
            yield before == 0
        finally:
            self._inside.depth = before


def die() -> None:
    """As `kill -9` from outside, of the command and of whatever it started."""
    os.killpg(0, signal.SIGKILL)
    signal.pause()


def wrap_everything(steps: Steps) -> None:
    """Put a step around every durable call of this process."""
    from archive.database import Database
    from archive.durable import FileSystem

    for method in METHODS:
        setattr(FileSystem, method, _wrapped(getattr(FileSystem, method), method, steps))
    write = Database.write

    @contextmanager
    def committed(self: Database) -> Iterator[Any]:
        name = f"commit < {_caller()}"
        transaction = write(self)
        connection = transaction.__enter__()
        try:
            yield connection
        except BaseException as error:
            if not transaction.__exit__(type(error), error, error.__traceback__):
                raise
        else:
            with steps.step(name):
                transaction.__exit__(None, None, None)

    Database.write = committed  # type: ignore[method-assign]


def _wrapped(function: Callable[..., Any], method: str, steps: Steps) -> Callable[..., Any]:
    def call(self: Any, *arguments: Any) -> Any:
        with steps.outermost() as outermost:
            if not outermost:
                return function(self, *arguments)
            with steps.step(f"{method} < {_caller()}") as in_the_middle:
                if in_the_middle():
                    fd, data = arguments
                    function(self, fd, bytes(data)[: len(data) // 2])
                    die()
                return function(self, *arguments)

    return call


def _caller() -> str:
    """The function that asked, and through which helper of archive.durable it did."""
    names: list[str] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.name not in ("contextlib.py", Path(__file__).name):
            names.append(f"{file.stem}.{frame.f_code.co_name}")
            if file.name != "durable.py":
                break
        frame = frame.f_back
    return " < ".join(names)


def stop_after(rounds: int) -> None:
    """End the watcher by SIGTERM after so many looks, and never let it rest long."""
    from ingest.watcher import Watcher

    look, done = Watcher._round, Counter[str]()

    def counted(self: Watcher) -> float:
        pause = look(self)
        done["rounds"] += 1
        if done["rounds"] >= rounds:
            os.kill(os.getpid(), signal.SIGTERM)
        return min(pause, 0.01)

    Watcher._round = counted  # type: ignore[method-assign]


def rewrite_once_taken(home: Path, drop: Path) -> Callable[[str], None]:
    """Give a drop other bytes right after the commit by which the archive took it."""
    import sqlite3

    def look(name: str) -> None:
        if not name.startswith("commit < admitting._submit") or not drop.exists():
            return
        with sqlite3.connect(home / "cunzheng.db") as connection:
            query = "SELECT count(*) FROM intake WHERE path = ?"
            taken = connection.execute(query, (os.fsencode(drop),)).fetchone()[0]
        connection.close()
        if taken and b"changed" not in drop.read_bytes():
            drop.write_bytes(b"changed after it was taken\n")

    return look


def _run(job: dict[str, Any]) -> int:
    from cli import main

    steps = Steps(Kill(**job["kill"]) if job["kill"] else None)
    wrap_everything(steps)
    if job["rounds"] is not None:
        stop_after(job["rounds"])
    if job["rewrite"] is not None:
        steps.after.append(rewrite_once_taken(Path(job["home"]), Path(job["rewrite"])))
    os.environ.update(job["environment"])
    sys.argv = ["cunzheng", "--home", job["home"], *job["arguments"]]
    try:
        main.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    if job["trace"] is not None:
        trace = {"steps": steps.counts, "modules": sorted(sys.modules)}
        Path(job["trace"]).write_text(json.dumps(trace))
    return code


def _child(job: dict[str, Any], output: Path) -> None:
    """Never returns."""
    code = 70
    try:
        os.setpgid(0, 0)
        signal.alarm(_TIMEOUT)
        fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        if job["pid"] is not None:  # whoever reads it may kill at once
            Path(job["pid"]).write_text(str(os.getpid()))
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        code = _run(job)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    import importlib
    import tempfile

    importlib.import_module("cli.main")
    with tempfile.TemporaryDirectory(prefix="cunzheng-crash-") as folder:
        output = Path(folder) / "output"
        for line in sys.stdin:
            job = json.loads(line)
            child = os.fork()
            if child == 0:
                _child(job, output)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            text = output.read_text(encoding="utf-8", errors="replace")
            print(json.dumps({"code": code, "output": text}), flush=True)
            if job["trace"] is not None and code >= 0:
                _import_all(json.loads(Path(job["trace"]).read_text())["modules"])


def _import_all(modules: list[str]) -> None:
    """Import here what the child needed, so that later children find it there."""
    import importlib
    from contextlib import suppress

    for name in modules:
        if name not in sys.modules and name != "__main__":
            with suppress(Exception):
                importlib.import_module(name)


if __name__ == "__main__":
    _serve()
