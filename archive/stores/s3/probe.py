"""What an S3 server really does, tried out on scratch objects before evidence is left to it.

    probed = probe(bucket, "compliance", run=new_ulid(…))

The order is the point. Servers exist that take a request for a lock as the new bytes of the object,
so nothing about locks is sent before the bucket says that it has them; the first such request goes
to a scratch object whose bytes are compared afterwards; and if they changed it was the last one.

What is written stands below `probe/` and is deleted again when its locks have ended, after a few
seconds. Where the credentials may not bypass governance locks, one object of a few bytes stays,
`probe/far`, locked until 2126: the next probe uses it again. Versioning is asked to be suspended,
which a server with locks refuses; where it does not, it is switched on again at once.
"""

import base64
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from typing import Any

from archive.cause import carried, cause
from archive.errors import Unreachable
from archive.ports import Clock
from archive.stores.s3.client import Bucket
from archive.stores.s3.guarantees import GUARANTEES, needed
from archive.stores.s3.probe_wire import FAR, FINE, FOLDER, Reply, Wire, until_of

COMPLIANCE, GOVERNANCE = "COMPLIANCE", "GOVERNANCE"
_LOCK_SECONDS = (3, 15, 60)
"""Locks of the trial: as short as the connection allows."""
_RACERS = 8
_FAR = datetime(2126, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of a probe. `given` and `missing` are names of guarantees.

    What is in neither was not tried: without what is missing it would be dangerous, or senseless.
    `server` is the Server header. `left` is how many versions could not be deleted again, `rights`
    whether these credentials may delete at all: if not, a refused deletion proves only that.
    """

    server: str | None
    given: frozenset[str]
    missing: frozenset[str]
    left: int
    rights: bool

    def lacking(self, lock_mode: str) -> list[str]:
        """What is asked for a lock mode and was not proved, in the order of the table."""
        asked = needed(lock_mode) - self.given
        return [name for name in GUARANTEES if name in asked]


def probe(
    bucket: Bucket,
    lock_mode: str,
    run: str,
    clock: Clock,
    sleep: Callable[[float], None] = time.sleep,
) -> Probed:
    """Try a bucket out; `run` is a name that no other probe has.

    Raises Unreachable, and UsageError where the credentials may not even write and read.
    """
    with cause("probe"):
        wire = Wire(bucket, run, clock)
        trial = _Trial(wire, run.encode())
        left = 0
        try:
            trial.plain()
            wire.sweep()
            if needed(lock_mode) & {"locks_configured"}:
                trial.locks()
        finally:
            left = wire.clean(trial.last_lock, sleep)
    given = frozenset(name for name, value in trial.found.items() if value)
    missing = frozenset(trial.found) - given
    return Probed(wire.server, given, missing, left, trial.rights)


class _Trial:
    """The questions, in their order; `found` has what was answered."""

    def __init__(self, wire: Wire, seed: bytes) -> None:
        self._wire = wire
        self._data = b"scratch object of a probe, not evidence: " + seed
        self._sums = _sums(self._data)
        self.found: dict[str, bool] = {}
        self.last_lock: datetime | None = None
        self.rights = True

    # --- without locks

    def plain(self) -> None:
        """Everything that has nothing to do with locks."""
        wire = self._wire
        wire.need("put_object", "plain", Body=self._data, **self._sums)
        if wire.bytes_of("plain") != self._data:
            raise Unreachable("The S3 server does not give back what was written.")
        self._checksums()
        status, _ = wire.to("put_object", "plain", Body=b"other", IfNoneMatch="*")
        self.found["create_only"] = status != FINE and wire.bytes_of("plain") == self._data
        self.found["create_only_race"] = self._race() <= 1
        status, _ = self._multipart("plain", IfNoneMatch="*")
        same = wire.bytes_of("plain") == (self._data if self.found["create_only"] else b"other")
        self.found["create_only_multipart"] = status != FINE and same

    def _checksums(self) -> None:
        wrong = {
            "sha256_enforced": {"ChecksumSHA256": _b64(bytes(32))},
            "md5_enforced": {"ContentMD5": _b64(bytes(16))},
        }
        for name, digest in wrong.items():
            status, _ = self._wire.to("put_object", name, Body=self._data, **digest)
            part = self._part(f"{name}-part", digest)
            self.found[name] = FINE not in (status, part)

    def _part(self, name: str, digest: Mapping[str, str]) -> int:
        """Status of a part sent with a digest that is not its own."""
        started, upload = self._begin(name)
        if started != FINE:
            return FINE
        status, _ = self._wire.to(
            "upload_part", name, UploadId=upload, PartNumber=1, Body=self._data, **digest
        )
        self._wire.to("abort_multipart_upload", name, UploadId=upload)
        return status

    def _race(self) -> int:
        start = threading.Barrier(_RACERS)

        def write(number: int) -> bool:
            start.wait(60)
            body = b"%d" % number
            return self._wire.to("put_object", "race", Body=body, IfNoneMatch="*")[0] == FINE

        with ThreadPoolExecutor(_RACERS) as threads:
            tasks = [threads.submit(carried(write), number) for number in range(_RACERS)]
            won = sum(task.result() for task in tasks)
        return max(won, len(self._wire.versions("race")))

    def _begin(self, name: str, **more: Any) -> tuple[int, str]:
        status, reply = self._wire.to(
            "create_multipart_upload", name, ChecksumAlgorithm="SHA256", **more
        )
        return status, str(reply.get("UploadId", ""))

    def _multipart(
        self, name: str, lock: Mapping[str, Any] | None = None, **condition: Any
    ) -> tuple[int, Reply]:
        """An upload of one part; the status of its last step that did something."""
        status, upload = self._begin(name, **(lock or {}))
        if status != FINE:
            return status, {}
        part = {"UploadId": upload, "PartNumber": 1, "Body": self._data}
        status, sent = self._wire.to("upload_part", name, **part, **self._sums)
        if status != FINE:
            return status, {}
        one = {
            "PartNumber": 1,
            "ETag": sent["ETag"],
            "ChecksumSHA256": self._sums["ChecksumSHA256"],
        }
        status, reply = self._wire.to(
            "complete_multipart_upload",
            name,
            UploadId=upload,
            MultipartUpload={"Parts": [one]},
            **condition,
        )
        if status != FINE:
            self._wire.to("abort_multipart_upload", name, UploadId=upload)
        return status, reply

    # --- locks

    def locks(self) -> None:
        """Locks, as long as each answer allows the next question."""
        wire, found = self._wire, self.found
        _, reply = wire.ask("get_object_lock_configuration")
        said = reply.get("ObjectLockConfiguration", {})
        found["locks_configured"] = said.get("ObjectLockEnabled") == "Enabled"
        found["versioning"] = self._versioned()
        if found["versioning"]:
            found["keeps_versions"] = self._keeps_versions()
        if not (found["locks_configured"] and found.get("keeps_versions")):
            return
        found["sub_resource_safe"] = self._safe()
        if not found["sub_resource_safe"]:
            return
        for seconds in _LOCK_SECONDS:
            until = _whole(wire.now()) + seconds * _SECOND
            self._compliance(until)
            self._governance(until)
            if wire.now() < until:
                break
        else:
            raise Unreachable("The S3 server answers too slowly to try its locks out.")
        found["legal_hold"] = self._hold()
        found["far_dates"] = self._far()
        found["suspend_refused"] = self._suspend()

    def _versioned(self) -> bool:
        return bool(self._wire.ask("get_bucket_versioning")[1].get("Status") == "Enabled")

    def _keeps_versions(self) -> bool:
        wire, data = self._wire, self._data
        first = wire.need("put_object", "versions", Body=data, **self._sums).get("VersionId")
        wire.to("put_object", "versions", Body=b"other")
        wire.to("delete_object", "versions")
        return (
            bool(first)
            and first in wire.versions("versions")
            and data == wire.bytes_of("versions", first)
        )

    def _safe(self) -> bool:
        """The first request about a lock that is sent at all, and the last one if it does harm."""
        wire = self._wire
        version = str(wire.need("put_object", "safe", Body=self._data, **self._sums)["VersionId"])
        until = _whole(wire.now()) + 3 * _SECOND
        self._lasts(until)
        retention = {"Mode": GOVERNANCE, "RetainUntilDate": until}
        wire.to("put_object_retention", "safe", VersionId=version, Retention=retention)
        if not self._untouched("safe", version):
            return False
        wire.to("put_object_legal_hold", "safe", VersionId=version, LegalHold={"Status": "OFF"})
        return self._untouched("safe", version)

    def _untouched(self, name: str, version: str) -> bool:
        wire = self._wire
        return (
            wire.bytes_of(name) == self._data
            and wire.bytes_of(name, version) == self._data
            and wire.versions(name) == [version]
        )

    def _compliance(self, until: datetime) -> None:
        found, wire = self.found, self._wire
        self._lasts(until + _SECOND)
        lock = {"ObjectLockMode": COMPLIANCE, "ObjectLockRetainUntilDate": until}
        status, reply = self._multipart("parts", lock)
        parts = str(reply.get("VersionId", ""))
        found["lock_on_multipart"] = status == FINE and self._kept(
            "parts", parts, COMPLIANCE, until
        )
        _, reply = wire.to("put_object", "locked", Body=self._data, **lock, **self._sums)
        version = str(reply.get("VersionId", ""))
        found["lock_on_put"] = self._kept("locked", version, COMPLIANCE, until)
        if not found["lock_on_put"]:
            return
        wire.to("delete_object", "locked", VersionId=version, BypassGovernanceRetention=True)
        wire.to("delete_object", "locked", VersionId=version)
        many = {"Objects": [{"Key": wire.key("locked"), "VersionId": version}]}
        wire.ask("delete_objects", Delete=many, BypassGovernanceRetention=True)
        found["delete_refused"] = wire.bytes_of("locked", version) == self._data
        self._retain("locked", version, COMPLIANCE, until - _SECOND, bypass=True)
        found["shorten_refused"] = self._kept("locked", version, "", until)
        self._retain("locked", version, GOVERNANCE, until, bypass=True)
        wire.to(
            "put_object_retention",
            "locked",
            VersionId=version,
            Retention={},
            BypassGovernanceRetention=True,
        )
        found["downgrade_refused"] = self._kept("locked", version, COMPLIANCE, _LONG_AGO)
        self._retain("locked", version, COMPLIANCE, until + _SECOND)
        found["lock_lengthens"] = self._kept("locked", version, COMPLIANCE, until + _SECOND)

    def _governance(self, until: datetime) -> None:
        wire = self._wire
        lock = {"ObjectLockMode": GOVERNANCE, "ObjectLockRetainUntilDate": until}
        _, reply = wire.to("put_object", "governed", Body=self._data, **lock, **self._sums)
        version = str(reply.get("VersionId", ""))
        wire.to("delete_object", "governed", VersionId=version)
        self._retain("governed", version, GOVERNANCE, until - _SECOND)
        self.found["governance_holds"] = self._kept("governed", version, GOVERNANCE, until)

    def _hold(self) -> bool:
        wire = self._wire
        on = {"ObjectLockLegalHoldStatus": "ON"}
        _, reply = wire.to("put_object", "held", Body=self._data, **on, **self._sums)
        version = str(reply.get("VersionId", ""))
        held = [self._is_held(version)]
        wire.to("delete_object", "held", VersionId=version, BypassGovernanceRetention=True)
        held.append(self._is_held(version))
        self._set_hold(version, "OFF")
        held.append(not self._is_held(version))
        self._set_hold(version, "ON")
        held.append(self._is_held(version))
        self._set_hold(version, "OFF")
        removed = wire.to("delete_object", "held", VersionId=version)[0] < 300
        self.rights = removed and wire.head("held", version) is None
        return all(held)

    def _is_held(self, version: str) -> bool:
        head = self._wire.head("held", version) or {}
        return bool(head.get("ObjectLockLegalHoldStatus") == "ON")

    def _set_hold(self, version: str, status: str) -> None:
        hold = {"Status": status}
        self._wire.to("put_object_legal_hold", "held", VersionId=version, LegalHold=hold)

    def _far(self) -> bool:
        """With the object that an earlier probe had to leave, if there is one."""
        wire = self._wire
        key = f"{wire.bucket.prefix}{FOLDER}{FAR}"
        _, listed = wire.ask("list_object_versions", Prefix=key)
        for version in (v["VersionId"] for v in listed.get("Versions", ()) if v["Key"] == key):
            status, head = wire.ask("head_object", Key=key, VersionId=version)
            if status == FINE and abs(until_of(head) - _FAR) <= _SECOND:
                return True
        wire.written.add(key)
        lock = {"ObjectLockMode": GOVERNANCE, "ObjectLockRetainUntilDate": _FAR}
        status, reply = wire.ask("put_object", Key=key, Body=self._data, **lock, **self._sums)
        if status != FINE:
            return False
        _, head = wire.ask("head_object", Key=key, VersionId=str(reply.get("VersionId", "")))
        return abs(until_of(head) - _FAR) <= _SECOND

    def _suspend(self) -> bool:
        asked = {"Status": "Suspended"}
        try:
            self._wire.ask("put_bucket_versioning", VersioningConfiguration=asked)
        finally:
            refused = self._versioned()
            if not refused:
                back = {"Status": "Enabled"}
                self._wire.ask("put_bucket_versioning", VersioningConfiguration=back)
        return refused

    def _retain(
        self, name: str, version: str, mode: str, until: datetime, *, bypass: bool = False
    ) -> None:
        more = {"BypassGovernanceRetention": True} if bypass else {}
        retention = {"Mode": mode, "RetainUntilDate": until}
        self._wire.to("put_object_retention", name, VersionId=version, Retention=retention, **more)

    def _kept(self, name: str, version: str, mode: str, until: datetime) -> bool:
        """Whether a version is locked in this mode ("": any) until then at least."""
        head = self._wire.head(name, version) if version else None
        if head is None or until_of(head) < until - timedelta(milliseconds=500):
            return False
        return mode in ("", head.get("ObjectLockMode"))

    def _lasts(self, until: datetime) -> None:
        self.last_lock = max(until, self.last_lock or until)


_LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


def _whole(time_: datetime) -> datetime:
    return time_.replace(microsecond=0) + _SECOND


def _sums(data: bytes) -> dict[str, str]:
    return {
        "ChecksumSHA256": _b64(sha256(data).digest()),
        "ContentMD5": _b64(md5(data, usedforsecurity=False).digest()),
    }


def _b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
