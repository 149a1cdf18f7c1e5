"""However files come, and whoever watches: each is taken once, whole (`make folders`)."""

import pytest
from folder_lab import Lab, Watch, records, wait_for
from folder_table import PATIENCE, arrivals, is_good, writers
from scale import size

_COUNT = size(30, 10_000)
_SETTLE = 0.6


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("folders"))


@pytest.mark.parametrize("mode", ["two", "kill"])
def test_every_way_of_arriving(lab: Lab, mode: str) -> None:
    rows = list(arrivals(lab, mode, _COUNT, _SETTLE))
    assert [row.arrival for row in rows if not is_good(row)] == [], rows
    assert {row.count.taken for row in rows} == {_COUNT}


@pytest.mark.full
@pytest.mark.parametrize("mode", ["events", "poll"])
def test_with_and_without_events(lab: Lab, mode: str) -> None:
    rows = list(arrivals(lab, mode, _COUNT, _SETTLE))
    assert [row.arrival for row in rows if not is_good(row)] == [], rows


def test_no_careless_writer_is_taken_before_its_last_byte(lab: Lab) -> None:
    rows = list(writers(lab, _SETTLE, "--poll"))
    assert [row.arrival for row in rows if not is_good(row)] == [], rows
    assert sum(row.count.taken for row in rows) == len(rows) - 1


def test_a_copy_that_died_is_taken_by_its_age_and_says_so(lab: Lab) -> None:
    home = lab.home("died", settle_seconds=0.3, unfinished_hours=0.0004)
    (home / "inbox/S").mkdir()
    (home / "inbox/S/film.mp4.part").write_bytes(b"half of it")
    watch = Watch(home, "--poll").ready()
    wait_for(home, 1, PATIENCE)
    watch.end()
    (record,) = records(home)
    shown = lab.run("--home", str(home), "show", record)
    assert "it may be a part of what was to be copied" in shown, shown


def test_one_inbox_of_two_archives_has_one_watcher(lab: Lab) -> None:
    first, second = lab.home("first"), lab.home("second")
    (second / "inbox").rmdir()
    (second / "inbox").symlink_to(first / "inbox", target_is_directory=True)
    watch = Watch(first).ready()
    other = Watch(second)
    assert other.process.wait(240) == 2
    assert "Another process has the inbox locked" in other.said
    watch.end()
