"""Requests of the probe: a status and a reply each; what was written is deleted again."""

import email.utils
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.errors import ArchiveError
from archive.ports import Clock
from archive.stores.s3.client import Bucket
from archive.stores.s3.errors import explained

FOLDER = "probe/"
"""Everything that a probe writes stands below this; nothing of the archive does."""
FAR = "far"
"""Its one object that may have to stay."""
FINE = 200
_LEFT_BEHIND = timedelta(hours=1)
_BUSY = (0, 429)
_NOT_KNOWN = 501
_NEVER = datetime.min.replace(tzinfo=UTC)

Reply = dict[str, Any]


@dataclass
class Wire:
    """One probe's connection to its scratch objects: keys below `probe/<run>/` of one bucket."""

    bucket: Bucket
    run: str
    clock: Clock
    server: str | None = None
    skew: timedelta = timedelta()
    """By how much the server's clock is before ours; locks end by the server's clock."""
    written: set[str] = field(default_factory=set)

    def key(self, name: str) -> str:
        """The whole key of a scratch object."""
        return f"{self.bucket.prefix}{FOLDER}{self.run}/{name}"

    def ask(self, operation: str, **parameters: Any) -> tuple[int, Reply]:
        """One request about the bucket: 200 and the reply, or the status with which it was refused.

        Raises Unreachable where the server gives no answer that means anything.
        """
        from botocore.exceptions import ClientError

        with explained("the probe"):
            try:
                reply: Reply = getattr(self.bucket.client, operation)(
                    Bucket=self.bucket.name, **parameters
                )
            except ClientError as error:
                reply = dict(error.response)
                status = int(reply.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
                if status in _BUSY or (status >= 500 and status != _NOT_KNOWN):
                    raise
                self._note(reply)
                return status, reply
        self._note(reply)
        return FINE, reply

    def to(self, operation: str, name: str, **parameters: Any) -> tuple[int, Reply]:
        """One request about a scratch object."""
        key = self.key(name)
        if operation in ("put_object", "create_multipart_upload"):
            self.written.add(key)
        return self.ask(operation, Key=key, **parameters)

    def need(self, operation: str, name: str, **parameters: Any) -> Reply:
        """A request that has to work wherever an archive is to be kept; else raises its error."""
        key = self.key(name)
        self.written.add(key)
        with explained("the probe's own object"):
            reply: Reply = getattr(self.bucket.client, operation)(
                Bucket=self.bucket.name, Key=key, **parameters
            )
        self._note(reply)
        return reply

    def now(self) -> datetime:
        """The server's clock."""
        return self.clock.now() + self.skew

    def bytes_of(self, name: str, version: str | None = None) -> bytes | None:
        """What is stored; None where nothing is."""
        named = {"VersionId": version} if version else {}
        status, reply = self.to("get_object", name, **named)
        return bytes(reply["Body"].read()) if status == FINE else None

    def head(self, name: str, version: str) -> Reply | None:
        """What the server says of a version; None where there is none."""
        status, reply = self.to("head_object", name, VersionId=version)
        return reply if status == FINE else None

    def versions(self, name: str) -> list[str]:
        """Ids of all versions of a scratch object, without delete markers."""
        key = self.key(name)
        status, reply = self.ask("list_object_versions", Prefix=key)
        found = reply.get("Versions", ()) if status == FINE else ()
        return [v["VersionId"] for v in found if v["Key"] == key and v.get("VersionId")]

    def _note(self, reply: Reply) -> None:
        headers = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.server = headers.get("server", self.server)
        with suppress(TypeError, ValueError):
            date = email.utils.parsedate_to_datetime(headers.get("date"))
            self.skew = date.astimezone(UTC) - self.clock.now()

    def clean(self, last_lock: datetime | None, sleep: Callable[[float], None] = time.sleep) -> int:
        """Delete all that was written, once the last lock has ended; how many could not go."""
        if last_lock is not None:
            sleep(max(0.0, ((last_lock - self.now()) + timedelta(seconds=1.5)).total_seconds()))
        left = 0
        for key in sorted(self.written):
            with suppress(ArchiveError):
                self._forget_uploads(key)
            try:
                left += self._remove(key)
            except (ArchiveError, OSError):
                left += 1
        return left

    def sweep(self) -> None:
        """Delete what a probe left that was killed: scratch objects of more than an hour ago."""
        folder = f"{self.bucket.prefix}{FOLDER}"
        status, reply = self.ask("list_object_versions", Prefix=folder)
        old = self.now() - _LEFT_BEHIND
        for version in reply.get("Versions", ()) if status == FINE else ():
            key, made = version["Key"], version.get("LastModified")
            if key.startswith(folder) and key != folder + FAR and made and made < old:
                with suppress(ArchiveError, OSError):
                    self._remove(key)

    def _remove(self, key: str) -> int:
        status, reply = self.ask("list_object_versions", Prefix=key)
        listed = []
        if status == FINE:
            listed = [*reply.get("Versions", ()), *reply.get("DeleteMarkers", ())]
        ids = [v["VersionId"] for v in listed if v["Key"] == key and v.get("VersionId")]
        if not ids:
            # Where versions are kept, deleting what is not there would leave a delete marker.
            there = self.ask("head_object", Key=key)[0] == FINE
            return int(there and self.ask("delete_object", Key=key)[0] >= 300)
        left = 0
        for version in ids:
            status, _ = self.ask("delete_object", Key=key, VersionId=version)
            if status >= 300:
                # Only locks of governance mode are left by now, and not everybody may bypass them.
                status, _ = self.ask(
                    "delete_object", Key=key, VersionId=version, BypassGovernanceRetention=True
                )
            left += status >= 300
        return left

    def _forget_uploads(self, key: str) -> None:
        status, reply = self.ask("list_multipart_uploads", Prefix=key)
        for upload in reply.get("Uploads", ()) if status == FINE else ():
            if upload.get("Key") == key:
                self.ask("abort_multipart_upload", Key=key, UploadId=upload["UploadId"])


def until_of(head: Reply | None) -> datetime:
    """End of the lock that a HEAD shows; long ago where there is none."""
    found = (head or {}).get("ObjectLockRetainUntilDate")
    return found.astimezone(UTC) if isinstance(found, datetime) else _NEVER
