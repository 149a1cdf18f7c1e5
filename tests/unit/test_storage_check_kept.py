"""`verify --storage` and what the registers say: holds, later ends, destruction, in both stores."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixture import policy_of
from disposal_office import LIMITS, DisposalOffice, make_office, place_in
from memory_bucket import MemoryBucket
from toy_law import ToyLaw

from archive import layout
from archive.ports import PutItem, read_all
from archive.storage_check import Storage
from archive.verify import Kit, verify
from archive.verify.storage import StorageKit


@pytest.fixture
def office(tmp_path: Path) -> DisposalOffice:
    return make_office(tmp_path)


def codes(office: DisposalOffice, storage: StorageKit) -> dict[str, list[str]]:
    places = office.archive.places
    report = verify(
        places.evidence,
        places.live,
        policy_of(office.archive, **LIMITS),
        now=office.archive.clock.now(),
        kit=Kit(law=ToyLaw(), storage=storage),
        workers=1,
    )
    found: dict[str, list[str]] = {}
    for item in (*report.findings, *report.remarks):
        if item.code not in ("INTERNAL_TIME", "OUTAGE_RECORDED"):
            found.setdefault(item.code, []).append(item.subject)
    return found


def folders(office: DisposalOffice) -> StorageKit:
    """Both stores, each in its folder."""
    places = [Storage("first", *2 * (place_in(office.archive, "evidence")[1],))]  # type: ignore[arg-type]
    places.append(Storage("replica", *2 * (place_in(office.archive, "replica")[1],)))  # type: ignore[arg-type]
    return StorageKit(places, place_in(office.archive, "replica")[0])


def bucket(office: DisposalOffice) -> tuple[MemoryBucket, StorageKit]:
    """A second store in a bucket, introduced with compliance, with everything in it."""
    made = MemoryBucket(office.archive.clock)
    office.introduce("replica", "compliance")
    first = office.archive.places.evidence
    for info in first.list(""):
        made.put([PutItem(info.key, read_all(first, info.key), None)])
    return made, StorageKit([Storage("replica", made, made)])


def test_a_destruction_leaves_no_finding_in_either_store(office: DisposalOffice) -> None:
    alone = office.keep(b"text")
    pack = office.keep_packed([b"a", b"b"])
    office.add_replica()
    office.later(days=40)
    office.destroy([alone, *pack])
    office.copy_to_replica()
    office.archive.clock.advance(hours=1)
    assert codes(office, folders(office)) == {}


def test_what_is_destroyed_and_still_in_the_second_store_is_found(office: DisposalOffice) -> None:
    alone = office.keep(b"text")
    office.add_replica()
    office.later(days=40)
    office.destroy([alone])
    office.copy_to_replica()
    key = layout.content_key(alone)
    place_in(office.archive, "replica")[0].put([PutItem(key, b"text")])
    path = office.archive.home / "store/replica" / key
    assert path.exists()
    office.archive.clock.advance(hours=1)
    assert codes(office, folders(office)) == {"DESTROYED_STILL_THERE": [f"replica:{key}"]}


def test_a_hold_needs_a_legal_hold(office: DisposalOffice) -> None:
    record = office.keep(b"text")
    made, kit = bucket(office)
    key = layout.content_key(record)
    for name in made.names(record):
        made.of(name).held = False
    office.hold(record)
    copied(office, made)
    assert set(codes(office, kit)["LOCK_PENDING"]) >= {f"replica:{key}"}
    office.later(days=2)
    assert f"replica:{key}" in codes(office, kit)["LEGAL_HOLD_MISSING"]
    for name in made.names(record):
        made.of(name).held = True
    assert "LEGAL_HOLD_MISSING" not in codes(office, kit)


def test_a_later_end_needs_a_later_lock(office: DisposalOffice) -> None:
    record = office.keep(b"text")
    made, kit = bucket(office)
    for name in made.names(record):
        made.of(name).held = False
        made.of(name).until = office.archive.clock.moment + timedelta(days=50)
    assert codes(office, kit) == {}
    office.extend(record, days=500)
    copied(office, made)
    assert len(codes(office, kit)["LOCK_PENDING"]) == 2
    office.later(days=2)
    assert len(codes(office, kit)["LOCK_SHORT"]) == 2


def copied(office: DisposalOffice, made: MemoryBucket) -> None:
    """What came into the first store since."""
    first = office.archive.places.evidence
    for info in first.list(""):
        made.put([PutItem(info.key, read_all(first, info.key), None)])
