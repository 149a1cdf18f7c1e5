"""The database behind one URL: transactions, SQLite's settings, migrations.

SQLite in WAL mode with `synchronous=FULL` is the embedded default: a commit survives a power cut.
Writers begin IMMEDIATE, so two processes on one home wait for each other instead of failing late.
An I/O error is fatal (StateUnknown): a commit whose sync failed may be there or not, and nothing
may be done on the strength of either until the database has been opened anew.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from archive.errors import StateUnknown, Unreachable, UsageError

SCHEMA = "0003"
"""The newest migration; compared at every start so that alembic is only loaded when needed."""

_BUSY_SECONDS = 60
_MOST_CONNECTIONS = 96
"""At a time: more than the service has threads, so that none waits for another's connection."""
_IO_ERROR = 10
"""SQLITE_IOERR; the extended codes have it in their lowest byte."""
_DAMAGED = (11, 26)
"""SQLITE_CORRUPT, SQLITE_NOTADB."""


class Database:
    """Connections to the archive's database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._reader = self.engine.execution_options(cunzheng_read=True)
        self._broken = False
        # SQLite lets waiting writers sleep up to 0.1 s at a time; threads of ours take turns here.
        self._turn = threading.RLock()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write; commits at the end, rolls back on any error.

        Threads of this process write one after the other.
        """
        with self._explained(), self._turn, self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view without locking writers out."""
        with self._explained(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        if self._broken:
            raise StateUnknown("The database failed before: stop this process and start again.")
        try:
            yield
        except DBAPIError as error:
            # Never the error's own text: it has the statement and its values.
            code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            reason = (str(error.orig).splitlines() or [type(error.orig).__name__])[0]
            if code == _IO_ERROR:
                self._broken = True
                raise StateUnknown(f"The database cannot be synced: {reason}.") from error
            if code in _DAMAGED:
                sentence = f"The database is damaged ({reason}); see `cunzheng rebuild`."
                raise Unreachable(sentence) from error
            if isinstance(error, IntegrityError):
                raise Unreachable(
                    f"The database refuses what is there already: {reason}."
                ) from error
            raise Unreachable(f"The database does not answer: {reason}.") from error

    def prepare(self) -> None:
        """Bring the tables to this version; raises UsageError for a newer database."""
        with self.read() as connection:
            found = _schema(connection)
        if found == SCHEMA:
            return
        if found is not None and found > SCHEMA:
            raise UsageError("The database was written by a newer version of cunzheng.")
        with self._explained():
            _migrate(self.url)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(url, max_overflow=_MOST_CONNECTIONS)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _on_begin
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("cunzheng_read")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _schema(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def _migrate(url: str) -> None:
    # Loaded only here: alembic costs 0.2 s at every start and is needed once per version.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    command.upgrade(config, "head")
