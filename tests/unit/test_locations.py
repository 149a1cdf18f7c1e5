"""The version book in the database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.database import Database
from archive.locations import REPLICA, Locations
from archive.ports import StoredVersion
from archive.stores.s3 import Standing

THEN = datetime(2031, 5, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path / 'cunzheng.db'}")
    found.prepare()
    yield found
    found.close()


def test_what_was_written_is_known(database: Database) -> None:
    book = Locations(lambda: database)
    book.remember({"a": Standing("v1", THEN), "b": Standing("v2", None, held=True)})
    assert book.known(["a", "b", "c"]) == {"a": "v1", "b": "v2"}
    book.remember({"a": Standing("v3", THEN)})
    assert book.known(["a"]) == {"a": "v3"}
    book.forget(["a", "nothing"])
    assert book.known(["a", "b"]) == {"b": "v2"}


def test_stores_know_nothing_of_each_other(database: Database) -> None:
    first, second = Locations(lambda: database), Locations(lambda: database, REPLICA)
    first.remember({"a": Standing("v1")})
    second.remember({"a": Standing("w1")})
    first.forget(["a"])
    assert (first.known(["a"]), second.known(["a"])) == ({}, {"a": "w1"})


def test_many_at_once(database: Database) -> None:
    book = Locations(lambda: database)
    book.remember({f"k{n:05}": Standing(f"v{n}") for n in range(2500)})
    found = book.known([f"k{n:05}" for n in range(3000)])
    assert (len(found), found["k02499"]) == (2500, "v2499")
    book.remember({})
    assert book.known([]) == {}


def test_refilling_forgets_what_was_there(database: Database) -> None:
    book = Locations(lambda: database)
    book.remember({"old": Standing("v1")})
    rows = (StoredVersion(f"k{n:05}", f"v{n}", 1, THEN, latest=True) for n in range(1200))
    book.refill(rows)
    assert book.known(["old", "k00000", "k01199"]) == {"k00000": "v0", "k01199": "v1199"}
