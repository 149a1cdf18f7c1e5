"""What goes wrong around an archive, with the real commands: nothing is lost, and it says so."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import crash_intake
import pytest
from crash_driver import Driver, Ended, Job, Kill
from crash_intake import BY_HAND, EARLIER, ENVIRONMENT, PASSPHRASE, Drop
from crash_table import fast_folder
from switched_tsa import SwitchedTsa

DROPS = crash_intake.small_drops()
PLAIN = [drop for drop in DROPS if drop.kind in ("record", "redrop")]
ONCE = ("watch", "--once")


@dataclass
class Place:
    """A prepared home, and what runs commands on it."""

    driver: Driver
    home: Path
    template: Path

    def run(self, *arguments: str, **more: object) -> Ended:
        return crash_intake.run(self.driver, self.home, *arguments, **more)

    def evidence(self) -> set[str]:
        """Every file of the evidence store."""
        root = self.home / "store" / "evidence"
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}

    def refused(self, *arguments: str) -> str:
        """Run what must end with exit code 3; returns what it said."""
        ended = self.run(*arguments)
        assert ended.code == 3, f"{ended.code}: {ended.output}"
        return ended.output

    def drained(self, drops: list[Drop], **more: int) -> None:
        ended = self.run(*ONCE)
        assert ended.code in (0, 1), f"{ended.code}: {ended.output}"
        crash_intake.check_drained(self.home, drops, **more)


@pytest.fixture(scope="module")
def prepared() -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch, fast_folder() as folder, Driver() as driver:
        patch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
        patch.setenv("NO_PROXY", "127.0.0.1")
        home = Path(folder) / "home"
        yield Place(driver, home, crash_intake.prepare(driver, home))


@pytest.fixture
def place(prepared: Place) -> Place:
    crash_intake.fresh(prepared.template, prepared.home, [])
    return prepared


def put(place: Place, drops: list[Drop]) -> None:
    for drop in drops:
        drop.write(place.home / "inbox")


# --- several at once


def test_a_watcher_and_two_ingests_at_once(place: Place, tmp_path: Path) -> None:
    put(place, DROPS)
    by_hand = [Drop(BY_HAND, b"%d.txt" % n, b"page %d\n" % n) for n in range(30)]
    ended: dict[int, Ended] = {}

    def ingest(number: int) -> None:
        folder = tmp_path / str(number)
        for drop in by_hand[number::2]:
            drop.write(folder)
        with Driver() as driver:
            arguments = ("ingest", str(folder / BY_HAND), "--source", BY_HAND)
            ended[number] = crash_intake.run(driver, place.home, *arguments)

    threads = [threading.Thread(target=ingest, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    watched = place.run(*ONCE)
    for thread in threads:
        thread.join()
    assert watched.code == 1, watched.output
    assert [ended[n].code for n in range(2)] == [0, 0], ended
    resting = sum(drop.files for drop in [EARLIER, *DROPS] if drop.kind != "refused")
    crash_intake.check_drained(place.home, [*DROPS, *by_hand], resting=resting)


def test_the_same_files_ingested_by_two_at_once(place: Place, tmp_path: Path) -> None:
    """Whoever comes first has them; the other one may be told so, and nothing is doubled."""
    drops = [Drop(BY_HAND, b"%d.txt" % n, b"page %d\n" % n) for n in range(20)]
    for drop in drops:
        drop.write(tmp_path)
    arguments = ("ingest", str(tmp_path / BY_HAND), "--source", BY_HAND)
    with Driver() as driver:
        other = threading.Thread(target=lambda: crash_intake.run(driver, place.home, *arguments))
        other.start()
        place.run(*arguments)
        other.join()
    ended = place.run(*arguments)
    assert ended.code == 0, ended.output
    crash_intake.check_drained(place.home, drops, resting=1)


def is_locked(path: Path) -> bool:
    """Whether somebody has a file locked; asking takes no lock itself."""
    return path.exists() and f":{path.stat().st_ino} " in Path("/proc/locks").read_text()


def test_a_second_watcher_is_told_to_go(place: Place, tmp_path: Path) -> None:
    with Driver() as driver:
        first: list[Ended] = []
        crash_intake.run(driver, place.home, "status")
        pid = tmp_path / "pid"
        job = Job(("watch",), str(place.home), pid=str(pid), environment=ENVIRONMENT)
        thread = threading.Thread(target=lambda: first.append(driver.run(job)))
        thread.start()
        while thread.is_alive() and not is_locked(place.home / "locks" / "watch"):
            time.sleep(0.01)
        second = place.driver.run(replace(job, rounds=300, pid=None))
        with suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGTERM)
        thread.join()
    codes = {first[0].code, second.code}
    assert codes == {0, 2}, [first, second]
    assert "Another watcher" in first[0].output + second.output


# --- staging lost


def lose_staging(place: Place) -> None:
    """Kill after the append, then lose one staged content that is needed."""
    put(place, PLAIN)
    kill = Kill("commit < seal._append", 1, "after")
    assert place.run(*ONCE, kill=kill).killed
    with closing(sqlite3.connect(place.home / "cunzheng.db")) as connection:
        query = (
            "SELECT path FROM unstored JOIN entry USING (pending) WHERE path IS NOT NULL"
            " ORDER BY size LIMIT 1"
        )
        path = connection.execute(query).fetchone()[0]
    (place.home / "staging" / path).unlink()


def test_lost_staging_blocks_the_log_until_it_is_abandoned(place: Place) -> None:
    lose_staging(place)
    before = place.evidence()
    for _ in range(2):
        assert "seal abandon" in place.refused(*ONCE)
    assert not {key for key in place.evidence() - before if "/seals/" in key}
    status = place.run("status", "--json")
    assert status.code == 0, status.output
    assert json.loads(status.output)["warnings"], status.output
    crash_intake.check_after_kill(place.home, PLAIN, place.home / "inbox")

    given_up = place.run("seal", "abandon", "--reason", "disk failed", "--person", "tester")
    assert given_up.code == 0, given_up.output
    ended = place.run(*ONCE)
    assert ended.code == 0, ended.output
    lines = crash_intake.receipts(place.home)
    names = {line.key for line in lines}
    assert {drop.key for drop in PLAIN} <= names, "the drop still lay in the inbox: a new record"
    verified = place.run("verify", "--json", "--policy", str(place.home / "policy.toml"))
    assert verified.code == 1, verified.output
    failed = {
        f["code"]
        for f in json.loads(verified.output)["findings"]
        if f["outcome"].upper() == "FAILED"
    }
    assert failed == {"CONTENT_LOST"}


def test_staging_that_comes_back_unblocks_the_log(place: Place) -> None:
    put(place, PLAIN)
    assert place.run(*ONCE, kill=Kill("commit < seal._append", 1, "after")).killed
    away = place.home / "staging-away"
    (place.home / "staging").rename(away)
    (place.home / "staging").mkdir()
    place.refused(*ONCE)
    shutil.copytree(away, place.home / "staging", dirs_exist_ok=True)
    shutil.rmtree(away)
    place.drained(PLAIN)


# --- a rolled-back database


def roll_back(place: Place) -> None:
    """Seal more, then put the database of before back."""
    for path in place.home.glob("cunzheng.db*"):
        path.unlink()
    for path in place.template.glob("cunzheng.db*"):
        shutil.copy2(path, place.home / path.name)


def test_a_restored_older_database_signs_nothing_until_it_is_rebuilt(place: Place) -> None:
    put(place, PLAIN)
    place.drained(PLAIN)
    roll_back(place)
    before = place.evidence()
    later = Drop(crash_intake.TERMINAL, b"later.txt", b"after the restore\n")
    put(place, [later])
    assert "older than the newest seal" in place.refused(*ONCE)
    assert place.evidence() == before
    crash_intake.check_after_kill(place.home, [later], place.home / "inbox")
    rebuilt = place.run("rebuild")
    assert rebuilt.code == 0, rebuilt.output
    place.drained([*PLAIN, later])


# --- disk full, store read-only


@contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    """Mount something, or say why not; the last argument is the place."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("NOT RUN: needs root")
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("NOT RUN: needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", arguments[-1]], check=True)


@pytest.mark.full
@pytest.mark.parametrize("free", [0, 100, 300, 900, 2000, 4000])
def test_a_full_disk_stops_it_and_room_lets_it_go_on(
    prepared: Place, tmp_path: Path, free: int
) -> None:
    """`free` is in KiB; the drops need about 4,500 in staging and the rest in the database."""
    home = tmp_path / "home"
    home.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=32m", "tmpfs", str(home)):
        shutil.copytree(prepared.template, home, dirs_exist_ok=True)
        place = Place(prepared.driver, home, prepared.template)
        put(place, PLAIN)
        inbox = {path.name for path in (home / "inbox").rglob("*") if path.is_file()}
        ballast = home / "ballast"
        with ballast.open("wb") as file:
            room = os.statvfs(home)
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - (free << 10))
        place.refused(*ONCE)
        crash_intake.check_after_kill(home, PLAIN, home / "inbox")
        if not crash_intake.receipts(home)[1:]:
            left = {path.name for path in (home / "inbox").rglob("*") if path.is_file()}
            assert left == inbox, "released without a receipt"
        ballast.unlink()
        place.drained(PLAIN)


@pytest.mark.full
def test_a_read_only_store_releases_nothing(place: Place) -> None:
    store = str(place.home / "store")
    put(place, PLAIN)
    with mounted("--bind", store, store):
        subprocess.run(["mount", "-o", "remount,ro,bind", store], check=True)
        assert "cannot be written" in place.refused(*ONCE)
        assert len(crash_intake.receipts(place.home)) == 1
        crash_intake.check_after_kill(place.home, PLAIN, place.home / "inbox")
    place.drained(PLAIN)


# --- the time-stamping authority is away


def test_accessions_wait_for_an_authority_that_is_away(place: Place, tmp_path: Path) -> None:
    with SwitchedTsa(place.home, PASSPHRASE).serving() as tsa:
        crash_intake.change_settings(place.home, tsa=tsa.url)
        first, second = PLAIN[:3], PLAIN[3:]
        put(place, first)
        place.drained(first)
        tsa.on = False
        put(place, second)
        seals = {key for key in place.evidence() if "/seals/" in key}
        for _ in range(2):
            place.refused(*ONCE)
        assert len(crash_intake.receipts(place.home)) == 1 + len(first)
        crash_intake.check_after_kill(place.home, PLAIN, place.home / "inbox")
        fresh = {key for key in place.evidence() if "/seals/" in key} - seals
        assert not {key for key in fresh if key.endswith(".tst")}
        record = crash_intake.receipts(place.home)[0].receipt.record
        fetched = place.run(*crash_intake.fetching(place.home, record, str(tmp_path)))
        assert fetched.code == 0, fetched.output
        place.refused(*ONCE)
        tsa.on = True
        place.drained(PLAIN)
    kinds = [entry.kind for entry in crash_intake.entries(place.home)]
    assert kinds.count("outage.started") == kinds.count("outage.ended") == 1
