"""After a destruction the database is rebuilt from the store alone, and nothing is missing."""

import sqlite3
from pathlib import Path

import pytest
from disposal_office import DisposalOffice, make_office
from lost_database import lose_database, rows

from archive import layout
from archive.desk import disposition
from archive.desk.destroying import unfinished
from archive.errors import Denied


@pytest.fixture
def office(tmp_path: Path) -> DisposalOffice:
    return make_office(tmp_path)


def test_everything_is_there_again(office: DisposalOffice) -> None:
    odd = {"name": "\\xFF.txt", "name_b64": "/y50eHQ=", "claims": {"case": "A-1"}}
    alone = office.keep(b"alone", changed=odd)
    office.keep(b"kept")
    case = office.people.open_case("A-1")
    office.link(case, [alone])
    office.people.say(
        "founder1",
        "case.closed",
        {"case": case, "closed": "2026-11-22", "decided": None},
        {"reason": "结案"},
    )
    packed = office.keep_packed([b"a", b"b", b"c"])
    office.extend(packed[0], 100)
    office.later(days=31)
    office.split(packed[:1])
    refused = office.propose([alone])
    office.decide(refused, "refuse")
    office.destroy([alone, *packed[1:]])
    before = rows(office)
    again, found = lose_database(office)
    assert found.unreadable == 0
    assert rows(again) == before
    assert again.codes() == {"OVERDUE"}  # b"kept"
    again.keep(b"the archive goes on")
    again.later(minutes=1)
    assert again.codes() == {"OVERDUE"}


def test_what_was_half_deleted_is_still_known(office: DisposalOffice) -> None:
    record, other = office.keep(b"half"), office.keep(b"whole")
    office.later(days=11)
    name = office.dispose([record, other])
    disposition.begin(office.people.desk, name, [record])
    for key in (layout.content_key(record), layout.record_key(record)):
        (office.archive.evidence / key).unlink()
    again, found = lose_database(office)
    assert found.unreadable == 0
    with again.archive.db.read() as connection:
        assert dict(unfinished(connection)) == {record: name}
    with pytest.raises(Denied):
        again.hold(record)
    assert set(again.destroyer().run(name).destroyed) == {record, other}
    assert again.codes() == set()


def test_what_somebody_deleted_is_not_excused(office: DisposalOffice) -> None:
    record = office.keep(b"deleted")
    for path in (office.archive.evidence / layout.record_prefix(record)).iterdir():
        path.unlink()
    again, found = lose_database(office)
    assert found.unreadable == 1
    with sqlite3.connect(again.archive.home / "cunzheng.db") as connection:
        assert connection.execute("SELECT count(*) FROM record").fetchone() == (0,)
    assert "CONTENT_MISSING" in again.codes()
