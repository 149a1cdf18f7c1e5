"""Ids of refusals, written down durably before a file in the inbox gets one as its name.

Anybody who may drop can give a file such a name. Only for an id that stands here, or that an entry
has told of, it is a refused drop; any other file of that kind is told as passed over. The list has
ids and nothing else, and stands in staging: one line of 26 characters for each refusal.
"""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, select

from archive.database import Database
from archive.durable import FileSystem, append_lines
from archive.tables import IntakeRow
from ingest.aside import aside_of, refusal_in

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
NAME = "refusals"
"""Of the list, in staging."""


class Intended:
    """The list of one archive, as one process knows it."""

    def __init__(self, database: Database, staging: Path) -> None:
        self._db = database
        self._path = staging / NAME
        self._ids: set[str] | None = None
        self._read = 0

    def write_down(self, fs: FileSystem, refusals: Iterable[str]) -> None:
        """Make ids durable; from now on files may have them in their names."""
        append_lines(fs, self._path, [refusal.encode() for refusal in refusals])

    def is_ours(self, name: bytes) -> bool:
        """Whether a name was given by us: to a refused file, or to what belonged to one."""
        refusal = aside_of(name)
        if refusal is None:
            return False
        if self._ids is None:
            with self._db.read() as connection:
                self._ids = told(connection)
        if refusal not in self._ids:
            self._ids |= self._fresh()
        return refusal in self._ids

    def _fresh(self) -> set[str]:
        """What was written since it was read last; a torn last line is read again."""
        data = _bytes(self._path, self._read)
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        return {*whole.decode("ascii", "replace").split()}


def ours(connection: Connection, staging: Path) -> set[str]:
    """All ids that were written down or told."""
    written = _bytes(staging / NAME).decode("ascii", "replace").split()
    return {*written, *told(connection)}


def told(connection: Connection) -> set[str]:
    """The ids of which an entry tells."""
    paths = connection.execute(select(INTAKE.c.path).where(INTAKE.c.state == "refused")).scalars()
    return {refusal for path in paths if (refusal := refusal_in(bytes(path))) is not None}


def _bytes(path: Path, start: int = 0) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read()
    except FileNotFoundError:
        return b""
