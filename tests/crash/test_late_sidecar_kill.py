"""kill -9 at every commit of a late sidecar and of a repair: amended, taken and told once."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_driver import Driver, Ended, Job, Kill
from crash_table import fast_folder
from office_cli import PASSPHRASE

from archive.entry import Entry

pytestmark = pytest.mark.full

GOOD = b'{"cunzheng_sidecar": 1, "case": "7"}'
BAD = b'{"cunzheng_sidecar": 1, "stage": "?"}'
PLACES = ("before", "after")


class Home:
    """A home in which one sidecar is late, and one drop waits in quarantine."""

    def __init__(self, folder: Path, driver: Driver) -> None:
        self._driver = driver
        self._template = folder / "template"
        self.path = folder / "home"
        done = self.run("init", "--set", "settle_seconds=0")
        assert done.code == 0, done.output
        inbox = self.path / "inbox/S"
        inbox.mkdir()
        (inbox / "a.txt").write_bytes(b"a")
        (inbox / "b.txt").write_bytes(b"b")
        (inbox / "b.txt.json").write_bytes(BAD)
        assert self.run("watch", "--once").code == 1
        (inbox / "a.txt.json").write_bytes(GOOD)
        (self.number,) = (path.name for path in (self.path / "quarantine").iterdir())
        shutil.copytree(self.path, self._template)  # drops are known by their whole paths
        self.good = folder / "good.json"
        self.good.write_bytes(GOOD)

    def run(self, *arguments: str, kill: Kill | None = None, trace: Path | None = None) -> Ended:
        where = None if trace is None else str(trace)
        environment = {"CUNZHENG_PASSPHRASE": PASSPHRASE}
        job = Job(arguments, str(self.path), kill, trace=where, environment=environment)
        return self._driver.run(job)

    def fresh(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(self._template, self.path)

    def kinds(self) -> Counter[str]:
        with sqlite3.connect(self.path / "cunzheng.db") as connection:
            rows = connection.execute("SELECT data FROM entry").fetchall()
        connection.close()
        return Counter(Entry.parse(row[0]).kind for row in rows)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Driver() as driver, fast_folder() as folder:
        yield Home(Path(folder), driver)


def kills(home: Home, trace: Path, *arguments: str) -> list[Kill]:
    """Every commit of a run, and once more where it comes several times."""
    home.fresh()
    done = home.run(*arguments, trace=trace)
    assert done.code == 0, done.output
    counts: dict[str, int] = json.loads(trace.read_text())["steps"]
    steps = {name: count for name, count in counts.items() if name.startswith("commit")}
    return [
        Kill(name, number, place)
        for name, count in steps.items()
        for number in {1, count}
        for place in PLACES
    ]


def test_a_late_sidecar_amends_once_whatever_dies(home: Home, tmp_path: Path) -> None:
    for kill in kills(home, tmp_path / "trace", "watch", "--once"):
        home.fresh()
        home.run("watch", "--once", kill=kill)
        again = home.run("watch", "--once")
        assert again.code == 0, f"{kill}: {again.output}"
        assert home.kinds()["record.amended"] == 1, str(kill)
        assert [path.name for path in (home.path / "inbox/S").iterdir()] == [], str(kill)
    assert home.run("verify").code == 0


def test_a_repair_takes_once_and_is_told_once_whatever_dies(home: Home, tmp_path: Path) -> None:
    repair = ("quarantine", "attach-sidecar", home.number, str(home.good))
    for kill in kills(home, tmp_path / "trace", *repair):
        home.fresh()
        ended = home.run(*repair, kill=kill)
        again = home.run(*repair)
        assert again.code in (0, 1), f"{kill}: {again.output}"  # 1: it is resolved
        assert home.run("watch", "--once").code == 0
        counts = home.kinds()
        # A kill may come between the taking and the entry: the next try finds it taken.
        assert counts["drop.resolved"] == 1, f"{kill} {ended.output} {again.output}"
        assert counts["record.accessioned"] + counts["record.redropped"] <= 3, str(kill)
    assert home.run("verify").code == 0
