"""Releases receipted drops, and later removes the purged ones, in small steps.

Mass deletion beside fresh creation slows ext4 four to six times, so drops are renamed into the
purge tree at once and unlinked later, a few at a time.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from archive.database import Database
from archive.durable import FileSystem, disk_errors
from archive.ports import Clock
from archive.tables import IntakeRow
from ingest import beside, release
from ingest.release import KEEP, MOVE, Held, Target
from ingest.settle import FileKey

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_STEP = 200
_BATCH = 2048
_SUFFIX = b".json"
_DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


@dataclass(frozen=True, slots=True)
class ReleaseSettings:
    """Where released drops go, and how long the purge tree keeps them."""

    inbox: Path
    purge: Path
    taken: Path
    purge_after: timedelta


class Releaser:
    """Lets go of drops whose receipts are durable. `tell` gets a sentence for the operator."""

    def __init__(
        self, fs: FileSystem, clock: Clock, settings: ReleaseSettings, tell: Callable[[str], None]
    ) -> None:
        self._fs = fs
        self._clock = clock
        self._settings = settings
        self._tell = tell
        self._told: set[str] = set()

    def release_due(self, database: Database) -> int:
        """Release everything that is receipted; returns how many drops."""
        count = _keep(database)
        last = ""
        while True:
            with database.read() as connection:
                rows = _in_state(connection, "receipted", _BATCH, after=last)
            if not rows:
                return count
            with disk_errors("The inbox or the purge tree"):
                changes = [change for row in rows if (change := self._attempt(row))]
            if changes:
                with database.write() as connection:
                    for state in {change["state"] for change in changes}:
                        _save(connection, [c for c in changes if c["state"] == state], state)
            count += len(changes)
            last = rows[-1].id

    def _attempt(self, row: Any) -> dict[str, Any] | None:
        try:
            return self._release(row)
        except OSError as error:
            self._only_this_one(row, error)
            return None

    def _only_this_one(self, row: Any, error: OSError) -> None:
        """What goes wrong with one drop is told once, and does not stop the others.

        Raises the error where it concerns them all: a full, read-only or failing disk.
        """
        if error.errno in _DISK_FAULTS:
            raise error
        if row.id not in self._told:
            self._told.add(row.id)
            reason = os.strerror(error.errno or 0)
            self._tell(f"{_shown(row.path)} could not be released and stays: {reason}.")

    def _release(self, row: Any) -> dict[str, Any]:
        change: dict[str, Any] = {"row": row.id, "moved_to": None, "sidecar_moved_to": None}
        file = Held(row.path, _key(row), row.sha256)
        target = self._target(row, b"")
        moved = release.release(self._fs, file, target)
        if moved.returned:
            self._tell_changed(row.path)
        change["moved_to"] = None if moved.returned else moved.path
        if target.plain is not None and moved.path is not None and not moved.returned:
            self._tell_aside(row.source, moved.path)
        path = _sidecar_path(row)
        if path is not None and not moved.returned:
            stated = Held(path, None, row.sidecar_sha256)
            target = self._target(row, _SUFFIX, path)
            if target.plain is not None and moved.path is not None:
                # The names stay a pair: `a.json` would be taken for the sidecar of another `a`.
                plain = os.path.basename(moved.path) == os.path.basename(row.path)
                target = target if plain else Target(target.numbered)
            also = release.release(self._fs, stated, target, first=not moved.before)
            change["sidecar_moved_to"] = None if also.returned else also.path
        if not moved.returned:
            for number, more in enumerate(beside.held(row.beside)):
                release.release(self._fs, more, self._target_beside(row, number, more.path))
        return {**change, "state": "released"}

    def _target(self, row: Any, suffix: bytes, path: bytes | None = None) -> Target:
        """Where the file goes, or what stands at another path, with a suffix of its own."""
        if row.release == MOVE and row.record is not None:
            place, name = (path or row.path).rsplit(b"/", 1)
            inside = _below(place, self._settings.inbox, row.source)
            return release.move_target(self._settings.taken, row.source, inside, name, row.id)
        part = "sidecar" if suffix else "file"
        return release.purge_target(self._settings.purge, row.id, row.at, part)

    def _target_beside(self, row: Any, number: int, path: bytes) -> Target:
        ending = beside.suffix(number)
        if row.release == MOVE and row.record is not None:
            place, name = path.rsplit(b"/", 1)
            inside = _below(place, self._settings.inbox, row.source)
            taken = self._settings.taken
            target = release.move_target(taken, row.source, inside, name, f"{row.id}.{ending}")
            return Target(target.numbered)
        return release.purge_target(self._settings.purge, row.id, row.at, ending)

    def purge_due(self, database: Database) -> int:
        """Remove a few drops that have rested long enough; returns how many."""
        before = self._clock.now() - self._settings.purge_after
        with database.read() as connection:
            rows = _in_state(connection, "released", _STEP, before=before)
        with disk_errors("The purge tree"):
            done = [{"row": row.id} for row in rows if self._is_purged(row)]
        if done:
            with database.write() as connection:
                _save(connection, done, "purged")
        return len(done)

    def _is_purged(self, row: Any) -> bool:
        if row.release == MOVE and row.record is not None:
            return True
        try:
            self._purge(row)
        except OSError as error:
            self._only_this_one(row, error)
            return False
        return True

    def _purge(self, row: Any) -> None:
        if row.moved_to is not None:
            file = Held(row.moved_to, _key(row), row.sha256)
            release.remove(self._fs, file, row.path, lambda _: self._tell_changed(row.path))
        if row.sidecar_moved_to is not None:
            stated = Held(row.sidecar_moved_to, None, row.sidecar_sha256)
            inbox_path = _sidecar_path(row) or row.path + _SUFFIX
            release.remove(self._fs, stated, inbox_path, lambda _: self._tell_changed(inbox_path))
        for number, more in enumerate(beside.held(row.beside)):
            release.remove_beside(self._fs, more, self._target_beside(row, number, more.path))

    def _tell_aside(self, source: str, place: bytes) -> None:
        """Once of a source that what is moved cannot leave its file system."""
        told = f"aside {source}"
        if release.is_aside(place) and told not in self._told:
            self._told.add(told)
            self._tell(
                f"{source} is on another file system than taken/: what is moved rests beside where"
                f" it lay, in {os.fsdecode(release.ASIDE)}, named with its number."
            )

    def _tell_changed(self, path: bytes) -> None:
        self._tell(f"{_shown(path)} was changed after it had been taken; it is a new drop now.")


def _sidecar_path(row: Any) -> bytes | None:
    """Where the sidecar of a drop stands; None where it has none, or none that is a file."""
    if row.sidecar_sha256 is None or row.sidecar_path == b"":
        return None
    return bytes(row.sidecar_path or row.path + _SUFFIX)


def _shown(path: bytes) -> str:
    return repr(path.rsplit(b"/", 1)[-1].decode(errors="backslashreplace"))


def _keep(database: Database) -> int:
    """What stays in place is released by saying so: one statement for all."""
    kept = (INTAKE.c.state == "receipted") & (INTAKE.c.release == KEEP)
    with database.read() as connection:
        if connection.execute(select(INTAKE.c.id).where(kept).limit(1)).first() is None:
            return 0
    with database.write() as connection:
        return connection.execute(update(INTAKE).where(kept).values(state="kept")).rowcount


def _key(row: Any) -> FileKey:
    return FileKey(row.dev, row.ino, row.size, row.mtime_ns, row.ctime_ns)


def _below(place: bytes, inbox: Path, source: str) -> bytes:
    """Folder of a drop below its source, b"" at the top or for a drop from elsewhere."""
    top = os.fsencode(inbox) + b"/"
    inside = place[len(top) :] if place.startswith(top) else source.encode()
    return inside.partition(b"/")[2]


def _in_state(
    connection: Connection, state: str, limit: int, before: object = None, after: str = ""
) -> list[Any]:
    query = select(INTAKE).where(INTAKE.c.state == state, INTAKE.c.id > after)
    if before is not None:
        query = query.where(INTAKE.c.at < before)
    return list(connection.execute(query.order_by(INTAKE.c.id).limit(limit)))


def _save(connection: Connection, changes: list[dict[str, Any]], state: str) -> None:
    """One statement for all rows of one outcome; `moved_to` where it is known."""
    values: dict[str, Any] = {"state": state}
    if "moved_to" in changes[0]:
        values["moved_to"] = bindparam("moved_to")
        values["sidecar_moved_to"] = bindparam("sidecar_moved_to")
    statement = update(INTAKE).where(INTAKE.c.id == bindparam("row")).values(**values)
    rows = [{k: v for k, v in change.items() if k != "state"} for change in changes]
    connection.execute(statement, rows)
