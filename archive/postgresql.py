"""PostgreSQL as the database: connections, the lock of writers, words for errors, schemas.

Writers take turns, as on SQLite: each transaction that may write first takes one advisory lock and
is READ COMMITTED, so every statement after it sees what the writer before committed. That is as
strict as SERIALIZABLE, needs no repetition, and gives pending entries the order of their commits.
Readers have a REPEATABLE READ view and wait for nobody.

Everything of an archive stands in the schema `cunzheng` of its own database, texts sorted by code
point (COLLATE "C"), so a database made anew takes the place of an old one by renaming two schemas.
"""

import os
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from archive.database_url import without_secrets
from archive.errors import UsageError

SCHEMA_NAME = "cunzheng"
OLDEST_VERSION = (13,)
LOCKS = 1668641395
"""First half of the keys of our advisory locks; they hold in one database."""
WRITERS, SEALER, BUILDER = 1, 2, 3
"""Second half: who writes, who seals, who fills a schema that is not in use yet."""
READING: Mapping[str, Any] = {
    "isolation_level": "REPEATABLE READ",
    "postgresql_readonly": True,
    "cunzheng_read": True,
}
"""Execution options of an engine that only reads."""

_WAIT_FOR_WRITERS = "60s"
_LONGEST_PAUSE = "10min"
"""Of a writer between two statements: one that was stopped shall not keep the others out."""
_CONNECT: Mapping[str, str] = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "client_encoding": "utf8",
    "application_name": "cunzheng",
}
_VALUES = ("22", "23")
"""Classes of errors whose texts repeat what was to be stored."""
_BEGIN_WRITE = (
    f"SELECT set_config('lock_timeout', '{_WAIT_FOR_WRITERS}', true),"
    f" set_config('idle_in_transaction_session_timeout', '{_LONGEST_PAUSE}', true),"
    f" pg_advisory_xact_lock({LOCKS}, %s)"
)
# No JIT: statements are short here, and to compile one takes longer than to run it.
# A client whose machine vanished is noticed by the server too, and its locks are taken back.
_SESSION = """
SELECT set_config('search_path', %s, false),
       set_config('timezone', 'UTC', false),
       set_config('tcp_keepalives_idle', '30', false),
       set_config('tcp_keepalives_interval', '10', false),
       set_config('tcp_keepalives_count', '3', false),
       set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit')
                  WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
       (SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'),
       (SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'jit')
"""


def make_engine(url: URL, schema: str, most: int) -> Engine:
    """An engine whose connections work in one schema; `most` beyond the usual number."""
    missing = {name: value for name, value in _CONNECT.items() if name not in url.query}
    engine = create_engine(
        url,
        connect_args=missing,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        max_overflow=most,
    )

    def on_connect(connection: Any, _record: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_SESSION, [f'"{schema}"'])
        connection.autocommit = False

    event.listen(engine, "connect", on_connect, insert=True)
    turn = WRITERS if schema == SCHEMA_NAME else BUILDER

    def on_begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("cunzheng_read"):
            connection.exec_driver_sql(_BEGIN_WRITE, (turn,))

    event.listen(engine, "begin", on_begin)
    _ENGINES.add(engine)
    return engine


_ENGINES: "WeakSet[Engine]" = WeakSet()


def _forget_connections() -> None:
    """In a forked process: the connections that were there belong to the one it came from."""
    for engine in list(_ENGINES):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)


def check_server(connection: Connection) -> None:
    """Raise UsageError for a server or database that cannot hold an archive."""
    if (connection.dialect.server_version_info or ()) < OLDEST_VERSION:
        raise UsageError(f"PostgreSQL must have version {OLDEST_VERSION[0]} or newer.")
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise UsageError(f"The database must have the encoding UTF8; it has {encoding}.")


def reason(error: DBAPIError, url: URL) -> str:
    """What the server or the driver said, in one line, without values and secrets."""
    original = error.orig
    state = getattr(original, "sqlstate", None)
    if state == "55P03":
        return f"another process has been writing for more than {_WAIT_FOR_WRITERS}"
    if state and state[:2] in _VALUES:
        constraint = getattr(getattr(original, "diag", None), "constraint_name", None)
        return " ".join(filter(None, (type(original).__name__, state, constraint)))
    lines = [line.strip() for line in str(original).splitlines() if line.strip()]
    said = " ".join((lines or [type(original).__name__])[0].split())
    return without_secrets(said.removeprefix("connection failed: "), url).rstrip(".")


def settings(connection: Connection) -> dict[str, str]:
    """What decides whether a commit survives a power cut."""
    names = ("fsync", "full_page_writes", "synchronous_commit", "server_encoding")
    query = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
    return {row.name: row.setting for row in connection.execute(query, {"names": list(names)})}


# ── schemas: the one in use, one that is being built, and those that were kept ──


def make_schema(connection: Connection, schema: str) -> None:
    """Make a schema unless it is there."""
    connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')


def drop_schema(connection: Connection, schema: str) -> None:
    """Take a schema away, if it is there, with everything in it."""
    connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


def rename_schema(connection: Connection, old: str, new: str) -> None:
    """Give a schema another name; other connections go on with whatever has the old one then."""
    connection.exec_driver_sql(f'ALTER SCHEMA "{old}" RENAME TO "{new}"')
