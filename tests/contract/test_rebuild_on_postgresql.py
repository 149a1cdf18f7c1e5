"""The database again on PostgreSQL: beside the old one, exchanged at once, whoever is at work."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import Archive, make_archive, policy_of
from database_rows import all_rows, differences
from postgres_server import Server

from archive import ledger
from archive.errors import ContentAltered, LedgerBehind, UsageError
from archive.lease import Lease
from archive.rebuild import Rebuilt, rebuild
from archive.rebuild_place import kept_databases
from archive.verify.run import verify

REPOSITORY = Path(__file__).resolve().parents[2]
WRITER = """
import sys, time
from archive.database import Database
database = Database(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    with database.write() as connection:
        values = f"('unit', '{number}', '{{}}')"
        connection.exec_driver_sql("INSERT INTO register VALUES " + values)
    print(number, flush=True)
    time.sleep(0.005)
"""


@pytest.fixture
def archive(tmp_path: Path, postgres: Server) -> Iterator[Archive]:
    made = make_archive(tmp_path, url=postgres.database())
    yield made
    made.db.close()


def run(archive: Archive, **changed: Any) -> Rebuilt:
    parts = {"identity": archive.identity, "clock": archive.clock, "fs": archive.fs, **changed}
    lease = Lease(archive.home / "unused", archive.db)
    return rebuild(archive.db, archive.places, lease=lease, policy=policy_of(archive), **parts)


def sql(archive: Archive, statement: str) -> list[Any]:
    with archive.db.write() as connection:
        result = connection.exec_driver_sql(statement)
        return [tuple(row) for row in result] if result.returns_rows else []


def schemas(archive: Archive) -> list[str]:
    found = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'cunzheng%%' ORDER BY 1"
    return [row[0] for row in sql(archive, found)]


def busy(archive: Archive) -> None:
    archive.accession(b"one", sidecar=b'{"cunzheng_sidecar":1}')
    archive.submit(archive.source_entry("source.registered"))
    archive.seal()
    archive.heartbeats(700)
    archive.accession(b"two", source="DSJ-2")
    archive.seal()


def clean(archive: Archive) -> None:
    archive.accession(b"after", source="DSJ-after")
    archive.seal()
    now = archive.clock.now()
    places = archive.places
    report = verify(places.evidence, places.live, policy_of(archive), now=now, workers=1)
    assert {f.code for f in report.findings} <= {"INTERNAL_TIME"}


def test_everything_comes_back(archive: Archive) -> None:
    busy(archive)
    before = all_rows(archive.db, {"source", "source_hour"})
    sql(archive, "DROP SCHEMA cunzheng CASCADE")
    assert not archive.db.exists()
    found = run(archive)
    assert (found.records, found.unpublished, found.kept) == (2, None, None)
    after = all_rows(archive.db, {"source", "source_hour"})
    for rows in (before, after):
        for row in rows["entry"]:
            del row["pending"]
        for row in rows["head"]:
            del row["fence"]
    assert differences(before, after) == []
    assert schemas(archive) == ["cunzheng"]
    clean(archive)


def test_the_old_one_is_kept_and_what_only_it_had_is_counted(archive: Archive) -> None:
    busy(archive)
    archive.heartbeats(2)
    archive.accession(b"never sealed")
    fence = archive.head().fence
    found = run(archive)
    assert found.unpublished == 1
    assert schemas(archive) == ["cunzheng", found.kept]
    assert kept_databases(archive.db) == [found.kept]
    assert sql(archive, f"SELECT count(*) FROM {found.kept}.pending") == [(3,)]
    assert archive.head().fence > fence
    clean(archive)  # with the very connections that were open before


def test_a_store_that_lost_something_changes_nothing(archive: Archive) -> None:
    busy(archive)
    before = all_rows(archive.db)
    for file in (archive.evidence / "log/main-2026/seals").iterdir():
        if int(file.name[:16]) > 4:
            file.unlink()
    with pytest.raises(ContentAltered, match="cut short or rolled back"):
        run(archive)
    assert all_rows(archive.db) == before
    assert schemas(archive) == ["cunzheng"]


def test_signed_but_not_stored_is_not_forked(archive: Archive) -> None:
    busy(archive)
    archive.heartbeats(1)
    sealer = archive.new_sealer()
    sealer._guard()
    assert sealer._append()
    sealer._sign(archive.head())
    with pytest.raises(UsageError, match="signed but not stored"):
        run(archive)
    assert schemas(archive) == ["cunzheng"]
    clean(archive)


def test_an_older_copy_that_was_restored(archive: Archive, tmp_path: Path) -> None:
    archive.accession(b"one")
    archive.seal()
    sql(archive, "CREATE SCHEMA backup")
    names = sql(archive, "SELECT tablename FROM pg_tables WHERE schemaname = 'cunzheng'")
    for (name,) in names:
        sql(archive, f"CREATE TABLE backup.{name} AS TABLE cunzheng.{name}")
    busy(archive)
    for (name,) in names:
        sql(archive, f"TRUNCATE cunzheng.{name}")
        sql(archive, f"INSERT INTO cunzheng.{name} SELECT * FROM backup.{name}")
    archive.reopen()
    archive.accession(b"came again")
    with pytest.raises(LedgerBehind):
        archive.seal()
    assert run(archive).unpublished == 1
    clean(archive)


def test_one_that_was_killed_is_in_nobodys_way(archive: Archive) -> None:
    busy(archive)
    sql(archive, "CREATE SCHEMA cunzheng_rebuilding")
    sql(archive, "CREATE TABLE cunzheng_rebuilding.head (half text)")
    assert run(archive).records == 2
    assert len(schemas(archive)) == 2
    clean(archive)


def test_not_while_a_sealer_is_at_work(archive: Archive) -> None:
    busy(archive)
    done = threading.Event()

    def build() -> None:
        run(archive)
        done.set()

    with Lease(archive.home / "unused", archive.db).hold(wait=True):
        thread = threading.Thread(target=build)
        thread.start()
        assert not done.wait(0.3)
        assert schemas(archive) == ["cunzheng"]
    thread.join(300)
    assert done.is_set()
    clean(archive)


def test_writers_go_on_meanwhile(archive: Archive) -> None:
    """What is submitted while it is built is counted; what comes afterwards is in the new one."""
    busy(archive)
    url = archive.db.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", WRITER, url]
    writer = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert [writer.stdout.readline() for _ in range(2)] == ["ready\n", "1\n"]
    found = run(archive)
    end = time.monotonic() + 60
    while not sql(archive, "SELECT key FROM cunzheng.register WHERE shelf = 'unit'"):
        assert time.monotonic() < end
        time.sleep(0.05)
    writer.kill()
    told = {1, *(int(line) for line in writer.communicate()[0].splitlines())}
    there: list[set[int]] = []
    for schema in ("cunzheng", found.kept):
        rows = sql(archive, f"SELECT key FROM {schema}.register WHERE shelf = 'unit'")
        there.append({int(row[0]) for row in rows})
    new, old = there
    assert new
    assert old
    assert not new & old
    assert told <= new | old == set(range(1, max(new) + 1))


def test_a_sealer_that_slept_through_it_is_fenced(archive: Archive) -> None:
    busy(archive)
    old = archive.head()
    run(archive)
    with archive.db.read() as connection:
        assert ledger.current_head(connection) != old
