"""A folder of files that is handed over as a whole."""

from collections.abc import Mapping
from pathlib import Path

from archive.durable import FileSystem, disk_errors, write_new
from archive.errors import UsageError


def write_bundle(fs: FileSystem, folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a bundle into a folder that must not exist yet. It can be made again, so no sync.

    Raises UsageError if the folder is there, Unreachable if it cannot be written.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already; nothing was written.")
    with disk_errors(str(folder)):
        fs.mkdir(folder)
        for name, data in files.items():
            write_new(fs, folder / name, (data,), mode=0o644)
