"""Homes read or copied as they stand, though commands of this process had their database open.

SQLite takes a log away when the last connection ends, which may be whenever the garbage collector
comes to a database that nobody closed: also in the middle of a copy.
"""

import gc
import shutil
from pathlib import Path


def settle() -> None:
    """End what nobody holds any more, so that nothing ends while files are read."""
    gc.collect()


def copy_home(home: Path, to: Path) -> None:
    """All of a home but the sockets of services that were there before."""
    settle()
    shutil.copytree(home, to, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
