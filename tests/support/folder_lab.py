"""Homes, watchers and a ledger's count for the folder table: the real command, as users run it."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {
    "CUNZHENG_PASSPHRASE": "correct horse",
    "CUNZHENG_KEY_PASSPHRASE": "correct horse",
    "CUNZHENG_SECOND_KEY_PASSPHRASE": "correct horse",
    "CUNZHENG_LANG": "en",
    "PYTHONPATH": str(ROOT),
}
_COMMAND = (sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())")
_ROWS = "SELECT data FROM entry WHERE idx IS NOT NULL"


class Count(NamedTuple):
    """What became of the files of one source. Of these only the first may be other than 0."""

    taken: int
    missed: int
    early: int
    """Contents that nobody ever completed."""
    double: int


class Watch:
    """A running `cunzheng watch`."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._log = home.with_name(f"{home.name}.log")
        with self._log.open("ab") as out:
            self._begun = self._log.stat().st_size
            self.process = subprocess.Popen(
                (*_COMMAND, "--home", str(home), "watch", *arguments),
                env={**os.environ, **_ENVIRONMENT},
                stdout=out,
                stderr=out,
            )

    @property
    def said(self) -> str:
        """Everything it has printed."""
        return self._log.read_bytes()[self._begun :].decode()

    def ready(self) -> "Watch":
        """Wait until it looks at the inbox."""
        end = time.monotonic() + 120
        while "watching" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> str:
        """End it politely; returns what it has said."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(120) == 0, self.said
        return self.said


@dataclass(frozen=True)
class Lab:
    """Makes homes that are alike."""

    folder: Path

    def home(self, name: str, **settings: object) -> Path:
        """A fresh home with other settings."""
        template = self.folder / "template"
        if not template.exists():
            self._found(template)
        home = self.folder / name
        shutil.copytree(template, home)
        path = home / "cunzheng.toml"
        lines = path.read_text(encoding="utf-8").splitlines()
        for key, value in settings.items():
            at = next(i for i, line in enumerate(lines) if line.startswith(f"{key} ="))
            lines[at] = f"{key} = {json.dumps(value)}"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return home

    def _found(self, home: Path) -> None:
        founders = []
        for person, role in (("gu", "archivist"), ("du", "inspector.internal")):
            key = self.folder / f"{person}.key"
            self.run("people", "key", person, "-o", str(key))
            founders += ["--founder", f"{person}:{role}:{key}"]
        self.run("--home", str(home), "init", *founders)

    def run(self, *arguments: str) -> str:
        """One command to its good end; returns what it prints."""
        done = subprocess.run(
            (*_COMMAND, *arguments),
            env={**os.environ, **_ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def on_ledger(home: Path) -> dict[str, Counter[str]]:
    """How often each content was accessioned or dropped again, by source, as the ledger says."""
    found: dict[str, Counter[str]] = {}
    with closing(sqlite3.connect(home / "cunzheng.db", timeout=60)) as connection:
        rows = connection.execute(_ROWS).fetchall()
    for (data,) in rows:
        entry = json.loads(data)
        if entry["kind"] in {"record.accessioned", "record.redropped"}:
            body = entry["body"]
            content = next(d for d in body["content"] if d.startswith("sha256:"))
            found.setdefault(body["source"], Counter())[content.removeprefix("sha256:")] += 1
    return found


def records(home: Path) -> list[str]:
    """Ids of all records."""
    with closing(sqlite3.connect(home / "cunzheng.db", timeout=60)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM record ORDER BY id")]


def counted(seen: Counter[str], expected: set[str]) -> Count:
    """Judge one source by the SHA-256 of its contents."""
    taken = sum(1 for digest in expected if seen[digest])
    double = sum(seen[digest] - 1 for digest in expected if seen[digest])
    early = sum(count for digest, count in seen.items() if digest not in expected)
    return Count(taken, len(expected) - taken, early, double)


def wait_for(
    home: Path, wanted: int, seconds: float, count: Callable[[], int] | None = None
) -> None:
    """Wait until there are so many records, or so much of what is counted, or nothing new comes."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < seconds:
        found = count() if count else _count(home)
        if found >= wanted:
            return
        if found != last:
            last, since = found, time.monotonic()
        time.sleep(0.2)


def _count(home: Path) -> int:
    with closing(sqlite3.connect(home / "cunzheng.db", timeout=60)) as connection:
        return int(connection.execute("SELECT count(*) FROM record").fetchone()[0])
