"""Inspectable on a bucket: its settings as they are now, and the bytes of single versions."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

from archive.errors import ObjectMissing, Unreachable
from archive.ports import Clock, PlaceFacts
from archive.stores.s3.client import Bucket
from archive.stores.s3.errors import AccessRefused, NotSupported
from archive.stores.s3.locks import named
from archive.stores.s3.read import read_version

_SETTINGS = {
    "acl": "get_bucket_acl",
    "default-retention": "get_object_lock_configuration",
    "encryption": "get_bucket_encryption",
    "lifecycle": "get_bucket_lifecycle_configuration",
    "ownership": "get_bucket_ownership_controls",
    "policy": "get_bucket_policy",
    "public-access": "get_public_access_block",
    "replication": "get_bucket_replication",
    "versioning": "get_bucket_versioning",
}
"""What decides who may do what, and what becomes of objects by themselves."""

_HIDING = {
    "Expiration",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "NoncurrentVersionTransitions",
    "Transition",
    "Transitions",
}
_EVERYBODY = ("/AllUsers", "/AuthenticatedUsers")
_ABSENT = ""


class S3Inspection:
    """Settings of one bucket, asked one by one; what a server does not know counts as not set."""

    def __init__(self, bucket: Bucket, clock: Clock) -> None:
        self._bucket = bucket
        self._clock = clock

    def facts(self) -> PlaceFacts:
        """See Inspectable.facts."""
        server, skew = self._server()
        unknown: dict[str, str] = {}
        replies = {name: self._ask(name, call, unknown) for name, call in _SETTINGS.items()}
        locking = replies["default-retention"].get("ObjectLockConfiguration", {})
        return PlaceFacts(
            place=f"s3://{self._bucket.name}/{self._bucket.prefix}".rstrip("/"),
            server=server,
            versioned=_known("versioning", unknown, replies["versioning"].get("Status")),
            locking=_known("default-retention", unknown, locking.get("ObjectLockEnabled")),
            skew=skew,
            settings={name: _digest(reply) for name, reply in replies.items()},
            hiding=tuple(_hiding(replies["lifecycle"])),
            public=tuple(_public(replies["policy"], replies["acl"])),
            uploads=tuple(self._uploads(unknown)),
            unknown=unknown,
        )

    def shows_locks(self, key: str, version: str) -> bool:
        """See Inspectable.shows_locks; asked of versions that seem to have none."""
        try:
            self._bucket.call("get_object_retention", key, **named(version))
        except AccessRefused:
            return False
        except (ObjectMissing, NotSupported, Unreachable):
            return True
        return True

    def read_version(self, key: str, version: str) -> Iterator[bytes]:
        """See Inspectable.read_version."""
        return read_version(self._bucket, key, version)

    def _server(self) -> tuple[str | None, float]:
        """What the server calls itself, and by how many seconds its clock is off at least."""
        before = self._clock.now()
        reply = self._bucket.ask("head_bucket")
        after = self._clock.now()
        headers = reply["ResponseMetadata"]["HTTPHeaders"]
        return headers.get("server"), _skew(headers.get("date", ""), before, after)

    def _ask(self, name: str, call: str, unknown: dict[str, str]) -> Mapping[str, Any]:
        """One setting; empty where it is not set, or the server does not know it at all."""
        try:
            reply = self._bucket.ask(call)
        except (ObjectMissing, NotSupported):
            return {}
        except (AccessRefused, Unreachable) as error:
            unknown[name] = str(error)
            return {}
        return {key: value for key, value in reply.items() if key != "ResponseMetadata"}

    def _uploads(self, unknown: dict[str, str]) -> Iterator[tuple[str, str, datetime]]:
        marker: dict[str, str] = {}
        prefix = self._bucket.prefix
        while True:
            try:
                reply = self._bucket.ask("list_multipart_uploads", Prefix=prefix, **marker)
            except (ObjectMissing, NotSupported):
                return
            except (AccessRefused, Unreachable) as error:
                unknown["uploads"] = str(error)
                return
            for row in reply.get("Uploads", ()):
                yield row["Key"].removeprefix(prefix), row["UploadId"], row["Initiated"]
            following = {
                "KeyMarker": reply.get("NextKeyMarker", ""),
                "UploadIdMarker": reply.get("NextUploadIdMarker", ""),
            }
            if not reply.get("IsTruncated") or following == marker:
                return
            marker = following


def _known(name: str, unknown: Mapping[str, str], status: str | None) -> bool | None:
    return None if name in unknown else status == "Enabled"


def _skew(date: str, before: datetime, after: datetime) -> float:
    """A server tells whole seconds, and its time lies somewhere between the two of ours."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return 0.0
    early = (before - told).total_seconds() - 1
    return max(early, (told - after).total_seconds(), 0.0)


def _digest(reply: Mapping[str, Any]) -> str:
    """Digest of a setting, "" where it is not set; the order of a policy's keys does not count."""
    if not reply:
        return _ABSENT
    value = {key: _parsed(item) for key, item in reply.items()}
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _parsed(item: Any) -> Any:
    if isinstance(item, str) and item.startswith("{"):
        try:
            return json.loads(item)
        except ValueError:
            return item
    return item


def _hiding(lifecycle: Mapping[str, Any]) -> Iterator[str]:
    """Rules in force that do more than abort uploads which were never finished."""
    for number, rule in enumerate(lifecycle.get("Rules", ())):
        doing = _HIDING & set(rule)
        if rule.get("Status") == "Enabled" and doing:
            yield f"{rule.get('ID') or number}: {', '.join(sorted(doing))}"


def _public(policy: Mapping[str, Any], acl: Mapping[str, Any]) -> Iterator[str]:
    """What the policy and the access list give to everybody."""
    for grant in acl.get("Grants", ()):
        group = str(grant.get("Grantee", {}).get("URI", ""))
        if group.endswith(_EVERYBODY):
            yield f"{group.rpartition('/')[2]}: {grant.get('Permission')}"
    text = _parsed(policy.get("Policy", ""))
    statements = text.get("Statement", ()) if isinstance(text, dict) else ()
    for statement in [statements] if isinstance(statements, dict) else statements:
        who = statement.get("Principal")
        everybody = who == "*" or (isinstance(who, dict) and "*" in str(who.get("AWS", "")))
        if statement.get("Effect") == "Allow" and everybody and not statement.get("Condition"):
            yield f"policy: {statement.get('Action')}"
