"""One contract for both databases: what goes in comes out, in order, whole or not at all."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from postgres_server import Server
from sqlalchemy import insert, select, text

from archive import ledger
from archive.catalog import RECORD, Query, find_record, search
from archive.column_types import place_of_bytes
from archive.database import Database
from archive.desk.db_shelf import REGISTER, DbShelf
from archive.errors import StateUnknown, Unreachable, UsageError
from archive.lease import Lease
from archive.ledger import PENDING, NewEntry
from archive.tables import IntakeRow

REPOSITORY = Path(__file__).resolve().parents[2]
INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
NOW = datetime(2026, 11, 23, 4, 5, 6, 123456, tzinfo=UTC)
SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/db"
    server: Server = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """With its tables."""
    found = Database(url)
    found.prepare()
    yield found
    found.close()


def entry(number: int, **changed: Any) -> NewEntry:
    parts = {"id": f"{number:026}", "kind": "log.heartbeat", "stream": "log", "subject": None}
    return NewEntry(**{**parts, "actor": "system/test", "at": NOW, "body": {}, **changed})


def drop(**changed: Any) -> dict[str, Any]:
    row = {"id": "1", "source": "s", "path": b"p", "dev": 1, "ino": 2, "size": 3, "mtime_ns": 4}
    rest = {"ctime_ns": 5, "sha256": b"", "state": "staged", "release": "keep", "at": NOW}
    return {**row, **rest, **changed}


def record(number: str, **changed: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"id": number, "log": "main-2026", "idx": 1, "source": "s"}
    names = {"name": "n", "name_raw": b"n", "folder": "", "folder_raw": b"", "size": 1}
    rest = {"sha256": b"", "media_type": "text/plain", "received_at": NOW, "lost": False}
    return {**row, **names, **rest, **changed}


# ── what is kept ──


def test_values_come_back_as_they_were(database: Database) -> None:
    row = drop(
        path=bytes(range(256)) * 16,  # longer than an index of PostgreSQL takes
        dev=2**64 - 1,
        ino=2**63,
        size=2**62,
        mtime_ns=-(2**62),
        ctime_ns=2**62,
        sha256=b"\0\xff" * 16,
        at=NOW.astimezone(SHANGHAI),
    )
    with database.write() as connection:
        connection.execute(insert(INTAKE), [row])
    with database.read() as connection:
        found = connection.execute(select(INTAKE)).one()
    for name, value in row.items():
        assert getattr(found, name) == value, name
    assert type(found.sha256) is bytes
    assert found.at.tzinfo is UTC
    assert found.record is None


def test_a_drop_has_one_row(database: Database) -> None:
    long = b"x" * 4096
    with database.write() as connection:
        connection.execute(insert(INTAKE), [drop(path=long), drop(id="2", path=long, ino=9)])
    with pytest.raises(Unreachable, match="there already"), database.write() as connection:
        connection.execute(insert(INTAKE), [drop(id="3", path=long)])


def test_texts_are_sorted_by_code_point(database: Database) -> None:
    keys = ["a", "B", "_", "-", "Z", "Ä", "ä", "一", "丁", "z", "A", "0", "\U0001f600", "～"]
    with database.write() as connection:
        shelf = DbShelf(connection)
        for key in keys:
            shelf.put("unit", key, {"name": key})
    with database.read() as connection:
        found = [key for key, value in DbShelf(connection).every("unit") if value["name"] == key]
    assert found == sorted(keys)


def test_search_means_the_same(database: Database) -> None:
    rows = [
        record("A1", name="Report_1.PDF", title="笔录", media_type="text/plain"),
        record("B2", name="reportx1.pdf", title="100%", media_type="TEXT/html"),
        record("C3", name="ÄRGER", officers="李/明", device="DSJ_12"),
    ]
    with database.write() as connection:
        for row in rows:
            connection.execute(insert(RECORD), [row])

    def found(**query: Any) -> list[str]:
        with database.read() as connection:
            return [row.id for row in search(connection, Query(**query))]

    assert found(words=("REPORT",)) == ["B2", "A1"]
    assert found(words=("report_",)) == ["A1"]
    assert found(words=("%",)) == ["B2"]
    assert found(words=("笔",)) == ["A1"]
    assert found(words=("ärger",)) == []  # only A to Z have two cases
    assert found(words=("Ärger",)) == ["C3"]
    assert found(media="text/") == ["C3", "B2", "A1"]
    assert found(officer="/明") == ["C3"]
    assert found(device="dsj_12") == ["C3"]
    assert found(device="dsjx12") == found(device="DSJ") == []
    assert found(before="B2") == ["A1"]
    with database.read() as connection:
        assert find_record(connection, "c").id == "C3"


def test_bytes_are_found_in_a_column(database: Database) -> None:
    with database.write() as connection:
        shelf = DbShelf(connection)
        shelf.put("unit", "1", {"state": "closed"})
        shelf.put("unit", "2", {"state": "open", "name": "李"})
    place = place_of_bytes(REGISTER.c.value, '"李"'.encode())
    with database.read() as connection:
        found = connection.execute(select(REGISTER.c.key, place).order_by(REGISTER.c.key)).all()
    assert [tuple(row) for row in found] == [("1", 0), ("2", 24)]


# ── transactions ──


def test_all_or_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            ledger.submit(connection, [entry(1)])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.read() as connection:
        assert ledger.pending_count(connection) == 0


def test_what_is_there_already(database: Database) -> None:
    secret = "17-secret-name-0000000000"
    with pytest.raises(Unreachable) as caught, database.write() as connection:
        ledger.submit(connection, [entry(1, id=secret), entry(2, id=secret)])
    for leak in ("secret", "INSERT", "sqlalche", "Key ("):
        assert leak not in str(caught.value)
    with database.read() as connection:
        assert ledger.pending_count(connection) == 0


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.read() as connection:
        assert ledger.pending_count(connection) == 0
        with database.write() as writing:
            ledger.submit(writing, [entry(1)])
        assert ledger.pending_count(connection) == 0
    with database.read() as connection:
        assert ledger.pending_count(connection) == 1


def test_writers_see_what_the_one_before_wrote(url: str, database: Database) -> None:
    """Each reads and adds one; nothing is lost, whoever they are."""
    several = [Database(url) for _ in range(4)]

    def count_up(mine: Database) -> None:
        for _ in range(15):
            with mine.write() as connection:
                shelf = DbShelf(connection)
                before = shelf.get("unit", "count") or {"n": 0}
                time.sleep(0.001)
                shelf.put("unit", "count", {"n": before["n"] + 1})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count_up, several))
    with database.read() as connection:
        assert DbShelf(connection).get("unit", "count") == {"n": 60}
    for one in several:
        one.close()


def test_no_entry_appears_before_an_older_one(url: str, database: Database) -> None:
    """Who reads up to a number has seen all below it; so the sealer skips nothing."""
    several = [Database(url) for _ in range(4)]
    done = threading.Event()
    seen: list[list[int]] = []

    def submit(which: int) -> None:
        for turn in range(12):
            new = [entry(which * 1000 + turn * 10 + part) for part in range(3)]
            with several[which].write() as connection:
                ledger.submit(connection, new[:1])
                time.sleep(0.002 * (which % 2))
                ledger.submit(connection, new[1:])

    def watch() -> None:
        while not done.is_set():
            with database.read() as connection:
                query = select(PENDING.c.number).order_by(PENDING.c.number)
                seen.append(list(connection.execute(query).scalars()))

    with ThreadPoolExecutor(5) as threads:
        watching = threads.submit(watch)
        list(threads.map(submit, range(4)))
        done.set()
        watching.result()
    with database.read() as connection:
        rows = connection.execute(select(PENDING.c.number, PENDING.c.id).order_by("number")).all()
    assert len(rows) == 4 * 12 * 3
    whole = [row.number for row in rows]
    assert all(part == whole[: len(part)] for part in seen)
    ids = [int(row.id) for row in rows]
    assert all(ids[i + 1] == ids[i] + 1 == ids[i + 2] - 1 for i in range(0, len(ids), 3))
    for one in several:
        one.close()


def test_the_head_moves_once(url: str, database: Database) -> None:
    """Compare-and-swap: whoever held the lease before can no longer append."""
    with database.write() as connection:
        head = ledger.open_head(connection, "main-2026", None)
    with database.write() as connection:
        ledger.append(connection, head, [entry(1)])
    with pytest.raises(Unreachable, match="there already"), database.write() as connection:
        ledger.append(connection, head, [entry(2, stream="other")])
    with database.write() as connection:
        assert ledger.take_fence(connection, "main-2026") == 1
        stale = ledger.current_head(connection)
        ledger.take_fence(connection, "main-2026")
    assert stale is not None
    assert stale.size == 1
    with pytest.raises(StateUnknown, match="Another sealer"), database.write() as connection:
        ledger.append(connection, stale, [entry(2, stream="other")])
    with database.read() as connection:
        assert [row.index for row in ledger.entries_between(connection, "main-2026", 0, 9)] == [0]


def test_many_threads_read_at_the_same_time(database: Database) -> None:
    together = threading.Barrier(64)

    def read(_: int) -> int:
        with database.read() as connection:
            together.wait(300)
            return ledger.pending_count(connection)

    with ThreadPoolExecutor(64) as threads:
        assert list(threads.map(read, range(64))) == [0] * 64


# ── the lease ──


def test_one_holder_at_a_time(url: str, database: Database, tmp_path: Path) -> None:
    other = Database(url)
    one, two = Lease(tmp_path / "lock", database), Lease(tmp_path / "lock", other)
    with one.hold(wait=False) as held:
        assert held
        with two.hold(wait=False) as also:
            assert not also
        with database.write() as connection:
            ledger.submit(connection, [entry(1)])  # who holds it may write, and others too
        with other.write() as connection:
            ledger.submit(connection, [entry(2)])
    with two.hold(wait=True) as held, one.hold(wait=False) as also:
        assert (held, also) == (True, False)
    with pytest.raises(KeyError), one.hold(wait=True):
        raise KeyError
    with two.hold(wait=False) as held:
        assert held
    other.close()


def test_whoever_waits_gets_it(url: str, database: Database, tmp_path: Path) -> None:
    other = Database(url)
    order = []

    def wait() -> None:
        with Lease(tmp_path / "lock", other).hold(wait=True) as held:
            order.append(held)

    with Lease(tmp_path / "lock", database).hold(wait=True):
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.1)
        order.append("given back")
    thread.join(60)
    assert order == ["given back", True]
    other.close()


# ── versions ──


def test_several_processes_prepare_at_once(postgres: Server) -> None:
    url = postgres.database()
    script = "import sys; from archive.database import Database; Database(sys.argv[1]).prepare()"
    command = [sys.executable, "-W", "error", "-c", script, url]
    several = [subprocess.Popen(command, cwd=REPOSITORY) for _ in range(3)]
    assert [one.wait(300) for one in several] == [0, 0, 0]
    database = Database(url)
    assert database.exists()
    database.close()


def test_a_newer_database(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match="newer version"):
        database.prepare()
