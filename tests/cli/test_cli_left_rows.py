"""Rows of a list that one run took are good for files that the next run takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from crash_intake import change_settings
from station_sidecars import csv_list, csv_row

from cli.settings import Settings

Cli = Any


@pytest.fixture
def taken(outside: Cli, tmp_path: Path) -> Cli:
    """An archive that has taken a list and one of its files, by a command that has ended."""
    cli = type(outside)(tmp_path / "home")
    assert cli("init", "--set=settle_seconds=0.0").code == 0
    folder = cli.home / "inbox/S/day 1"
    folder.mkdir(parents=True)
    (folder / "list.csv").write_bytes(csv_list(csv_row("a.mp4"), csv_row("b.mp4", case="案2")))
    (folder / "a.mp4").write_bytes(b"a")
    assert cli("watch", "--once").code == 0
    assert not [*folder.glob("*")]
    return cli


def put(cli: Cli, name: str, data: bytes, folder: str = "day 1") -> None:
    where = cli.home / "inbox/S" / folder
    where.mkdir(exist_ok=True)
    (where / name).write_bytes(data)


def cases(cli: Cli) -> dict[str, str | None]:
    """Case of each recording, by its content."""
    with closing(sqlite3.connect(cli.home / "cunzheng.db")) as connection:
        rows = connection.execute("SELECT id, case_no FROM record WHERE name LIKE '%.mp4'")
        return {cli.stored(id_, "content").read().decode(): case for id_, case in rows}


def test_a_later_run_binds_what_the_list_named_and_nothing_else(taken: Cli) -> None:
    put(taken, "a.mp4", b"another a")
    put(taken, "b.mp4", b"b")
    put(taken, "b.mp4", b"b elsewhere", "day 2")
    assert taken("watch", "--once").code == 0
    assert cases(taken) == {"a": "案1", "another a": None, "b": "案2", "b elsewhere": None}
    put(taken, "b.mp4", b"a second b")
    assert taken("watch", "--once").code == 0
    assert cases(taken)["a second b"] is None, "each row is for one file"


def test_a_list_that_waits_for_its_time_stamp_leaves_its_rows(taken: Cli) -> None:
    put(taken, "more.csv", csv_list(csv_row("d.mp4", case="案4")))
    before = Settings.load(taken.home / "cunzheng.toml").tsa
    change_settings(taken.home, tsa="http://127.0.0.1:9/tsa")
    assert taken("watch", "--once").code == 3
    assert (taken.home / "inbox/S/day 1/more.csv").exists()
    change_settings(taken.home, tsa=before)
    assert taken("watch", "--once").code == 0
    put(taken, "d.mp4", b"d")
    assert taken("watch", "--once").code == 0
    assert cases(taken)["d"] == "案4"


def test_rows_are_kept_from_others(taken: Cli) -> None:
    (kept,) = (taken.home / "locks/lists").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
