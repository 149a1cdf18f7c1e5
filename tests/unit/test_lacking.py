"""What complete files lack: counted in the walk, told by the watcher, read by `status`."""

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from station_sidecars import csv_list, csv_row
from watch_fixture import Watched

from ingest.lacking import Lacking, LackingTold, Seen, read_lacking
from ingest.settle import Settle
from ingest.sweep import Share, Sweeper, Watching

HOUR = 3600.0
MOMENT = datetime(2026, 11, 22, 4, tzinfo=UTC)


class StillClock:
    """Both clocks stand until they are moved."""

    seconds = 0.0

    def now(self) -> datetime:
        return MOMENT + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class Docked:
    """An inbox with a source `S` and one rule; every file settles within a second."""

    def __init__(self, home: Path, rule: str, share: Share | None = None) -> None:
        self.rule = rule
        self.now = 0.0
        self.folder = home / "inbox/S"
        self.folder.mkdir(parents=True)
        watching = Watching(
            monotonic=lambda: self.now,
            now=lambda: self.folder.stat().st_ctime + self.now,
            settle=Settle(1.0, 1.0),
            complete=lambda _: self.rule,
        )
        self.sweeper = Sweeper(os.fsencode(home / "inbox"), watching, share)

    def put(self, name: str, data: bytes = b"x") -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(data)

    def lacking(self, after: float = 2.0) -> dict[str, Lacking]:
        """By source, after two looks; what is offered is taken."""
        for seconds in (0.0, after):
            self.now += seconds
            for item in self.sweeper.sweep():
                if hasattr(item, "file"):
                    self.sweeper.take(item.file.path)
        return dict(self.sweeper.lacking)


def test_files_without_their_marker_are_counted(tmp_path: Path) -> None:
    docked = Docked(tmp_path, "ready")
    for name in ("a", "b", "deep/c", "ready.txt", "ready.txt.READY", "alone.ready", ".hidden"):
        docked.put(name)
    assert docked.lacking() == {"S": Lacking(marker=3)}, "no markers, and nothing that is complete"
    assert docked.lacking() == {"S": Lacking(marker=3)}, "counted anew in every walk"
    docked.put("a.ready")
    docked.put("deep/c.ready")
    assert docked.lacking() == {"S": Lacking(marker=1)}
    (docked.folder / "b").unlink()
    assert docked.lacking() == {}


def test_what_is_taken_after_a_long_rest_lacks_nothing(tmp_path: Path) -> None:
    docked = Docked(tmp_path, "ready")
    docked.put("a")
    assert docked.lacking(2 * HOUR) == {"S": Lacking(marker=1)}, "told of, and still counted"
    assert docked.lacking(25 * HOUR) == {}


def test_files_that_no_manifest_lists_as_they_are_are_counted(tmp_path: Path) -> None:
    docked = Docked(tmp_path, "manifest")
    digest = sha256(b"x").hexdigest()
    listed = [
        {"name": "a", "sha256": digest, "size": 1},
        {"name": "b", "sha256": digest, "size": 9},
    ]
    docked.put("manifest.json", str(listed).replace("'", '"').encode())
    for name in ("a", "b", "c"):
        docked.put(name)
    assert docked.lacking() == {"S": Lacking(manifest=2)}, "another size, and not listed"
    docked.rule = "settled"
    assert docked.lacking() == {}


def test_files_that_wait_for_a_sidecar_are_counted(tmp_path: Path) -> None:
    watched = Watched(tmp_path, wait=60)
    watched.put(a_mp4=b"a", b_mp4=b"b", b_mp4_json=b'{"cunzheng_sidecar": 1}')
    watched.after(0)
    watched.offered(2)
    assert watched.sweeper.lacking == {"S": Lacking(sidecar=1)}
    watched.offered(70)
    assert watched.sweeper.lacking == {}


def test_a_list_that_waits_for_its_files_lacks_no_sidecar(tmp_path: Path) -> None:
    watched = Watched(tmp_path, wait=60)
    watched.put(l_csv=csv_list(csv_row("gone.mp4")))
    watched.after(0)
    assert watched.offered(2) == {}
    assert (watched.sweeper.held, watched.sweeper.lacking) == (1, {})


def test_a_walk_that_is_not_at_its_end_tells_nothing_yet(tmp_path: Path) -> None:
    docked = Docked(tmp_path, "ready", Share(1))
    for number in range(3):
        docked.put(f"{number}")
        docked.put(f"{number}.ready")
    docked.put("bare")
    list(docked.sweeper.sweep())
    docked.now += 2
    while True:
        list(docked.sweeper.sweep())
        if not docked.sweeper.has_more:
            break
        assert docked.sweeper.lacking == {}
    assert docked.sweeper.lacking == {"S": Lacking(marker=1)}


def test_it_is_written_when_it_changes_and_once_a_minute(tmp_path: Path) -> None:
    clock, path = StillClock(), tmp_path / "lacking"
    told, sources = LackingTold(path, clock), {"A": Lacking(1, 0, 2), "B": Lacking(manifest=3)}
    first = MOMENT
    told.tell(sources)
    assert read_lacking(path) == Seen(first, sources)
    clock.seconds += 30
    told.tell(dict(sources))
    assert read_lacking(path) == Seen(first, sources)
    told.tell({})
    assert read_lacking(path) == Seen(first + timedelta(seconds=30), {})
    clock.seconds += 61
    told.tell({})
    seen = read_lacking(path)
    assert seen is not None
    assert (seen.at, seen.total) == (first + timedelta(seconds=91), Lacking())
    assert Seen(first, sources).total == Lacking(1, 3, 2)
    assert [one.name for one in tmp_path.iterdir()] == ["lacking"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"at":"x","sources":{}}',
        b'{"at":"2026-11-22T04:05:06.123456Z","sources":{"S":{"more":1}}}',
        b'{"at":"2026-11-22T04:05:06.123456Z","sources":{"S":{"marker":"1"}}}',
    ],
)
def test_what_cannot_be_read_says_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "lacking"
    assert read_lacking(path) is None
    path.write_bytes(data)
    assert read_lacking(path) is None


def test_a_place_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    LackingTold(tmp_path / "none" / "lacking", StillClock()).tell({"S": Lacking(1)})
