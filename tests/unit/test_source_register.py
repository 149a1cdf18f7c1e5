"""What the register says of a source, what came of it hour by hour, and what is wrong with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from archive.actors import Doer
from archive.database import Database
from archive.errors import FormatError, NotFound
from archive.source_rows import HOUR, SOURCE, Counts, read_registered, states, terms_of
from archive.source_stats import (
    Amount,
    beginning_of_day,
    read_history,
    read_stands,
    read_totals,
    sort_by_urgency,
    source_warnings,
    used_today,
)
from archive.source_terms import TERMS, UNSAID, Registered, Terms, registered
from archive.times import SHANGHAI, format_time
from ingest.holding import SourceGate
from ingest.passing import passing
from ingest.register import Maker, confirm_source, ensure_source, retire_source
from ingest.returned import INTAKE
from ingest.room import Room
from ingest.settle import FileKey, Settled
from ingest.sweep import Drop, Found

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
"""Half past twelve in Shanghai."""
HOURS = timedelta(hours=1)
NUMBERS = cycle(range(256))
BY = Doer("1000", "gu")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    found = Database(f"sqlite:///{tmp_path / 'x.db'}")
    found.prepare()
    return found


def seen(database: Database, source: str, last: datetime, **values: Any) -> None:
    row = {"id": source, "name": source.encode(), "state": "confirmed", "first_seen": last}
    with database.write() as connection:
        connection.execute(insert(SOURCE), [{**row, "last_seen": last, **values}])


def came(
    database: Database, source: str, at: datetime, what: str = "records", size: int = 0
) -> None:
    counts = Counts()
    counts.add(source, at, what, size)
    with database.write() as connection:
        counts.save(connection)


# --- terms


def test_terms_have_one_text() -> None:
    terms = Terms(clock_offset_ms=-90_000, kinds=("docx", "pdf"), quota_mb=5, officer="陈 012345")
    assert Terms.parse(terms.text()) == terms
    assert json.loads(terms.text()).keys() == {*TERMS}
    assert Terms.parse(None) == Terms()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": ["pdf", "docx"]},
        {"kinds": ["films"]},
        {"quota_mb": 0},
        {"quota_mb": True},
        {"silence_hours": -1},
        {"clock_offset_ms": "1"},
        {"clock_offset_ms": 10**15},
        {"complete": "soon"},
        {"device": ""},
        {"device": "x" * 201},
        {"more": None},
    ],
)
def test_wrong_terms_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        Terms.of({**Terms().value(), **wrong})
    with pytest.raises(FormatError):
        Terms.parse("{}")


def test_record_json_gets_what_is_known() -> None:
    assert registered(Terms(office="main", quota_mb=1), None, "") == UNSAID
    only_kinds = registered(Terms(kinds=("pdf",)), None, None)
    assert only_kinds == Registered(None, frozenset({"pdf"}))
    said = registered(Terms(clock_offset_ms=0, device="D"), "body-camera", None)
    assert said.text is not None
    assert json.loads(said.text) == {
        "clock_offset_ms": 0,
        "device": "D",
        "kind": "body-camera",
        "officer": None,
        "unit": None,
    }


# --- the register


def test_confirmed_again_retired_and_confirmed(database: Database) -> None:
    maker = Maker(lambda count: bytes(next(NUMBERS) for _ in range(count)))

    def confirm(said: dict[str, Any]) -> None:
        with database.write() as connection:
            confirm_source(connection, "CAM", BY, NOW, maker, said)

    with pytest.raises(NotFound):
        confirm({})
    with database.write() as connection:
        ensure_source(connection, "CAM", b"CAM", NOW, maker)
    confirm({"label": "one", "device": "D-1", "kinds": ["pdf", "docx"], "quota_mb": 3})
    confirm({"unit": "A", "quota_mb": None, "kinds": ["txt", "txt"]})
    with database.read() as connection:
        row = connection.execute(SOURCE.select()).one()
        assert (row.label, row.unit, row.state) == ("one", "A", "confirmed")
        assert terms_of(connection) == {"CAM": Terms(device="D-1", kinds=("txt",))}
        assert read_registered(connection)["CAM"].kinds == {"txt"}
    with database.write() as connection:
        retire_source(connection, "CAM", BY, NOW, maker, "given back")
        assert states(connection) == {"CAM": "retired"}
        assert terms_of(connection) == {}
        assert read_registered(connection) == {}
    confirm({})
    with database.read() as connection:
        assert terms_of(connection)["CAM"].device == "D-1"


# --- counts


def test_counts_add_up_by_the_hour(database: Database) -> None:
    came(database, "A", NOW, size=10)
    came(database, "A", NOW - timedelta(minutes=29), size=5)
    came(database, "A", NOW - timedelta(minutes=31), size=1)
    came(database, "A", NOW, "rejected")
    with database.read() as connection:
        rows = {row.hour.hour: row for row in connection.execute(HOUR.select())}
    assert {hour: (row.records, row.bytes, row.rejected) for hour, row in rows.items()} == {
        3: (1, 1, 0),
        4: (2, 15, 1),
    }


def test_entries_are_counted_as_what_they_say(database: Database) -> None:
    counts, body = Counts(), {"source": "A", "received_at": format_time(NOW)}
    counts.note("record.accessioned", {**body, "size": 7})
    counts.note("record.redropped", {**body, "size": 7})
    counts.note("drop.rejected", {**body, "code": "SIDECAR_BAD"})
    counts.note("drop.rejected", {**body, "code": "CLASSIFIED_REFUSED"})
    with database.write() as connection:
        counts.save(connection)
        assert read_totals(connection, NOW)["A"][0] == Amount(1, 7, 1, 1, 1)


def test_the_day_of_a_quota_is_that_of_shanghai(database: Database) -> None:
    midnight = datetime(2026, 11, 23, tzinfo=SHANGHAI)
    assert beginning_of_day(NOW) == midnight
    came(database, "A", midnight, size=3)
    came(database, "A", midnight - timedelta(seconds=1), size=100)
    with database.read() as connection:
        assert used_today(connection, ["A", "B"], NOW) == {"A": 3}
        assert used_today(connection, ["A"], midnight - HOURS) == {"A": 103}


def test_history_by_hour_and_day(database: Database) -> None:
    came(database, "A", NOW, size=2)
    came(database, "A", NOW - 23 * HOURS)
    came(database, "A", NOW - 24 * HOURS)
    came(database, "A", NOW - timedelta(days=30))
    came(database, "B", NOW)
    with database.read() as connection:
        found = read_history(connection, "A", NOW)
        assert read_history(connection, "none", NOW).total == Amount()
    assert (found.total.records, found.week.records, found.day.records) == (4, 3, 2)
    assert [amount.records for _, amount in found.hours] == [1, *[0] * 22, 1]
    assert [amount.records for _, amount in found.days] == [0, 0, 0, 0, 0, 2, 1]
    assert found.days[-1][0] == beginning_of_day(NOW)


# --- what is wrong


def test_silence_is_of_confirmed_sources_with_a_limit(database: Database) -> None:
    day = Terms(silence_hours=24).text()
    seen(database, "quiet", NOW - 25 * HOURS, terms=day)
    seen(database, "longer", NOW - 90 * HOURS, terms=day)
    seen(database, "at-its-limit", NOW - 24 * HOURS, terms=day)
    seen(database, "no-limit", NOW - 999 * HOURS)
    seen(database, "retired", NOW - 999 * HOURS, terms=day, state="retired")
    seen(database, "unconfirmed", NOW - HOURS, state="unconfirmed")
    seen(database, "from-the-future", NOW + HOURS, terms=day)
    with database.read() as connection:
        stands = read_stands(connection, NOW)
    assert [stand.source for stand in stands if stand.silent] == ["longer", "quiet"]
    order = [stand.source for stand in sort_by_urgency(stands)]
    assert order[:3] == ["longer", "quiet", "unconfirmed"]
    assert order[-1] == "retired"
    (warned,) = source_warnings(stands, {})
    assert (warned.code, warned.values["count"]) == ("SOURCE_SILENT", 2)
    assert warned.values["since"] == NOW - 90 * HOURS
    (_, waits) = source_warnings(stands, {"retired": 3})
    assert (waits.code, waits.values) == ("SOURCE_RETIRED", {"count": 3, "sources": "retired"})


def drop(source: str, size: int, folder: bytes = b"") -> Drop:
    path = b"/".join(filter(None, (b"/inbox", source.encode(), folder, b"x")))
    file = Found(source, folder, b"x", path, FileKey(1, 1, size, 0, 0))
    return Drop(file, None, Settled(lease=True, seconds=2))


def test_drops_above_the_quota_wait_and_are_told_once(database: Database) -> None:
    seen(database, "A", NOW, terms=Terms(quota_mb=1).text())
    now = [NOW]
    gate = SourceGate(database, lambda: now[0])
    gate.look()
    taken = [gate.takes(drop("A", 600_000, b"in")) for _ in range(4)]
    assert taken == [True, True, False, False]  # the one that goes above it is taken still
    assert gate.takes(drop("other", 10**9))
    assert [(n.path, n.reason) for n in gate.told()] == [(b"/inbox/A", "over_quota")]
    came(database, "A", NOW, size=1_200_000)
    gate.look()
    assert not gate.takes(drop("A", 1))
    assert [*gate.told()] == []
    with database.read() as connection:
        stands = read_stands(connection, NOW)
        assert [w.code for w in source_warnings(stands, {"A": 2})] == ["SOURCE_QUOTA"]
    now[0] += 12 * HOURS
    gate.look()
    assert gate.takes(drop("A", 1))
    assert [*gate.told()] == []


def test_what_is_known_uses_up_no_quota_and_is_not_held_back(database: Database) -> None:
    seen(database, "A", NOW, terms=Terms(quota_mb=1).text())
    seen(database, "B", NOW, state="retired")
    mine = {"id": "1", "source": "A", "path": b"/inbox/A/x", "sha256": b"", "at": NOW}
    key = {"dev": 9, "ino": 1, "size": 2_000_000, "mtime_ns": 0, "ctime_ns": 0}
    done = {**mine, **key, "state": "kept", "release": "keep"}
    with database.write() as connection:
        connection.execute(insert(INTAKE), [done, {**done, "id": "2", "source": "B"}])
    known, new, later = drop("A", 2_000_000), drop("A", 5), drop("A", 6)
    gate, room = SourceGate(database, lambda: NOW), Room(lambda: 5000, 0)
    gate.look()
    assert passing(database, [known, new, later, drop("B", 1)], gate, room) == [known, new]
    assert room.held == 1
    assert [told.reason for told in gate.told()] == ["source_retired"]


def test_nothing_is_taken_of_a_retired_source(database: Database) -> None:
    seen(database, "A", NOW, state="retired", terms=Terms(quota_mb=1).text())
    gate = SourceGate(database, lambda: NOW)
    for told in (1, 0):
        gate.look()
        assert not gate.takes(drop("A", 1))
        assert len([*gate.told()]) == told
