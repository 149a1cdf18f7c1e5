"""ObjectStore, LiveStore and Pointer on buckets.

Evidence stands in a bucket with versions and locks, and is read by version; a newer version or a
delete marker that somebody put over an object hides nothing from here. Live stands in a bucket
without locks, where what a plain GET sees is the object.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from archive.cause import carried
from archive.errors import ObjectMissing, UsageError
from archive.ports import ObjectInfo, PutItem, StagedFile, StoredVersion
from archive.stores.keys import check_key
from archive.stores.s3 import listing
from archive.stores.s3.client import THREADS, Bucket
from archive.stores.s3.locks import Locks, named
from archive.stores.s3.multipart import Multipart, Parting
from archive.stores.s3.put import Target, Traits, put_small
from archive.stores.s3.read import read_version
from archive.stores.s3.versions import NoBook, Standing, VersionBook, Versions

_ONE_REQUEST = 16 * 1024 * 1024
"""Larger objects go in parts."""


class S3Store:
    """Objects of one place in a bucket. Safe to use from several threads.

    `versioned` is False for the place without locks. `locks` None writes without locks; `parting`
    None is for readers: nothing large can be written then.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        versioned: bool = True,
        locks: Locks | None = None,
        parting: Parting | None = None,
        book: VersionBook | None = None,
        traits: Traits | None = None,
    ) -> None:
        self.bucket = bucket
        self._versioned = versioned
        self._target = Target(bucket, locks, versioned, traits or Traits())
        self._multipart = Multipart(self._target, parting) if parting else None
        self._one_request = min(_ONE_REQUEST, parting.part if parting else _ONE_REQUEST)
        self.versions = Versions(bucket, book or NoBook())

    def put(self, items: Sequence[PutItem]) -> None:
        """See ObjectStore.put. Small objects go sixteen at a time, large ones part by part."""
        for item in items:
            check_key(item.key)
        small = {item.key: item for item in reversed(items) if not self._is_large(item)}
        first = set(map(id, small.values()))
        written = self._put_small(list(small.values()))
        for item in items:
            if id(item) not in first:
                written[item.key] = self._put_one(item)
        if self._versioned and written:
            self.versions.wrote(written)

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See ObjectStore.read."""
        yield from read_version(self.bucket, key, self._version(key), start, length)

    def stat(self, key: str) -> ObjectInfo | None:
        """See ObjectStore.stat."""
        try:
            found = self.bucket.call("head_object", key, **named(self._version(key)))
        except ObjectMissing:
            return None
        return ObjectInfo(key, int(found["ContentLength"]), _aware(found["LastModified"]))

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """See ObjectStore.list. Of several versions the record's is listed, else the oldest."""
        for chosen in self.records(prefix, after):
            yield ObjectInfo(chosen.key, chosen.size, _aware(chosen.modified))

    def records(self, prefix: str = "", after: str = "") -> Iterator[StoredVersion]:
        """The version of every key that is read, as far as a listing tells."""
        for versions in _by_key(listing.versions(self.bucket, prefix, after)):
            chosen = self._choose(versions)
            if chosen is not None:
                yield chosen

    def other_version(self, key: str) -> bool:
        """See archive.other_versions: read the next version of an object from now on."""
        return self._versioned and self.versions.other(key)

    def discard(self, keys: Iterable[str]) -> None:
        """See LiveStore.discard. Refused for evidence: that is destroyed version by version."""
        if self._versioned:
            raise UsageError("Nothing is discarded from a bucket of evidence.")
        for key in keys:
            self.bucket.call("delete_object", check_key(key))

    def _put_small(self, items: Sequence[PutItem]) -> dict[str, Standing]:
        if len(items) < 2:
            return {item.key: self._put_one(item) for item in items}
        written: dict[str, Standing] = {}
        failed: BaseException | None = None
        with ThreadPoolExecutor(THREADS) as threads:
            tasks: list[tuple[str, Future[Standing]]] = [
                (item.key, threads.submit(carried(self._put_one), item)) for item in items
            ]
            for key, task in tasks:
                try:
                    written[key] = task.result()
                except BaseException as error:
                    failed = failed or error
                    threads.shutdown(wait=False, cancel_futures=True)
        if failed is not None:
            raise failed
        return written

    def _put_one(self, item: PutItem) -> Standing:
        if self._is_large(item):
            if self._multipart is None:
                raise UsageError(f"{item.key} cannot be written: this store was opened to be read.")
            return self._multipart.put(item)
        return put_small(self._target, item)

    def _is_large(self, item: PutItem) -> bool:
        source = item.source
        return isinstance(source, StagedFile) and source.path.stat().st_size > self._one_request

    def _version(self, key: str) -> str:
        check_key(key)
        if not self._versioned:
            return ""
        found = self.versions.of(key)
        if found is None:
            raise ObjectMissing(f"{key} is not in the store")
        return found

    def _choose(self, versions: Sequence[StoredVersion]) -> StoredVersion | None:
        """The version that counts, of those of one key; None if only markers are left."""
        if not self._versioned:
            return next((v for v in versions if v.latest and not v.marker), None)
        real = [version for version in versions if not version.marker]
        if len(real) > 1:
            known = self.versions.known(real[0].key)
            for version in real:
                if version.version == known:
                    return version
        return real[-1] if real else None


class S3Pointer:
    """The pointer as one object of the place without locks."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key

    def replace(self, data: bytes) -> None:
        """See Pointer.replace."""
        self._bucket.call("put_object", self._key, Body=data)


_FEW = 64


def _by_key(versions: Iterator[StoredVersion]) -> Iterator[Sequence[StoredVersion]]:
    """Versions of one key together, newest first; of very many the newest and the oldest."""
    found: list[StoredVersion] = []
    for version in versions:
        if found and found[0].key != version.key:
            yield found
            found = []
        if len(found) >= _FEW:
            found.pop()
        found.append(version)
    if found:
        yield found


def _aware(time: datetime) -> datetime:
    return time.astimezone(UTC)
