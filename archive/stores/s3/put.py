"""Writing small objects: one request each, created and never replaced, locked, and read back."""

import base64
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5, sha256
from pathlib import Path
from typing import IO

from archive.errors import ContentAltered, ObjectConflict, ObjectMissing
from archive.ports import CHUNK, PutItem
from archive.stores.s3 import listing
from archive.stores.s3.client import Bucket
from archive.stores.s3.errors import AlreadyThere, Contended
from archive.stores.s3.locks import Locks, ensure, named, protection_of
from archive.stores.s3.read import read_version
from archive.stores.s3.versions import Standing

_IN_MEMORY = 1 << 20
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Traits:
    """What a server does and does not, as far as writing must know (the probe finds out).

    `create_only`: it honours If-None-Match in this bucket, where versions are kept.
    `create_only_parts`: also when a multipart upload is completed. `checks_sha256`: it refuses
    bytes that have not the SHA-256 it was given, so that parts need no MD5 beside it.
    """

    create_only: bool = True
    create_only_parts: bool = True
    checks_sha256: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how objects are written: `locks` is None where nothing is locked.

    `versioned` is False for the place without locks: what a plain GET sees is the object there.
    """

    bucket: Bucket
    locks: Locks | None
    versioned: bool
    traits: Traits


@dataclass(frozen=True, slots=True)
class Bytes:
    """The bytes of one item: size, SHA-256, MD5, and how to open them."""

    size: int
    sha256: bytes
    md5: bytes
    open: Callable[[], "IO[bytes] | bytes"]

    @classmethod
    def of(cls, item: PutItem) -> "Bytes":
        """Read them once; a file of more than a megabyte is not kept in memory.

        Raises ContentAltered if they are not those that the item names.
        """
        if isinstance(item.source, bytes):
            found = cls._of_bytes(item.source)
        elif item.source.path.stat().st_size > _IN_MEMORY:
            found = cls._of_file(item.source.path)
        else:
            found = cls._of_bytes(item.source.path.read_bytes())
        check_staged(item, found.sha256)
        return found

    @classmethod
    def _of_bytes(cls, data: bytes) -> "Bytes":
        return cls(len(data), sha256(data).digest(), md5_of(data), lambda: data)

    @classmethod
    def _of_file(cls, path: Path) -> "Bytes":
        digest, check, size = sha256(), md5(usedforsecurity=False), 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                check.update(chunk)
                digest.update(chunk)
        return cls(size, digest.digest(), check.digest(), lambda: path.open("rb"))


def check_staged(item: PutItem, found: bytes) -> None:
    """Refuse bytes that are not the ones the ledger names: what is written stays for years."""
    if item.sha256 not in (None, found):
        raise ContentAltered(f"The staged bytes of {item.key} are not those that were taken in.")


def put_small(target: Target, item: PutItem) -> Standing:
    """Write one object in one request. Raises ObjectConflict, ProtectionMissing, Unreachable."""
    data = Bytes.of(item)
    if not target.traits.create_only and target.versioned:
        return _put_where_anything_goes(target, item, data)
    for attempt in range(_TRIES):
        try:
            return written(target, item, _send(target, item, data, {"IfNoneMatch": "*"}))
        except AlreadyThere:
            return already_there(target, item, data.size, data.sha256, b64(data.sha256))
        except Contended:
            if attempt == _TRIES - 1:
                raise
            pause(attempt)
    raise AssertionError("unreachable")


def _send(target: Target, item: PutItem, data: Bytes, condition: dict[str, str]) -> str:
    """PutObject; both digests go along, because older servers check only the MD5."""
    locked = target.locks.on_write(item.retain_until) if target.locks else {}
    body = data.open()
    try:
        reply = target.bucket.call(
            "put_object",
            item.key,
            Body=body,
            ChecksumSHA256=b64(data.sha256),
            ContentMD5=b64(data.md5),
            **condition,
            **locked,
        )
    finally:
        if not isinstance(body, bytes):
            body.close()
    return str(reply.get("VersionId") or "")


def _put_where_anything_goes(target: Target, item: PutItem, data: Bytes) -> Standing:
    """Create-only on a server that does not know the condition: the first version is the object.

    Of two that write at once, both look afterwards, and both see the same one as the first.
    """
    first = listing.oldest(target.bucket, item.key)
    if first is None:
        version = _send(target, item, data, {})
        first = listing.oldest(target.bucket, item.key)
        if first is None or first.version == version:
            return written(target, item, version)
    digest = b64(data.sha256)
    if not same_bytes(target.bucket, item.key, first.version, data.size, data.sha256, digest):
        raise conflict(item.key)
    return written(target, item, first.version)


def written(target: Target, item: PutItem, version: str) -> Standing:
    """Read the lock of a new version back, and set what the server left out."""
    if target.locks is None:
        return Standing(version)
    found = protection_of(target.bucket.call("head_object", item.key, **named(version)))
    if not target.locks.satisfied(found, item.retain_until):
        ensure(target.bucket, target.locks, item.key, version, item.retain_until)
    over = not target.locks.on_write(item.retain_until)
    until = None if over else target.locks.end(item.retain_until)
    return Standing(version, until, held=item.retain_until is None)


def already_there(
    target: Target, item: PutItem, size: int, digest: bytes, checksum: str
) -> Standing:
    """The key is taken: by our own bytes (a reply was lost, a seal is finished again), or not.

    Raises ObjectConflict if no version has them.
    """
    bucket = target.bucket
    found = [""]
    if target.versioned:
        rows = reversed(listing.of_key(bucket, item.key))
        found = [row.version for row in rows if row.size == size]
    for version in found:
        if same_bytes(bucket, item.key, version, size, digest, checksum):
            return written(target, item, version)
    raise conflict(item.key)


def same_bytes(
    bucket: Bucket, key: str, version: str, size: int, digest: bytes, checksum: str
) -> bool:
    """Whether a stored version is what we would have written.

    The server's own checksum is enough here, because all that is written is read back before
    anybody relies on it. Where it keeps none, or one over other parts, the bytes are read.
    """
    try:
        head = bucket.call("head_object", key, ChecksumMode="ENABLED", **named(version))
        if head["ContentLength"] != size:
            return False
        stored = head.get("ChecksumSHA256") or ""
        if stored == checksum or (stored and "-" not in stored + checksum):
            return bool(stored == checksum)
        return digest_of(bucket, key, version) == digest
    except ObjectMissing:
        return False


def digest_of(bucket: Bucket, key: str, version: str) -> bytes:
    """SHA-256 of the stored bytes of a version, read now."""
    total = sha256()
    for chunk in read_version(bucket, key, version):
        total.update(chunk)
    return total.digest()


def conflict(key: str) -> ObjectConflict:
    """Other bytes stand under a key."""
    return ObjectConflict(f"{key} is already stored with other bytes")


def pause(attempt: int) -> None:
    """Wait a little longer each time, not all at the same time."""
    time.sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311 - only a delay


def b64(digest: bytes) -> str:
    """As S3 headers have it."""
    return base64.b64encode(digest).decode("ascii")


def md5_of(data: bytes) -> bytes:
    """Only against damage on the way; nothing is trusted because of it."""
    return md5(data, usedforsecurity=False).digest()
