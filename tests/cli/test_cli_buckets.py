"""An archive in the buckets of a real S3 server, through the commands."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from office_cli import OfficeHome, Result, make_office_home
from s3_faults import Fault, FaultProxy, faulty
from s3_servers import Weed, admin_client, aws_environment, fresh_bucket
from sqlalchemy import select

from archive import layout
from archive.catalog import RECORD
from archive.checkpoint_files import newest_seal
from archive.ports import read_all
from archive.sealed_record import SealedRecord
from archive.stored_log import StoredLog
from archive.stores.s3 import FARTHEST, S3Store
from cli.settings import SETTINGS_FILE, Settings
from cli.wiring_places import stores_to_verify

CONTENT = random.Random(1).randbytes(17 << 20)
WORDS = ("--case", "2026-17", "--purpose", "case_handling", "--reason", "核对笔录")


@dataclass
class BucketOffice:
    """An office whose store is in two buckets, reached through a proxy that may make faults."""

    office: OfficeHome
    admin: Any
    proxy: FaultProxy
    evidence: str
    live: str
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What stood in the evidence bucket before any test, with its locks."""

    def __call__(self, *arguments: object, person: str | None = None, **more: str) -> Result:
        return self.office(*arguments, person=person, **more)

    @property
    def home(self) -> Path:
        return self.office.home

    def keys(self, prefix: str) -> list[str]:
        found = self.admin.list_objects_v2(Bucket=self.evidence, Prefix=f"office/{prefix}")
        return [row["Key"].removeprefix("office/") for row in found.get("Contents", [])]

    def head(self, key: str) -> dict[str, Any]:
        return dict(self.admin.head_object(Bucket=self.evidence, Key=f"office/{key}"))


@pytest.fixture(scope="module")
def archive(weed: Weed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketOffice]:
    folder = tmp_path_factory.mktemp("buckets")
    with pytest.MonkeyPatch.context() as patch, faulty(weed.port) as proxy:
        for name, value in aws_environment(folder).items():
            patch.setenv(name, value)
        admin = admin_client(weed.http)
        evidence, live = fresh_bucket(admin, "e"), fresh_bucket(admin, "l", locked=False)
        settings = [
            f"store=s3://{evidence}/office",
            f"store_live=s3://{live}",
            f"s3_endpoint={proxy.endpoint}",
            "s3_addressing=path",
            "s3_profile_ingest=ingest",
            "s3_profile_release=release",
            "s3_profile_verify=verify",
        ]
        office = make_office_home(folder, CONTENT, settings)
        small = office.home / "inbox" / "camera"
        for number in range(20):
            (small / f"note{number}.txt").write_bytes(b"a small record %d\n" % number)
        assert office("watch", "--once").code == 0
        made = BucketOffice(office, admin, proxy, evidence, live)
        made.first = {key: made.head(key) for key in made.keys("")}
        yield made


@pytest.fixture(scope="module")
def overlaid(archive: BucketOffice) -> BucketOffice:
    """With a newer version over a record, and a delete marker over a note; they stay there."""
    key = f"office/{layout.content_key(archive.office.record)}"
    note = f"office/{archive.keys('log/')[-1]}"
    archive.admin.put_object(Bucket=archive.evidence, Key=key, Body=b"forged")
    archive.admin.delete_object(Bucket=archive.evidence, Key=note)
    return archive


@pytest.fixture(autouse=True)
def _no_faults(archive: BucketOffice) -> Iterator[None]:
    yield
    archive.proxy.fault = lambda _request: None


def outcome(done: Result) -> tuple[int, str]:
    assert done.out, done.err
    return done.code, str(done.json["outcome"])


def test_nothing_is_on_the_machine_but_the_home(archive: BucketOffice) -> None:
    assert not (archive.home / "store").exists()
    assert list((archive.home / "uploads").iterdir()) == []
    assert len([key for key in archive.first if key.startswith("packs/")]) == 1
    settings = Settings.load(archive.home / SETTINGS_FILE)
    assert settings.store == f"s3://{archive.evidence}/office"


def test_everything_is_locked(archive: BucketOffice) -> None:
    assert {head["ObjectLockMode"] for head in archive.first.values()} == {"COMPLIANCE"}
    for key, head in archive.first.items():
        for_ever = not key.startswith(("records/", "packs/"))
        until = head["ObjectLockRetainUntilDate"]
        held = head.get("ObjectLockLegalHoldStatus") == "ON"
        assert (until == FARTHEST, held) == (for_ever, for_ever), key


def test_verify_passes_and_asks_with_its_own_credentials(archive: BucketOffice) -> None:
    archive.proxy.seen.clear()
    assert outcome(archive("verify", "--json")) == (0, "PASSED")
    assert {request.method for request in archive.proxy.seen} <= {"GET", "HEAD"}
    agents = {request.agent.rpartition(" ")[2] for request in archive.proxy.seen}
    assert agents == {"cunzheng-cause/verify"}


def test_verify_needs_no_home(archive: BucketOffice, tmp_path: Path) -> None:
    names = tmp_path / "buckets.toml"
    names.write_bytes((archive.home / SETTINGS_FILE).read_bytes())
    other = OfficeHome(tmp_path / "nowhere", tmp_path, b"")
    policy = archive.home / "policy.toml"
    done = other("verify", "--store", names, "--policy", policy, "--json")
    assert outcome(done) == (0, "PASSED")


def test_terms_and_holds_reach_the_bucket(archive: BucketOffice) -> None:
    (pack,) = (key for key in archive.first if key.startswith("packs/"))
    first = archive.first[pack]["ObjectLockRetainUntilDate"]
    done = archive("retention", "sweep", "--now", "--json")
    assert (done.code, done.json["failures"], done.json["waiting"]) == (0, [], 0), done.err
    head = archive.head(pack)
    # Ten years in place of six months; nothing is held, and nothing is for ever.
    assert 3465 <= (head["ObjectLockRetainUntilDate"] - first).days <= 3475
    assert head.get("ObjectLockLegalHoldStatus") != "ON"
    record = archive("search", "small", "--json").json["records"][0]["record"]
    holds = []
    for reason in ("诉讼", "信访"):
        done = archive("hold", "place", record, "--reason", reason, "--json", person="arch")
        assert (done.code, done.json["locks_waiting"]) == (0, 0), done.err
        holds.append(done.json["subject"])
    for hold, status in zip(holds, ("ON", "OFF"), strict=True):
        assert archive.head(pack)["ObjectLockLegalHoldStatus"] == "ON"
        assert archive("hold", "lift", hold, "--reason", "x", person="arch").code == 0
        assert archive.head(pack)["ObjectLockLegalHoldStatus"] == status
    ever = ("--cause", "evidence_used", "--reason", "x")
    assert archive("retention", "extend", record, *ever, person="arch").code == 0
    head = archive.head(pack)
    assert (head["ObjectLockRetainUntilDate"], head["ObjectLockLegalHoldStatus"]) == (
        FARTHEST,
        "ON",
    )
    again = archive("retention", "sweep", "--now", "--renew", "--json")
    assert (again.code, again.json["records"], again.json["renewed"]) == (0, 0, 0), again.err


def test_fetch_status_doctor_checkpoint(archive: BucketOffice, tmp_path: Path) -> None:
    done = archive("fetch", archive.office.record, *WORDS, "--json", person="li")
    assert (done.code, done.out == CONTENT) == (0, True), done.err
    assert archive("status", "--json").json["storage"]["level"] == "compliance"
    checks = archive("doctor", "--json").json["checks"]
    assert [c["state"] for c in checks if c["code"] == "STORE"] == ["fine"]
    assert archive("checkpoint", "-o", tmp_path / "kept").code == 0
    assert len(list((tmp_path / "kept").rglob("*.note*"))) >= 3


def test_what_lies_over_a_record_changes_nothing(overlaid: BucketOffice) -> None:
    """Reading goes by version, with the database or without."""
    assert outcome(overlaid("verify", "--json")) == (0, "PASSED")
    done = overlaid("fetch", overlaid.office.record, *WORDS, "--json", person="li")
    assert (done.code, done.out == CONTENT) == (0, True), done.err


def test_who_has_no_database_takes_the_version_that_matches(overlaid: BucketOffice) -> None:
    """As if something had been planted and hidden before our own write: ours is not the oldest."""
    key = layout.content_key(overlaid.office.record)
    bench = overlaid.office.bench()
    store = stores_to_verify(bench.settings, bench.home)[0]
    assert isinstance(store, S3Store)
    planted = store.versions.candidates(key)[-1].version
    assert read_all(store, key) == CONTENT
    store.versions.choose(key, planted)
    assert read_all(store, key) == b"forged"
    size = newest_seal(bench.database, store, bench.own_trust).size
    with bench.database.read() as connection:
        row = connection.execute(select(RECORD).where(RECORD.c.id == overlaid.office.record)).one()
    log = StoredLog(bench.places, bench.own_trust, row.log, size)
    sealed = SealedRecord(store, log.prove(row.idx, size), overlaid.office.record)
    assert b"".join(sealed.pieces()) == CONTENT
    bench.database.close()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(503, "SlowDown"), 3),
        (Fault(cut="request"), 3),
        (Fault(403, "RequestTimeTooSkewed"), 3),
        (Fault(403, "SignatureDoesNotMatch"), 2),
    ],
)
def test_a_server_that_does_not_serve(
    archive: BucketOffice, monkeypatch: pytest.MonkeyPatch, fault: Fault, code: int
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", _at_once)
    archive.proxy.fault = lambda _request: fault
    drop = archive.home / "inbox" / "camera" / f"kept-{code}-{fault.code or fault.cut}.txt"
    drop.write_bytes(random.Random(drop.name).randbytes(100))
    done = archive("watch", "--once", "--json")
    assert done.code == code, done.err
    assert drop.exists()
    assert "secret" not in done.err
    assert len(done.err.strip().splitlines()) <= 3, done.err
    archive.proxy.fault = lambda _request: None
    assert archive("watch", "--once").code == 0
    assert not drop.exists()


def _at_once(_self: object, _context: object) -> float:
    return 0.0


def test_a_second_archive_in_the_same_buckets_is_refused(
    archive: BucketOffice, tmp_path: Path
) -> None:
    settings = Settings.load(archive.home / SETTINGS_FILE)
    names = ("store", "store_live", "s3_endpoint", "s3_addressing")
    given = [f"--set={name}={getattr(settings, name)}" for name in names]
    other = OfficeHome(tmp_path / "home", tmp_path, b"")
    done = other("init", *given)
    assert done.code == 2
    assert "already an archive in the buckets" in done.err
    assert not other.home.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("store=s3://evidence", "store_live"),
        ("lock_mode=strong", "lock_mode"),
        ("no_such=1", "no setting named"),
        ("store", "NAME=VALUE"),
    ],
)
def test_wrong_settings_make_nothing(tmp_path: Path, given: str, said: str) -> None:
    other = OfficeHome(tmp_path / "home", tmp_path, b"")
    done = other("init", "--set", given)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not other.home.exists()


def test_rebuild_from_the_buckets_alone(archive: BucketOffice) -> None:
    """The database is gone afterwards, and made again."""
    before = {row["record"] for row in archive("search", "--json").json["records"]}
    for path in archive.home.glob("cunzheng.db*"):
        path.unlink()
    assert archive("status").code == 3
    assert archive("rebuild").code == 0
    after = {row["record"] for row in archive("search", "--json").json["records"]}
    assert after == before
    (archive.home / "inbox" / "camera" / "later.txt").write_bytes(b"after the rebuild")
    assert archive("watch", "--once").code == 0
    assert outcome(archive("verify", "--json")) == (0, "PASSED")
    assert json.loads(archive("status", "--json").text)["ledger"]["records"] == len(before) + 1
