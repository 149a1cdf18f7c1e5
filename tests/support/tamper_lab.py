"""Real archives to tamper with: made by the command line at set times, copied for every attack.

    lab = Lab(folder)
    home = lab.copy("office")               # a copy of a whole home, with everything in it
    verdict = lab.verify(home, checkpoint=True)

Only the clock is ours. Everything else is `cunzheng` as people call it, in this process.
"""

import gc
import io
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image

import cli.main
from archive import ledger
from archive.database import Database
from archive.system_entries import SystemEntries
from cli.clock import SystemClock
from cli.settings import SETTINGS_FILE, Settings
from cli.wiring import Workbench

PASSPHRASE = "correct horse battery staple"
_SECRETS = ("CUNZHENG_PASSPHRASE", "CUNZHENG_KEY_PASSPHRASE", "CUNZHENG_SECOND_KEY_PASSPHRASE")
START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
NEW_YEAR_EVE = datetime(2025, 12, 31, 15, 0, tzinfo=UTC)
CAMERA, TERMINAL = "DSJ-0012345", "ZFZD-0031"
LARGE = bytes(range(256)) * 20_000
"""A content of more than one piece."""


@dataclass
class SetClock:
    """Stands where it is set; every look moves it on by a millisecond."""

    moment: datetime = START

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


@dataclass(frozen=True)
class Verdict:
    """What `cunzheng verify` said: exit code and JSON report; `untouched` compares every file."""

    exit_code: int
    report: dict[str, Any]
    untouched: bool

    @property
    def outcome(self) -> str:
        return str(self.report.get("outcome", self.report.get("error")))

    @property
    def codes(self) -> list[str]:
        """Codes of what counts, the INFO ones left out."""
        return list(dict.fromkeys(found["code"] for found in self.report.get("findings", ())))

    def subjects(self, code: str) -> list[str]:
        """What the findings of one code are about, with their details."""
        return [
            f"{found['subject']} {json.dumps(found['details'])}"
            for found in self.report["findings"]
            if found["code"] == code
        ]


@dataclass(frozen=True)
class Base:
    """An archive to copy, and what an inspector took away from it; `end` is when it was left."""

    home: Path
    end: datetime
    records: tuple[str, ...]
    checkpoint: Path
    receipt: Path
    policy: Path
    older: Path | None = None


@dataclass
class Lab:
    """Makes every base once, below `folder`."""

    folder: Path
    clock: SetClock = field(default_factory=SetClock)
    _copies: int = 0

    def run(self, home: Path | None, *arguments: str) -> tuple[int, str]:
        """One command line at the lab's time: exit code and what it printed."""
        opened: list[Database] = []

        def database(url: str) -> Database:
            opened.append(Database(url))
            return opened[-1]

        out, err = io.StringIO(), io.StringIO()
        place = ("--home", str(home)) if home else ()
        environment = {**dict.fromkeys(_SECRETS, PASSPHRASE), "CUNZHENG_LANG": "en"}
        terminate = signal.getsignal(signal.SIGTERM)
        with (
            self.at_its_time(),
            patch.dict(os.environ, environment),
            patch("cli.wiring.Database", database),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                code = cli.main.run([*place, *arguments], os.environ)
            finally:
                signal.signal(signal.SIGTERM, terminate)
                for one in opened:
                    one.close()
        return code, out.getvalue() + err.getvalue()

    def must(self, home: Path, *arguments: str) -> str:
        """The same for a command that cannot fail here."""
        code, text = self.run(home, *arguments)
        assert code == 0, f"{' '.join(arguments)}: exit code {code}\n{text}"
        return text

    @contextmanager
    def at_its_time(self) -> Iterator[None]:
        """The lab's clock in place of the system's; one process instead of many."""
        with (
            patch.object(SystemClock, "now", lambda _: self.clock.now()),
            patch("os.sched_getaffinity", lambda _: {0}),
        ):
            yield

    def wait(self, **delta: float) -> None:
        """Let time pass."""
        self.clock.moment += timedelta(**delta)

    # ── bases ──

    @cached_property
    def office(self) -> Base:
        """24 records of two devices in four batches, 250 heartbeats, one access; no packs."""
        self.clock.moment = START
        home = self._founded("office", pack_up_to=0)
        self.take(home, CAMERA, 8, size=1)
        self.take(home, TERMINAL, 6)
        self._age(home)
        older = self.folder / "office-older"
        shutil.copytree(home, older, symlinks=True)
        self.grow(home, 250)
        self.take(home, TERMINAL, 2, large=True)
        record = self._records(home)[0]
        self.wait(minutes=5)
        why = ("--action", "export", "--purpose", "supervision", "--reason", "review")
        self.must(
            home,
            "fetch",
            record,
            *why,
            "--key",
            self._key(home, "du"),
            "-o",
            str(self.folder / "out"),
        )
        self.take(home, CAMERA, 6, size=2)
        keep = self._keep(home)
        self.take(home, TERMINAL, 2)
        return self._left(home, keep, older)

    @cached_property
    def years(self) -> Base:
        """Two logs: the first was closed at new year in Shanghai."""
        self.clock.moment = NEW_YEAR_EVE
        home = self._founded("years", pack_up_to=0)
        self.take(home, CAMERA, 3)
        self.wait(minutes=60)
        self.take(home, CAMERA, 3, size=1)
        return self._left(home, self._keep(home), None)

    @cached_property
    def thousand(self) -> Base:
        """1,000 records in packs, but for one that is large."""
        self.clock.moment = START
        home = self._founded("thousand")
        self.take(home, CAMERA, 1000, large=True)
        return self._left(home, self._keep(home), None)

    @cached_property
    def packed(self) -> Base:
        """30 records of two devices, but for one in packs; 250 heartbeats."""
        self.clock.moment = START
        home = self._founded("packed")
        self.take(home, CAMERA, 12, size=1)
        self.take(home, TERMINAL, 10, large=True)
        self.grow(home, 250)
        self.take(home, CAMERA, 8)
        return self._left(home, self._keep(home), None)

    @cached_property
    def pictured(self) -> Base:
        """Three photos, and a small picture of each."""
        self.clock.moment = START
        home = self._founded("pictured")
        self.wait(minutes=5)
        drops = self.folder / "drops-pictured"
        drops.mkdir()
        for number, colour in enumerate(("#c03030", "#30a040", "#3050c0")):
            Image.new("RGB", (64, 48), colour).save(drops / f"photo{number}.jpg")
        self.must(home, "ingest", str(drops), "--source", CAMERA)
        self.must(home, "derive")
        return self._left(home, self._keep(home), None)

    def _founded(self, name: str, *, pack_up_to: int | None = None) -> Path:
        home = self.folder / name
        founders = []
        for person, role in (("gu", "archivist"), ("du", "inspector.internal")):
            key = self._key(home, person)
            Path(key).parent.mkdir(exist_ok=True)
            self.must(home, "people", "key", person, "-o", key)
            founders += ["--founder", f"{person}:{role}:{key}"]
        self.must(home, "init", *founders)
        if pack_up_to is not None:
            settings = home / SETTINGS_FILE
            text = settings.read_text()
            assert "pack_up_to = 262144" in text
            settings.write_text(text.replace("pack_up_to = 262144", f"pack_up_to = {pack_up_to}"))
        return home

    def _key(self, home: Path, person: str) -> str:
        """The file of a person's key, which is not in the home."""
        return str(self.folder / f"people-{home.name}" / f"{person}.key")

    def take(
        self, home: Path, source: str, count: int, *, size: int = 0, large: bool = False
    ) -> None:
        """Ingest some files; the first has a sidecar, with `large` the last has several pieces."""
        self.wait(minutes=5)
        drops = self.folder / f"drops-{home.name}-{self.clock.moment:%H%M}"
        drops.mkdir()
        for number in range(count):
            text = f"现场检查笔录 {source} {self.clock.moment:%H:%M} {number}\n" * (10 + 40 * size)
            data = LARGE if large and number == count - 1 else text.encode()
            (drops / f"笔录_{number:04}.txt").write_bytes(data)
        sidecar = {"cunzheng_sidecar": 1, "case": "〔2026〕7号"}
        (drops / "笔录_0000.txt.json").write_text(json.dumps(sidecar))
        self.must(home, "ingest", str(drops), "--source", source)

    def grow(self, home: Path, count: int) -> None:
        """Make the ledger longer than one full tile, with entries that say nothing."""
        self.wait(minutes=5)
        with self.workbench(home) as bench:
            system = SystemEntries(bench.identity, bench.log_settings, os.urandom)
            with bench.database.write() as connection:
                beats = [system.heartbeat(self.clock.now()) for _ in range(count)]
                ledger.submit(connection, beats)
            bench.sealer.drain()

    @contextmanager
    def workbench(self, home: Path) -> Iterator[Workbench]:
        """The parts of an archive at the lab's time, with its keys open."""
        bench = Workbench(home, Settings.load(home / SETTINGS_FILE))
        with self.at_its_time(), patch.dict(os.environ, {"CUNZHENG_PASSPHRASE": PASSPHRASE}):
            try:
                yield bench
            finally:
                bench.database.close()
                gc.collect()

    def _records(self, home: Path) -> list[str]:
        with closing(sqlite3.connect(home / "cunzheng.db")) as connection:
            rows = connection.execute("SELECT id FROM record ORDER BY id").fetchall()
        return [row[0] for row in rows]

    def _keep(self, home: Path) -> tuple[Path, Path]:
        """What an inspector takes away: the newest note, and one receipt, the newest."""
        kept = self.folder / f"kept-{home.name}"
        kept.mkdir()
        note = kept / "checkpoint.note"
        shutil.copy(home / "store/live/log/checkpoint", note)
        files = (home / "outbox").rglob("*.jsonl")
        lines = [line for path in files for line in path.read_bytes().splitlines(keepends=True)]
        newest = max(lines, key=lambda line: json.loads(line)["index"])
        receipt = kept / "receipt.jsonl"
        receipt.write_bytes(newest)
        shutil.copy(home / "policy.toml", kept)
        return note, receipt

    def _left(self, home: Path, kept: tuple[Path, Path], older: Path | None) -> Base:
        self._age(home)
        policy = kept[0].parent / "policy.toml"
        return Base(home, self.clock.moment, tuple(self._records(home)), *kept, policy, older)

    def _age(self, home: Path) -> None:
        set_times(home, self.clock.moment)

    # ── attacks and inspections ──

    def copy(self, base: Base) -> Path:
        """A copy of a base's home, with the files' times; the lab's clock stands at its end."""
        self._copies += 1
        target = self.folder / f"copy-{self._copies}"
        shutil.copytree(base.home, target, symlinks=True)
        self.clock.moment = base.end
        return target

    def verify(
        self,
        home: Path,
        base: Base,
        *,
        policy: str | None = None,
        checkpoint: bool = False,
        receipt: bool = False,
        database: bool = False,
        after: timedelta = timedelta(minutes=30),
    ) -> Verdict:
        """`cunzheng verify` with the inspector's policy, `after` the archive was left.

        Without `database` the inspector has the store alone, as a copy or through a share.
        """
        trusted = base.policy.with_name(policy) if policy else base.policy
        words = ["verify", "--json", "--policy", str(trusted)]
        words += [] if database else ["--store", str(home / "store")]
        words += ["--known", str(base.checkpoint)] if checkpoint else []
        words += ["--receipts", str(base.receipt)] if receipt else []
        self.clock.moment = base.end + after
        before = tree_digest(home)
        code, text = self.run(home if database else None, *words)
        untouched = tree_digest(home) == before
        start = text.index("{")
        return Verdict(code, json.JSONDecoder().raw_decode(text[start:])[0], untouched)


def set_times(folder: Path, moment: datetime) -> None:
    """Give everything below a folder the times that it would have."""
    stamp = moment.timestamp()
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (stamp, stamp), follow_symlinks=False)


def tree_digest(folder: Path) -> str:
    """One digest over names, modes, times, sizes and bytes of everything below a folder.

    The folder's own time is left out: SQLite puts its shared memory beside a database it reads.
    """
    total = sha256()
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        total.update(f"{path.relative_to(folder)}\0{found.st_mode}\0{found.st_mtime_ns}".encode())
        if path.is_file() and not path.is_symlink():
            total.update(sha256(path.read_bytes()).digest())
    return total.hexdigest()


def overwrite(path: Path, data: bytes) -> None:
    """Put other bytes into a read-only file, and give it its old time back."""
    stamp = path.stat().st_mtime_ns if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(0o444)
    if stamp is not None:
        os.utime(path, ns=(stamp, stamp))


def flip(path: Path, at: int = -1, bit: int = 1) -> None:
    """Flip one bit of one byte."""
    data = bytearray(path.read_bytes())
    data[at] ^= bit
    overwrite(path, bytes(data))
