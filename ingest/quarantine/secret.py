"""Forgets a quarantined drop that turned out to be a state secret: nothing of it stays here.

    with intake.resting():                          # nothing is released meanwhile
        Secrets(database, fs).forget(item)

Its originals go first: those that were let go of and rest until they are purged are wiped, those
that still lie in the inbox are put aside under the name of the refusal that was just told. Then the
line of the intake goes, and at last the copy in quarantine: so whatever a crash leaves is met again
when the drop is tried again.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select, update

from archive.database import Database
from archive.durable import FileSystem
from archive.tables import IntakeRow
from ingest.aside import aside_name, refusal_in
from ingest.claim import FILE
from ingest.quarantine.shelf import Item
from ingest.release import KEEP, Held, is_unchanged
from ingest.wiping import wipe

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_INBOX = ("staged", "receipted", "kept")
"""States in which the originals still lie where they were dropped."""


class Secrets:
    """Forgets drops."""

    def __init__(self, database: Database, fs: FileSystem) -> None:
        self._db = database
        self._fs = fs

    def forget(self, item: Item) -> None:
        """Keep nothing of a drop whose refusal was told as the last one of its source."""
        with self._db.read() as connection:
            row = connection.execute(select(INTAKE).where(INTAKE.c.id == item.number)).first()
            refusal = _newest(connection, item.reason.source)
        if row is not None:
            self._wipe_released(row)
            aside = row.state not in _INBOX or self._put_aside(item, row, refusal)
            self._forget_row(row, known=not aside)
        wipe(self._fs, list(item.folder.iterdir()))
        with suppress(OSError):
            item.folder.rmdir()

    def _wipe_released(self, row: Any) -> None:
        """Everything in the purge tree that has the drop's number."""
        places = [place for place in (row.moved_to, row.sidecar_moved_to) if place]
        mine = os.fsencode(row.id) + b"."
        for folder in {os.path.dirname(place) for place in places}:
            with suppress(FileNotFoundError):
                names = [name for name in os.listdir(folder) if name.startswith(mine)]
                wipe(self._fs, [Path(os.fsdecode(folder + b"/" + name)) for name in names])

    def _put_aside(self, item: Item, row: Any, refusal: str | None) -> bool:
        """Rename what lies in the inbox; False where it stays, for the system does not let us.

        What changed there is another drop, and is judged by itself.
        """
        done = refusal is not None
        for number, held in enumerate(_originals(item, row)):
            place = os.path.join(os.path.dirname(held.path), aside_name(refusal or "", number))
            if not is_unchanged(held.path, held):
                continue
            if not done or os.path.lexists(place):
                return False
            try:
                self._fs.rename(held.path, place)
            except OSError:
                done = False
            else:
                self._fs.fsync_directory(Path(os.fsdecode(os.path.dirname(place))))
        return done

    def _forget_row(self, row: Any, *, known: bool) -> None:
        """`known` keeps the key of a file that stays, so that it is not taken up at every look."""
        here = INTAKE.c.id == row.id
        nothing: dict[str, Any] = {"path": b"", "sha256": b"", "state": "refused", "release": KEEP}
        nothing |= dict.fromkeys(("sidecar_sha256", "sidecar_path", "beside"))
        nothing |= dict.fromkeys(("moved_to", "sidecar_moved_to"))
        with self._db.write() as connection:
            if known:
                connection.execute(update(INTAKE).where(here).values(**nothing))
            else:
                connection.execute(delete(INTAKE).where(here))
        self._db.empty_log()


def _originals(item: Item, row: Any) -> Iterator[Held]:
    """The files as they were dropped; a row of a list is in a file that is not this drop's."""
    folder, reason = os.path.dirname(row.path), item.reason
    yield Held(os.path.join(folder, reason.name or b""), None, row.sha256)
    if reason.sidecar is not None and row.sidecar_sha256 and reason.kind in ("", FILE):
        yield Held(os.path.join(folder, reason.sidecar), None, row.sidecar_sha256)


def _newest(connection: Connection, source: str | None) -> str | None:
    """The id of the refusal that was told last."""
    c = INTAKE.c
    query = select(c.path).where(c.source == source, c.state == "refused", c.path != b"")
    path = connection.execute(query.order_by(c.id.desc()).limit(1)).scalar()
    return None if path is None else refusal_in(bytes(path))
