"""Verification holds the database's registers against those that the ledger gives, on both."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixture import Archive, database_url, make_archive, policy_of
from people_fixture import make_people

from archive.database_check import LedgerCopy
from archive.verify import Kit, verify
from retention.law import RetentionLaw


@pytest.fixture(params=["sqlite", "postgresql"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    """Founders, a few people, a case; everything sealed."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").database()
    made = make_archive(tmp_path, url=url)
    people = make_people(made)
    people.enrol("li", "handler")
    record = made.accession(b"content").record
    made.submit(made.source_entry("source.registered"))
    made.seal()
    people.open_case("A-1", handlers=["li"], records=[record])
    made.seal()
    yield made
    made.db.close()


def found(archive: Archive) -> list[tuple[str, str]]:
    """What is said of the database: subject and reason."""
    copy = LedgerCopy(database_url(archive.home))
    try:
        report = verify(
            archive.places.evidence,
            archive.places.live,
            policy_of(archive),
            now=archive.clock.now(),
            kit=Kit(database=copy, law=RetentionLaw()),
            workers=1,
        )
    finally:
        copy.close()
    items = [item.to_value() for item in report.findings if item.outcome != "INFO"]
    assert {item["code"] for item in items} <= {"DATABASE_DIFFERS"}
    return [(item["subject"], item["details"]["reason"]) for item in items]


def edit(archive: Archive, shelf: str, key: str, value: object) -> None:
    with archive.db.write() as connection:
        data = json.dumps(value).encode()
        changed = connection.exec_driver_sql(
            f"UPDATE register SET value = {mark(archive)} WHERE shelf = '{shelf}'"
            f" AND key = '{key}'",
            (data,),
        )
        assert changed.rowcount == 1


def mark(archive: Archive) -> str:
    return "%s" if archive.db.is_postgresql else "?"


def value_of(archive: Archive, shelf: str, key: str) -> dict[str, object]:
    with archive.db.read() as connection:
        query = f"SELECT value FROM register WHERE shelf = '{shelf}' AND key = '{key}'"
        return dict(json.loads(connection.exec_driver_sql(query).scalar_one()))


def test_an_honest_database(archive: Archive) -> None:
    assert found(archive) == []


def test_somebody_gave_himself_a_role(archive: Archive) -> None:
    person = value_of(archive, "person", "li")
    edit(archive, "person", "li", {**person, "roles": ["archivist", "handler"]})
    assert found(archive) == [("person li", "the database has another value")]


def test_rows_that_were_added_and_taken_away(archive: Archive) -> None:
    with archive.db.write() as connection:
        connection.exec_driver_sql("DELETE FROM register WHERE shelf = 'person' AND key = 'li'")
        values = "('person', 'zz', '{}'), ('hold', '一', '{}'), ('zz', '', '{}')"
        connection.exec_driver_sql(f"INSERT INTO register VALUES {values}")
    assert found(archive) == [
        ("hold 一", "the ledger does not give it"),
        ("person li", "the database does not have it"),
        ("person zz", "the ledger does not give it"),
        ("zz ", "the ledger does not give it"),
    ]


def test_a_value_that_is_none(archive: Archive) -> None:
    with archive.db.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE register SET value = {mark(archive)} WHERE shelf = 'person' AND key = 'li'",
            (b"\xff not json",),
        )
    assert found(archive) == [("person li", "the database has another value")]


def test_nothing_is_said_while_entries_wait(archive: Archive) -> None:
    """What a submitted entry changes is in the database already."""
    person = value_of(archive, "person", "li")
    edit(archive, "person", "li", {**person, "roles": ["archivist", "handler"]})
    archive.heartbeats(1)
    assert found(archive) == []
    archive.seal()
    assert len(found(archive)) == 1
