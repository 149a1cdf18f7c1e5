"""The second copy: lag, crashes, what is altered on either side, and what may not be copied."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import Accession, policy_of
from memory_bucket import MemoryBucket
from replica_fixture import TwoPlaces, two_places

from archive import layout, ledger, replica_queue
from archive.catalog import RECORD
from archive.copying import Copier
from archive.desk.db_shelf import DbShelf
from archive.desk.destroying import DESTROYING
from archive.errors import Unreachable
from archive.findings import Outcome
from archive.repair import Inspection, Repair, Repaired
from archive.replica import REPLICA, Copied
from archive.replica_queue import REPLICATION
from archive.report import Report
from archive.stores.directory import DirectoryStore
from archive.verify import Kit

LARGE = bytes(range(256)) * 20_000


@pytest.fixture(params=["folder", "bucket"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> TwoPlaces:
    return two_places(tmp_path, request.param)


@pytest.fixture
def buckets(tmp_path: Path) -> TwoPlaces:
    return two_places(tmp_path, "bucket")


def fill(places: TwoPlaces) -> Accession:
    """Records small and large, a detail, and more entries than one tile holds."""
    archive = places.archive
    archive.seal()
    archive.accession(LARGE, staged=True)
    taken = archive.accession(b"a small one\n", sidecar=b"{}")
    archive.submit(archive.source_entry("source.registered"))
    archive.seal()
    archive.heartbeats(300)
    archive.seal()
    archive.accession(b"the last one\n")
    archive.seal()
    archive.clock.advance(minutes=20)
    return taken


def codes(report: Report) -> list[str]:
    found = {item.code for item in (*report.findings, *report.remarks)}
    return sorted(found - {"INTERNAL_TIME"})


def keys(store: Any) -> list[str]:
    return [info.key for info in store.list("")]


def test_the_copy_proves_itself(places: TwoPlaces) -> None:
    fill(places)
    assert places.lag().count == len(keys(places.first.evidence))
    done = places.replicator().drain()
    assert done == Copied(len(keys(places.first.evidence)), 0)
    assert places.lag() == replica_queue.Lag(0, None, 0)
    assert keys(places.copy.evidence) == keys(places.first.evidence)
    report = places.verify_copy()
    assert report.outcome is Outcome.PASSED
    assert codes(report) == []
    assert not list(places.staging.glob("*-copy-*"))


def test_both_together_give_no_finding(places: TwoPlaces) -> None:
    fill(places)
    places.replicator().drain()
    report = places.verify_both()
    assert codes(report) == []
    assert report.checked["compared"] == len(keys(places.first.evidence))


def test_the_copy_is_no_second_name_of_the_same_file(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    fill(places)
    places.replicator().drain()
    for path in (tmp_path / "copy/evidence").rglob("*"):
        assert not path.is_file() or path.stat().st_nlink == 1


def test_locks_come_with_the_copy(buckets: TwoPlaces) -> None:
    fill(buckets)
    buckets.replicator().drain()
    first, copy = buckets.first.evidence, buckets.copy.evidence
    assert isinstance(first, MemoryBucket)
    assert isinstance(copy, MemoryBucket)
    for key in first.names():
        mine, copied = first.of(key), copy.of(key)
        assert (copied.level, copied.until, copied.held) == (mine.level, mine.until, mine.held)


def test_a_copy_that_is_away_stops_nothing(buckets: TwoPlaces) -> None:
    archive = buckets.archive
    fill(buckets)
    buckets.replicator().drain()
    away = buckets.copy.evidence
    assert isinstance(away, MemoryBucket)
    away.away = True
    before = archive.clock.moment
    for number in range(3):
        archive.accession(f"while it was away {number}".encode())
        archive.seal()
        with pytest.raises(Unreachable):
            buckets.replicator().drain()
    lag = buckets.lag()
    assert lag.count >= 3 * 5
    assert lag.oldest is not None
    assert lag.oldest >= before
    away.away = False
    buckets.replicator().drain()
    assert buckets.lag().count == 0
    archive.clock.advance(minutes=20)
    assert codes(buckets.verify_copy()) == []


def test_a_copy_that_begins_later_gets_everything(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    fill(places)
    with places.archive.db.write() as connection:
        replica_queue.forget_all(connection, REPLICA)
    places.replicator().drain()
    assert keys(places.copy.evidence) == keys(places.first.evidence)
    assert codes(places.verify_copy()) == []


@pytest.mark.parametrize("at", range(1, 12))
def test_killed_anywhere_it_goes_on(tmp_path: Path, at: int) -> None:
    """After so many puts, read-backs or commits the process is gone; the next one ends the work."""
    places = two_places(tmp_path, "bucket")
    fill(places)
    steps = iter(range(1, 10_000))

    class Killed(BaseException):
        pass

    def counted(real: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            if next(steps) == at:
                raise Killed
            return result

        return step

    victim = places.replicator()
    victim._put = counted(victim._put)  # type: ignore[method-assign]
    victim._is_there = counted(victim._is_there)  # type: ignore[method-assign]
    with pytest.raises(Killed):
        victim.drain()
    places.replicator().drain()
    assert places.lag().count == 0
    assert codes(places.verify_both()) == []


def test_what_is_altered_in_the_first_place_is_not_copied(buckets: TwoPlaces) -> None:
    taken = fill(buckets)
    first = buckets.first.evidence
    assert isinstance(first, MemoryBucket)
    key = layout.content_key(taken.record)
    first.of(key).data = b"forged"
    done = buckets.replicator().drain()
    assert done.aside == 1
    assert problems(buckets) == {key: "FIRST_ALTERED"}
    assert buckets.copy.evidence.stat(key) is None
    assert buckets.lag().problems == 1


def test_what_is_lost_in_the_first_place_waits_for_a_person(buckets: TwoPlaces) -> None:
    taken = fill(buckets)
    first = buckets.first.evidence
    assert isinstance(first, MemoryBucket)
    key = layout.record_key(taken.record)
    first.lose(key)
    buckets.replicator().drain()
    assert problems(buckets) == {key: "FIRST_MISSING"}


def test_other_bytes_in_the_copy_are_kept_and_told(buckets: TwoPlaces) -> None:
    taken = fill(buckets)
    copy = buckets.copy.evidence
    assert isinstance(copy, MemoryBucket)
    key = layout.content_key(taken.record)
    copy.over("log/x", b"not a new copy")
    copy.over(key, b"other")
    buckets.replicator().drain()
    assert problems(buckets) == {key: "COPY_CONFLICT"}
    assert copy.of(key).data == b"other"


def problems(places: TwoPlaces) -> dict[str, str]:
    with places.archive.db.read() as connection:
        rows = connection.execute(REPLICATION.select().where(REPLICATION.c.problem.is_not(None)))
        return {row.key: row.problem for row in rows}


def test_verification_tells_what_the_copy_lacks_and_what_it_has_otherwise(
    buckets: TwoPlaces,
) -> None:
    taken = fill(buckets)
    buckets.replicator().drain()
    copy = buckets.copy.evidence
    assert isinstance(copy, MemoryBucket)
    lost, other = layout.content_key(taken.record), layout.record_key(taken.record)
    copy.lose(lost)
    copy.of(other).data = b"{}"
    report = buckets.verify_both()
    found = {(item.code, item.subject) for item in report.findings}
    assert ("REPLICA_MISSING", lost) in found
    assert ("REPLICA_DIFFERS", other) in found
    assert ("OBJECT_MISSING", f"replica:{lost}") in found


def test_what_waits_is_told_as_a_remark(buckets: TwoPlaces) -> None:
    fill(buckets)
    buckets.replicator().drain()
    buckets.archive.accession(b"just now")
    buckets.archive.seal()
    buckets.archive.clock.advance(minutes=20)
    report = buckets.verify_both()
    assert "REPLICA_BEHIND" in codes(report)
    assert report.outcome is Outcome.PASSED, codes(report)


def test_a_planted_object_in_the_copy_is_found(buckets: TwoPlaces) -> None:
    fill(buckets)
    buckets.replicator().drain()
    copy = buckets.copy.evidence
    assert isinstance(copy, MemoryBucket)
    copy.over("records/zz/planted", b"x")
    buckets.archive.clock.advance(hours=1)
    report = buckets.verify_both()
    assert [(f.code, f.subject) for f in report.findings] == [
        ("OBJECT_UNEXPECTED", "replica:records/zz/planted")
    ]


def test_live_follows_and_is_pruned(places: TwoPlaces) -> None:
    fill(places)
    places.replicator().drain()
    places.archive.heartbeats(300)
    places.archive.seal()
    places.replicator().drain()
    assert keys(places.copy.live) == keys(places.first.live)
    assert read(places.copy.live) == read(places.first.live)


def read(store: Any) -> dict[str, bytes]:
    return {key: b"".join(store.read(key)) for key in keys(store)}


def test_receipts_may_wait_for_the_copy(buckets: TwoPlaces) -> None:
    taken = fill(buckets)
    log, index = buckets.archive.place(taken.entry)

    def copied() -> bool:
        with buckets.archive.db.read() as connection:
            entry = ledger.entries_between(connection, log, index, index + 1)[0].data
            asked = [replica_queue.Sealed(entry, log, index)]
            return replica_queue.copied(connection, REPLICA, asked) == [True]

    assert not copied()
    calls = iter(range(100))
    buckets.replicator().drain(lambda: next(calls) > 0)
    buckets.replicator().drain()
    assert copied()


@pytest.mark.parametrize("what", ["content", "record.json", "seal", "p7s", "tst"])
def test_each_receipt_waits_for_its_own_objects(buckets: TwoPlaces, what: str) -> None:
    """One object of the first of two records is not copied; the other record is done."""
    archive = buckets.archive
    archive.seal()
    made = []
    for number in range(2):
        made.append(archive.accession(b"record %d" % number))
        archive.seal()
    log, index = archive.place(made[0].entry)
    note = layout.note_key(log, index + 1)
    left = {
        "content": layout.content_key(made[0].record),
        "record.json": layout.record_key(made[0].record),
        "seal": note,
        "p7s": f"{note}.p7s",
        "tst": f"{note}.p7s.tst",
    }[what]
    with archive.db.write() as connection:
        gone = connection.execute(REPLICATION.delete().where(REPLICATION.c.key != left))
        assert gone.rowcount > 0
    with archive.db.read() as connection:
        assert replica_queue.queued_keys(connection, REPLICA, [left])
        asked = []
        for one in made:
            where = archive.place(one.entry)
            (entry,) = ledger.entries_between(connection, *where, where[1] + 1)
            asked.append(replica_queue.Sealed(entry.data, *where))
        assert replica_queue.copied(connection, REPLICA, asked) == [False, True]


def test_a_row_that_got_the_number_of_another_stays(buckets: TwoPlaces) -> None:
    """SQLite gives the number of a deleted row again: what was read before is not that row."""
    archive = buckets.archive
    archive.seal()
    with archive.db.write() as connection:
        old = replica_queue.waiting(connection, REPLICA, 0, 1000)
        connection.execute(REPLICATION.delete())
        replica_queue.queue_keys(connection, REPLICA, ["details/x"], archive.clock.now())
        (new,) = replica_queue.waiting(connection, REPLICA, 0, 10)
        assert new.id in {row.id for row in old}
        replica_queue.done(connection, old)
        assert replica_queue.waiting(connection, REPLICA, 0, 10) == [new]


def test_every_seal_file_is_queued_once(buckets: TwoPlaces) -> None:
    fill(buckets)
    with buckets.archive.db.read() as connection:
        queued = replica_queue.waiting(connection, REPLICA, 0, 10_000)
    assert sum(row.key.endswith(".tst") for row in queued) == 4
    assert len({row.key for row in queued}) == len(queued)


def test_age_of_the_lag_is_that_of_the_oldest(buckets: TwoPlaces) -> None:
    buckets.archive.seal()
    oldest = buckets.archive.clock.moment
    buckets.archive.clock.advance(hours=3)
    buckets.archive.accession(b"later")
    buckets.archive.seal()
    lag = buckets.lag()
    assert lag.oldest is not None
    assert abs(lag.oldest - oldest) < timedelta(seconds=1)


class TestRepair:
    """What one of the two lacks is written again from the other, if the ledger proves it."""

    @pytest.fixture
    def taken(self, places: TwoPlaces) -> Accession:
        taken = fill(places)
        places.replicator().drain()
        return taken

    def test_nothing_is_lacking(self, places: TwoPlaces, taken: Accession) -> None:
        done = repair(places)
        assert (done.restored, done.copied, done.unproved) == ([], 0, [])

    def test_the_first_place_gets_back_what_it_lost(
        self, places: TwoPlaces, taken: Accession
    ) -> None:
        before = read(places.first.evidence)
        lost = [
            layout.content_key(taken.record),
            layout.record_key(taken.record),
            next(key for key in before if key.startswith("details/")),
            next(key for key in before if "/tile/entries/" in key),
            next(key for key in before if key.endswith(".note")),
            next(key for key in before if key.startswith("pki/")),
        ]
        for key in lost:
            remove(places.first.evidence, places, key)
        done = repair(places)
        assert sorted(done.restored) == sorted(lost)
        assert read(places.first.evidence) == before
        assert codes(places.verify_both()) == []

    def test_the_copy_gets_what_it_lost(self, places: TwoPlaces, taken: Accession) -> None:
        key = layout.content_key(taken.record)
        remove(places.copy.evidence, places, key)
        assert repair(places).copied == 1
        assert codes(places.verify_both()) == []

    def test_forged_bytes_are_not_carried_over(self, buckets: TwoPlaces) -> None:
        taken = fill(buckets)
        buckets.replicator().drain()
        key = layout.content_key(taken.record)
        first, copy = buckets.first.evidence, buckets.copy.evidence
        assert isinstance(first, MemoryBucket)
        assert isinstance(copy, MemoryBucket)
        first.lose(key)
        copy.of(key).data = b"forged"
        done = repair(buckets)
        assert done.restored == []
        assert done.unproved == [key]
        assert first.stat(key) is None

    def test_a_planted_object_is_not_carried_over(self, buckets: TwoPlaces) -> None:
        fill(buckets)
        buckets.replicator().drain()
        copy = buckets.copy.evidence
        assert isinstance(copy, MemoryBucket)
        copy.over("records/zz/planted", b"x")
        buckets.archive.clock.advance(hours=1)
        done = repair(buckets)
        assert done.unproved == ["records/zz/planted"]
        assert buckets.first.evidence.stat("records/zz/planted") is None

    def test_altered_bytes_stay_and_are_told(self, buckets: TwoPlaces) -> None:
        taken = fill(buckets)
        buckets.replicator().drain()
        key = layout.content_key(taken.record)
        first = buckets.first.evidence
        assert isinstance(first, MemoryBucket)
        first.of(key).data = b"x" * len(first.of(key).data)
        done = repair(buckets)
        assert done.restored == []
        assert "CONTENT_ALTERED" in codes(done.report)
        assert first.of(key).data == b"x" * len(first.of(key).data)

    def test_without_a_ledger_that_holds_nothing_is_written(self, buckets: TwoPlaces) -> None:
        taken = fill(buckets)
        buckets.replicator().drain()
        first, copy = buckets.first.evidence, buckets.copy.evidence
        assert isinstance(first, MemoryBucket)
        assert isinstance(copy, MemoryBucket)
        first.lose(layout.content_key(taken.record))
        for store in (first, copy):
            for key in store.names("/tile/entries/"):
                store.of(key).data = b"\0" * 9
        done = repair(buckets)
        assert done.restored == []

    def test_a_lock_that_was_refused_before_is_tried_again(self, buckets: TwoPlaces) -> None:
        taken = fill(buckets)
        first = buckets.first.evidence
        assert isinstance(first, MemoryBucket)
        version = first.of(layout.content_key(taken.record))
        right, version.data = version.data, b"forged"
        buckets.replicator().drain()
        assert buckets.lag().problems == 1
        version.data = right
        assert repair(buckets).copied == 1
        assert buckets.lag().count == 0


def remove(store: Any, places: TwoPlaces, key: str) -> None:
    """Gone behind the archive's back."""
    if isinstance(store, MemoryBucket):
        store.lose(key)
        return
    root = places.archive.home / ("store" if store is places.first.evidence else "copy")
    (root / "evidence" / key).unlink()


def repair(places: TwoPlaces) -> Repaired:
    archive = places.archive
    copier = Copier(archive.home / "scratch", archive.fs)
    spool = archive.home / "spool"
    for name in ("evidence", "scratch"):
        (spool / name).mkdir(parents=True, exist_ok=True)
    fetched = DirectoryStore(spool / "evidence", spool / "scratch", archive.fs)
    inspection = Inspection(policy_of(archive), Kit(), archive.clock.now())
    work = Repair(archive.db, places.first, places.copy, places.replicator(), copier)
    try:
        return work.run(inspection, fetched)
    finally:
        shutil.rmtree(spool)


class TestWhatMayNotBeCopied:
    """Records that are destroyed, or being destroyed at this moment; and holds that come along."""

    def going(self, places: TwoPlaces, record: str) -> None:
        with places.archive.db.write() as connection:
            row = {"record": record, "disposition": places.archive.ulid()}
            connection.execute(DESTROYING.insert(), [row])

    def test_nothing_of_a_record_that_is_being_destroyed(self, buckets: TwoPlaces) -> None:
        taken = fill(buckets)
        self.going(buckets, taken.record)
        buckets.replicator().drain()
        assert not [key for key in keys(buckets.copy.evidence) if taken.record in key]
        assert buckets.lag().count == 0

    def test_what_came_too_late_is_taken_back(self, buckets: TwoPlaces) -> None:
        """Destruction begins after it was read, and looks at the copy before it is there."""
        past = buckets.archive.clock.moment - timedelta(days=1)
        taken = fill(buckets)
        with buckets.archive.db.write() as connection:
            over = {"first_lock": past, "retain_until": past}
            connection.execute(RECORD.update().where(RECORD.c.id == taken.record).values(**over))
            connection.execute(REPLICATION.update().values(until=past))
        victim = buckets.replicator()
        real = victim._put

        def put(items: Any) -> Any:
            done = real(items)
            if any(taken.record in row.key for row, _ in done):
                self.going(buckets, taken.record)
            return done

        victim._put = put  # type: ignore[method-assign]
        victim.drain()
        assert not [key for key in keys(buckets.copy.evidence) if taken.record in key]

    def test_a_hold_comes_with_the_copy(self, buckets: TwoPlaces) -> None:
        taken = fill(buckets)
        until = buckets.archive.clock.moment + timedelta(days=400)
        with buckets.archive.db.write() as connection:
            kept = {"first_lock": until, "retain_until": until}
            connection.execute(RECORD.update().where(RECORD.c.id == taken.record).values(**kept))
            connection.execute(REPLICATION.update().values(until=until))
            shelf = DbShelf(connection)
            shelf.put("record_holds", taken.record, {"holds": [buckets.archive.ulid()]})
        buckets.replicator().drain()
        copy = buckets.copy.evidence
        assert isinstance(copy, MemoryBucket)
        version = copy.of(layout.content_key(taken.record))
        assert (version.until, version.held) == (until, True)

    def test_a_later_end_comes_with_the_copy(self, buckets: TwoPlaces) -> None:
        taken = fill(buckets)
        first = buckets.archive.clock.moment + timedelta(days=200)
        later = first + timedelta(days=4000)
        with buckets.archive.db.write() as connection:
            kept = {"first_lock": first, "retain_until": later}
            connection.execute(RECORD.update().where(RECORD.c.id == taken.record).values(**kept))
            connection.execute(REPLICATION.update().values(until=first))
        buckets.replicator().drain()
        copy = buckets.copy.evidence
        assert isinstance(copy, MemoryBucket)
        assert copy.of(layout.content_key(taken.record)).until == later
