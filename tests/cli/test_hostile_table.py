"""Drops made to harm, in a real inbox: what they come to, and that the next drop is taken.

The same table as `make hostile`, in sizes for every day; `make acceptance` runs it whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_inbox import TABLE, Home, Row, Run
from scale import ACCEPTANCE

ROOT = Path(__file__).resolve().parents[2]
EVERY_DAY = [one for one in TABLE.values() if not one.slow]
MEMORY = 1_500_000_000


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Run]:
    """All of them in one pass of the watcher, each in a source of its own."""
    home = Home(tmp_path_factory.mktemp("hostile") / "home")
    for hostile in EVERY_DAY:
        home.lay(hostile)
    return home, home.take()


def test_there_are_enough_of_them_each_of_its_own() -> None:
    assert len(TABLE) >= 60
    assert len({one.tries for one in TABLE.values()}) == len(TABLE)


def test_each_comes_to_its_end_and_what_lies_behind_it_is_taken(taken: tuple[Home, Run]) -> None:
    rows = taken[0].rows()
    assert len(rows) == len(EVERY_DAY)
    assert [(row.hostile.name, row.harm) for row in rows if row.harm] == []
    assert {row.outcome for row in rows} == {"sealed", "quarantined", "left alone"}


def test_the_limits_held(taken: tuple[Home, Run]) -> None:
    assert taken[1].peak < MEMORY
    assert list((taken[0].folder / "staging").iterdir()) == []
    assert not Path("/tmp/evil").exists()


def test_the_archive_verifies_with_them_in_it(taken: tuple[Home, Run]) -> None:
    verified = taken[0].run("verify", "--json").said
    assert verified["outcome"] == "PASSED", verified["findings"]


def test_the_table_sees_what_must_not_be() -> None:
    bomb = TABLE["bomb.docx"]
    assert Row(bomb, "sealed", ("LIMIT_REACHED",), good=True).harm == []
    assert Row(bomb, "sealed", (), good=True).harm == ["LIMIT_REACHED is missing"]
    assert Row(bomb, "left alone", ("LIMIT_REACHED",), good=False).harm == [
        "left alone instead of sealed",
        "the good file was not taken",
    ]


if ACCEPTANCE:  # a quarter of an hour

    def test_the_whole_table_does_no_harm(tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests/support/hostile_table.py"), "--json"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
            capture_output=True,
            check=False,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(row["name"], row["harm"]) for row in rows if row["harm"]] == []
        assert len(rows) == len(TABLE)
        assert done.returncode == 0
