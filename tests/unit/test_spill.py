"""A spill in a real archive: blocked at once, gone where it may go, known to a rebuild."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import release_fixture
from disposal_office import DisposalOffice, make_office
from disposal_places import Locked, stored
from lost_database import lose_database, rows
from sqlalchemy import select

from archive import catalog, layout
from archive.custody import custody
from archive.derivatives import Derivatives, Product
from archive.desk import spills
from archive.desk.keeping import KEEPING
from archive.errors import Denied, NotFound, Unreachable
from archive.proof import proof_bundle
from archive.replica_locks import is_going
from archive.stored_log import LogTrust
from archive.times import format_time
from retention.clearing import Cleared, Clearer
from retention.execute import Place

WHO = ("founder1", "fa")


@pytest.fixture
def office(tmp_path: Path) -> DisposalOffice:
    return make_office(tmp_path)


def spill(office: Any, *records: str) -> str:
    people = office.people
    name = people.authors["founder1"].id()
    payload = {"records": sorted(records), "spill": name}
    people.say(WHO, "record.spilled", payload, {"reason": "依保密部门通知"})
    office.archive.seal()
    return str(name)


def clear(office: DisposalOffice, stores: list[Place] | None = None) -> Cleared:
    live = office.archive.places.live
    places = office.stores() if stores is None else stores
    return Clearer(office.people.desk, places, live, office.warrant()).run()


def test_it_is_gone_though_it_is_kept_and_held(office: DisposalOffice) -> None:
    record, other = office.keep(b"content", name="ever"), office.keep(b"other")
    office.hold(record)
    spill(office, record)
    assert office.codes() == {"SPILL_LEFT"}
    with office.archive.db.read() as connection:
        (one,) = spills.pending(connection)
    assert (one.record, len(one.holds), one.locked) == (record, 1, {})
    assert clear(office).destroyed == [record]
    assert stored(office, record) == []
    assert stored(office, other)
    assert office.codes() == set()
    assert clear(office) == Cleared()


def test_nothing_is_told_of_it_any_more(office: DisposalOffice) -> None:
    record = office.keep(b"content", changed={"claims": {"case": "A-1", "officers": ["王"]}})
    spill(office, record)
    archive = office.archive
    with archive.db.read() as connection:
        row = catalog.find_record(connection, record)
        found = custody(connection, archive.places.evidence, record)
        said = {c.name: getattr(row, c.name) for c in catalog.RECORD.c if c.nullable}
        assert catalog.search(connection, catalog.Query(words=("笔录",))) == []
    assert (row.name, row.name_raw, row.folder, row.spilled) == ("", b"", "", True)
    left = {name for name, value in said.items() if value is not None}
    assert left <= {"first_lock", "retain_until", "pack", "pack_place"}
    assert found.description is None
    assert found.problem is None
    assert [e.kind for e in found.events if e.detail] == ["record.spilled"]
    bundle = proof_bundle(archive.db, archive.places, LogTrust.of(archive.identity), record)
    assert "record.json" not in bundle
    assert "笔录" not in "".join(data.decode("utf-8", "replace") for data in bundle.values())


def test_derivatives_and_what_waits_go_at_once(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    archive = office.archive
    live = archive.places.live
    made = Derivatives(archive.db, live, archive.sealer, archive.clock, archive.random)
    product = Product("poster", "jpg", "poster/1", b"jpeg")
    made.made(record, [product])
    assert list(live.list(layout.derived_prefix(record)))
    spill(office, record)
    assert clear(office, []).derivatives == 1
    with pytest.raises(NotFound):
        made.made(record, [product])
    assert list(live.list(layout.derived_prefix(record))) == []
    with archive.db.read() as connection:
        assert is_going(connection, layout.content_key(record))


def test_the_copy_goes_first_where_the_first_store_is_locked(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.add_replica()
    office.introduce("first", "compliance")
    office.copy_to_replica()
    name = spill(office, record)
    done = clear(office)
    assert done.cleared == [record]
    assert [(one.store, one.code) for one in done.left] == [("first", "SPILL_LOCKED")]
    assert len(stored(office, record)) == 2
    assert office.codes() == {"SPILL_LEFT"}
    with office.archive.db.read() as connection:
        (one,) = spills.pending(connection)
    assert (one.spill, one.left, one.cleared) == (name, ("first",), ("replica",))
    assert one.locked["first"] > format_time(office.archive.clock.now())
    office.later(days=11)
    assert clear(office).destroyed == [record]
    assert stored(office, record) == []
    assert "SPILL_LEFT" not in office.codes()


def test_a_lock_that_only_the_store_knows_is_waited_for(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    spill(office, record)
    first = office.stores()[0]
    until = office.archive.clock.now() + timedelta(days=1)
    locked = Place("first", first.store, Locked(first, until))  # type: ignore[arg-type]
    assert [one.code for one in clear(office, [locked]).left] == ["STILL_LOCKED"]
    assert len(stored(office, record)) == 2
    assert clear(office).destroyed == [record]


def test_a_packed_one_waits_for_the_others(office: DisposalOffice) -> None:
    members = office.keep_packed([b"a", b"secret", b"c"])
    spill(office, members[1])
    done = clear(office)
    assert [(one.record, one.code) for one in done.left] == [(members[1], "PACK_PART")]
    assert office.codes() == {"SPILL_LEFT"}
    office.split([members[0], members[2]])
    assert clear(office).destroyed == [members[1]]
    evidence = office.archive.places.evidence
    assert list(evidence.list("packs/")) == []
    assert evidence.stat(layout.content_key(members[0])) is not None
    assert office.codes() == set()


def test_what_the_database_alone_says_deletes_nothing(office: DisposalOffice) -> None:
    record, other = office.keep(b"content"), office.keep(b"other")
    spill(office, record)
    with office.archive.db.write() as connection:
        from archive.desk.db_shelf import DbShelf

        value = DbShelf(connection).get("spilled", record)
        assert value is not None
        DbShelf(connection).put("spilled", other, value)
    done = clear(office)
    assert done.destroyed == [record]
    assert [(one.record, one.code) for one in done.left] == [(other, "SPILL_UNKNOWN")]
    assert len(stored(office, other)) == 2


@pytest.mark.parametrize("after", ["content", "record.json"])
def test_a_kill_while_it_is_deleted_is_made_good(office: DisposalOffice, after: str) -> None:
    record = office.keep(b"content")
    spill(office, record)
    first = office.stores()[0]

    class Dying(Locked):
        def destroy(self, key: str, version: str) -> None:
            first.vault.destroy(key, version)
            if key.endswith(after):
                raise Unreachable("killed")

    vault: Any = Dying(first, None)
    vault.until = None
    done = clear(office, [Place("first", first.store, vault)])
    assert not done.destroyed
    assert office.codes() == {"SPILL_LEFT", "SPILL_UNFINISHED"}
    again, _ = lose_database(office)
    assert clear(again).destroyed == [record]
    assert again.codes() == set()


def test_a_rebuild_knows_it(office: DisposalOffice) -> None:
    packed = office.keep_packed([b"a", b"secret"])
    alone, gone = office.keep(b"alone", changed={"claims": {"case": "A-1"}}), office.keep(b"gone")
    case = office.people.open_case("A-1")
    office.link(case, [alone])
    spill(office, gone)
    clear(office)
    spill(office, alone, packed[1])
    before = rows(office)
    again, _ = lose_database(office)
    assert rows(again) == before
    with again.archive.db.read() as connection:
        assert [one.record for one in spills.pending(connection)] == sorted([alone, packed[1]])


def test_locks_are_not_lengthened_and_holds_let_go(office: DisposalOffice) -> None:
    from retention.locks import Wanted, _Line, _Plan

    record = office.keep(b"content")
    office.hold(record)
    spill(office, record)
    with office.archive.db.read() as connection:
        assert connection.execute(select(KEEPING.c.key)).scalars().all()[-1] == record
        plan = _Plan(connection, [_Line(1, "record", record)])
    assert list(plan.wanted.values()) == [Wanted()]
    assert next(iter(plan.wanted)).leaving


# --- reading


@pytest.fixture
def released(tmp_path: Path) -> release_fixture.Office:
    return release_fixture.make_office(tmp_path, os.urandom(9 << 20))


def spill_released(office: release_fixture.Office) -> None:
    payload = {"records": [office.record], "spill": office.archive.ulid()}
    office.people.say(("founder1", "wang"), "record.spilled", payload, {"reason": "涉密"})


def test_nobody_asks_for_it_or_begins_to_read(released: release_fixture.Office) -> None:
    granted = released.request("li", "own_case", "view")
    spill_released(released)
    released.archive.seal()
    for attempt in (
        lambda: released.request("li", "own_case", "view"),
        lambda: released.request("insp", "internal_supervision", "view", purpose="supervision"),
        lambda: released.release.open(released.start("li", granted)).__enter__(),
        lambda: released.release.open(released.view()).__enter__(),
    ):
        with pytest.raises(Denied) as denied:
            attempt()
        assert denied.value.code == "RECORD_SPILLED"
    assert released.denials() == ["RECORD_SPILLED"] * 4


def test_an_access_that_runs_ends_at_its_next_piece(released: release_fixture.Office) -> None:
    def read_on() -> None:
        with released.release.open(released.view()) as retrieval:
            pieces = retrieval.pieces()
            next(pieces)
            spill_released(released)
            next(pieces)

    with pytest.raises(Denied):
        read_on()
    assert released.ends() == [("access.aborted", 4 << 20, "RECORD_SPILLED")]
