"""Destruction in real stores: gone from every version and replica, the ledger still verifies."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from disposal_office import DisposalOffice, make_office
from disposal_places import Locked, stored
from sqlalchemy import text

from archive import catalog, layout
from archive.desk import disposition
from archive.desk.destroying import unfinished
from archive.errors import ContentAltered, Denied, Unreachable
from retention.due import due_now
from retention.execute import Outcome, Place


@pytest.fixture
def office(tmp_path: Path) -> DisposalOffice:
    return make_office(tmp_path)


def test_a_record_is_gone_and_the_ledger_verifies(office: DisposalOffice) -> None:
    kept = office.keep(b"kept")
    record = office.keep(b"content", sidecar=b'{"cunzheng_sidecar":1}')
    office.extend(kept, 100)
    office.later(days=11)
    assert office.codes() == {"OVERDUE"}
    name = office.dispose([record])
    assert stored(office, record)
    outcome = office.destroyer().run(name)
    assert (outcome.destroyed, outcome.left) == ([record], [])
    assert stored(office, record) == []
    assert stored(office, kept)
    assert office.codes() == set()
    with office.archive.db.read() as connection:
        row = catalog.find_record(connection, record)
    assert (row.destroyed, row.preview, row.name) == (True, None, "笔录.txt")


def test_a_second_run_finds_nothing_to_do(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    name = office.destroy([record])
    assert office.destroyer().run(name).destroyed == []


def test_it_is_gone_from_the_replica_too(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.add_replica()
    office.later(days=11)
    office.copy_to_replica()
    name = office.dispose([record])
    with pytest.raises(Denied, match="first replica"):
        office.destroyer(office.stores()[:1]).run(name)
    assert len(stored(office, record)) == 4
    office.destroyer().run(name)
    assert stored(office, record) == []
    assert office.codes() == set()


def test_a_pack_goes_when_all_its_members_go(office: DisposalOffice) -> None:
    members = office.keep_packed([b"a", b"b", b"c"], sidecar=b'{"cunzheng_sidecar":1}')
    office.later(days=11)
    with pytest.raises(Denied) as denied:
        office.propose(members[:2])
    assert denied.value.code == "PACK_PART"
    office.destroy(members)
    assert list(office.archive.places.evidence.list("packs/")) == []
    assert office.codes() == set()


def test_what_is_held_after_the_order_stays_whole(office: DisposalOffice) -> None:
    record, other = office.keep(b"content"), office.keep(b"other")
    office.later(days=11)
    name = office.dispose([record, other])
    hold = office.hold(record)
    outcome = office.destroyer().run(name)
    assert outcome.destroyed == [other]
    assert [(left.record, left.code) for left in outcome.left] == [(record, "RECORD_HELD")]
    assert len(stored(office, record)) == 2
    assert office.codes() == set()
    office.lift(hold)
    assert office.destroyer().run(name).destroyed == [record]
    assert office.codes() == set()


def test_what_is_locked_stays_whole_and_goes_later(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    name = office.dispose([record])
    first = office.stores()[0]
    until = office.archive.clock.now() + timedelta(days=1)
    locked = Place("first", first.store, Locked(first, until))  # type: ignore[arg-type]
    outcome = office.destroyer([locked]).run(name)
    assert [left.code for left in outcome.left] == ["STILL_LOCKED"]
    assert len(stored(office, record)) == 2
    assert office.codes() == set()
    office.hold(record)  # nothing stands in the way of a hold: nothing was deleted
    with office.archive.db.read() as connection:
        assert unfinished(connection) == {}


def test_nothing_keeps_what_is_half_deleted(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    name = office.dispose([record])
    disposition.begin(office.people.desk, name, [record])
    (office.archive.evidence / layout.content_key(record)).unlink()
    for attempt in (lambda: office.hold(record), lambda: office.extend(record, 9)):
        with pytest.raises(Denied) as denied:
            attempt()
        assert denied.value.code == "BEING_DESTROYED"
    office.hold(office.keep(b"other"))  # whatever concerns others goes on
    assert office.destroyer().run(name).destroyed == [record]
    assert office.codes() == set()


def test_the_catalog_knows_what_is_due(office: DisposalOffice) -> None:
    first, held = office.keep(b"1"), office.keep(b"2")
    ever = office.keep(b"3", "ever")
    members = office.keep_packed([b"a", b"b"])
    mixed = office.keep_packed([b"c", b"d"])
    office.extend(mixed[1], 100)
    office.hold(held)
    office.later(days=11)
    now = office.archive.clock.now()
    law = disposition.law_of(office.people.desk)
    with office.archive.db.read() as connection:
        found = due_now(connection, law, now)
    assert {one.record for one in found.due} == {first, *members}
    assert found.held == 1
    assert [(one.due[0].record, one.kept) for one in found.packs] == [(mixed[0], (mixed[1],))]
    assert found.packs[0].next is not None
    assert ever not in {one.record for one in found.due}
    codes = office.codes()
    assert codes == {"OVERDUE", "OVERDUE_IN_PACK"}
    assert office.report().outcome == "PASSED"


def test_the_list_is_that_of_the_catalog(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    payload = office.proposal([record])
    with office.archive.db.read() as connection:
        lines = disposition.lines_of(connection, [record])
    lines[0]["name"] = "其他.txt"
    data = {"reason": "到期", "list": lines}
    with pytest.raises(Denied) as denied:
        office.people.say("founder1", "disposition.proposed", payload, data, do=disposition.propose)
    assert denied.value.code == "LIST_OTHER"


def test_what_is_gone_cannot_be_asked_for(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    before = asking(office, record)
    office.people.say("du", "access.requested", before, WORDS)
    office.destroy([record])
    for kind, payload, data in (
        ("access.requested", asking(office, record), WORDS),
        ("access.started", starting(office, str(before["request"]), record), None),
    ):
        with pytest.raises(Denied) as denied:
            office.people.say("du", kind, payload, data)
        assert denied.value.code == "RECORD_DESTROYED"
    office.archive.seal()
    assert office.codes() == set()


WORDS = {"reason": "监督", "behalf": None, "letter_no": None, "task_no": None, "query": None}


def asking(office: DisposalOffice, record: str) -> dict[str, object]:
    return {
        "action": "view",
        "capacity": "internal_supervision",
        "case": None,
        "letter": None,
        "purpose": "supervision",
        "records": [record],
        "request": office.archive.ulid(),
        "segments": None,
    }


def starting(office: DisposalOffice, request: str, record: str) -> dict[str, object]:
    return {
        "access": office.archive.ulid(),
        "action": "view",
        "copies": None,
        "range": None,
        "record": record,
        "request": request,
        "resumes": None,
    }


def test_what_is_split_off_outlives_its_pack(office: DisposalOffice) -> None:
    members = office.keep_packed([b"a", b"b", b"c"], sidecar=b'{"cunzheng_sidecar":1}')
    office.extend(members[0], 100)
    office.later(days=11)
    office.split(members[:1])
    assert office.codes() == {"OVERDUE"}  # the pack can go now
    assert len(stored(office, members[0])) == 3
    office.destroy(members[1:])
    assert list(office.archive.places.evidence.list("packs/")) == []
    assert len(stored(office, members[0])) == 3
    assert office.codes() == set()
    office.later(days=100)
    office.destroy(members[:1])
    assert list(office.archive.places.evidence.list("records/")) == []
    assert office.codes() == set()


def test_a_pack_waits_until_what_was_split_off_stands(office: DisposalOffice) -> None:
    members = office.keep_packed([b"a", b"b"])
    office.add_replica()
    office.extend(members[0], 100)
    office.later(days=11)
    office.split(members[:1])
    name = office.dispose(members[1:])
    outcome = office.destroyer().run(name)  # the copy in the replica is not there yet
    assert [left.code for left in outcome.left] == ["NOT_GONE"]
    assert len(list(office.archive.places.evidence.list("packs/"))) == 1
    office.copy_to_replica()
    assert office.destroyer().run(name).destroyed == members[1:]
    assert office.codes() == set()


def test_two_executions_at_once_say_it_once(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    name = office.dispose([record])
    disposition.begin(office.people.desk, name, [record])
    stores = ["first"]
    made = disposition.finish(office.people.desk, name, [record], stores, 2)
    again = disposition.finish(office.people.desk, name, [record], stores, 0)
    assert (len(made), again) == (1, [])


# ── what a database says that the ledger does not ──


def edit(office: DisposalOffice, shelf: str, key: str, **values: object) -> None:
    """Change a register as somebody does who has the database."""
    here = "WHERE shelf=:shelf AND key=:key"
    with office.archive.db.write() as connection:
        named: dict[str, object] = {"shelf": shelf, "key": key}
        row = connection.execute(text(f"SELECT value FROM register {here}"), named).scalar_one()
        changed = json.dumps({**json.loads(row), **values}).encode()
        new = {**named, "value": changed}
        connection.execute(text(f"UPDATE register SET value=:value {here}"), new)


def test_a_list_that_was_lengthened_in_the_database_destroys_nothing_more(
    office: DisposalOffice,
) -> None:
    due, kept = office.keep(b"due"), office.keep(b"kept")
    office.extend(kept, 36_500)
    office.later(days=11)
    name = office.dispose([due])
    edit(office, "term", kept, until=None)
    edit(office, "disposition", name, records=sorted([due, kept]))
    outcome = office.destroyer().run(name)
    assert outcome.destroyed == [due]
    assert [(left.record, left.code) for left in outcome.left] == [(kept, "LIST_OTHER")]
    assert len(stored(office, kept)) == 2


def test_a_hold_that_was_taken_out_of_the_database_holds(office: DisposalOffice) -> None:
    members = office.keep_packed([b"a", b"b"])
    office.later(days=11)
    name = office.dispose(members)
    office.hold(members[1])
    edit(office, "record_holds", members[1], holds=[])
    outcome = office.destroyer().run(name)
    assert outcome.destroyed == []
    codes = {left.record: left.code for left in outcome.left}
    assert codes == {members[0]: "PACK_PART", members[1]: "RECORD_HELD"}
    assert office.codes() == {"OVERDUE_IN_PACK"}


def test_a_pack_that_a_record_was_put_into_in_the_database_stays(office: DisposalOffice) -> None:
    due, packed = office.keep(b"due"), office.keep_packed([b"a", b"b"])
    office.later(days=11)
    name = office.dispose([due])
    move = text(
        "UPDATE record SET pack = CASE WHEN id=:due THEN (SELECT pack FROM record WHERE id=:one)"
        " END WHERE id IN (:due, :one, :two)"
    )
    with office.archive.db.write() as connection:
        connection.execute(move, {"due": due, "one": packed[0], "two": packed[1]})
    office.destroyer().run(name)
    assert len(list(office.archive.places.evidence.list("packs/"))) == 1


def test_an_order_is_sealed_before_anything_is_deleted(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    name = office.propose([record])
    office.decide(name)
    office.people.say("root", "disposition.executed", {"disposition": name})
    with office.archive.db.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM pending")).scalar_one() == 1
    steps = office.destroyer().steps(name, Outcome())
    assert next(steps) == (1, 1)
    order = b'"kind":"disposition.executed"'
    with office.archive.db.read() as connection:
        rows = connection.execute(text("SELECT log, idx, data FROM entry")).all()
        [index] = [row.idx for row in rows if order in row.data]
        head = connection.execute(text("SELECT published FROM head")).scalar_one()
    assert index < head


def test_nothing_is_deleted_where_the_order_cannot_be_sealed(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    name = office.propose([record])
    office.decide(name)
    office.people.say("root", "disposition.executed", {"disposition": name})

    class Stuck:
        """A sealer whose store is away."""

        rounds = office.people.desk.sealer.rounds

        def drain(self, **_: object) -> None:
            raise Unreachable("the store does not answer")

    destroyer = office.destroyer()
    destroyer._desk = replace(office.people.desk, sealer=Stuck())  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        destroyer.run(name)
    assert len(stored(office, record)) == 2


def test_nothing_is_deleted_where_the_ledger_does_not_hold(office: DisposalOffice) -> None:
    record = office.keep(b"content")
    office.later(days=11)
    name = office.dispose([record])
    root = office.archive.home / "store"
    for path in root.glob("*/log/*/tile/entries/**/*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes().replace(b"retention.set", b"retention.sat"))
    with pytest.raises(ContentAltered, match="does not hold"):
        office.destroyer().run(name)
    assert len(stored(office, record)) == 2


# ── packs ──


@pytest.mark.parametrize("what", ["content", "record.json", "sidecar"])
@pytest.mark.parametrize("how", ["altered", "gone"])
def test_a_pack_stays_until_what_was_split_off_is_right(
    office: DisposalOffice, what: str, how: str
) -> None:
    members = office.keep_packed([b"aaaa", b"bbbb"], sidecar=b'{"cunzheng_sidecar":1}')
    office.extend(members[1], 1000)
    office.split([members[1]])
    office.later(days=11)
    folder = office.archive.home / "store" / "evidence" / layout.record_prefix(members[1])
    right = (folder / what).read_bytes()
    (folder / what).unlink()
    if how == "altered":
        (folder / what).write_bytes(b"x" + right[1:])
    name = office.dispose([members[0]])
    outcome = office.destroyer().run(name)
    assert outcome.destroyed == []
    with office.archive.db.read() as connection:
        assert unfinished(connection) == {}
    (folder / what).unlink(missing_ok=True)
    (folder / what).write_bytes(right)
    assert office.destroyer().run(name).destroyed == [members[0]]


def test_a_key_that_was_planted_before_a_pack_keeps_nothing(office: DisposalOffice) -> None:
    members = office.keep_packed([b"a", b"b"])
    office.later(days=11)
    [pack] = (office.archive.home / "store" / "evidence" / "packs").glob("*/*/*.zip")
    pack.with_name(pack.name[:-1] + "!").write_bytes(b"planted")
    name = office.dispose(members)
    assert office.destroyer().run(name).destroyed == members
    assert not pack.exists()
