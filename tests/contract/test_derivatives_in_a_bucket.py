"""Derivatives where live is a bucket: stored, replaced, swept and judged as in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import Archive, make_archive
from derived_fixture import Derived, products
from s3_servers import Weed

from archive.derivatives import Product
from archive.durable import FileSystem
from archive.findings import Outcome
from archive.ports import read_all
from archive.stores.s3 import Bucket, Parting, S3Access, S3Store, connect


@pytest.fixture
def archive(tmp_path: Path, weed: Weed, admin: Any, buckets: Callable[..., str]) -> Archive:
    del admin
    made = make_archive(tmp_path / "home")
    client = connect(S3Access(weed.http, addressing="path"))
    bucket = Bucket.at(client, f"s3://{buckets('live')}/office")
    live = S3Store(bucket, versioned=False, parting=Parting(tmp_path / "uploads", FileSystem()))
    made.places = replace(made.places, live=live)
    made.sealer = made.new_sealer(places=made.places)
    made.seal()
    return made


def test_made_replaced_and_swept(archive: Archive, tmp_path: Path) -> None:
    derived = Derived(archive)
    record = derived.record()
    large = tmp_path / "home" / "staging" / "proxy"
    large.write_bytes(b"film" * 3_000_000)
    derived.make(record, poster=b"old")
    derived.use.made(record, [Product("proxy", "mp4", "proxy/1", large)])
    (poster,) = derived.make(record, poster=b"new")
    assert read_all(archive.places.live, poster.key) == b"new"
    assert set(derived.stored()) == set(derived.rows().values())
    derived.use.submit(record, products(poster=b"newer"))
    assert len(derived.stored()) == 3
    report = derived.verify()
    assert report.checked["derivatives"] == 2
    assert report.counts["SEALING_IN_PROGRESS"] + report.counts["OBJECT_UNEXPECTED"] == 1
    archive.seal()
    assert derived.use.sweep(record) == 1
    archive.places.live.discard([derived.rows()[record, "proxy"]])
    report = derived.verify()
    assert (report.outcome, report.counts["DERIVED_MISSING"]) == (Outcome.PASSED, 1)
    derived.use.discard(record)
    assert derived.stored() == []
