"""What only a bucket does: versions, locks, lost replies, uploads in parts, pages, causes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from s3_faults import Fault, FaultProxy, Request, faulty, once
from s3_servers import Weed

from archive.cause import cause
from archive.durable import FileSystem
from archive.errors import (
    ContentAltered,
    ObjectConflict,
    ObjectMissing,
    ProtectionMissing,
    StillLocked,
    Unreachable,
    UsageError,
)
from archive.ports import PutItem, StagedFile, read_all
from archive.stores.s3 import (
    FARTHEST,
    Bucket,
    Locks,
    Parting,
    S3Access,
    S3Pointer,
    S3Store,
    S3Vault,
    Standing,
    Traits,
    connect,
    listing,
)

MIB = 1 << 20
PART = 5 * MIB


class NowClock:
    """The wall clock, moved by `ahead`."""

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead  # noqa: TID251 - servers judge dates by theirs

    def monotonic(self) -> float:
        return 0.0


CLOCK = NowClock()
SOON = CLOCK.now() + timedelta(hours=2)


@dataclass
class Book:
    """A version book in memory."""

    rows: dict[str, Standing] = field(default_factory=dict)

    def known(self, keys: Any) -> dict[str, str]:
        return {key: self.rows[key].version for key in keys if key in self.rows}

    def remember(self, written: Any) -> None:
        self.rows |= written

    def forget(self, keys: Any) -> None:
        for key in keys:
            self.rows.pop(key, None)


@dataclass
class Place:
    """An evidence bucket, the administrator's view of it, and stores on it."""

    weed: Weed
    admin: Any
    bucket: str
    folder: Path

    def store(
        self,
        endpoint: str = "",
        *,
        mode: str = "GOVERNANCE",
        book: Book | None = None,
        traits: Traits | None = None,
        profile: str = "",
    ) -> S3Store:
        access = S3Access(endpoint or self.weed.http, addressing="path", profile=profile)
        return S3Store(
            Bucket.at(connect(access), f"s3://{self.bucket}"),
            locks=Locks(mode, CLOCK) if mode else None,
            parting=Parting(self.folder / "uploads", FileSystem(), PART, 2),
            book=book,
            traits=traits,
        )

    def vault(self, mode: str = "GOVERNANCE") -> S3Vault:
        access = S3Access(self.weed.http, addressing="path")
        return S3Vault(Bucket.at(connect(access), f"s3://{self.bucket}"), Locks(mode, CLOCK))

    def head(self, key: str, version: str | None = None) -> dict[str, Any]:
        named = {"VersionId": version} if version else {}
        found = self.admin.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **named)
        return dict(found)

    def plant(self, key: str, data: bytes = b"planted") -> str:
        return str(self.admin.put_object(Bucket=self.bucket, Key=key, Body=data)["VersionId"])

    def hide(self, key: str) -> None:
        self.admin.delete_object(Bucket=self.bucket, Key=key)

    def versions(self, key: str) -> list[str]:
        found = self.admin.list_object_versions(Bucket=self.bucket, Prefix=key)
        return [row["VersionId"] for row in found.get("Versions", []) if row["Key"] == key]

    def uploads(self) -> list[Any]:
        return list(self.admin.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []))

    def staged(self, data: bytes, name: str = "staged") -> StagedFile:
        path = self.folder / name
        path.write_bytes(data)
        return StagedFile(path)


@pytest.fixture
def place(weed: Weed, admin: Any, buckets: Callable[..., str], tmp_path: Path) -> Place:
    return Place(weed, admin, buckets("evidence"), tmp_path)


@pytest.fixture
def proxy(weed: Weed) -> Iterator[FaultProxy]:
    with faulty(weed.port) as found:
        yield found


def puts(request: Request) -> bool:
    return request.method == "PUT"


class TestLocks:
    def test_a_date_is_set_on_the_write(self, place: Place) -> None:
        place.store().put([PutItem("a", b"one", SOON)])
        found = place.head("a")
        assert found["ObjectLockMode"] == "GOVERNANCE"
        assert timedelta(0) <= found["ObjectLockRetainUntilDate"] - SOON < timedelta(seconds=1)
        assert found.get("ObjectLockLegalHoldStatus") != "ON"

    def test_for_ever_is_the_farthest_date_and_a_hold(self, place: Place) -> None:
        place.store(mode="COMPLIANCE").put([PutItem("a", b"one")])
        found = place.head("a")
        assert found["ObjectLockMode"] == "COMPLIANCE"
        assert found["ObjectLockRetainUntilDate"] == FARTHEST
        assert found["ObjectLockLegalHoldStatus"] == "ON"

    def test_a_date_that_is_past_asks_for_no_lock(self, place: Place) -> None:
        place.store().put([PutItem("a", b"one", CLOCK.now() - timedelta(days=1))])
        assert "ObjectLockMode" not in place.head("a")

    def test_a_lock_that_was_not_kept_is_no_success(self, place: Place, buckets: Any) -> None:
        """A bucket without Object Lock: SeaweedFS refuses, others would ignore it."""
        place.bucket = buckets("plain", locked=False)
        with pytest.raises((UsageError, ProtectionMissing)):
            place.store().put([PutItem("a", b"one", SOON)])

    def test_locks_in_parts_too(self, place: Place) -> None:
        file = place.staged(os.urandom(PART + 1))
        place.store().put([PutItem("large", file, SOON)])
        assert place.head("large")["ObjectLockRetainUntilDate"] >= SOON

    def test_what_is_there_with_a_shorter_lock_is_extended(self, place: Place) -> None:
        place.store().put([PutItem("a", b"one", SOON)])
        later = SOON + timedelta(days=1)
        place.store().put([PutItem("a", b"one", later)])
        assert place.head("a")["ObjectLockRetainUntilDate"] >= later
        place.store().put([PutItem("a", b"one", SOON)])
        assert place.head("a")["ObjectLockRetainUntilDate"] >= later
        assert len(place.versions("a")) == 1


class TestVersions:
    @pytest.mark.parametrize("with_book", [True, False])
    def test_a_newer_version_is_not_the_record(self, place: Place, *, with_book: bool) -> None:
        book = Book() if with_book else None
        place.store(book=book).put([PutItem("r/content", b"sealed", SOON)])
        place.plant("r/content")
        other = place.store(book=book)
        assert read_all(other, "r/content") == b"sealed"
        assert b"".join(other.read("r/content", 1, 3)) == b"eal"
        found = other.stat("r/content")
        assert found is not None
        assert (found.size, [info.size for info in other.list("")]) == (6, [6])

    @pytest.mark.parametrize("with_book", [True, False])
    def test_a_delete_marker_hides_nothing(self, place: Place, *, with_book: bool) -> None:
        book = Book() if with_book else None
        place.store(book=book).put([PutItem("r/content", b"sealed", SOON)])
        place.hide("r/content")
        other = place.store(book=book)
        assert read_all(other, "r/content") == b"sealed"
        assert other.stat("r/content") is not None
        assert [info.key for info in other.list("r/")] == ["r/content"]

    def test_a_marker_alone_is_no_object(self, place: Place) -> None:
        place.hide("never/there")
        store = place.store()
        assert list(store.list("")) == []
        assert store.stat("never/there") is None
        with pytest.raises(ObjectMissing):
            read_all(store, "never/there")

    def test_the_book_knows_better_than_the_order(self, place: Place) -> None:
        """Planted and hidden before us: our write passes, and stays the record for who knows it."""
        place.plant("log/tile")
        place.hide("log/tile")
        book = Book()
        place.store(book=book).put([PutItem("log/tile", b"ours", SOON)])
        assert read_all(place.store(book=book), "log/tile") == b"ours"

    def test_without_a_book_other_versions_are_offered(self, place: Place) -> None:
        place.plant("log/tile")
        place.hide("log/tile")
        place.store().put([PutItem("log/tile", b"ours", SOON)])
        place.plant("log/tile", b"later")
        store = place.store()
        assert read_all(store, "log/tile") == b"planted"
        assert store.other_version("log/tile")
        assert read_all(store, "log/tile") == b"ours"
        assert store.other_version("log/tile")
        assert read_all(store, "log/tile") == b"later"
        assert not store.other_version("log/tile")
        assert read_all(store, "log/tile") == b"planted"
        assert not store.other_version("no/such/key")

    def test_the_same_bytes_below_a_newer_version_pass(self, place: Place) -> None:
        place.store().put([PutItem("a", b"one", SOON)])
        place.plant("a")
        place.store().put([PutItem("a", b"one", SOON)])
        assert len(place.versions("a")) == 2
        with pytest.raises(ObjectConflict):
            place.store().put([PutItem("a", b"two", SOON)])

    def test_the_book_keeps_what_was_read_back(self, place: Place) -> None:
        book = Book()
        later = SOON.replace(microsecond=0)
        place.store(book=book).put([PutItem("a", b"one", later), PutItem("b", b"two")])
        assert book.rows == {
            "a": Standing(place.versions("a")[0], later, held=False),
            "b": Standing(place.versions("b")[0], FARTHEST, held=True),
        }


class TestReplies:
    def test_a_lost_reply_is_our_own_write(self, place: Place, proxy: FaultProxy) -> None:
        proxy.fault = once(puts, Fault(cut="reply"))
        place.store(proxy.endpoint).put([PutItem("a", b"one", SOON)])
        assert [request.method for request in proxy.seen[:2]] == ["PUT", "PUT"]
        assert len(place.versions("a")) == 1

    def test_of_several_at_once(self, place: Place, proxy: FaultProxy) -> None:
        proxy.fault = once(puts, Fault(cut="reply"), times=20)
        items = [PutItem(f"r/{n:03}", b"%d" % n, SOON) for n in range(60)]
        place.store(proxy.endpoint).put(items)
        assert [info.key for info in place.store().list("r/")] == [item.key for item in items]
        assert all(len(place.versions(item.key)) == 1 for item in items[:25])

    def test_the_key_was_taken_meanwhile(self, place: Place, proxy: FaultProxy) -> None:
        place.plant("a", b"other")
        proxy.fault = once(puts, Fault(cut="request"))
        with pytest.raises(ObjectConflict, match="a is already stored"):
            place.store(proxy.endpoint).put([PutItem("a", b"one", SOON)])

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (500, "InternalError"),
            (503, "SlowDown"),
            (503, "ServiceUnavailable"),
            (409, "ConditionalRequestConflict"),
        ],
    )
    def test_what_passes_is_tried_again(
        self, place: Place, proxy: FaultProxy, status: int, code: str
    ) -> None:
        proxy.fault = once(puts, Fault(status, code), times=2)
        place.store(proxy.endpoint).put([PutItem("a", b"one", SOON)])
        assert sum(map(puts, proxy.seen)) == 3
        assert read_all(place.store(), "a") == b"one"

    @pytest.mark.parametrize(
        ("fault", "kind", "said"),
        [
            (Fault(500, "InternalError"), Unreachable, "cannot serve a .500 InternalError"),
            (Fault(503, "SlowDown"), Unreachable, "too busy"),
            (Fault(403, "RequestTimeTooSkewed"), Unreachable, "clocks"),
            (Fault(403, "InvalidAccessKeyId"), UsageError, "credentials"),
            (Fault(403, "AccessDenied"), UsageError, "does not allow"),
            (Fault(404, "NoSuchBucket"), UsageError, "no such bucket"),
            (Fault(501, "NotImplemented"), UsageError, "does not accept"),
            (Fault(cut="request"), Unreachable, "cannot be reached|no whole answer"),
        ],
    )
    def test_what_stays_is_one_sentence(
        self,
        place: Place,
        proxy: FaultProxy,
        monkeypatch: pytest.MonkeyPatch,
        fault: Fault,
        kind: type[Exception],
        said: str,
    ) -> None:
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", _at_once)
        proxy.fault = lambda _request: fault
        store = place.store(proxy.endpoint)
        with pytest.raises(kind, match=said) as caught:
            store.put([PutItem("a", b"one", SOON)])
        text = str(caught.value)
        assert "archivesecret" not in text
        assert "archivekey" not in text
        assert "\n" not in text
        assert place.versions("a") == []

    def test_reading_goes_on_where_it_broke(self, place: Place, proxy: FaultProxy) -> None:
        data = os.urandom(9 * MIB)
        place.store().put([PutItem("a", place.staged(data), SOON)])
        proxy.fault = once(
            lambda r: r.method == "GET" and "versions" not in r.query, Fault(cut="body")
        )
        assert read_all(place.store(proxy.endpoint), "a") == data
        gets = [r for r in proxy.seen if r.method == "GET" and "versions" not in r.query]
        assert len(gets) == 2

    def test_reading_that_always_breaks_ends(
        self, place: Place, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", _at_once)
        place.store().put([PutItem("a", b"one" * 1000, SOON)])
        proxy.fault = lambda r: (
            Fault(cut="body") if r.method == "GET" and "versions" not in r.query else None
        )
        with pytest.raises(Unreachable):
            read_all(place.store(proxy.endpoint), "a")


def _at_once(_self: object, _context: object) -> float:
    return 0.0


class TestParts:
    def test_a_large_object_is_one_pass_in_parts(self, place: Place, proxy: FaultProxy) -> None:
        data = os.urandom(3 * PART + 7)
        digest = sha256(data).digest()
        place.store(proxy.endpoint).put([PutItem("large", place.staged(data), SOON, digest)])
        assert sorted(r.part for r in proxy.seen if r.part) == [1, 2, 3, 4]
        assert read_all(place.store(), "large") == data
        assert place.head("large")["ChecksumSHA256"].endswith("-4")
        assert list((place.folder / "uploads").iterdir()) == []
        assert place.uploads() == []

    def test_finished_parts_are_not_sent_again(self, place: Place, proxy: FaultProxy) -> None:
        data = os.urandom(6 * PART)
        item = PutItem("large", place.staged(data), SOON)
        proxy.fault = lambda r: Fault(403, "AccessDenied") if (r.part or 0) > 3 else None
        with pytest.raises(UsageError):
            place.store(proxy.endpoint).put([item])
        assert [path.suffix for path in (place.folder / "uploads").iterdir()] == [".upload"]
        proxy.seen.clear()
        proxy.fault = lambda _r: None
        place.store(proxy.endpoint).put([item])
        assert sorted(r.part for r in proxy.seen if r.part) == [4, 5, 6]
        assert read_all(place.store(), "large") == data

    def test_a_resumed_upload_gets_the_lock_of_today(self, place: Place, proxy: FaultProxy) -> None:
        file = place.staged(os.urandom(2 * PART))
        proxy.fault = lambda r: Fault(403, "AccessDenied") if r.part == 2 else None
        with pytest.raises(UsageError):
            place.store(proxy.endpoint).put([PutItem("large", file, SOON)])
        later = SOON + timedelta(days=3)
        place.store().put([PutItem("large", file, later)])
        assert place.head("large")["ObjectLockRetainUntilDate"] >= later

    def test_another_file_begins_anew(self, place: Place, proxy: FaultProxy) -> None:
        proxy.fault = lambda r: Fault(403, "AccessDenied") if r.part == 2 else None
        with pytest.raises(UsageError):
            place.store(proxy.endpoint).put(
                [PutItem("large", place.staged(os.urandom(2 * PART)), SOON)]
            )
        data = os.urandom(2 * PART + 1)
        place.store().put([PutItem("large", place.staged(data), SOON)])
        assert read_all(place.store(), "large") == data
        assert place.uploads() == []

    def test_a_part_that_differs_is_sent_again(self, place: Place, proxy: FaultProxy) -> None:
        """The file was changed and its time put back: the server's parts are compared by bytes."""
        data = bytearray(os.urandom(3 * PART))
        file = place.staged(bytes(data))
        times = file.path.stat()
        proxy.fault = lambda r: Fault(403, "AccessDenied") if r.part == 3 else None
        with pytest.raises(UsageError):
            place.store(proxy.endpoint).put([PutItem("large", file, SOON)])
        data[5] ^= 1
        file.path.write_bytes(bytes(data))
        os.utime(file.path, ns=(times.st_atime_ns, times.st_mtime_ns))
        proxy.seen.clear()
        proxy.fault = lambda _r: None
        place.store(proxy.endpoint).put([PutItem("large", file, SOON)])
        assert sorted(r.part for r in proxy.seen if r.part) == [1, 3]
        assert read_all(place.store(), "large") == bytes(data)

    def test_a_lost_reply_at_the_end(self, place: Place, proxy: FaultProxy) -> None:
        data = os.urandom(2 * PART)
        proxy.fault = once(
            lambda r: r.method == "POST" and "uploadId" in r.query, Fault(cut="reply")
        )
        place.store(proxy.endpoint).put([PutItem("large", place.staged(data), SOON)])
        assert len(place.versions("large")) == 1
        assert read_all(place.store(), "large") == data

    def test_what_is_stored_already_is_not_sent(self, place: Place, proxy: FaultProxy) -> None:
        item = PutItem("large", place.staged(os.urandom(2 * PART)), SOON)
        place.store().put([item])
        place.store(proxy.endpoint).put([item])
        assert not any(map(puts, proxy.seen))
        assert len(place.versions("large")) == 1

    def test_a_key_that_was_taken_meanwhile(self, place: Place, proxy: FaultProxy) -> None:
        def take(request: Request) -> Fault | None:
            if request.method == "POST" and "uploadId" in request.query:
                place.plant("large", b"taken")
            return None

        proxy.fault = take
        with pytest.raises(ObjectConflict):
            place.store(proxy.endpoint).put(
                [PutItem("large", place.staged(os.urandom(2 * PART)), SOON)]
            )
        assert place.uploads() == []

    @pytest.mark.parametrize("size", [10, 2 * PART])
    def test_bytes_that_are_not_the_ledgers_are_never_written(
        self, place: Place, size: int
    ) -> None:
        file = place.staged(os.urandom(size))
        with pytest.raises(ContentAltered):
            place.store().put([PutItem("a", file, SOON, sha256(b"what was taken in").digest())])
        assert place.versions("a") == []

    def test_uploads_of_staged_files_that_are_gone_are_let_go(
        self, place: Place, proxy: FaultProxy
    ) -> None:
        file = place.staged(os.urandom(2 * PART), "first")
        proxy.fault = lambda r: Fault(403, "AccessDenied") if r.part == 2 else None
        with pytest.raises(UsageError):
            place.store(proxy.endpoint).put([PutItem("large", file, SOON)])
        assert len(place.uploads()) == 1
        file.path.unlink()
        place.store().put([PutItem("other", place.staged(os.urandom(PART + 1)), SOON)])
        assert place.uploads() == []
        assert list((place.folder / "uploads").iterdir()) == []

    def test_who_only_reads_writes_nothing_large(self, place: Place) -> None:
        access = S3Access(place.weed.http, addressing="path")
        reader = S3Store(Bucket.at(connect(access), f"s3://{place.bucket}"))
        with pytest.raises(UsageError):
            reader.put([PutItem("a", place.staged(os.urandom(17 * MIB)))])


class TestListing:
    def test_no_page_loses_a_key(self, place: Place) -> None:
        """SeaweedFS has `7.note.p7s` before `7.note`; a page that ends between them loses one."""
        keys = [f"log/s/{n:04}.note{end}" for n in range(12) for end in ("", ".p7s", ".p7s.tst")]
        keys += [f"log/t/{n:03}" for n in range(5)]
        store = place.store(mode="")
        store.put([PutItem(key, b"x") for key in keys])
        place.plant(keys[4])
        place.hide(keys[7])
        for page in range(6, 20):
            found = list(listing.versions(store.bucket, "", page=page))
            assert sorted({v.key for v in found}) == sorted(keys), page
            assert len(found) == len(keys) + 2, page
            assert len({(v.key, v.version) for v in found}) == len(found), page

    def test_newest_first(self, place: Place) -> None:
        first = place.plant("a", b"1")
        place.hide("a")
        second = place.plant("a", b"2")
        store = place.store()
        found = list(listing.versions(store.bucket, "a"))
        assert [v.version for v in found if not v.marker] == [second, first]
        assert [v.latest for v in found] == [True, False, False]
        assert sum(v.marker for v in found) == 1

    def test_keys_are_below_the_prefix(self, place: Place) -> None:
        access = S3Access(place.weed.http, addressing="path")
        client = connect(access)
        inner = S3Store(Bucket.at(client, f"s3://{place.bucket}/office/a"))
        inner.put([PutItem("x/1", b"1")])
        place.plant("office/ab/x/2")
        place.plant("x/3")
        assert [info.key for info in inner.list("")] == ["x/1"]
        assert [info.key for info in place.store().list("office/a/")] == ["office/a/x/1"]


class TestVault:
    def test_locks_only_grow(self, place: Place) -> None:
        place.store().put([PutItem("a", b"one", SOON)])
        vault, version = place.vault(), place.versions("a")[0]
        later = (SOON + timedelta(days=2)).replace(microsecond=0)
        assert vault.extend("a", version, later).until == later
        assert vault.extend("a", version, SOON).until == later
        assert vault.extend("a", version, None).held
        assert vault.protection("a", version).until == FARTHEST

    def test_a_weaker_setting_weakens_no_lock(self, place: Place) -> None:
        place.store(mode="COMPLIANCE").put(
            [PutItem("a", b"one", CLOCK.now() + timedelta(minutes=2))]
        )
        found = place.vault("GOVERNANCE").extend("a", place.versions("a")[0], SOON)
        assert found.level == "compliance"
        assert found.until is not None
        assert found.until >= SOON - timedelta(seconds=1)

    def test_holds(self, place: Place) -> None:
        place.store().put([PutItem("a", b"one", CLOCK.now() - timedelta(days=1))])
        vault, version = place.vault(), place.versions("a")[0]
        assert vault.hold("a", version, on=True).held
        with pytest.raises(StillLocked, match="legal hold"):
            vault.destroy("a", version)
        assert not vault.hold("a", version, on=False).held

    def test_destruction(self, place: Place) -> None:
        place.store(mode="").put([PutItem("a", b"one")])
        place.plant("a")
        place.hide("a")
        vault = place.vault()
        for found in list(vault.versions("a")):
            vault.destroy(found.key, found.version)
        assert list(vault.versions("a")) == []
        vault.destroy("a", "0" * 32)

    def test_what_is_locked_stays(self, place: Place) -> None:
        place.store(mode="COMPLIANCE").put(
            [PutItem("a", b"one", CLOCK.now() + timedelta(minutes=1))]
        )
        version = place.versions("a")[0]
        with pytest.raises(StillLocked, match="locked in the store until"):
            place.vault().destroy("a", version)
        assert place.versions("a") == [version]
        with pytest.raises(ObjectMissing):
            place.vault().protection("a", "0" * 32)


class TestCauses:
    def test_every_request_says_why(self, place: Place, proxy: FaultProxy) -> None:
        with cause("entry main-2026#12"):
            place.store(proxy.endpoint).put([PutItem(f"k{n}", b"x", SOON) for n in range(5)])
            place.store(proxy.endpoint).put(
                [PutItem("large", place.staged(os.urandom(2 * PART)), SOON)]
            )
        assert proxy.seen
        for request in proxy.seen:
            assert request.agent.endswith(" cunzheng-cause/entry:main-2026:12"), request

    def test_without_a_cause_nothing_is_added(self, place: Place, proxy: FaultProxy) -> None:
        place.store(proxy.endpoint).put([PutItem("a", b"one", SOON)])
        assert all("cunzheng-cause" not in request.agent for request in proxy.seen)

    def test_a_cause_cannot_break_a_header(self, place: Place, proxy: FaultProxy) -> None:
        with cause("destroy:\r\nX-Evil: 1"):
            place.store(proxy.endpoint).stat("a")
        assert proxy.seen[0].agent.endswith("cunzheng-cause/destroy:__X-Evil::1")


class TestCredentials:
    def test_a_profile_that_is_not_there(self, place: Place) -> None:
        with pytest.raises(UsageError, match="credentials"):
            place.store(profile="nobody")

    def test_none_at_all(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(place.folder / "nothing"))
        with pytest.raises(UsageError, match="credentials"):
            place.store().stat("a")

    def test_who_verifies_can_read_and_no_more(self, place: Place) -> None:
        place.store().put([PutItem("a", b"one", SOON)])
        reader = place.store(profile="verify")
        assert read_all(reader, "a") == b"one"
        assert [info.key for info in reader.list("")] == ["a"]
        with pytest.raises(UsageError, match="does not allow"):
            reader.put([PutItem("b", b"two", SOON)])

    def test_a_certificate_of_nobody_we_know(self, place: Place) -> None:
        with pytest.raises(Unreachable, match="certificate"):
            place.store(place.weed.https).stat("a")


class TestDegraded:
    """A server without If-None-Match in buckets with versions: the first version is the object."""

    TRAITS = Traits(create_only=False, create_only_parts=False)

    def test_other_bytes_are_a_conflict(self, place: Place) -> None:
        store = place.store(traits=self.TRAITS)
        store.put([PutItem("a", b"one", SOON)])
        store.put([PutItem("a", b"one", SOON)])
        with pytest.raises(ObjectConflict):
            store.put([PutItem("a", b"two", SOON)])
        assert len(place.versions("a")) == 1

    def test_whoever_came_between_was_first(self, place: Place, proxy: FaultProxy) -> None:
        def slip_in(request: Request) -> Fault | None:
            if puts(request):
                place.plant(request.path.partition(f"{place.bucket}/")[2], b"first")
            return None

        proxy.fault = slip_in
        store = place.store(proxy.endpoint, traits=self.TRAITS)
        with pytest.raises(ObjectConflict):
            store.put([PutItem("a", b"one", SOON)])
        assert read_all(place.store(), "a") == b"first"


class TestOther:
    def test_evidence_is_never_discarded(self, place: Place) -> None:
        place.store().put([PutItem("a", b"one", SOON)])
        with pytest.raises(UsageError):
            place.store().discard(["a"])

    def test_the_pointer_is_replaced(self, place: Place, buckets: Callable[..., str]) -> None:
        client = connect(S3Access(place.weed.http, addressing="path"))
        live = Bucket.at(client, f"s3://{buckets('live', locked=False)}/x")
        for text in (b"one", b"two"):
            S3Pointer(live, "log/checkpoint").replace(text)
            assert read_all(S3Store(live, versioned=False), "log/checkpoint") == text

    def test_a_fork_gets_connections_of_its_own(self, place: Place) -> None:
        store = place.store()
        data = os.urandom(3 * MIB)
        store.put([PutItem("a", data, SOON)])
        assert read_all(store, "a") == data
        child = os.fork()
        if child == 0:
            try:
                same = all(read_all(store, "a") == data for _ in range(5))
            finally:
                os._exit(0 if same else 1)
        assert all(read_all(store, "a") == data for _ in range(5))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    @pytest.mark.parametrize(
        "text", ["s3://", "s3://A", "http://x", "s3://b//c", "s3://bucket/../x", "s3://bucket/."]
    )
    def test_what_is_no_place(self, text: str) -> None:
        with pytest.raises(UsageError):
            Bucket.at(None, text)
