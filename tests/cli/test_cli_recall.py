"""Rows of a list that one run took are good for files that the next run takes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from station_sidecars import csv_list, csv_row

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


def reasons(done: Any) -> list[str]:
    return [one["reason"] for one in json.loads(done.out)["noticed"]]


def test_a_later_run_binds_what_the_list_named_and_nothing_else(taken: Cli) -> None:
    put(taken, "a.mp4", b"another a")
    put(taken, "b.mp4", b"b")
    put(taken, "b.mp4", b"b elsewhere", "day 2")
    assert taken("watch", "--once").code == 0
    assert cases(taken) == {"a": "案1", "another a": None, "b": "案2", "b elsewhere": None}
    put(taken, "b.mp4", b"a second b")
    assert taken("watch", "--once").code == 0
    assert cases(taken)["a second b"] is None, "each row is for one file"


def test_after_half_a_day_names_are_used_again(taken: Cli) -> None:
    with closing(sqlite3.connect(taken.home / "cunzheng.db")) as connection, connection:
        connection.execute("UPDATE record SET received_at = datetime(received_at, '-13 hours')")
    put(taken, "b.mp4", b"b")
    assert taken("watch", "--once").code == 0
    assert cases(taken)["b"] is None


def test_a_list_that_was_altered_in_the_store_says_nothing_and_stops_nothing(taken: Cli) -> None:
    with closing(sqlite3.connect(taken.home / "cunzheng.db")) as connection:
        row = connection.execute("SELECT id, pack FROM record WHERE name = 'list.csv'").fetchone()
    changed = 0
    for path in (taken.home / "store").rglob("*"):
        if path.is_file() and "案2".encode("gb18030") in (data := path.read_bytes()):
            path.chmod(0o600)
            path.write_bytes(data.replace("案2".encode("gb18030"), "案9".encode("gb18030")))
            changed += 1
    assert changed, row
    put(taken, "b.mp4", b"b")
    done = taken("watch", "--once", "--json")
    assert (done.code, reasons(done)) == (3, ["list_lost"]), done
    assert cases(taken)["b"] is None
    assert json.loads(taken("verify", "--json").out)["outcome"] == "FAILED"
