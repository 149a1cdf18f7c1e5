"""Several processes submit and seal on one home at once, and some of them are killed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_fixture import Archive, FakeClock, make_archive, policy_of

from archive import ledger
from archive.entry import Entry, link_digest
from archive.findings import Outcome
from archive.verify import verify

REPOSITORY = Path(__file__).resolve().parents[2]
WORKER = REPOSITORY / "tests" / "support" / "sealing_worker.py"
SECONDS = 2.5
MEMORY = Path("/dev/shm")


def start(home: Path, number: int) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, str(WORKER), str(home), str(number), str(SECONDS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n", worker.communicate()
    return worker


def go(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()


@pytest.fixture
def archive() -> Iterator[Archive]:
    """In memory where that is possible: the more seals in the time, the better."""
    now = datetime.now(UTC)  # noqa: TID251 - the workers use the real clock
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as home:
        yield make_archive(Path(home), FakeClock(now), batch=16)


def durable(output: str) -> dict[str, tuple[str, int]]:
    """What a worker was told to be durable: id -> (log, index); a torn last line does not count."""
    lines = [line.split() for line in output.split("\n")[:-1]]
    return {number: (log, int(index)) for number, log, index in lines}


def check_ledger(archive: Archive, told: dict[str, tuple[str, int]]) -> None:
    """Nothing lost, nothing doubled, no gap, and the verifier agrees."""
    head = archive.head()
    assert head.published == head.size
    with archive.db.read() as connection:
        rows = ledger.entries_between(connection, head.log, 0, head.size)
        assert ledger.pending_count(connection) == 0
    assert [row.index for row in rows] == list(range(head.size))
    places = {row.pending: (head.log, row.index) for row in rows}
    assert len(places) == len(rows)
    assert {number: places[number] for number in told} == told
    streams: dict[str, bytes] = {}
    counts: dict[str, int] = {}
    for row in rows:
        entry = Entry.parse(row.data)
        before = streams.get(entry.stream)
        assert entry.seq == counts.get(entry.stream, 0)
        assert entry.prev == (link_digest(before) if before else None)
        streams[entry.stream], counts[entry.stream] = row.data, entry.seq + 1
    policy, now = policy_of(archive, max_seal_gap=10**9), archive.clock.now()
    report = verify(archive.places.evidence, archive.places.live, policy, now=now, workers=1)
    unknown = {"KIND_UNKNOWN"}
    found = [item.to_value() for item in report.findings if item.code not in unknown]
    assert found == []
    assert report.outcome is not Outcome.FAILED


def test_two_at_once(archive: Archive) -> None:
    workers = [start(archive.home, number) for number in range(2)]
    for worker in workers:
        go(worker)
    told: dict[str, tuple[str, int]] = {}
    for worker in workers:
        output, errors = worker.communicate(timeout=300)
        assert worker.returncode == 0, errors
        mine = durable(output)
        assert mine
        told |= mine
    archive.clock.moment = datetime.now(UTC)  # noqa: TID251
    check_ledger(archive, told)


def test_one_is_killed_again_and_again(archive: Archive) -> None:
    """The other one goes on; what either was told to be durable stays."""
    steady = start(archive.home, 0)
    go(steady)
    told: dict[str, tuple[str, int]] = {}
    for number in range(1, 4):
        worker = start(archive.home, number)
        go(worker)
        time.sleep(0.3)
        worker.kill()
        told |= durable(worker.communicate(timeout=120)[0])
    output, errors = steady.communicate(timeout=300)
    assert steady.returncode == 0, errors
    told |= durable(output)
    archive.clock.moment = datetime.now(UTC)  # noqa: TID251
    archive.seal()
    check_ledger(archive, told)
