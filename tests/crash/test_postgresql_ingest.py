"""Two processes ingest into one ledger on PostgreSQL while a third verifies, and some are killed.

Small in `make test`, larger in `make test-full`; `make acceptance` takes 20,000 records.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from postgres_server import NOT_HERE, Server, installed
from scale import size

from archive import ledger
from archive.entry import Entry
from cli.settings import SETTINGS_FILE, Settings
from cli.wiring import Workbench

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-c", "from cli.main import main; main()")
ENVIRONMENT = {"CUNZHENG_PASSPHRASE": "correct horse", "CUNZHENG_LANG": "en"}
TEXT = "a line of a record that is small\n"


@dataclass
class Place:
    """A home whose database stands on a server, and folders of files beside it."""

    server: Server
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        command = [*COMMAND, "--home", str(self.home), *map(str, arguments)]
        return subprocess.Popen(
            command,
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object) -> Any:
        """Run a command that has to succeed; its JSON."""
        process = self.start(*arguments, "--json")
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, f"{arguments}: {out} {err}"
        return json.loads(out)

    def files(self, source: str, count: int) -> Path:
        folder = self.folder / source
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:05}.txt").write_text(f"{source} {number}\n{TEXT * (number % 9)}")
        return folder

    def ingest(self, source: str) -> "subprocess.Popen[str]":
        return self.start("ingest", self.folder / source, "--source", source, "--json")

    def records(self) -> int:
        """How many there are."""
        ((count,),) = self.server.run("SELECT count(*) FROM cunzheng.record", "archive1")
        return int(str(count))


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """On a server of its own, which may be killed; commits are really synced."""
    if not installed():
        pytest.skip(NOT_HERE)
    server = Server.start(fsync="on")
    made = Place(server, tmp_path)
    try:
        made.run("init", "--set", f"database={server.database()}")
        yield made
    finally:
        server.stop()


def check(place: Place, count: int) -> None:
    """Everything once, nothing left out, one chain without a gap; the verifier says so too."""
    report = place.run("verify", "--receipts", *sorted(place.home.glob("outbox/*/*.jsonl")))
    assert report["outcome"] == "PASSED"
    assert report["checked"]["records"] == count
    receipts = [
        json.loads(line)
        for file in place.home.glob("outbox/*/*.jsonl")
        for line in file.read_text("utf-8").splitlines()
    ]
    names = Counter((line["entry"]["stream"], line["name"]) for line in receipts)
    assert len(names) == count
    assert set(names.values()) == {1}
    bench = Workbench(place.home, Settings.load(place.home / SETTINGS_FILE))
    with bench.database.read() as connection:
        head = ledger.current_head(connection)
        assert head is not None
        assert head.published == head.size
        assert ledger.pending_count(connection) == 0
        rows = ledger.entries_between(connection, head.log, 0, head.size)
        unstored = connection.execute(ledger.UNSTORED.select()).all()
    bench.database.close()
    assert unstored == []
    assert [row.index for row in rows] == list(range(head.size))
    entries = [Entry.parse(row.data) for row in rows]
    subjects = [entry.subject for entry in entries if entry.kind == "record.accessioned"]
    assert len(subjects) == len(set(subjects)) == count
    packs: dict[str, list[int]] = {}
    for index, entry in enumerate(entries):
        if entry.body.get("pack"):
            packs.setdefault(entry.body["pack"]["id"], []).append(index)
    for members in packs.values():
        # Members of one pack stand in one batch.
        between = [entries[index].kind for index in range(members[0], members[-1])]
        assert "log.linked" not in between


def ingest_and_verify(place: Place, count: int) -> None:
    sources = ("camera", "scanner")
    for source in sources:
        place.files(source, count // 2)
    workers = [place.ingest(source) for source in sources]
    verified = 0
    while any(worker.poll() is None for worker in workers):
        # What is being sealed at this moment may be undetermined; nothing may ever be wrong.
        verifying = place.start("verify", "--json")
        report = json.loads(verifying.communicate(timeout=600)[0])
        assert report["outcome"] != "FAILED", report["findings"]
        assert {f["code"] for f in report["findings"]} <= {"SEALING_IN_PROGRESS"}
        verified += 1
    for worker in workers:
        out, err = worker.communicate()
        assert worker.returncode == 0, err
        assert json.loads(out)["records"] == count // 2
    assert verified
    check(place, count)


def test_two_ingest_and_a_third_verifies(place: Place) -> None:
    ingest_and_verify(place, 1_200)


@pytest.mark.full
def test_many_records(place: Place) -> None:
    ingest_and_verify(place, size(6_000, 20_000))


def test_one_is_killed_in_between(place: Place) -> None:
    """The other one goes on, and whoever comes next finishes what the dead one had begun."""
    for source in ("camera", "scanner"):
        place.files(source, 600)
    steady, killed = place.ingest("camera"), place.ingest("scanner")
    wait_for_a_record(place, steady, killed)
    killed.kill()
    killed.communicate()
    assert steady.wait(600) == 0, steady.communicate()
    steady.communicate()
    again = place.ingest("scanner")
    out, err = again.communicate(timeout=600)
    assert again.returncode == 0, err
    assert json.loads(out)["records"] + json.loads(out)["known"] == 600
    check(place, 1_200)


def test_the_server_is_killed_in_between(place: Place) -> None:
    """Both stop with one sentence; after its return they go on where they were."""
    for source in ("camera", "scanner"):
        place.files(source, 600)
    workers = [place.ingest(source) for source in ("camera", "scanner")]
    wait_for_a_record(place, *workers)
    place.server.kill()
    for worker in workers:
        _, err = worker.communicate(timeout=600)
        assert worker.returncode in (0, 3), err
        if worker.returncode:
            assert len(err.strip().splitlines()) == 1, err
            assert "hidden" not in err
    place.server.restart()
    for source in ("camera", "scanner"):
        again = place.ingest(source)
        out, err = again.communicate(timeout=600)
        assert again.returncode == 0, err
        assert json.loads(out)["records"] + json.loads(out)["known"] == 600
    check(place, 1_200)


def wait_for_a_record(place: Place, *workers: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 240
    while not place.records():
        failed = [worker.communicate() for worker in workers if worker.poll()]
        assert not failed, failed
        assert time.monotonic() < end, "nothing was sealed"
        time.sleep(0.05)
