"""One sealer at a time: a lock that is taken back when its holder dies, and a fence.

flock(2) needs no clock and no heartbeat, so a killed sealer blocks nobody and a stepping clock
cannot give the lease to two. On PostgreSQL it is a session's advisory lock, which the server takes
back when the connection ends. The fencing number in the head row guards what the lock cannot: a
process that was stopped while holding it, or lost its connection, and goes on later.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from archive.database import Database
from archive.postgresql import LOCKS, SEALER

_NO_LIMIT = "SET lock_timeout = 0; SET statement_timeout = 0"
_TAKE = f"SELECT pg_advisory_lock({LOCKS}, {SEALER})"
_TRY = f"SELECT pg_try_advisory_lock({LOCKS}, {SEALER})"
_GIVE_BACK = f"SELECT pg_advisory_unlock({LOCKS}, {SEALER})"
_USUAL = "RESET lock_timeout; RESET statement_timeout"


class Lease:
    """An exclusive lock between processes: on a file, or in a PostgreSQL database if one is given.

    Every process of an archive must use the same kind.
    """

    def __init__(self, path: Path, database: Database | None = None) -> None:
        self._path = path
        self._database = database if database is not None and database.is_postgresql else None

    def hold(self, *, wait: bool) -> AbstractContextManager[bool]:
        """Hold the lease; yields False at once if it is taken and `wait` is False.

        Raises Unreachable where the database does not answer.
        """
        if self._database is not None:
            return _hold_in(self._database, wait=wait)
        return _hold_file(self._path, wait=wait)


@contextmanager
def _hold_file(path: Path, *, wait: bool) -> Iterator[bool]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(fd)


@contextmanager
def _hold_in(database: Database, *, wait: bool) -> Iterator[bool]:
    with database.session() as connection:
        if not _take(connection, wait=wait):
            yield False
            return
        try:
            yield True
        finally:
            _give_back(connection)


def _take(connection: Connection, *, wait: bool) -> bool:
    if not wait:
        return bool(connection.exec_driver_sql(_TRY).scalar_one())
    connection.exec_driver_sql(_NO_LIMIT)
    try:
        connection.exec_driver_sql(_TAKE)
    except BaseException:
        connection.invalidate()  # nobody may find the connection waiting, or holding, in the pool
        raise
    connection.exec_driver_sql(_USUAL)
    return True


def _give_back(connection: Connection) -> None:
    """A connection that broke has given the lock back already."""
    try:
        given = connection.exec_driver_sql(_GIVE_BACK).scalar()
    except DBAPIError:
        given = False
    if not given:
        connection.invalidate()
