"""Where a new database is built, and how it takes the place of the old one: SQLite, PostgreSQL.

Either way it is built beside the old one, which stays in use; the exchange is one transaction, in
which the old one is compared once more, and the old one is kept.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from archive import postgresql
from archive.database import Database
from archive.durable import FileSystem
from archive.errors import ContentAltered, Unreachable, UsageError


@dataclass(frozen=True, slots=True)
class Old:
    """What became of the old database.

    `unpublished` counts the entries that only it had accepted; None if it could not be read.
    `kept` is the file or the schema in which it stands now; None if there was none.
    """

    unpublished: int | None
    kept: Path | str | None


class RebuildPlace(Protocol):
    """One database's way to be built anew."""

    def fresh(self) -> Database:
        """An empty database of this version beside the old one; to be closed."""

    def exchange(self, sizes: Mapping[str, int], stamp: str) -> AbstractContextManager[Old]:
        """Compare the old one, run the body, then put the new one in its place.

        `sizes` are those of the logs that were found. Raises ContentAltered if the old one
        published more than is stored, UsageError if it signed more; nothing is changed then.
        """

    def clean(self) -> None:
        """Remove what a rebuild that ended early leaves behind."""


def place_for(database: Database, fs: FileSystem) -> RebuildPlace:
    """The way of this database."""
    file = database.file
    return _InSchema(database) if file is None else _InFile(database, file, fs)


def kept_databases(database: Database) -> list[str]:
    """Names of the files or schemas that earlier rebuilds kept, or left unfinished."""
    file = database.file
    if file is not None:
        names = (path.name for path in file.parent.iterdir())
        begins = (f"{file.name}.before-", f"{file.name}.rebuilding")
        return sorted(name for name in names if name.startswith(begins))
    begins = (f"{database.schema}_before_", f"{database.schema}_rebuilding")
    with database.read() as connection:
        found = connection.exec_driver_sql("SELECT nspname FROM pg_catalog.pg_namespace")
        return sorted(name for name in found.scalars() if name.startswith(begins))


# ── what only the old one has, in either ──


def _check_heads(heads: list[tuple[str, int, int]], sizes: Mapping[str, int]) -> None:
    for log, signed, published in heads:
        if published > sizes.get(log, 0):
            raise ContentAltered(truncated(log, published, sizes.get(log, 0)))
        if signed > sizes.get(log, 0):
            raise UsageError(_SIGNED)


def truncated(log: str, published: int, found: int) -> str:
    """The sentence about a store that lost its newest entries."""
    return (
        f"The store holds {log} up to entry {found}, but {published} were published: it was cut"
        " short or rolled back. Bring the store back first; nothing was changed."
    )


_SIGNED = (
    "The database holds a batch that is signed but not stored yet; other entries in its place would"
    " fork the ledger. Run `cunzheng watch --once` first, or `cunzheng seal abandon` if it is"
    " blocked."
)


def _statements(old: str, new: str) -> tuple[str, str, str]:
    """Heads of the old one, the new fence, and the number of entries that only the old one has."""
    return (
        f"SELECT log, signed, published FROM {old}.head",  # noqa: S608 - names of ours
        f"UPDATE {new}.head SET fence = 1 + (SELECT coalesce(max(fence), 0) FROM {old}.head)",  # noqa: S608
        f"SELECT (SELECT count(*) FROM {old}.pending WHERE stream <> 'log')"  # noqa: S608
        f" + (SELECT count(*) FROM {old}.head h"
        f" JOIN {old}.entry o ON o.log = h.log AND o.idx >= h.published AND o.stream <> 'log'"
        f" LEFT JOIN {new}.entry n ON n.log = o.log AND n.idx = o.idx AND n.leaf = o.leaf"
        " WHERE n.idx IS NULL)",
    )


# ── SQLite: another file, copied over by its own backup ──


class _InFile:
    def __init__(self, database: Database, path: Path, fs: FileSystem) -> None:
        self._database = database
        self._path = path
        self._fresh = path.with_name(path.name + ".rebuilding")
        self._fs = fs

    def fresh(self) -> Database:
        self.clean()
        made = Database(f"sqlite:///{self._fresh}")
        made.prepare()
        return made

    @contextmanager
    def exchange(self, sizes: Mapping[str, int], stamp: str) -> Iterator[Old]:
        there = self._path.exists()
        kept = self._path.with_name(f"{self._path.name}.before-{stamp}") if there else None
        yield Old(self._compare(sizes) if there else None, kept)
        self._database.close()
        try:
            if kept is not None:
                self._keep(kept)
            _copy(self._fresh, self._path)
        except sqlite3.OperationalError as error:
            raise Unreachable(f"The database cannot be replaced now: {error}.") from error

    def clean(self) -> None:
        self._remove(self._fresh)

    def _compare(self, sizes: Mapping[str, int]) -> int | None:
        heads, fence, only_old = _statements("old", "main")
        try:
            with closing(sqlite3.connect(self._fresh)) as connection:
                connection.execute("ATTACH ? AS old", (str(self._path),))
                _check_heads(connection.execute(heads).fetchall(), sizes)
                connection.execute(fence)
                (count,) = connection.execute(only_old).fetchone()
                connection.commit()
                return int(count)
        except sqlite3.DatabaseError:
            return None

    def _keep(self, kept: Path) -> None:
        """A copy of the old database; one that SQLite cannot read is moved aside as it is."""
        path, fs = self._path, self._fs
        try:
            _copy(path, kept)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._remove(kept)
            fs.rename(path, kept)
            with suppress(FileNotFoundError):
                fs.rename(Path(f"{path}-wal"), Path(f"{kept}-wal"))
            fs.unlink(Path(f"{path}-shm"))

    def _remove(self, path: Path) -> None:
        for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            self._fs.unlink(name)


def _copy(source: Path, target: Path) -> None:
    """SQLite's own backup: one transaction at the target, whoever else has it open."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


# ── PostgreSQL: another schema, renamed ──


class _InSchema:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._fresh = f"{database.schema}_rebuilding"

    def fresh(self) -> Database:
        self.clean()
        made = self._database.beside(self._fresh)
        made.prepare()
        return made

    @contextmanager
    def exchange(self, sizes: Mapping[str, int], stamp: str) -> Iterator[Old]:
        used = self._database.schema
        there = self._database.exists()
        kept = f"{used}_before_{stamp.lower()}" if there else None
        # Writers wait meanwhile; what they write afterwards goes to the new one.
        with self._database.write() as connection:
            yield Old(self._compare(connection, sizes) if there else None, kept)
            if kept is not None:
                postgresql.rename_schema(connection, used, kept)
            else:
                postgresql.drop_schema(connection, used)
            postgresql.rename_schema(connection, self._fresh, used)

    def clean(self) -> None:
        with self._database.write() as connection:
            postgresql.drop_schema(connection, self._fresh)

    def _compare(self, connection: Connection, sizes: Mapping[str, int]) -> int:
        heads, fence, only_old = _statements(f'"{self._database.schema}"', f'"{self._fresh}"')
        rows: list[Any] = list(connection.exec_driver_sql(heads))
        _check_heads([tuple(row) for row in rows], sizes)
        connection.exec_driver_sql(fence)
        return int(connection.exec_driver_sql(only_old).scalar_one())
