"""What an entry of a directory is, asked without following links."""

import os
from typing import NamedTuple

from ingest.ignored import kind_of
from ingest.settle import FileKey


class Entry(NamedTuple):
    """What a directory entry is: `folder`, `file` with its key, or why it is left alone."""

    kind: str
    key: FileKey | None = None
    links: int = 1


def look(entry: os.DirEntry[str], *, folders: bool = False) -> Entry:
    """What a directory entry is; with `folders` also a folder's key."""
    try:
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder and not folders:
            return Entry("folder")
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return Entry("gone")
    except OSError:
        return Entry("unreadable")
    if is_folder:
        return Entry("folder", FileKey.of(found))
    kind = kind_of(found.st_mode)
    return Entry(kind, FileKey.of(found) if kind == "file" or folders else None, found.st_nlink)
