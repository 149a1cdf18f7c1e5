"""Many lawful releases and three direct reads: the log of a real gateway tells them apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_fixture import FakeClock, make_archive
from ceph_server import Ceph
from people_fixture import make_people
from release_fixture import Office
from s3_servers import fresh_bucket
from scale import size

from archive import layout
from archive.durable import FileSystem
from archive.locations import Locations
from archive.oversight.reconcile.known import Known
from archive.oversight.reconcile.logs import read_log
from archive.oversight.reconcile.run import Finding, Result, Scope, reconcile
from archive.oversight.sources import stored_lines
from archive.publish import Places
from archive.stored_log import LogTrust
from archive.stores.s3 import Bucket, Locks, Parting, S3Access, S3Pointer, S3Store, Traits, connect

pytestmark = pytest.mark.full
RELEASES = size(60, 1000)
RECORDS = 10
THREADS = 32


class NowClock(FakeClock):
    """The wall clock: the gateway's log has its own times. Strictly rising between threads."""

    _lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            self.moment = max(super().now(), datetime.now(UTC))  # noqa: TID251
            return self.moment


@dataclass
class Lab:
    """An office whose evidence stands in a bucket of the gateway."""

    ceph: Ceph
    bucket: str
    office: Office
    records: list[str]

    @property
    def trust(self) -> LogTrust:
        return LogTrust.of(self.office.archive.identity)

    def release(self, number: int) -> int:
        """One lawful access from request to end; bytes that were handed out."""
        office = Office(
            self.office.archive,
            self.office.people,
            self.records[number % RECORDS],
            self.office.case,
        )
        with office.release.open(office.view()) as retrieval:
            return sum(len(piece) for piece in retrieval.pieces())

    def reconciled(self, folder: Path) -> tuple[Result, list[Finding]]:
        found: list[Finding] = []
        known = Known(folder / "known")
        known.take(stored_lines(self.office.archive.places, self.trust))
        files = self.ceph.access_log(self.bucket, folder / "logs")
        items = (item for file in files for item in read_log(file))
        result = reconcile(known, Scope({self.bucket: "office/"}), items, found.append)
        known.close()
        return result, found


@pytest.fixture
def lab(ceph: Ceph, tmp_path: Path, aws: dict[str, str]) -> Iterator[Lab]:
    admin = ceph.admin
    evidence, live = fresh_bucket(admin, "evidence"), fresh_bucket(admin, "live", locked=False)
    clock = NowClock(moment=datetime.now(UTC))  # noqa: TID251
    archive = make_archive(tmp_path / "home", clock)
    client = connect(S3Access(ceph.http, addressing="path", profile="admin", otherwise="work"))
    parting = Parting(tmp_path / "uploads", FileSystem())
    store = S3Store(
        Bucket.at(client, f"s3://{evidence}/office"),
        locks=Locks("COMPLIANCE", clock),
        parting=parting,
        book=Locations(lambda: archive.db),
        traits=Traits(create_only=False, create_only_parts=False),
    )
    beside = Bucket.at(client, f"s3://{live}")
    archive.places = Places(
        store,
        S3Store(beside, versioned=False, parting=parting),
        S3Pointer(beside, "log/checkpoint"),
        archive.places.staging,
    )
    archive.reopen()
    people = make_people(archive)
    # One is large: what is read back by threads has a cause too.
    sizes = [900] * (RECORDS - 1) + [150_000]
    made = [archive.accession(b"record %d" % n * size, staged=True) for n, size in enumerate(sizes)]
    people.enrol("li", "handler")
    people.enrol("wang", "legal_office")
    archive.seal()
    records = [item.record for item in made]
    case = people.open_case("2026-17", handlers=("li",), records=tuple(sorted(records)))
    archive.seal()
    yield Lab(ceph, evidence, Office(archive, people, records[0], case), records)
    archive.db.close()


def test_exactly_the_planted_reads_are_reported(lab: Lab, tmp_path: Path) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        done = threads.map(lab.release, range(RELEASES))
        planted = plant(lab, lab.records[:3])
        assert all(size > 0 for size in done)
    result, found = lab.reconciled(tmp_path)
    made, *reads = found
    assert getattr(made.request, "operation", "") == "create_bucket", "by this test"
    assert [(f.code, f.key) for f in reads] == [("NO_CAUSE", key) for key in planted]
    assert result.unseen == 0, "every release left its reads in the log"
    released = sum(count for (work, _), count in result.work.items() if work == "release")
    assert released >= RELEASES


def plant(lab: Lab, records: list[str]) -> list[str]:
    """Somebody who has the archive's own rights reads records with a tool of his own."""
    keys = [layout.content_key(record) for record in records]
    for key in keys:
        lab.ceph.admin.get_object(Bucket=lab.bucket, Key=f"office/{key}")["Body"].read()
    return keys
