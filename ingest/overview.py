"""What lies in inbox, quarantine and purge, for `status`; nothing is opened or changed."""

import os
import re
import stat
from collections.abc import Collection, Container, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select

from archive import resolved
from archive.status import DropsStatus
from ingest.aside import aside_of, refusal_in
from ingest.ignored import LONGEST_PATH
from ingest.intake import INTAKE
from ingest.intended import ours
from ingest.returned import without_device
from ingest.settle import FileKey
from ingest.sweep import RESTED_SECONDS, is_ignored, is_passed_over

_SUFFIX = b".json"
_PURGED = re.compile(r"\d{8}/([0-9A-Z]{26})\.(?:file|sidecar|beside-\d+)", re.ASCII)
_DONE = ("staged", "receipted", "kept")


def look(
    connection: Connection, home: Path, now: datetime, blocked: Collection[str] = ()
) -> DropsStatus:
    """Count drops; a `.json` beside its file counts as a sidecar, not as a drop.

    Nobody has to see after those in quarantine that are `blocked`: they are not counted.
    """
    refused, taken, bare = _known(connection)
    waiting = held = late = 0
    inbox = os.fsencode(home / "inbox")
    mapped = _mapped(connection)
    for folder, names in _folders(inbox):
        for name, key in names.items():
            beside = names.get(name + _SUFFIX)
            is_sidecar = name.endswith(_SUFFIX) and name[: -len(_SUFFIX)] in names
            late += key in bare and beside is not None and beside not in taken
            if is_sidecar or key in taken or beside in taken:
                continue
            if mapped and os.path.join(folder, name) in mapped:
                continue
            if key in refused or beside in refused:
                held += 1
            else:
                waiting += 1
    refusals = ours(connection, home / "staging")
    held += _put_aside(inbox, refusals)
    shelf = _quarantined(connection, home / "quarantine", blocked)
    return DropsStatus(
        waiting,
        held,
        shelf.open,
        shelf.oldest,
        late_sidecars=late,
        passed_over=_passed_over(inbox, now.timestamp() - RESTED_SECONDS, refusals),
        purge_leftovers=_leftovers(connection, home / "purge"),
        quarantine_missing=shelf.missing,
        quarantine_unknown=shelf.unknown,
        too_long=_too_long(inbox),
    )


def _known(connection: Connection) -> tuple[set[FileKey], set[FileKey], set[FileKey]]:
    """Keys of what was refused; of what was taken; of what was taken without a sidecar.

    Without their devices, as those of the folders.
    """
    c = INTAKE.c
    query = select(c.state, c.sidecar_sha256, c.dev, c.ino, c.size, c.mtime_ns, c.ctime_ns)
    refused: set[FileKey] = set()
    taken: set[FileKey] = set()
    bare: set[FileKey] = set()
    for row in connection.execute(query.where(c.state.in_(("refused", *_DONE)))):
        key = without_device(FileKey(*row[2:]))
        (refused if row.state == "refused" else taken).add(key)
        if row.state != "refused" and row.sidecar_sha256 is None:
            bare.add(key)
    return refused, taken, bare


def _passed_over(top: bytes, before: float, refusals: Container[str]) -> int:
    """Ignored names that have not changed since `before` (seconds since 1970, ctime)."""
    count = 0
    for folder, folders, names in os.walk(top):
        for name in (*folders, *names):
            refusal = aside_of(name)
            if refusal not in refusals if refusal else is_passed_over(name):
                with suppress(OSError):  # just taken, or too long
                    count += os.lstat(os.path.join(folder, name)).st_ctime < before
        folders[:] = [name for name in folders if not is_ignored(name)]
    return count


def _too_long(top: bytes) -> int:
    """Files and folders whose paths are too long; what is in such a folder nobody can count."""
    count = 0
    for folder, folders, names in os.walk(top):
        here = LONGEST_PATH - len(folder) - 1
        count += sum(len(name) > here for name in (*folders, *names) if not is_ignored(name))
        folders[:] = [name for name in folders if len(name) <= here and not is_ignored(name)]
    return count


def _put_aside(top: bytes, refusals: Container[str]) -> int:
    """Refused drops that nobody has taken away yet."""
    names = (name for _, _, names in os.walk(top) for name in names)
    return sum(refusal_in(name) in refusals for name in names)


def _leftovers(connection: Connection, purge: Path) -> int:
    """Files named as ours in the purge tree that no row of the database stands for."""
    found = [_PURGED.fullmatch(f"{p.parent.name}/{p.name}") for p in purge.glob("*/*")]
    numbers = [match[1] for match in found if match]
    if not numbers:
        return 0
    known = set(connection.execute(select(INTAKE.c.id)).scalars())
    return sum(number not in known for number in numbers)


def _mapped(connection: Connection) -> set[bytes]:
    """Where sidecars by mapping stand whose files are kept in place."""
    here = INTAKE.c.sidecar_path.is_not(None) & INTAKE.c.state.in_(_DONE)
    paths = connection.execute(select(INTAKE.c.sidecar_path).where(here)).scalars()
    return {bytes(path) for path in paths if path}


def _folders(top: bytes) -> Iterator[tuple[bytes, dict[bytes, FileKey]]]:
    """Every folder below a source, with its regular files by name; keys without devices."""
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
            except OSError:
                continue  # just taken, or too long
            if stat.S_ISREG(seen.st_mode):
                found[name] = without_device(FileKey.of(seen))
        yield folder, found


class _Quarantine(NamedTuple):
    open: int
    oldest: datetime | None
    missing: int
    """Rejected and not resolved, but with no file here."""
    unknown: int
    """Here, but not as one that the ledger rejected."""


def _quarantined(connection: Connection, folder: Path, blocked: Collection[str]) -> _Quarantine:
    """The ledger and the folder compared; what was refused counts until it is wiped."""
    waiting, ended = resolved.waiting(connection), resolved.resolved(connection)
    for number in blocked:
        waiting.pop(number, None)
    here = {path.name for path in folder.iterdir() if _has_bytes(path)}.difference(blocked)
    refused = {name for name in here & ended.keys() if ended[name].outcome == "refused"}
    since = [row.at for row in waiting.values()] + [ended[name].at for name in refused]
    missing, unknown = waiting.keys() - here, here - waiting.keys() - ended.keys()
    return _Quarantine(len(since), min(since, default=None), len(missing), len(unknown))


def _has_bytes(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("content", "sidecar"))
