"""Drops that the database knows already: on their way, kept, refused, or back after a power cut.

Nothing is synced for a release, so a released drop may stand in the inbox again. It is still the
same file to the nanosecond of its change time, which a rename sets; so it is not a new drop, and
is only released once more.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, update

from archive.database import Database
from archive.rows import select_among
from archive.tables import IntakeRow
from ingest.settle import FileKey
from ingest.sweep import Drop

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
Key = tuple[bytes, FileKey]
"""Path, and device, inode, size, mtime and ctime in nanoseconds."""

_COLUMNS = (
    *("id", "state", "sidecar_sha256", "path"),
    *("dev", "ino", "size", "mtime_ns", "ctime_ns"),
)
_KNOWN = ("staged", "receipted", "refused", "kept")
_GONE = ("released", "purged")
_UNSIGNED = 1 << 64


def known_drops(
    database: Database, present: Sequence[tuple[Drop, Sequence[Key]]]
) -> dict[Key, bool]:
    """Keys of drops that are staged, receipted, kept in place, or refused; have they sidecars?

    Released drops that are present again are set back to `receipted`, and are among them.
    """
    paths: dict[str, set[bytes]] = {}
    for drop, keys in present:
        paths.setdefault(drop.file.source, set()).update([path for path, _ in keys])
    here = {_lasting(key): key for _, keys in present for key in keys}
    known: dict[Key, bool] = {}
    back: list[str] = []
    with database.read() as connection:
        for source, wanted in paths.items():
            rows = select_among(connection, INTAKE, _COLUMNS, "path", [*wanted], source)
            for number, state, sidecar, path, *columns in rows:
                key = here.get(_lasting((bytes(path), key_of(columns))))
                if key is None or state not in (*_KNOWN, *_GONE):
                    continue
                if state in _GONE:
                    back.append(number)
                known[key] = known.get(key, False) or sidecar is not None
    if back:
        _release_again(database, back)
    return known


def key_of(columns: Iterable[Any]) -> FileKey:
    """A key as the database has it: device, inode, size, mtime, ctime."""
    device, inode, *rest = columns
    return FileKey(device % _UNSIGNED, inode % _UNSIGNED, *rest)


def without_device(key: FileKey) -> FileKey:
    """What of a key lasts: a share or an image has another number of a device once mounted anew."""
    return key._replace(device=0)


def _lasting(key: Key) -> Key:
    path, file = key
    return (path, without_device(file)) if path else key


def _release_again(database: Database, back: Sequence[str]) -> None:
    change = {"state": "receipted", "moved_to": None, "sidecar_moved_to": None}
    statement = update(INTAKE).where(INTAKE.c.id == bindparam("row")).values(**change)
    with database.write() as connection:
        connection.execute(statement, [{"row": number} for number in back])
