"""Whatever the database says becomes one sentence, without the statement or its values."""

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from archive.database import Database
from archive.errors import Unreachable
from cli.exits import ExitCode, exit_code, sentence


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"garbage" * 1000)
    database = Database(f"sqlite:///{tmp_path}/db")
    with pytest.raises(Unreachable, match=r"is damaged .*cunzheng rebuild"):
        database.prepare()
    with pytest.raises(Unreachable, match="is damaged"), database.write():
        pass


def test_a_row_that_is_there_already(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/db")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (name TEXT UNIQUE)"))
    add = text("INSERT INTO t VALUES (:name)")
    with pytest.raises(Unreachable) as caught, database.write() as connection:
        connection.execute(add, [{"name": "private"}, {"name": "private"}])
    assert str(caught.value).count(".") == 2
    for leak in ("private", "INSERT", "sqlalche"):
        assert leak not in str(caught.value)
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 0


def test_what_is_deleted_is_not_in_the_file_however_sqlite_was_compiled(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/db")
    event.listen(
        database.engine,
        "connect",
        lambda connection, _: connection.execute("PRAGMA secure_delete=OFF"),
        insert=True,
    )
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (name TEXT)"))
        connection.execute(text("INSERT INTO t VALUES ('secret')"))
    database.empty_log()
    assert b"secret" in (tmp_path / "db").read_bytes()
    with database.write() as connection:
        connection.execute(text("DELETE FROM t"))
    database.empty_log()
    assert all(b"secret" not in path.read_bytes() for path in tmp_path.iterdir())
    database.close()


def test_one_that_is_let_go_of_leaves_no_descriptor(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(10):
        database = Database(f"sqlite:///{tmp_path / str(number)}")
        database.prepare()
        with database.read():
            pass
        del database
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_many_threads_read_at_the_same_time(tmp_path: Path) -> None:
    """As many as the service has; each has its connection while the others have theirs."""
    database = Database(f"sqlite:///{tmp_path}/db")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (name TEXT)"))
    together = threading.Barrier(64)

    def read(_: int) -> int:
        with database.read() as connection:
            together.wait(300)
            return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())

    with ThreadPoolExecutor(64) as threads:
        assert list(threads.map(read, range(64))) == [0] * 64
    database.close()


def test_on_screen_too() -> None:
    error = IntegrityError("INSERT INTO t", {"name": "private"}, Exception("refused\nDETAIL x"))
    assert sentence(error) == "The database does not answer: refused."
    assert exit_code(error) is ExitCode.UNDETERMINED
