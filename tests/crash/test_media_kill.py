"""kill -9 at every step of examining media: resumed, and every medium is amended exactly once."""

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
from media_samples import sample
from office_cli import PASSPHRASE

from archive.entry import Entry

pytestmark = pytest.mark.full

FILMS = ("mp4", "aac")
PLACES = ("before", "after")


class Home:
    """A home whose media wait to be examined, copied for every kill."""

    def __init__(self, folder: Path, driver: Driver) -> None:
        self._folder = folder
        self._driver = driver
        self._template = folder / "template"
        self.path = folder / "home"
        assert self.run("init", home=self._template).code == 0
        settings = self._template / "cunzheng.toml"
        text = settings.read_text(encoding="utf-8")
        text = text.replace("settle_seconds = 2.0", "settle_seconds = 0.0")
        settings.write_text(text, encoding="utf-8")
        (self._template / "inbox/camera").mkdir()
        for kind in FILMS:
            shutil.copy(sample(kind), self._template / "inbox/camera")
        done = self.run("watch", "--once", home=self._template)
        assert done.code == 0, done.output
        with sqlite3.connect(self._template / "cunzheng.db") as connection:
            # Pictures have a test of their own.
            connection.execute("DELETE FROM looking WHERE task = 'derive'")
        connection.close()

    def run(
        self,
        *arguments: str,
        home: Path | None = None,
        kill: Kill | None = None,
        trace: Path | None = None,
    ) -> Ended:
        where = None if trace is None else str(trace)
        environment = {"CUNZHENG_PASSPHRASE": PASSPHRASE}
        job = Job(arguments, str(home or self.path), kill, trace=where, environment=environment)
        return self._driver.run(job)

    def fresh(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(self._template, self.path)

    def amended(self) -> Counter[str | None]:
        """How often each record was amended."""
        with sqlite3.connect(self.path / "cunzheng.db") as connection:
            rows = connection.execute("SELECT data FROM entry WHERE stream = 'registry'").fetchall()
        connection.close()
        entries = [Entry.parse(row[0]) for row in rows]
        return Counter(entry.subject for entry in entries if entry.kind == "record.amended")

    def waiting(self) -> list[tuple[int, str | None]]:
        with sqlite3.connect(self.path / "cunzheng.db") as connection:
            rows = connection.execute("SELECT tries, problem FROM looking").fetchall()
        connection.close()
        return rows


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Driver() as driver, fast_folder() as folder:
        yield Home(Path(folder), driver)


def test_every_medium_is_amended_once_whatever_dies(home: Home, tmp_path: Path) -> None:
    home.fresh()
    trace = tmp_path / "trace"
    done = home.run("derive", trace=trace)
    assert done.code == 0, done.output
    assert sorted(home.amended().values()) == [1] * len(FILMS)
    assert home.waiting() == []
    counts: dict[str, int] = json.loads(trace.read_text())["steps"]
    steps = {name: count for name, count in counts.items() if name.startswith("commit")}
    assert any("amending.submit" in name for name in steps), steps
    kills = [
        Kill(name, number, place)
        for name, count in steps.items()
        for number in {1, count}
        for place in PLACES
    ]
    missed = [kill for kill in kills if not _killed(home, kill)]
    assert len(missed) * 4 < len(kills), missed  # some steps depend on the moment
    done = home.run("verify")
    assert done.code == 0, done.output


def _killed(home: Home, kill: Kill) -> bool:
    home.fresh()
    ended = home.run("derive", kill=kill)
    again = home.run("derive")
    assert again.code == 0, f"{kill}: {again.output}"
    assert sorted(home.amended().values()) == [1] * len(FILMS), str(kill)
    assert home.waiting() == [], str(kill)
    return ended.killed


def test_a_killed_try_counts_and_a_finished_one_does_not_wait(home: Home) -> None:
    home.fresh()
    begun = Kill("commit < queue_step.__call__", 1, "after")
    assert home.run("derive", kill=begun).killed
    assert [tries for tries, _ in home.waiting()] == [1, 0]
    home.fresh()
    submitted = Kill("commit < amending.submit", 1, "after")
    assert home.run("derive", kill=submitted).killed
    assert len(home.waiting()) == len(FILMS) - 1
    assert not home.amended()  # it waits for its seal
    assert home.run("watch", "--once").code == 0
    assert sum(home.amended().values()) == 1
