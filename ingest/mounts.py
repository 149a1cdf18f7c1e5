"""What is mounted where the inbox is: shares of other machines, and mounts that were lost.

Of what another machine writes to a share the kernel here tells nothing, and leases know nothing of
its writers: such a folder is swept at intervals, and its files rest for long. A folder that was a
mount point and is none now is not an empty folder; that is remembered in a small file.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "glusterfs", "lustre"}
_ESCAPED = re.compile(rb"\\([0-7]{3})")
_FRESH_SECONDS = 2.0


def parse(text: bytes) -> Mapping[bytes, str]:
    """Types of file systems by mount point, from /proc/self/mountinfo (proc(5)).

    Where one is mounted over another the last one counts.
    """
    found = {}
    for line in text.splitlines():
        before, dash, after = line.partition(b" - ")
        fields = before.split(b" ")
        if dash and len(fields) > 4:
            place = _ESCAPED.sub(lambda m: bytes([int(m[1], 8)]), fields[4])
            found[place] = after.split(b" ")[0].decode("ascii", "replace")
    return found


def is_remote_type(kind: str) -> bool:
    """Whether others may write to such a file system without the kernel here knowing."""
    return kind in _REMOTE or kind == "fuse" or kind.startswith("fuse.")


def type_at(mounts: Mapping[bytes, str], path: bytes) -> str:
    """Type of the file system that an absolute path without links is on; "" if unknown."""
    while True:
        if path in mounts:
            return mounts[path]
        parent = os.path.dirname(path)
        if parent == path:
            return ""
        path = parent


def read_mounts() -> bytes:
    """What this process sees; b"" where the system does not say."""
    with suppress(OSError):
        return Path("/proc/self/mountinfo").read_bytes()
    return b""


class Mounts:
    """The mounts at and below one inbox, read anew after a moment."""

    def __init__(
        self,
        memory: Path,
        monotonic: Callable[[], float],
        read: Callable[[], bytes] = read_mounts,
    ) -> None:
        """`memory` is a file that says which folders have been mount points."""
        self._memory = memory
        self._monotonic = monotonic
        self._read = read
        self._until = -_FRESH_SECONDS
        self._mounts: Mapping[bytes, str] = {}
        self._were = self._load()

    def remote_type(self, path: bytes) -> str | None:
        """The type of the file system that a folder is on, if other machines can write to it."""
        kind = type_at(self._now(), os.path.realpath(path))
        return kind if is_remote_type(kind) else None

    def is_remote(self, path: bytes) -> bool:
        """Whether other machines can write to a folder without the kernel here knowing."""
        return self.remote_type(path) is not None

    def is_lost(self, path: bytes) -> bool:
        """Whether a folder was a mount point and is none now; one that is is remembered."""
        place = os.path.realpath(path)
        mounts = self._now()
        if place in mounts:
            if place not in self._were:
                self._were.add(place)
                self._save()
            return False
        return place in self._were

    def lost(self) -> list[bytes]:
        """The folders that were mount points and are none now."""
        mounted = self._now()
        return sorted(self._were - mounted.keys())

    def _now(self) -> Mapping[bytes, str]:
        now = self._monotonic()
        if now >= self._until:
            self._mounts = parse(self._read())
            self._were = self._load()  # somebody may have taken a line out
            self._until = now + _FRESH_SECONDS
        return self._mounts

    def _load(self) -> set[bytes]:
        """A folder in each line, quoted as JSON quotes it; a line that is broken is none."""
        found = set()
        with suppress(OSError):
            for line in self._memory.read_bytes().splitlines():
                with suppress(ValueError, TypeError):
                    found.add(os.fsencode(json.loads(line)))
        return found

    def _save(self) -> None:
        # Lost in a crash it is written again at the next look.
        lines = (json.dumps(os.fsdecode(place)) + "\n" for place in sorted(self._were))
        new = self._memory.with_name(self._memory.name + ".new")
        new.write_text("".join(lines), encoding="utf-8")
        new.replace(self._memory)
