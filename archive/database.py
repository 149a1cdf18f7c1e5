"""The database behind one URL: transactions, SQLite's settings, migrations.

SQLite in WAL mode with `synchronous=FULL` is the embedded default: a commit survives a power cut.
What is deleted is overwritten with zeros (`secure_delete`), however SQLite was compiled.
Writers begin IMMEDIATE, so two processes on one home wait for each other instead of failing late.
PostgreSQL does the same with a lock of its own (archive.postgresql).
An I/O error is fatal (StateUnknown), and so is a connection that breaks during a commit: it may be
there or not, and nothing may be done on the strength of either until the database has been opened
anew. A connection that breaks earlier leaves nothing behind.
"""

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolEmpty

from archive import postgresql
from archive.database_url import parse_url, shown
from archive.errors import StateUnknown, Unreachable, UsageError

SCHEMA = "0005"
"""The newest migration; compared at every start so that alembic is only loaded when needed."""

_BUSY_SECONDS = 60
_MOST_CONNECTIONS = 96
"""At a time: more than the service has threads, so that none waits for another's connection."""
_CHECKPOINT_PAGES = 8_000
"""Of 4 KiB: the log may hold several large batches before it is copied into the database, which is
done within a commit. Commits are durable in the log."""
_IO_ERROR = 10
"""SQLITE_IOERR; the extended codes have it in their lowest byte."""
_DAMAGED = (11, 26)
"""SQLITE_CORRUPT, SQLITE_NOTADB."""
_MIGRATING = threading.Lock()
"""Alembic keeps its state in a module; processes wait for each other as writers do."""


class Database:
    """Connections to the archive's database; `schema` is where its tables are on PostgreSQL."""

    def __init__(self, url: str, schema: str = postgresql.SCHEMA_NAME) -> None:
        """Raises UsageError if the URL cannot be read; nothing is connected yet."""
        self._url = parse_url(url)
        self.schema = schema
        self.is_postgresql = self._url.get_backend_name() == "postgresql"
        self.engine = _engine(self._url, schema)
        reading = postgresql.READING if self.is_postgresql else {"cunzheng_read": True}
        self._reader = self.engine.execution_options(**reading)
        self._broken = False
        # Whoever lets go of a database without closing it leaves no connection behind.
        weakref.finalize(self, self.engine.dispose)
        # SQLite lets waiting writers sleep up to 0.1 s at a time; threads of ours take turns here.
        self._turn = threading.RLock()

    def __str__(self) -> str:
        """Where it is, for people: no password."""
        return shown(self._url)

    @property
    def file(self) -> Path | None:
        """The file of an embedded database."""
        name = self._url.database
        return None if self.is_postgresql or not name else Path(name)

    def beside(self, schema: str) -> "Database":
        """The same PostgreSQL database, another schema."""
        return Database(self._url.render_as_string(hide_password=False), schema)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write; commits at the end, rolls back on any error.

        Threads of this process write one after the other, and so do all processes.
        """
        with (
            self._explained(),
            self._turn,
            self.engine.connect() as connection,
            connection.begin() as transaction,
        ):
            yield connection
            try:
                transaction.commit()
            except DBAPIError as error:
                self._judge_commit(error)
                raise

    def _judge_commit(self, error: DBAPIError) -> None:
        """Where the reply to COMMIT was lost nobody knows what became of it."""
        if self.is_postgresql and error.connection_invalidated:
            self._broken = True
            raise StateUnknown(
                "The connection broke while a change was being committed, so nobody knows whether"
                f" it was ({postgresql.reason(error, self._url)}): start again."
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view without locking writers out."""
        with self._explained(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A PostgreSQL connection outside any transaction, for a lock that it holds."""
        options = {"isolation_level": "AUTOCOMMIT", "cunzheng_read": True}
        with self._explained(), self.engine.connect() as connection:
            yield connection.execution_options(**options)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        if self._broken:
            raise StateUnknown("The database failed before: stop this process and start again.")
        try:
            yield
        except PoolEmpty as error:
            raise Unreachable("Too many at once ask the database; try again.") from error
        except DBAPIError as error:
            # Never the error's own text: it has the statement and its values.
            code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            reason = self._reason(error)
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

    def _reason(self, error: DBAPIError) -> str:
        if self.is_postgresql:
            return postgresql.reason(error, self._url)
        return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]

    def exists(self) -> bool:
        """Whether there is an archive's database, of whatever version; changes nothing."""
        if self.file is not None and not self.file.exists():
            return False
        with self.read() as connection:
            return _schema(connection) is not None

    def prepare(self) -> None:
        """Bring the tables to this version; raises UsageError for a newer database."""
        with self.read() as connection:
            if self.is_postgresql:
                postgresql.check_server(connection)
            found = _schema(connection)
        if found == SCHEMA:
            return
        if found is not None and found > SCHEMA:
            raise UsageError("The database was written by a newer version of cunzheng.")
        with self._explained(), _MIGRATING:
            _migrate(self)

    def settings(self) -> dict[str, str]:
        """What decides whether it keeps what it was given, by name, as `doctor` judges it."""
        with self.read() as connection:
            if self.is_postgresql:
                return postgresql.settings(connection)
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            check = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        return {"journal_mode": str(mode), "integrity": str(check)}

    def empty_log(self) -> None:
        """Copy SQLite's log into the database and cut it, unless somebody reads it just now.

        What was taken back, or blanked, is not in the log any longer then.
        """
        if self.is_postgresql:
            return
        with self._explained(), self._turn:
            raw = self.engine.raw_connection()
            cursor = raw.cursor()
            try:
                cursor.execute("PRAGMA busy_timeout=0")
                with suppress(sqlite3.OperationalError):  # another process has it just now
                    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
            finally:
                raw.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: URL, schema: str) -> Engine:
    if url.get_backend_name() == "postgresql":
        return postgresql.make_engine(url, schema, _MOST_CONNECTIONS)
    engine = create_engine(url, max_overflow=_MOST_CONNECTIONS)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _on_begin
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA secure_delete=ON")  # the default of some builds only
    cursor.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("cunzheng_read")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _schema(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def _migrate(database: Database) -> None:
    # Loaded only here: alembic costs 0.2 s at every start and is needed once per version.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["database"] = database
    command.upgrade(config, "head")
