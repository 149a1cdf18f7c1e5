"""Destruction where a server keeps versions and locks: gone from all of them, or not claimed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from disposal_office import DisposalOffice, make_office
from s3_servers import Weed

from archive import layout
from archive.ports import PutItem, read_all
from archive.stores.s3 import Bucket, Locks, S3Access, S3Store, S3Vault, connect
from retention.execute import Destroyer, Place

_PATIENCE = 300


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the server's own clock decides


class Twin:
    """An office whose second store is a bucket with versions and locks."""

    def __init__(self, office: DisposalOffice, bucket: Bucket) -> None:
        self.office = office
        self.bucket = bucket
        clock: Any = RealClock()
        locks = Locks("GOVERNANCE", clock)
        self.store = S3Store(bucket, locks=locks)
        self.vault = S3Vault(bucket, locks)

    def copy(self, until: datetime) -> None:
        first = self.office.archive.places.evidence
        keys = [info.key for info in first.list("") if info.key.startswith(("records", "packs"))]
        self.store.put([PutItem(key, read_all(first, key), until) for key in keys])

    def destroyer(self) -> Destroyer:
        places = [self.office.stores()[0], Place("replica", self.store, self.vault)]
        office = self.office
        return office.destroyer(places)

    def left(self) -> list[str]:
        return [v.key for v in self.vault.versions("") if v.key.startswith(("records", "packs"))]


@pytest.fixture
def twin(tmp_path: Path, weed: Weed, admin: Any, buckets: Callable[..., str]) -> Twin:
    del admin
    office = make_office(tmp_path / "home")
    client = connect(S3Access(weed.http, addressing="path"))
    bucket = Bucket.at(client, f"s3://{buckets('twin')}/office")
    twin = Twin(office, bucket)
    office.introduce("replica")
    return twin


def test_every_version_and_marker_goes(twin: Twin, admin: Any) -> None:
    office = twin.office
    alone, packed = office.keep(b"alone"), office.keep_packed([b"a", b"b"])
    office.later(days=11)
    soon = datetime.now(UTC) + timedelta(seconds=15)  # noqa: TID251
    twin.copy(soon)
    # Somebody wrote over one object and hid another.
    bucket, prefix = twin.bucket.name, twin.bucket.prefix
    admin.put_object(Bucket=bucket, Key=prefix + layout.content_key(alone), Body=b"other")
    admin.delete_object(Bucket=bucket, Key=prefix + layout.record_key(alone))
    assert len(twin.left()) == 5
    name = office.dispose([alone, *packed])
    finished(twin, name)
    assert twin.left() == []
    assert office.codes() == set()


def test_what_the_server_keeps_locked_is_left_for_later(twin: Twin) -> None:
    office = twin.office
    record = office.keep(b"locked")
    office.later(days=11)
    name = office.dispose([record])
    twin.copy(datetime.now(UTC) + timedelta(seconds=20))  # noqa: TID251
    outcome = twin.destroyer().run(name)
    assert [left.code for left in outcome.left] == ["STILL_LOCKED"]
    assert twin.left() != []
    # The first store has lost it already: nothing is claimed, and nothing can keep it any more.
    assert office.codes() == {"DESTRUCTION_UNFINISHED"}
    finished(twin, name)
    assert twin.left() == []
    assert office.codes() == set()


def finished(twin: Twin, name: str) -> None:
    """Run until the locks have ended."""
    end = time.monotonic() + _PATIENCE
    while twin.destroyer().run(name).left:
        assert time.monotonic() < end
        time.sleep(0.5)
