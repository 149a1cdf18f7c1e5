"""The probe tells servers apart, and does no harm to the worst of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ceph_server import MISSING, MISSING_WITH_LOCKS, Ceph
from nasty_server import NastyServer, nasty_server
from s3_servers import Weed, fresh_bucket

from archive.errors import Unreachable, UsageError
from archive.stores.s3 import Bucket, S3Access, connect
from archive.stores.s3.guarantees import level_of, unacceptable
from archive.stores.s3.probe import Probed, probe

PRECIOUS = b"evidence that was here before"


class NowClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the server's locks end by the real clock

    def monotonic(self) -> float:
        return 0.0


def run(bucket: Bucket, mode: str = "compliance", name: str = "01RUN") -> Probed:
    return probe(bucket, mode, name, NowClock())


def everything(admin: Any, bucket: str) -> list[str]:
    """Keys of all versions, markers and unfinished uploads."""
    listed = admin.list_object_versions(Bucket=bucket)
    uploads = admin.list_multipart_uploads(Bucket=bucket)
    rows = [listed.get("Versions", ()), listed.get("DeleteMarkers", ()), uploads.get("Uploads", ())]
    return [row["Key"] for some in rows for row in some]


class TestSeaweedFS:
    @pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
    def test_it_promises_everything(
        self, weed: Weed, admin: Any, buckets: Callable[..., str], *, tls: bool
    ) -> None:
        name = buckets("probed")
        admin.put_object(Bucket=name, Key="records/one", Body=PRECIOUS)
        access = S3Access(
            weed.https if tls else weed.http, addressing="path", ca=str(weed.ca) if tls else ""
        )
        found = run(Bucket.at(connect(access), f"s3://{name}/office"))
        assert found.lacking("compliance") == []
        assert level_of("compliance", found.missing) == "compliance"
        assert "SeaweedFS" in str(found.server)
        assert (found.left, found.rights) == (0, True)
        assert everything(admin, name) == ["records/one"], "the probe leaves nothing behind"
        assert admin.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"

    def test_a_bucket_without_locks(self, weed: Weed, buckets: Callable[..., str]) -> None:
        bucket = Bucket.at(
            connect(S3Access(weed.http, addressing="path")), f"s3://{buckets(locked=False)}"
        )
        found = run(bucket)
        assert found.missing == {"locks_configured", "versioning"}
        assert "sub_resource_safe" in found.lacking("compliance"), "not tried is not proved"
        assert level_of("compliance", found.lacking("compliance")) == "none"
        assert run(bucket, "none", "01OTHER").lacking("none") == []

    def test_who_may_not_write_is_told_so(self, weed: Weed, buckets: Callable[..., str]) -> None:
        access = S3Access(weed.http, addressing="path", profile="release")
        with pytest.raises(UsageError, match="does not allow"):
            run(Bucket.at(connect(access), f"s3://{buckets()}"))


@pytest.mark.full
class TestCeph:
    """Ceph 16.2: facts of storage, §1.3."""

    def test_exactly_what_it_lacks(self, ceph: Ceph, aws: dict[str, str]) -> None:
        assert aws
        name = fresh_bucket(ceph.admin, "probed")
        bucket = Bucket.at(connect(S3Access(ceph.http, addressing="path")), f"s3://{name}")
        found = run(bucket)
        assert found.lacking("compliance") == list(MISSING_WITH_LOCKS)
        assert level_of("compliance", found.missing) == "compliance", "its locks hold once set"
        assert unacceptable(found.missing) == []
        assert everything(ceph.admin, name) == []
        assert run(bucket, "none", "01OTHER").lacking("none") == list(MISSING)


@pytest.fixture(params=[False, True], ids=["honest", "boasting"])
def nasty(request: pytest.FixtureRequest, aws: dict[str, str]) -> Iterator[NastyServer]:
    assert aws
    with nasty_server(boasts=request.param) as server:
        server.objects["/b-1/records/one"] = PRECIOUS
        yield server


class TestServersThatOverwrite:
    def test_nothing_but_its_own_scratch_object_is_lost(self, nasty: NastyServer) -> None:
        bucket = Bucket.at(connect(S3Access(nasty.endpoint, addressing="path")), "s3://b-1")
        found = run(bucket)
        assert nasty.objects["/b-1/records/one"] == PRECIOUS
        lacking = found.lacking("compliance")
        assert {"create_only", "sha256_enforced", "md5_enforced"} <= set(lacking)
        assert unacceptable(lacking), "no setting accepts that locks destroy"
        assert level_of("compliance", lacking) == "none"
        if nasty.boasts:
            assert "sub_resource_safe" in found.missing
            assert nasty.of_locks() == [("PUT", "/b-1/probe/01RUN/safe")], "one was enough"
        else:
            assert "locks_configured" in found.missing
            assert nasty.of_locks() == []

    def test_without_locks_none_is_ever_asked_for(self, nasty: NastyServer) -> None:
        bucket = Bucket.at(connect(S3Access(nasty.endpoint, addressing="path")), "s3://b-1")
        run(bucket, "none")
        assert nasty.of_locks() == []
        assert not any("object-lock" in query for _, _, query, _ in nasty.seen)


def test_a_server_that_lets_locks_be_shortened(aws: dict[str, str]) -> None:
    from moto import mock_aws

    assert aws
    with mock_aws():
        client = connect(S3Access())
        client.create_bucket(Bucket="moto", ObjectLockEnabledForBucket=True)
        client.put_object(Bucket="moto", Key="records/one", Body=PRECIOUS)
        found = run(Bucket(client, "moto"))
        wrong = {"shorten_refused", "downgrade_refused", "suspend_refused", "sha256_enforced"}
        assert wrong <= found.missing
        assert level_of("compliance", found.lacking("compliance")) != "compliance"
        assert client.get_bucket_versioning(Bucket="moto")["Status"] == "Enabled", "put back"
        assert client.get_object(Bucket="moto", Key="records/one")["Body"].read() == PRECIOUS


def test_nobody_answers(aws: dict[str, str], tmp_path: Path) -> None:
    assert aws, tmp_path
    bucket = Bucket.at(connect(S3Access("http://127.0.0.1:9", addressing="path")), "s3://b-1")
    with pytest.raises(Unreachable):
        run(bucket)
