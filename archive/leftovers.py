"""What killed processes left in scratch: files and folders whose names begin with their number."""

import os
import shutil
from pathlib import Path

from archive.durable import FileSystem


def remove_leftovers(scratch: Path, fs: FileSystem) -> None:
    """Remove everything that is not named after a process that still is, never what one writes."""
    for path in scratch.iterdir():
        if _is_alive(path.name.partition("-")[0]):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)  # somebody else may be removing it as well
        else:
            fs.unlink(path)


def _is_alive(number: str) -> bool:
    """Whether there is a process with this number, which an entry of scratch is named after."""
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
