"""Listing versions so that nothing is left out, also by a server whose order is not quite S3's.

Keys come in the order of their bytes by the S3 rules. SeaweedFS 4.48 keeps them in folders, where
`7.note.p7s` stands before `7.note` and `a/b` before `a-b`; it sorts each page, but a page that ends
inside such a family loses the rest of it. So every page begins again before the family of the last
key, and what was already seen is passed over.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archive.errors import Unreachable
from archive.ports import StoredVersion
from archive.stores.s3.client import Bucket

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class _Marker:
    key: str
    version: str = ""

    def parameters(self) -> dict[str, str]:
        if not self.key:
            return {}
        with_version = {"VersionIdMarker": self.version} if self.version else {}
        return {"KeyMarker": self.key, **with_version}


def versions(
    bucket: Bucket, prefix: str = "", after: str = "", page: int = _PAGE
) -> Iterator[StoredVersion]:
    """Every version and delete marker below a prefix, keys ascending, newest first per key.

    `after` leaves out every key up to and including it; keys are without the bucket's own prefix.
    Raises Unreachable for a server that begins the same page again and again.
    """
    skip = len(bucket.prefix)
    marker = _before_family(bucket.prefix + after, "") if after else _Marker("")
    seen: set[tuple[str, str]] = set()
    while True:
        reply = bucket.ask(
            "list_object_versions",
            Prefix=bucket.prefix + prefix,
            MaxKeys=page,
            **marker.parameters(),
        )
        found = _of_page(reply, skip)
        for version in found:
            if version.key > after and (version.key, version.version) not in seen:
                yield version
        if not reply.get("IsTruncated"):
            return
        before, marker = marker, _next(reply, marker)
        if not marker.key or marker == before:
            raise Unreachable("The server's listing does not come to its end.")
        # Only what stands behind the new marker can come again.
        seen = {(v.key, v.version) for v in found if bucket.prefix + v.key > marker.key}


def oldest(bucket: Bucket, key: str) -> StoredVersion | None:
    """The first version that was ever written under a key, delete markers aside."""
    found = of_key(bucket, key)
    return found[-1] if found else None


def of_key(bucket: Bucket, key: str) -> list[StoredVersion]:
    """The versions of one key, newest first, delete markers aside."""
    found = []
    for version in versions(bucket, key):
        if version.key > key:
            break
        if version.key == key and not version.marker:
            found.append(version)
    return found


def _of_page(reply: dict[str, Any], skip: int) -> list[StoredVersion]:
    """One page in order: keys ascending, and per key the order in which the server gave them."""
    written = _sorted(reply.get("Versions", []), skip, marker=False)
    markers = _sorted(reply.get("DeleteMarkers", []), skip, marker=True)
    # The server's order within each list holds; between them the time decides.
    order = heapq.merge(written, markers, key=lambda v: (v.key, not v.latest, -_seconds(v)))
    return list(order)


def _sorted(rows: list[dict[str, Any]], skip: int, *, marker: bool) -> list[StoredVersion]:
    found = [
        StoredVersion(
            key=row["Key"][skip:],
            version=row.get("VersionId") or "",
            size=row.get("Size", 0),
            modified=row["LastModified"],
            latest=bool(row.get("IsLatest")),
            marker=marker,
        )
        for row in rows
    ]
    return sorted(found, key=lambda version: version.key)


def _seconds(version: StoredVersion) -> float:
    return version.modified.timestamp()


def _next(reply: dict[str, Any], before: _Marker) -> _Marker:
    """Where the next page begins; always further on than this one did."""
    key = reply.get("NextKeyMarker", "")
    marker = _before_family(key, reply.get("NextVersionIdMarker", ""))
    if marker.key > before.key:
        return marker
    return _Marker(key, reply.get("NextVersionIdMarker", ""))


def _before_family(key: str, version: str) -> _Marker:
    """Before every key of the same folder whose name is the same up to the first `-` or `.`."""
    folder, slash, name = key.rpartition("/")
    stem = min((name.find(sign) for sign in "-." if sign in name), default=-1)
    if stem < 0:
        return _Marker(key, version)
    return _Marker(f"{folder}{slash}{name[:stem]}")
