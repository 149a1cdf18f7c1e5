"""`verify --storage` over a bucket in memory: a clean one gives nothing, every attack its code."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import Archive, accession_body, make_archive, policy_of
from memory_bucket import MemoryBucket

from archive import layout
from archive.ledger import NewEntry, NewObject
from archive.ports import Protection
from archive.report import Report
from archive.storage_check import Expected, Storage
from archive.storage_check.compare import Pair, compare
from archive.storage_check.locks import judge_lock
from archive.verify import Everything, Kit, OneRecord, verify
from archive.verify.storage import StorageKit

YEARS = timedelta(days=3650)


class Office:
    """An archive whose evidence stands in a bucket in memory; two records and a detail."""

    def __init__(self, folder: Path) -> None:
        self.archive: Archive = make_archive(folder)
        self.bucket = MemoryBucket(self.archive.clock)
        archive = self.archive
        archive.places = replace(archive.places, evidence=self.bucket)
        archive.settings = replace(archive.settings, storage="compliance")
        archive.sealer = archive.new_sealer(places=archive.places)
        archive.seal()
        self.first = self.take(b"first record\n", archive.clock.moment + YEARS)
        self.second = self.take(b"second record\n", None)
        archive.submit(archive.source_entry("source.registered"))
        archive.seal()
        archive.heartbeats(260)
        archive.seal()
        archive.clock.advance(minutes=30)

    def take(self, content: bytes, until: datetime | None) -> str:
        """Submit a record with its first lock."""
        archive = self.archive
        made = archive.describe(content)
        body = accession_body(made)
        if until is not None:
            body["retain_until"] = until.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        record = made.record_id
        objects = (
            NewObject.of(layout.content_key(record), content, until),
            NewObject.of(layout.record_key(record), made.to_bytes(), until),
        )
        stream, now = "source/DSJ-0012345", archive.clock.now()
        kind, actor = "record.accessioned", "system/ingest"
        entry = NewEntry(archive.ulid(), kind, stream, actor, now, record, body, objects)
        archive.submit(entry)
        return record

    def verify(self, scope: Any = None, **kit: Any) -> Report:
        archive = self.archive
        storage = StorageKit([Storage("first", self.bucket, self.bucket)], **kit)
        return verify(
            self.bucket,
            archive.places.live,
            policy_of(archive),
            now=archive.clock.now(),
            scope=scope,
            kit=Kit(storage=storage),
            workers=1,
        )

    def content(self) -> str:
        return layout.content_key(self.first)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, Any, datetime]:
    """One office for all tests, and what it stored."""
    office = Office(tmp_path_factory.mktemp("office"))
    return office, deepcopy(office.bucket._keys), office.archive.clock.moment


@pytest.fixture
def office(made: tuple[Office, Any, datetime]) -> Office:
    """As it was made, whatever the test before did to it."""
    office, stored, moment = made
    office.archive.clock.moment = moment
    office.bucket = MemoryBucket(office.archive.clock)
    office.bucket._keys = deepcopy(stored)
    return office


def codes(report: Report) -> dict[str, list[str]]:
    """Subjects by code; what every archive of its own policy says left out."""
    found: dict[str, list[str]] = {}
    for item in (*report.findings, *report.remarks):
        if item.code not in ("INTERNAL_TIME", "POLICY_NOT_INDEPENDENT"):
            found.setdefault(item.code, []).append(item.subject)
    return found


def test_a_clean_bucket_gives_no_finding(office: Office) -> None:
    report = office.verify()
    assert codes(report) == {}
    assert report.checked["protections"] == len(office.bucket.names())


def log_key(office: Office) -> str:
    return office.bucket.names("/tile/")[0]


Attack = Callable[[Office], str]


def _over(office: Office) -> str:
    office.bucket.over(office.content(), b"forged")
    return office.content()


def _copied_over(office: Office) -> str:
    office.bucket.over(office.content(), office.bucket.of(office.content()).data)
    return office.content()


def _hidden(office: Office) -> str:
    office.bucket.hide(office.content())
    return office.content()


def _hidden_tile(office: Office) -> str:
    office.bucket.hide(log_key(office))
    return log_key(office)


def _old_marker(office: Office) -> str:
    office.bucket.hide(office.content())
    mine = office.bucket._keys[office.content()]
    mine.reverse()
    return office.content()


def _planted(office: Office) -> str:
    office.bucket.over("records/zz/planted", b"x")
    office.archive.clock.advance(hours=1)
    return "records/zz/planted"


def _planted_and_hidden(office: Office) -> str:
    office.bucket.over("strange", b"x")
    office.bucket.hide("strange")
    office.archive.clock.advance(hours=1)
    return "strange"


def _shortened(office: Office) -> str:
    version = office.bucket.of(office.content())
    assert version.until is not None
    version.until -= timedelta(days=2)
    return office.content()


def _lock_gone(office: Office) -> str:
    version = office.bucket.of(office.content())
    version.level, version.until = "none", None
    return office.content()


def _governance(office: Office) -> str:
    office.bucket.of(office.content()).level = "governance"
    return office.content()


def _tile_unlocked(office: Office) -> str:
    office.bucket.of(log_key(office)).level = "none"
    return log_key(office)


def _hold_gone(office: Office) -> str:
    key = layout.record_key(office.second)
    office.bucket.of(key).held = False
    return key


def _hold_of_detail_gone(office: Office) -> str:
    key = office.bucket.names("details/")[0]
    office.bucket.of(key).held = False
    return key


def _hold_added(office: Office) -> str:
    office.bucket.of(office.content()).held = True
    return office.content()


def _null_version(office: Office) -> str:
    office.bucket.of(office.content()).id = "null"
    return office.content()


def _other_checksum(office: Office) -> str:
    office.bucket.of(office.content()).sha256 = bytes(32)
    return office.content()


def _not_for_ever(office: Office) -> str:
    """Of what is kept for ever any earlier date is somebody's doing, however far it is."""
    key = layout.record_key(office.second)
    office.bucket.of(key).until = office.archive.clock.moment + timedelta(days=10_000)
    return key


def _expired(office: Office) -> str:
    key = layout.record_key(office.second)
    office.bucket.of(key).until = office.archive.clock.moment - timedelta(days=1)
    return key


def _lost(office: Office) -> str:
    office.bucket.lose(office.content())
    return office.first


ATTACKS: tuple[tuple[Attack, str], ...] = (
    (_over, "VERSION_EXTRA"),
    (_copied_over, "VERSION_EXTRA"),
    (_hidden, "OBJECT_HIDDEN"),
    (_hidden_tile, "OBJECT_HIDDEN"),
    (_old_marker, "DELETE_MARKER"),
    (_planted, "OBJECT_UNEXPECTED"),
    (_planted_and_hidden, "OBJECT_UNEXPECTED"),
    (_shortened, "LOCK_SHORT"),
    (_lock_gone, "LOCK_MISSING"),
    (_governance, "LOCK_MISSING"),
    (_tile_unlocked, "LOCK_MISSING"),
    (_hold_gone, "LEGAL_HOLD_MISSING"),
    (_hold_of_detail_gone, "LEGAL_HOLD_MISSING"),
    (_hold_added, "LEGAL_HOLD_UNEXPECTED"),
    (_null_version, "VERSION_NULL"),
    (_other_checksum, "STORED_CHECKSUM_DIFFERS"),
    (_not_for_ever, "LOCK_SHORT"),
    (_expired, "LOCK_SHORT"),
    (_lost, "CONTENT_MISSING"),
)


@pytest.mark.parametrize(
    ("attack", "code"), ATTACKS, ids=lambda value: getattr(value, "__name__", value)
)
def test_every_attack_is_found_and_nothing_else(office: Office, attack: Attack, code: str) -> None:
    subject = attack(office)
    assert codes(office.verify()) == {code: [subject]}


def test_the_version_with_the_bytes_of_the_ledger_is_judged(office: Office) -> None:
    """The lock of the right version counts, not that of one that was put over it."""
    office.bucket.over(office.content(), b"forged")
    office.bucket._keys[office.content()].reverse()  # a server that tells another order
    _shortened_right(office)
    found = codes(office.verify())
    assert found["LOCK_SHORT"] == [office.content()]


def _shortened_right(office: Office) -> None:
    for version in office.bucket._keys[office.content()]:
        if version.until is not None:
            version.until -= timedelta(days=2)


SETTINGS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"locking": False}, "BUCKET_UNLOCKED"),
    ({"versioned": False}, "BUCKET_UNVERSIONED"),
    ({"hiding": ("evil: Expiration",)}, "BUCKET_LIFECYCLE"),
    ({"public": ("policy: s3:GetObject",)}, "BUCKET_PUBLIC"),
    ({"skew": 7.0}, "STORE_CLOCK_OFF"),
    ({"skew": 1200.0}, "STORE_CLOCK_WRONG"),
    ({"unknown": {"policy": "403"}}, "SETTING_UNKNOWN"),
)


@pytest.mark.parametrize(("changed", "code"), SETTINGS, ids=str)
def test_every_change_of_settings_is_found(
    office: Office, changed: dict[str, Any], code: str
) -> None:
    office.bucket.settings(**changed)
    assert codes(office.verify()) == {code: ["s3://memory"]}


def test_an_upload_that_was_given_up_is_found_after_a_day(office: Office) -> None:
    now = office.archive.clock.moment
    office.bucket.settings(uploads=(("records/a", "1", now - timedelta(hours=2)),))
    assert codes(office.verify()) == {}
    office.bucket.settings(uploads=(("records/a", "1", now - timedelta(hours=26)),))
    assert codes(office.verify()) == {"UPLOAD_STALE": ["records/a"]}


def test_a_place_that_does_not_answer_is_no_pass(office: Office) -> None:
    def fail() -> Any:
        raise OSError("no route")

    office.bucket.facts = fail  # type: ignore[method-assign]
    assert codes(office.verify()) == {"STORE_UNREADABLE": ["the store"]}


def test_an_account_that_may_not_see_locks_cannot_say_that_there_are_none(office: Office) -> None:
    _lock_gone(office)
    office.bucket.blind = True
    assert codes(office.verify()) == {"STORE_UNREADABLE": [office.content()]}


def test_a_check_of_one_record_still_looks_at_every_lock(office: Office) -> None:
    _shortened(office)
    office.bucket.lose(layout.content_key(office.second))
    found = codes(office.verify(OneRecord(office.first)))
    assert found["LOCK_SHORT"] == [office.content()]
    assert found["OBJECT_MISSING"] == [layout.content_key(office.second)]


def test_a_size_is_compared_where_bytes_are_not_read(office: Office) -> None:
    office.bucket.of(layout.content_key(office.second)).data = b"x"
    found = codes(office.verify(OneRecord(office.first)))
    assert "OBJECT_SIZE" in found


def test_locks_of_a_folder_are_not_asked_for_dates() -> None:
    wanted = Expected("k", "read-only", until=datetime(2030, 1, 1, tzinfo=UTC))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert judge_lock(wanted, Protection("read-only"), now, lambda _: False) == []
    found = judge_lock(wanted, Protection("none"), now, lambda _: False)
    assert [code for code, *_ in found] == ["LOCK_MISSING"]


def test_what_was_asked_for_lately_may_be_on_its_way() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    wanted = Expected("k", "compliance", until=now + YEARS, held=True)
    got = Protection("compliance", now + YEARS / 2)
    found = judge_lock(wanted, got, now, lambda _: True)
    assert [code for code, *_ in found] == ["LOCK_PENDING", "LOCK_PENDING"]
    found = judge_lock(wanted, got, now, lambda _: False)
    assert [code for code, *_ in found] == ["LOCK_SHORT", "LEGAL_HOLD_MISSING"]


def test_a_lock_that_is_over_may_end_unless_the_case_runs() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    over = now - timedelta(days=1)
    wanted = Expected("k", "compliance", until=over, held=False)
    got = Protection("compliance", over)
    assert judge_lock(wanted, got, now, lambda _: False) == []
    found = judge_lock(replace(wanted, kept=True), got, now, lambda _: False)
    assert [code for code, *_ in found] == ["LOCK_EXPIRING"]


class TestTwoPlaces:
    @pytest.fixture
    def pair(self, office: Office) -> Pair:
        copy = MemoryBucket(office.archive.clock)
        for key in office.bucket.names():
            copy.over(key, office.bucket.of(key).data)

        def young(moment: datetime) -> bool:
            return office.archive.clock.moment - moment < timedelta(minutes=10)

        return Pair(office.bucket, copy, lambda key: key == "queued", young)

    def found(self, pair: Pair) -> dict[str, list[str]]:
        by: dict[str, list[str]] = {}
        for _, items in compare(pair):
            for code, subject, _ in items:
                by.setdefault(code, []).append(subject)
        return by

    def test_equal_places_differ_in_nothing(self, pair: Pair) -> None:
        assert self.found(pair) == {}
        assert sum(count for count, _ in compare(pair)) == len(pair.first.names())  # type: ignore[attr-defined]

    def test_what_the_copy_lacks(self, office: Office, pair: Pair) -> None:
        pair.copy.lose(office.content())  # type: ignore[attr-defined]
        assert self.found(pair) == {"REPLICA_MISSING": [office.content()]}

    def test_what_waits_is_only_behind(self, office: Office, pair: Pair) -> None:
        office.bucket.over("queued", b"new")
        office.archive.clock.advance(hours=1)
        assert self.found(pair) == {"REPLICA_BEHIND": ["queued"]}

    def test_other_bytes_in_either(self, office: Office, pair: Pair) -> None:
        pair.copy.of(office.content()).data = b"other"  # type: ignore[attr-defined]
        assert self.found(pair) == {"REPLICA_DIFFERS": [office.content()]}


def test_everything_is_a_scope() -> None:
    assert str(Everything()) == "everything"
