"""Cases and holds through the desk: records are linked by their claims, changes are entries."""

import json
from pathlib import Path

import pytest
from archive_fixture import Archive, make_archive
from people_fixture import People, make_people

from archive.actors import Doer
from archive.desk import cases, registry
from archive.desk.reading import Reader
from archive.errors import Denied, FormatError, NotFound
from archive.ledger import entries_between
from archive.registers.holds import holds_of
from archive.registers.shelf import MemoryShelf
from ingest.register import Maker, confirm_source, ensure_source

NUMBER = "滨综执罚〔2026〕12号"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path)


@pytest.fixture
def people(archive: Archive) -> People:
    people = make_people(archive)
    people.enrol("li", "handler", unit="A")
    people.enrol("head", "approver.department_head", unit="A")
    people.enrol("law", "legal_office", unit="L")
    people.seal()
    return people


def record(archive: Archive, case: str | None = None, source: str | None = None) -> str:
    claims = None if case is None else {"case": case}
    where = {} if source is None else {"source": source}
    made = archive.accession(archive.random(8), changed={"claims": claims}, **where)
    archive.seal()
    return made.record


def opening(people: People, by: str, number: str = NUMBER, **changed: object) -> str:
    case = people.authors[by].id()
    payload = {
        "case": case,
        "category": "penalty",
        "handlers": ["li"],
        "importance": "ordinary",
        "opened": "2026-11-22",
        "sensitivity": [],
        "unit": "A",
        **changed,
    }
    data = {"number": number, "title": "占道经营"}
    people.say(by, "case.opened", payload, data, do=cases.open_case)
    return case


def linked(archive: Archive) -> list[tuple[str, list[str]]]:
    archive.seal()
    head = archive.head()
    with archive.db.read() as connection:
        found = entries_between(connection, head.log, 0, head.size)
    entries = [json.loads(item.data) for item in found]
    return [(e["subject"], e["body"]["records"]) for e in entries if e["kind"] == "case.linked"]


def test_opening_links_what_claims_the_number(archive: Archive, people: People) -> None:
    mine, other = record(archive, NUMBER), record(archive, "another")
    case = opening(people, "head")
    assert linked(archive) == [(case, [mine])]
    assert people.value("record_cases", mine) == {"cases": [case], "detached": []}
    assert people.value("record_cases", other) is None
    with archive.db.read() as connection:
        assert cases.records_of(connection, case) == [mine]


def confirm(archive: Archive, source: str, unit: str) -> None:
    now, maker = archive.clock.now(), Maker(archive.random)
    with archive.db.write() as connection:
        ensure_source(connection, source, source.encode(), now, maker)
        confirm_source(connection, source, Doer("1000", "gu"), now, maker, {"unit": unit})


def test_a_claim_of_another_units_record_waits(archive: Archive, people: People) -> None:
    """Else a head would open a case with another unit's number and have its records."""
    confirm(archive, "CAM-B", "B")
    before, free = record(archive, NUMBER, "CAM-B"), record(archive, NUMBER)
    case = opening(people, "head")
    after = record(archive, NUMBER, "CAM-B")
    assert linked(archive) == [(case, [free])]
    with archive.db.read() as connection:
        assert not cases.claims_waiting(connection)
        value = cases.find_case(connection, case)[1]
        assert cases.claims_left(connection, case, value) == 2
        mark = cases.claims_mark(connection)
    assert cases.link_claims(people.desk) == []
    people.say("founder1", "case.attached", {"case": case, "records": [before]}, {"reason": "x"})
    confirm(archive, "CAM-B", "A")
    archive.seal()
    with archive.db.read() as connection:
        assert cases.claims_mark(connection) != mark
    cases.link_claims(people.desk)
    assert linked(archive)[-1] == (case, [after])
    with archive.db.read() as connection:
        assert cases.claims_left(connection, case, value) == 0


def test_what_arrives_later_is_linked_by_the_sweep_once(archive: Archive, people: People) -> None:
    case = opening(people, "head")
    assert cases.link_claims(people.desk) == []
    late = record(archive, NUMBER)
    made = cases.link_claims(people.desk)
    assert [(entry.kind, entry.subject) for entry in made] == [("case.linked", case)]
    assert cases.link_claims(people.desk) == []
    assert linked(archive) == [(case, [late])]


def test_the_sweep_does_not_undo_a_person(archive: Archive, people: People) -> None:
    case, late = opening(people, "head"), record(archive, NUMBER)
    cases.link_claims(people.desk)
    payload = {"case": case, "records": [late]}
    people.say("head", "case.detached", payload, {"reason": "误关联"})
    assert cases.link_claims(people.desk) == []
    with archive.db.write() as connection, pytest.raises(Denied) as denied:
        people.desk.submit_own(
            connection, "case.linked", "registry", case, {"records": [late]}, "system/registry"
        )
    assert denied.value.code == "ATTACHMENT"
    people.say("head", "case.attached", payload, {"reason": "确属本案"})
    with archive.db.read() as connection:
        assert cases.records_of(connection, case) == [late]


@pytest.mark.parametrize("number", [NUMBER, f"  {NUMBER} ", f"{NUMBER}\u3000"])
def test_a_number_is_given_once(people: People, number: str) -> None:
    opening(people, "head")
    with pytest.raises(Denied) as denied:
        opening(people, "founder1", number, handlers=[])
    assert denied.value.code == "CASE_EXISTS"


def test_an_empty_number_is_none(people: People) -> None:
    with pytest.raises(FormatError, match="number"):
        opening(people, "head", "  ")


def test_a_case_is_found_by_number_and_id(archive: Archive, people: People) -> None:
    case = opening(people, "head")
    with archive.db.read() as connection:
        for text in (NUMBER, f" {NUMBER}", case, case[:20].lower()):
            assert cases.find_case(connection, text)[0] == case
        for text in ("", "99", "01ARZ3NDEKTSV4RRFFQ69G5FAV"):
            with pytest.raises(NotFound):
                cases.find_case(connection, text)


def test_history_has_the_words_beside_the_entries(archive: Archive, people: People) -> None:
    case = opening(people, "head")
    closed = {"case": case, "closed": "2026-12-01", "decided": None}
    people.say("head", "case.closed", closed, {"reason": "已办结"})
    people.seal()
    with archive.db.read() as connection:
        found = registry.history(connection, archive.places.evidence, case)
    assert [item["entry"]["kind"] for item in found] == ["case.opened", "case.closed"]
    assert found[0]["data"] == {"number": NUMBER, "title": "占道经营"}
    (archive.evidence / f"details/{found[1]['entry']['body']['detail_id'][-2:]}").chmod(0o755)
    detail = found[1]["entry"]["body"]["detail_id"]
    path = archive.evidence / f"details/{detail[-2:]}/{detail}.json"
    path.chmod(0o644)
    path.write_bytes(b"{}")
    with archive.db.read() as connection:
        assert registry.history(connection, archive.places.evidence, case)[1]["data"] is None


def test_the_door_takes_kinds_of_the_registry_only(people: People) -> None:
    author = people.authors["founder1"]
    payload = {"access": author.id(), "count": 1}
    signed, detail = author.make("access.returned", payload, {"remarks": "x"})
    with pytest.raises(FormatError, match="kind of the register"):
        registry.submit(people.desk, [signed], detail, "1000")
    with pytest.raises(FormatError, match="kind of the register"):
        registry.submit(people.desk, [], None, "1000")


def test_holds_cover_a_case_until_their_unit_lifts_them(archive: Archive, people: People) -> None:
    case, one = opening(people, "head"), record(archive)
    hold = people.authors["law"].id()
    payload = {"case": case, "hold": hold, "records": [one]}
    people.say("law", "hold.placed", payload, {"reason": "复议", "document_no": None})
    with archive.db.read() as connection:
        from archive.desk.db_shelf import DbShelf

        shelf = DbShelf(connection)
        assert holds_of(shelf, one, []) == [hold]
        assert holds_of(shelf, "other", [case]) == [hold]
    with pytest.raises(Denied) as denied:
        people.say("founder1", "hold.lifted", {"hold": hold}, {"reason": "x"})
    assert denied.value.code == "HOLD_OTHER"
    people.say("law", "hold.lifted", {"hold": hold}, {"reason": "已结束"})
    with archive.db.read() as connection:
        assert holds_of(DbShelf(connection), one, [case]) == []
    with pytest.raises(Denied) as denied:
        people.say("law", "hold.lifted", {"hold": hold}, {"reason": "x"})
    assert denied.value.code == "HOLD_UNKNOWN"


def test_nothing_is_held_by_nothing() -> None:
    assert holds_of(MemoryShelf(), "record", ["case"]) == []


def test_handlers_see_cases_of_their_unit_and_their_own() -> None:
    case = {"unit": "A", "handlers": ["li"]}

    def reader(roles: str, unit: str = "B", person: str = "x") -> Reader:
        return Reader((person,), frozenset(roles.split()), frozenset({unit}))

    assert cases.shown_to(reader("archivist"), case)
    assert cases.shown_to(reader("handler", unit="A"), case)
    assert cases.shown_to(reader("handler", person="li"), case)
    assert not cases.shown_to(reader("handler"), case)
    assert not cases.shown_to(reader("administrator", unit="A", person="li"), case)
