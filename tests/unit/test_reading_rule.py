"""Who may read what: the rule by itself, and what a search gives away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from release_fixture import make_office
from sqlalchemy import Connection, insert

from archive.catalog import RECORD, Query
from archive.database import Database
from archive.desk.db_shelf import REGISTER, DbShelf
from archive.desk.finding import find_for
from archive.desk.reading import Belonging, Reader, holder_of, reader_of, sees
from archive.desk.words import may_read_words
from archive.errors import Denied
from archive.vocabulary import ROLES

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
TEAM = Belonging(frozenset({"team1"}), frozenset({"chen"}))
WHOLE = {role for role in ROLES if role not in ("handler", "administrator")}


def person(account: str | None, *roles: str, **other: Any) -> dict[str, Any]:
    return {
        "account": account,
        "roles": list(roles),
        "unit": "team1",
        "state": "active",
        "valid_from": "2026-01-01T00:00:00.000000Z",
        "valid_until": "2026-12-31T00:00:00.000000Z",
        **other,
    }


def reader(*roles: str, name: str = "x", unit: str = "team9") -> Reader:
    return Reader((name,), frozenset(roles), frozenset({unit}))


def test_an_account_is_who_is_bound_to_it() -> None:
    people = [("chen", person("1001", "handler")), ("gu", person(None, "archivist"))]
    found = reader_of(people, "1001", NOW)
    assert (found.people, found.roles, found.units) == (("chen",), {"handler"}, {"team1"})
    assert not found.holder


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"account": None}, "SIGNER_UNKNOWN"),
        ({"account": "1002"}, "SIGNER_UNKNOWN"),
        ({"state": "suspended"}, "SIGNER_SUSPENDED"),
        ({"state": "revoked"}, "SIGNER_REVOKED"),
        ({"valid_until": "2026-11-21T00:00:00.000000Z"}, "SIGNER_EXPIRED"),
        ({"valid_from": "2026-11-23T00:00:00.000000Z"}, "SIGNER_EXPIRED"),
    ],
)
def test_nobody_reads_who_is_not_active(other: dict[str, Any], code: str) -> None:
    people = [("gu", person("1001", "archivist") | other)]
    with pytest.raises(Denied) as refused:
        reader_of(people, "1001", NOW)
    assert refused.value.code == code


def test_who_has_the_archive_reads_everything() -> None:
    nobody = holder_of([], "0", NOW)
    assert (nobody.people, nobody.sees_everything) == ((), True)
    chen = holder_of([("chen", person("0", "handler"))], "0", NOW)
    assert (chen.people, chen.sees_everything) == (("chen",), True)
    nobody.check_role("archivist")


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_sees(role: str) -> None:
    elsewhere, there = reader(role), reader(role, unit="team1")
    assert sees(elsewhere, TEAM, tagged=False) is (role in WHOLE)
    assert sees(there, TEAM, tagged=False) is (role != "administrator")
    assert sees(reader(role, name="chen"), TEAM, tagged=False) is (role != "administrator")
    assert elsewhere.sees_records is (role != "administrator")
    with pytest.raises(Denied) as refused:
        reader("handler", name="a").check_role("archivist")
    assert refused.value.code == "ROLE_MISSING"


@pytest.mark.parametrize("other", ["handler", "archivist", "legal_office"])
def test_nothing_is_shown_to_an_account_of_an_administrator(other: str) -> None:
    shared = reader_of(
        [("adm", person("1001", "administrator")), ("ghost", person("1001", other))], "1001", NOW
    )
    assert (shared.sees_records, shared.sees_everything) == (False, False)
    assert not sees(shared, Belonging(frozenset({"team1"}), frozenset({"ghost"})), tagged=False)
    with pytest.raises(Denied) as refused:
        shared.check_records()
    assert refused.value.code == "NO_CONTENT"
    assert holder_of([("adm", person("0", "administrator"))], "0", NOW).sees_everything


# ── searching ──

OWN, UNITS, OTHER, LOOSE = (f"01KAN4000000000000000000{n}0" for n in "4321")


def row(record: str, source: str, **other: Any) -> dict[str, Any]:
    empty = dict.fromkeys(column.name for column in RECORD.c)
    return {
        **empty,
        "id": record,
        "log": "main-2026",
        "idx": 1,
        "source": source,
        "name": "notes.txt",
        "name_raw": b"notes.txt",
        "folder": "",
        "folder_raw": b"",
        "size": 1,
        "sha256": bytes(32),
        "media_type": "text/plain",
        "received_at": NOW,
        "preview": "witness Zhao",
        "case_no": "A-1",
        "lost": False,
        "permanent": False,
        "destroyed": False,
        "spilled": False,
        **other,
    }


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Connection]:
    """A record of chen's case, one of team1's case, one of team2's source, one of nobody's."""
    database = Database(f"sqlite:///{tmp_path / 'db'}")
    database.prepare()
    values = {
        ("case", "C1"): {"unit": "team2", "handlers": ["chen"]},
        ("case", "C2"): {"unit": "team1", "handlers": ["li"]},
        ("record_cases", OWN): {"cases": ["C1"], "detached": []},
        ("record_cases", UNITS): {"cases": ["C2"], "detached": []},
        ("source", "S2"): {"unit": "team2"},
    }
    with database.write() as connection:
        rows = [row(OWN, "S2"), row(UNITS, "S2"), row(OTHER, "S2"), row(LOOSE, "S3")]
        connection.execute(insert(RECORD), rows)
        shelved = [
            {"shelf": shelf, "key": key, "value": json.dumps(value).encode()}
            for (shelf, key), value in values.items()
        ]
        connection.execute(insert(REGISTER), shelved)
    with database.read() as connection:
        yield connection
    database.close()


def found(catalog: Connection, who: Reader, query: Query, **more: Any) -> dict[str, bool]:
    return {row.id: whole for row, whole in find_for(catalog, who, query, **more)}


def test_a_handler_finds_his_own_and_that_others_are_there(catalog: Connection) -> None:
    chen = reader("handler", name="chen", unit="team1")
    assert found(catalog, chen, Query()) == {OWN: True, UNITS: True, OTHER: False, LOOSE: False}
    assert list(found(catalog, chen, Query(limit=3))) == [OWN, UNITS, OTHER]
    assert found(catalog, chen, Query(), mine=True) == {OWN: True}
    assert found(catalog, reader("handler", unit="team2"), Query(source="S2")) == {
        OWN: True,
        UNITS: True,
        OTHER: True,
    }


@pytest.mark.parametrize("query", [Query(words=("Zhao",)), Query(case="A-1")])
def test_a_search_does_not_tell_what_is_hidden(catalog: Connection, query: Query) -> None:
    chen = reader("handler", name="chen", unit="team1")
    assert found(catalog, chen, query) == {OWN: True, UNITS: True}
    assert len(found(catalog, reader("archivist"), query)) == 4


def test_a_hidden_record_is_found_by_its_id(catalog: Connection) -> None:
    assert found(catalog, reader("handler"), Query(words=(OTHER.lower(),))) == {OTHER: False}


def test_mine_is_of_cases_that_one_handles_also_for_who_sees_everything(
    catalog: Connection,
) -> None:
    assert found(catalog, reader("archivist", name="li"), Query(), mine=True) == {UNITS: True}


def test_an_administrator_finds_nothing(catalog: Connection) -> None:
    with pytest.raises(Denied) as refused:
        find_for(catalog, reader("administrator"), Query())
    assert refused.value.code == "NO_CONTENT"


# ── words of requests ──


def test_words_are_for_who_may_see_the_request(tmp_path: Path) -> None:
    """The handler of the case sees that he is inspected, not on whose complaint."""
    office = make_office(tmp_path, b"a record")
    request = office.request("insp", "internal_supervision", "copy")
    office.people.seal()
    people = {"insp": "inspector.internal", "li": "handler", "wang": "legal_office"}
    readers = {
        name: Reader((name,), frozenset({role}), frozenset()) for name, role in people.items()
    }
    nobody = Reader((), frozenset(), frozenset(), holder=True)
    (asked,) = (entry for entry in office.access_entries() if entry.kind == "access.requested")
    assert asked.subject == request
    with office.archive.db.read() as connection:
        shelf = DbShelf(connection)
        seen = {
            name: may_read_words(shelf, who, asked.kind, asked.body)
            for name, who in {**readers, "": nobody}.items()
        }
        assert (seen["insp"], seen["li"], seen[""]) == (True, False, True)
        back = {"statements": [{"statement": {"payload": {"access": "unknown", "count": 1}}}]}
        assert not may_read_words(shelf, readers["insp"], "access.returned", back)
        assert may_read_words(shelf, readers["li"], "case.attached", back)
