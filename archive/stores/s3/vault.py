"""Vault on a bucket: versions, locks, holds and destruction of evidence."""

from collections.abc import Iterator
from datetime import datetime

from archive.errors import ObjectMissing, StillLocked
from archive.ports import Protection, StoredVersion
from archive.stores.s3 import listing
from archive.stores.s3.client import Bucket
from archive.stores.s3.errors import AccessRefused
from archive.stores.s3.locks import (
    Locks,
    ensure,
    lacking,
    named,
    protection_of,
    set_hold,
)


class S3Vault:
    """Locks of one bucket. Only after the probe has shown that the server keeps them.

    A server that does not know these requests may put their text in the object's place.
    """

    def __init__(self, bucket: Bucket, locks: Locks) -> None:
        self._bucket = bucket
        self._locks = locks

    def versions(self, prefix: str, after: str = "") -> Iterator[StoredVersion]:
        """See Vault.versions."""
        return listing.versions(self._bucket, prefix, after)

    def protection(self, key: str, version: str) -> Protection:
        """See Vault.protection."""
        asked = {"ChecksumMode": "ENABLED", **named(version)}
        return protection_of(self._bucket.call("head_object", key, **asked))

    def extend(self, key: str, version: str, until: datetime | None) -> Protection:
        """See Vault.extend."""
        ensure(self._bucket, self._locks, key, version, until)
        return self.protection(key, version)

    def hold(self, key: str, version: str, *, on: bool) -> Protection:
        """See Vault.hold. Raises ProtectionMissing if the server did not do it."""
        set_hold(self._bucket, key, version, on=on)
        found = self.protection(key, version)
        if found.held is not on:
            raise lacking(key, found, self._locks.farthest)
        return found

    def destroy(self, key: str, version: str) -> None:
        """See Vault.destroy. A version or marker that is gone already is no error."""
        try:
            self._bucket.call("delete_object", key, **named(version))
        except ObjectMissing:
            return
        except AccessRefused as error:
            raise self._locked(key, version, error) from error

    def _locked(self, key: str, version: str, error: AccessRefused) -> Exception:
        """Whether it is a lock that refuses, or these credentials that may not."""
        found = self.protection(key, version)
        if found.held:
            return StillLocked(f"{key} is under a legal hold in the store.")
        if found.until is not None and found.until > self._locks.clock.now():
            return StillLocked(f"{key} is locked in the store until {found.until:%Y-%m-%d %H:%M}.")
        return error


class OpenVault(S3Vault):
    """A bucket that is used without locks: no request about a lock is ever sent to it."""

    def extend(self, key: str, version: str, until: datetime | None) -> Protection:
        """See Vault.extend; nothing changes."""
        del until
        return self.protection(key, version)

    def hold(self, key: str, version: str, *, on: bool) -> Protection:
        """See Vault.hold; nothing changes."""
        del on
        return self.protection(key, version)
