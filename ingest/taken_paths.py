"""What the archive has taken of a source, by paths: files, and what left the inbox with them.

A sidecar stands beside its file's path with `.json`, or where its row says; a ready marker stands
in the row of its file.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from archive.database import Database
from archive.rows import batched
from archive.tables import IntakeRow
from ingest import beside

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_SIDECAR, _MARKER = b".json", b".ready"


class TakenPaths:
    """Asks the table of drops, see ingest.complete.docking."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def __call__(self, source: str, paths: Sequence[bytes], since: float) -> set[bytes]:
        """Which of the paths were taken since a moment (seconds since 1970)."""
        c = INTAKE.c
        query = select(c.path, c.sidecar_sha256, c.sidecar_path, c.beside).where(
            c.source == source, c.at >= datetime.fromtimestamp(since, UTC)
        )
        with self._db.read() as connection:
            found = {bytes(row.path) for row in _at(connection, query, paths)}
            if left := set(paths) - found:
                found |= left.intersection(_with_their_files(connection, query, left))
            for folder in {os.path.dirname(path) for path in set(paths) - found}:
                found |= _by_rows(connection, query, folder)
        return found.intersection(paths)


def _at(connection: Connection, query: Select[Any], paths: Iterable[bytes]) -> Iterator[Any]:
    for some in batched(sorted(paths)):
        yield from connection.execute(query.where(INTAKE.c.path.in_(some)))


def _with_their_files(
    connection: Connection, query: Select[Any], paths: set[bytes]
) -> Iterator[bytes]:
    """Sidecars in JSON and markers of files that were taken."""
    of = {path[: -len(end)] for end in (_SIDECAR, _MARKER) for path in paths if _ends(path, end)}
    for row in _at(connection, query, of):
        if row.sidecar_sha256 is not None and row.sidecar_path is None:
            yield bytes(row.path) + _SIDECAR
        yield from (marker.path for marker in beside.held(row.beside))


def _by_rows(connection: Connection, query: Select[Any], folder: bytes) -> set[bytes]:
    """Where sidecars of stations stood that were taken with files of a folder."""
    c = INTAKE.c
    inside = query.where(c.path > folder + b"/", c.path < folder + b"0")
    rows = connection.execute(inside.where(c.sidecar_path.is_not(None)))
    return {bytes(row.sidecar_path) for row in rows}


def _ends(path: bytes, ending: bytes) -> bool:
    return path.lower().endswith(ending)
