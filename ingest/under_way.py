"""Copies under way: temporary names that stand in a folder.

Each folder is listed once, until `clear`; a question takes as long as the name that is asked for.
"""

import os
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from ingest.ignored import is_being_copied


class _Listed(NamedTuple):
    """`stems` are the names in small letters and without dots before them, in their order."""

    names: Sequence[bytes]
    stems: Sequence[bytes]


class Copies:
    """What is asked in one look."""

    def __init__(self) -> None:
        self._folders: dict[bytes, _Listed | None] = {}

    def clear(self) -> None:
        """A new look."""
        self._folders.clear()

    def names(self, folder: bytes) -> Sequence[bytes] | None:
        """Temporary names in a folder; None where it cannot be listed."""
        listed = self._in(folder)
        return None if listed is None else listed.names

    def has(self, path: bytes) -> bool:
        """Whether a copy of a file is under way beside it, or of one that it may be a sidecar of;
        True where nobody can tell.
        """
        folder, name = os.path.split(path)
        listed = self._in(folder)
        if listed is None or not listed.names:
            return listed is None
        own = name.lower() + b"."
        at = own.find(b".", 1)
        while at > 0:
            stem = own[: at + 1]
            place = bisect_left(listed.stems, stem)
            if place < len(listed.stems) and listed.stems[place].startswith(stem):
                return True
            at = own.find(b".", at + 1)
        return False

    def _in(self, folder: bytes) -> _Listed | None:
        if folder not in self._folders:
            try:
                names = [name for name in os.listdir(folder) if is_being_copied(name)]
            except OSError:
                self._folders[folder] = None
            else:
                stems = sorted(name.lower().lstrip(b".") for name in names)
                self._folders[folder] = _Listed(names, stems)
        return self._folders[folder]
