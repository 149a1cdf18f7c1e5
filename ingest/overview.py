"""What lies in the inbox and in quarantine, for `status`; nothing is opened or changed."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from archive.status import DropsStatus
from ingest.intake import INTAKE
from ingest.settle import FileKey
from ingest.sweep import is_ignored

_SUFFIX = b".json"
_DONE = ("staged", "receipted", "kept")


def look(connection: Connection, inbox: Path, quarantine: Path) -> DropsStatus:
    """Count drops; a `.json` beside its file counts as a sidecar, not as a drop."""
    refused, taken = _known(connection)
    waiting = held = 0
    for names in _folders(os.fsencode(inbox)):
        for name, key in names.items():
            beside = names.get(name + _SUFFIX)
            is_sidecar = name.endswith(_SUFFIX) and name[: -len(_SUFFIX)] in names
            if is_sidecar or key in taken or beside in taken:
                continue
            if key in refused or beside in refused:
                held += 1
            else:
                waiting += 1
    folders = list(_quarantined(quarantine))
    return DropsStatus(waiting, held, len(folders), min(folders, default=None))


def _known(connection: Connection) -> tuple[set[FileKey], set[FileKey]]:
    c = INTAKE.c
    query = select(c.state, c.dev, c.ino, c.size, c.mtime_ns, c.ctime_ns)
    refused: set[FileKey] = set()
    taken: set[FileKey] = set()
    for row in connection.execute(query.where(c.state.in_(("refused", *_DONE)))):
        (refused if row.state == "refused" else taken).add(FileKey(*row[1:]))
    return refused, taken


def _folders(top: bytes) -> Iterator[dict[bytes, FileKey]]:
    """Regular files of every folder below a source, by name."""
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if not is_ignored(name)]
        if folder == top:
            continue
        found = {}
        for name in names:
            if is_ignored(name):
                continue
            try:
                seen = os.lstat(os.path.join(folder, name))
            except FileNotFoundError:
                continue  # just taken
            if stat.S_ISREG(seen.st_mode):
                found[name] = FileKey.of(seen)
        yield found


def _quarantined(folder: Path) -> Iterator[datetime]:
    for path in folder.iterdir():
        yield datetime.fromtimestamp(path.lstat().st_mtime, UTC)
