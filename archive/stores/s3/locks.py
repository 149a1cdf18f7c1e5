"""Locks of single versions: what to ask for on the write, and whether the server has it.

A server's 200 says nothing: Ceph 16 accepts lock headers on a multipart upload and drops them, and
stores dates after 2106 as 1970. So what was asked for is always read back from the version itself.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.errors import ProtectionMissing
from archive.ports import Clock, Protection
from archive.stores.s3.client import Bucket

FARTHEST = datetime(2099, 12, 31, tzinfo=UTC)
"""For ever: every server can hold this date (32 bits end in 2106). Renewed long before."""

COMPLIANCE, GOVERNANCE = "COMPLIANCE", "GOVERNANCE"
_LEVEL = {COMPLIANCE: "compliance", GOVERNANCE: "governance"}
_STRENGTH = {"none": 0, "governance": 1, "compliance": 2}
_TOLERANCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Locks:
    """How versions of one bucket are locked; `farthest` stands for a lock without end."""

    mode: str
    clock: Clock
    farthest: datetime = FARTHEST

    def on_write(self, until: datetime | None) -> dict[str, Any]:
        """Parameters of PutObject and CreateMultipartUpload; none for a lock that is over."""
        end = self.end(until)
        if end <= self.clock.now():
            return {}
        asked: dict[str, Any] = {"ObjectLockMode": self.mode, "ObjectLockRetainUntilDate": end}
        if until is None:
            asked["ObjectLockLegalHoldStatus"] = "ON"
        return asked

    def end(self, until: datetime | None) -> datetime:
        """The date to ask for: whole seconds, rounded up, and never beyond the farthest."""
        if until is None:
            return self.farthest
        whole = until.astimezone(UTC).replace(microsecond=0)
        return min(whole if whole == until else whole + timedelta(seconds=1), self.farthest)

    def satisfied(self, found: Protection, until: datetime | None) -> bool:
        """Whether a version is kept as long, and as strongly, as it should be."""
        end = self.end(until)
        if end <= self.clock.now():
            return True
        strong = _STRENGTH[found.level] >= _STRENGTH[_LEVEL[self.mode]]
        long = found.until is not None and found.until >= end - _TOLERANCE
        return strong and long and (found.held or until is not None)


def protection_of(reply: dict[str, Any]) -> Protection:
    """What the reply to HEAD or GET says of the version's lock."""
    until = reply.get("ObjectLockRetainUntilDate")
    level = _LEVEL.get(reply.get("ObjectLockMode", ""), "none")
    held = reply.get("ObjectLockLegalHoldStatus") == "ON"
    return Protection(level if until else "none", until, held, _stored_sha256(reply))


def _stored_sha256(reply: dict[str, Any]) -> bytes | None:
    """The digest that the server keeps beside a whole object; one over parts says less."""
    text = reply.get("ChecksumSHA256") or ""
    if not text or "-" in text:
        return None
    return base64.b64decode(text)


def named(version: str) -> dict[str, str]:
    """The parameter that names a version; none in a bucket without versions."""
    return {"VersionId": version} if version else {}


def ensure(bucket: Bucket, locks: Locks, key: str, version: str, until: datetime | None) -> None:
    """Give a version that was written the lock it lacks, and read it back.

    For servers that drop the lock of a multipart upload, uploads that were begun with an older
    date, and objects that were stored already. Raises ProtectionMissing.
    """
    end = locks.end(until)
    found = protection_of(bucket.call("head_object", key, **named(version)))
    if found.until is None or found.until < end - _TOLERANCE or not locks.satisfied(found, until):
        extend(bucket, locks, key, version, found, end)
    if until is None and not found.held:
        set_hold(bucket, key, version, on=True)
    found = protection_of(bucket.call("head_object", key, **named(version)))
    if not locks.satisfied(found, until):
        raise lacking(key, found, end)


def extend(
    bucket: Bucket, locks: Locks, key: str, version: str, found: Protection, end: datetime
) -> None:
    """Set mode and date of a lock; the later date and the stronger mode of old and new."""
    strong = max((_LEVEL[locks.mode], found.level), key=_STRENGTH.__getitem__)
    if found.until is not None:
        end = max(end, found.until)
    retention = {"Mode": strong.upper(), "RetainUntilDate": end}
    bucket.call("put_object_retention", key, Retention=retention, **named(version))


def set_hold(bucket: Bucket, key: str, version: str, *, on: bool) -> None:
    """Switch the legal hold of a version."""
    hold = {"Status": "ON" if on else "OFF"}
    bucket.call("put_object_legal_hold", key, LegalHold=hold, **named(version))


def lacking(key: str, found: Protection, end: datetime) -> ProtectionMissing:
    """What to say of a lock that was accepted and is not there."""
    has = f"{found.level} until {found.until:%Y-%m-%d}" if found.until else "no lock"
    return ProtectionMissing(
        f"{key} should be locked until {end:%Y-%m-%d}, but the server says: {has}."
    )
