"""kill -9 at random moments under load: drops arrive all the time, `ingest` or `fetch` runs beside.

Every few kills everything is drained by ordinary runs and checked: each drop is receipted once and
sealed once, every access has an end, and verification passes.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import crash_intake
from crash_driver import Driver, Ended, Job
from crash_intake import BY_HAND, ENVIRONMENT, Drop, entries, receipts

_LONGEST = 0.35
"""Seconds until a kill; a start takes about 0.1 and a batch as long again."""


class Load:
    """An archive at work; `seed` decides what is dropped and when the kills come."""

    def __init__(self, folder: Path, seed: int, watcher: Driver, beside: Driver) -> None:
        self.home = folder / "home"
        self._folder = folder
        self._random = random.Random(seed)
        self._watcher, self._beside = watcher, beside
        self._ended: list[Ended] = []
        self._drops: list[Drop] = []
        self._by_hand: list[Drop] = []
        crash_intake.prepare(watcher, self.home)
        crash_intake.change_settings(self.home, batch_entries=64)
        (folder / "out").mkdir()

    @property
    def kills(self) -> int:
        """How many there were."""
        return sum(ended.killed for ended in self._ended)

    def kill_once(self) -> None:
        """A watcher with drops coming in, perhaps another command beside it, and a kill each."""
        beside = self._random.choice((None, "ingest", "fetch"))
        runs = [threading.Thread(target=self._killed, args=(self._watcher, "watch"))]
        if beside is not None:
            arguments = self._ingest() if beside == "ingest" else self._fetch()
            runs.append(threading.Thread(target=self._killed, args=(self._beside, *arguments)))
        for thread in runs:
            thread.start()
        while any(thread.is_alive() for thread in runs):
            self._drop()
            time.sleep(0.04)
        for thread in runs:
            thread.join()

    def _killed(self, driver: Driver, *arguments: str) -> None:
        pid = self._folder / f"pid-{arguments[0]}"
        pid.unlink(missing_ok=True)
        seconds = self._random.uniform(0.01, _LONGEST)
        killer = threading.Thread(target=self._kill, args=(pid, seconds))
        killer.start()
        job = Job(arguments, str(self.home), pid=str(pid), environment=ENVIRONMENT)
        ended = driver.run(job)
        killer.join()
        assert ended.killed or arguments[0] != "watch", ended.output
        self._ended.append(ended)

    def _kill(self, pid: Path, seconds: float) -> None:
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.002)
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.killpg(int(pid.read_text()), signal.SIGKILL)

    def _drop(self) -> None:
        number = len(self._drops)
        source = self._random.choice((crash_intake.RECORDER, crash_intake.TERMINAL))
        content = self._random.randbytes(self._random.choice((0, 40, 3000))) + b"%d" % number
        sidecar = crash_intake.sidecar() if self._random.random() < 0.2 else None
        drop = Drop(source, b"load-%d.bin" % number, content, sidecar=sidecar)
        self._drops.append(drop)
        drop.write(self.home / "inbox")

    def _ingest(self) -> tuple[str, ...]:
        paper = self._folder / "paper"
        for _ in range(2):
            number = len(self._by_hand)
            drop = Drop(BY_HAND, b"page-%d.txt" % number, b"page %d\n" % number)
            self._by_hand.append(drop)
            drop.write(paper)
        return ("ingest", str(paper / BY_HAND), "--source", BY_HAND)

    def _fetch(self) -> tuple[str, ...]:
        record = self._random.choice(receipts(self.home, torn=self.kills)).receipt.record
        return crash_intake.fetching(self.home, record, str(self._folder / "out"))

    def drain(self) -> None:
        """Ordinary runs until nothing is left; then everything must hold. Raises AssertionError."""
        present = [*self._drops, *self._by_hand]
        crash_intake.check_after_kill(self.home, self._drops, self.home / "inbox", torn=self.kills)
        for arguments in (self._ingest(), ("watch", "--once"), self._fetch()):
            ended = crash_intake.run(self._watcher, self.home, *arguments)
            assert ended.code == 0, f"{arguments}: {ended.code}: {ended.output}"
        present = [*self._drops, *self._by_hand]
        resting = 1 + sum(drop.files for drop in self._drops)
        crash_intake.check_drained(self.home, present, torn=self.kills, resting=resting)
        self._check_accesses()

    def _check_accesses(self) -> None:
        ends: Counter[str] = Counter()
        started = set()
        for entry in entries(self.home):
            if entry.kind == "access.started":
                started.add(entry.body["statements"][0]["statement"]["payload"]["access"])
            elif entry.kind in ("access.completed", "access.aborted"):
                ends[entry.body["access"]] += 1
        assert started == set(ends), "an access has no end, or an end no beginning"
        assert set(ends.values()) <= {1}, "an access has two ends"


def kill_at_random(folder: Path, seed: int, kills: int, *, every: int = 10) -> int:
    """So many kills of one archive; returns how many there were. Raises AssertionError."""
    with Driver() as watcher, Driver() as beside:
        load = Load(folder, seed, watcher, beside)
        checked = 0
        while load.kills < kills:
            load.kill_once()
            if load.kills - checked >= every:
                checked = load.kills
                load.drain()
        load.drain()
        return load.kills
