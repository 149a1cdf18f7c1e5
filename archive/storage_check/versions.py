"""The versions and delete markers under one key."""

from collections.abc import Sequence
from hashlib import sha256

from archive.errors import ArchiveError
from archive.ports import Inspectable, StoredVersion
from archive.storage_check.expected import Expected
from archive.storage_check.place import Found
from archive.times import format_time

NULL = "null"


def judge_versions(wanted: Expected, listed: Sequence[StoredVersion], *, versioned: bool) -> Found:
    """What is wrong with the versions of an object that should have exactly one."""
    key = wanted.key
    found: Found = []
    markers = [version for version in listed if version.marker]
    objects = [version for version in listed if not version.marker]
    if markers:
        hidden = any(marker.latest for marker in markers)
        found.append(("OBJECT_HIDDEN" if hidden else "DELETE_MARKER", key, _shown(markers)))
    if len(objects) > 1:
        found.append(("VERSION_EXTRA", key, _shown(objects)))
    if versioned and any(version.version == NULL for version in objects):
        found.append(("VERSION_NULL", key, {}))
    return found


def ours(
    wanted: Expected, listed: Sequence[StoredVersion], place: Inspectable
) -> StoredVersion | None:
    """The version that is the record: the one with its bytes, or else the first one written.

    Nobody can put a version before one that is there; None if there is none.
    """
    objects = [version for version in listed if not version.marker]
    if len(objects) > 1 and wanted.sha256 is not None:
        for version in reversed(objects):
            if _has(version, wanted.sha256, place):
                return version
    return objects[-1] if objects else None


def _has(version: StoredVersion, digest: bytes, place: Inspectable) -> bool:
    total = sha256()
    try:
        for chunk in place.read_version(version.key, version.version):
            total.update(chunk)
    except (ArchiveError, OSError):
        return False
    return total.digest() == digest


def _shown(versions: Sequence[StoredVersion]) -> dict[str, list[str]]:
    lines = [
        f"{v.version or '-'} of {format_time(v.modified)}, {v.size} bytes"
        + (", latest" if v.latest else "")
        for v in versions[:10]
    ]
    return {"versions": lines}
