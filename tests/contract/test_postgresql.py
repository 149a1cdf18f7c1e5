"""What only a server can do: be away, break off, forget, be set up wrongly, or be asked by many."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cut_proxy import CutProxy
from postgres_server import NOT_HERE, PASSWORD, USER, Server, installed
from sqlalchemy import text

from archive import doctor, ledger, postgresql
from archive.database import Database
from archive.database_check import LedgerCopy
from archive.errors import StateUnknown, Unreachable, UsageError
from archive.lease import Lease
from archive.ledger import NewEntry
from cli.exits import ExitCode, exit_code

REPOSITORY = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 4, 5, 6, 123456, tzinfo=UTC)
HOLDER = """
import sys, time
from pathlib import Path
from archive.database import Database
from archive.lease import Lease
database = Database(sys.argv[1])
with Lease(Path("unused"), database).hold(wait=True) as held:
    print(held, flush=True)
    time.sleep(60)
"""
WRITER = """
import sys, time
from archive.database import Database
with Database(sys.argv[1]).write() as connection:
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('half done')")
    print("open", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    found = Database(url)
    found.prepare()
    yield found
    found.close()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """One that may be killed."""
    if not installed():
        pytest.skip(NOT_HERE)
    server = Server.start()
    yield server
    server.stop()


def beat(number: str) -> NewEntry:
    return NewEntry(number, "log.heartbeat", "log", "system/test", NOW, None, {})


def count(database: Database) -> int:
    with database.read() as connection:
        return ledger.pending_count(connection)


def submit(database: Database, number: str) -> None:
    with database.write() as connection:
        ledger.submit(connection, [beat(number)])


def through(proxy: CutProxy, url: str) -> str:
    return url.replace(f":{proxy.server}/", f":{proxy.port}/") + "?sslmode=disable"


def worker(script: str, url: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", script, url], stdout=subprocess.PIPE, cwd=REPOSITORY, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() in ("True\n", "open\n")
    return process


# ── secrets ──


def sentences(url: str) -> str:
    database = Database(url)
    with pytest.raises((Unreachable, UsageError)) as caught:
        database.prepare()
    with pytest.raises((Unreachable, UsageError)) as copied:
        LedgerCopy(url)
    database.close()
    return f"{caught.value} | {copied.value} | {database} | {database!r}"


def test_no_sentence_has_the_password(postgres: Server, url: str) -> None:
    wrong = url.replace("hidden%2Fpass%20word", "hidden%2Fpass%20word-")
    for bad in (
        wrong,
        url.replace(f":{postgres.port}/", ":1/"),
        url.replace("127.0.0.1", "host.invalid"),
        url + "?sslmode=hidden%2Fpass%20word",
        url + "?hiddenoption=1",
        url.rpartition("/")[0] + "/nowhere",
    ):
        said = sentences(bad)
        assert PASSWORD not in said
        assert "hidden%2Fpass" not in said
        assert said.count("\n") == 0
    assert 'database "nowhere" does not exist' in sentences(url.rpartition("/")[0] + "/nowhere")


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:hid/den@h:p/x", "mysql://u:hidden@h/x", "hidden"],
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Database(url)
    assert "hid" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_the_password_of_a_file(
    postgres: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"127.0.0.1:{postgres.port}:*:{USER}:{PASSWORD}\n")
    passfile.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passfile))
    name = url.rpartition("/")[2]
    database = Database(f"postgresql://{USER}@127.0.0.1:{postgres.port}/{name}")
    database.prepare()
    assert database.exists()
    database.close()


def test_values_stay_out_of_errors(database: Database) -> None:
    wrong = text("SELECT CAST(:x AS BIGINT)")
    with pytest.raises(Unreachable) as caught, database.read() as connection:
        connection.execute(wrong, {"x": "private"})
    assert str(caught.value) == ("The database does not answer: InvalidTextRepresentation 22P02.")


# ── set up wrongly ──


def test_another_encoding(postgres: Server) -> None:
    url = postgres.database(
        ENCODING="'LATIN1'", TEMPLATE="template0", LOCALE="'C'", LOCALE_PROVIDER="libc"
    )
    database = Database(url)
    with pytest.raises(UsageError, match="must have the encoding UTF8; it has LATIN1"):
        database.prepare()
    database.close()


def test_doctor_sees_a_server_that_forgets(postgres: Server, database: Database) -> None:
    name = database.engine.url.database
    postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    database.close()
    found = {c.values["name"]: c.state.value for c in doctor.judge_database(database.settings())}
    # Our own sessions do not let a commit be forgotten, whatever the database says.
    assert found == {
        "fsync": "wrong",
        "full_page_writes": "fine",
        "server_encoding": "fine",
        "synchronous_commit": "fine",
    }


def test_the_servers_defaults_decide_nothing(postgres: Server, database: Database) -> None:
    name = database.engine.url.database
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    postgres.run(f"ALTER DATABASE {name} SET search_path = public")
    postgres.run(f"ALTER DATABASE {name} SET timezone = 'America/New_York'")
    database.close()
    submit(database, "1")
    with database.write() as connection:
        shown = [
            connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("transaction_isolation", "search_path", "timezone")
        ]
        row = connection.execute(ledger.PENDING.select()).one()
    assert shown == ["read committed", '"cunzheng"', "UTC"]
    assert row.at == beat("1").at


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Unreachable, match="read-only"), database.read() as connection:
        ledger.submit(connection, [beat("1")])
    copy = LedgerCopy(database.engine.url.render_as_string(hide_password=False))
    assert list(copy.leaves("main-2026")) == []
    copy.close()


# ── connections that break ──


def test_broken_before_the_commit_nothing_is_done(postgres: Server, url: str) -> None:
    proxy = CutProxy(postgres.port, b"pending", forward=False)
    database = Database(through(proxy, url))
    database.prepare()
    assert count(database) == 0
    proxy.armed = True
    with pytest.raises(Unreachable, match="does not answer"):
        submit(database, "1")
    assert not proxy.armed
    assert count(database) == 0
    submit(database, "1")
    assert count(database) == 1
    database.close()
    proxy.close()


@pytest.mark.parametrize("heard", [True, False])
def test_broken_in_the_commit_nobody_knows(postgres: Server, url: str, heard: bool) -> None:
    plain = Database(url)
    plain.prepare()
    proxy = CutProxy(postgres.port, b"COMMIT\x00", forward=heard)
    database = Database(through(proxy, url))
    assert count(database) == 0
    proxy.armed = True
    with pytest.raises(StateUnknown, match="nobody knows whether") as caught:
        submit(database, "1")
    assert exit_code(caught.value) is ExitCode.UNDETERMINED
    with pytest.raises(StateUnknown, match="start again"):
        count(database)
    for _ in range(1200):
        if count(plain) == heard:
            break
        time.sleep(0.05)
    assert count(plain) == heard
    again = Database(url)
    if not heard:
        submit(again, "1")
    assert count(again) == 1
    for one in (plain, database, again):
        one.close()
    proxy.close()


def test_a_server_that_was_killed_and_is_back(own_server: Server) -> None:
    database = Database(own_server.database())
    database.prepare()
    submit(database, "1")

    def half() -> None:
        with database.write() as connection:
            ledger.submit(connection, [beat("2")])
            own_server.kill()
            ledger.submit(connection, [beat("3")])

    with pytest.raises(Unreachable):
        half()
    with pytest.raises(Unreachable, match=r"does not answer: .*refused"):
        count(database)
    own_server.restart()
    # What stands in the pool is of the old server, and is found out before it is used.
    assert count(database) == 1
    submit(database, "2")
    assert count(database) == 2
    database.close()


def test_a_killed_writer_leaves_nothing(database: Database, url: str) -> None:
    process = worker(WRITER, url)
    process.kill()
    submit(database, "1")  # waits until the server has noticed
    process.communicate(timeout=60)
    with database.read() as connection:
        rows = connection.execute(text("SELECT version_num FROM alembic_version")).all()
    assert [row[0] for row in rows] != ["half done"]
    assert len(rows) == 1


def test_a_stopped_writer_keeps_nobody_out_for_ever(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = postgresql._BEGIN_WRITE
    first = worker(WRITER, url)
    first.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(postgresql, "_BEGIN_WRITE", usual.replace("60s", "200ms"))
    with pytest.raises(Unreachable, match="another process has been writing"):
        submit(database, "1")
    monkeypatch.undo()
    first.kill()
    first.communicate(timeout=60)
    brief = usual.replace("10min", "1s")
    second = worker(f"import archive.postgresql as p; p._BEGIN_WRITE = {brief!r}\n{WRITER}", url)
    second.send_signal(signal.SIGSTOP)
    submit(database, "1")
    second.kill()
    second.communicate(timeout=60)
    assert count(database) == 1


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_sealer_blocks_nobody(database: Database, url: str, sign: signal.Signals) -> None:
    lease = Lease(Path("unused"), database)
    process = worker(HOLDER, url)
    with lease.hold(wait=False) as held:
        assert not held
    process.send_signal(sign)
    with lease.hold(wait=True) as held:
        assert held
    process.communicate(timeout=60)


def test_a_sealer_that_lost_its_connection_is_fenced(postgres: Server, database: Database) -> None:
    """The server gives its lease to the next one; what it still does changes nothing."""
    with database.write() as connection:
        ledger.open_head(connection, "main-2026", None)
    with Lease(Path("unused"), database).hold(wait=True) as held:
        assert held
        with database.write() as connection:
            ledger.take_fence(connection, "main-2026")
            mine = ledger.current_head(connection)
        postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            f" AND objid = {postgresql.SEALER} AND database ="
            f" (SELECT oid FROM pg_database WHERE datname = '{database.engine.url.database}')"
        )
        other = database.beside(database.schema)
        with Lease(Path("unused"), other).hold(wait=True) as taken:
            assert taken
            with other.write() as connection:
                ledger.take_fence(connection, "main-2026")
        assert mine is not None
        with pytest.raises(StateUnknown, match="Another sealer"), database.write() as connection:
            ledger.append(connection, mine, [beat("1")])
        other.close()
    with Lease(Path("unused"), database).hold(wait=False) as held:
        assert held


def test_a_forked_process_has_connections_of_its_own(database: Database) -> None:
    submit(database, "1")
    numbers = "SELECT pg_backend_pid()"
    with database.read() as connection:
        mine = connection.exec_driver_sql(numbers).scalar()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with database.read() as connection:
            os.write(writing, json.dumps(connection.exec_driver_sql(numbers).scalar()).encode())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    theirs = json.loads(os.read(reading, 100))
    os.close(reading)
    os.close(writing)
    with database.read() as connection:
        again = connection.exec_driver_sql(numbers).scalar()
    assert theirs != mine == again
