"""Asking and ending: fitting capacities, who sees a request, what closes by itself."""

from hashlib import sha256
from pathlib import Path

import pytest
from release_fixture import REASON, Office, make_office

from archive.desk import ask
from archive.desk.cases import find_case
from archive.desk.closing import close_due, keep_house
from archive.desk.db_shelf import DbShelf
from archive.desk.reading import Reader
from archive.errors import Denied, NotFound, UsageError


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return make_office(tmp_path, b"a record")


def reader(*people: str, roles: tuple[str, ...] = ("handler",)) -> Reader:
    return Reader(people, frozenset(roles), frozenset({"main"}))


def whole(office: Office, request: str, person: str = "li", action: str = "view") -> None:
    with office.release.open(office.start(person, request, action)) as retrieval:
        list(retrieval.pieces())


def state(office: Office, request: str) -> tuple[str, str | None]:
    value = office.people.value("request", request)
    assert value is not None
    return value["state"], value["ended"]


def test_the_capacity_that_fits(office: Office) -> None:
    with office.archive.db.read() as connection:
        shelf = DbShelf(connection)
        records = [office.record]
        for person, case, capacity in (
            ("li", office.case, "own_case"),
            ("li", None, "same_unit"),
            ("wang", office.case, "same_unit"),
            ("insp", office.case, "internal_supervision"),
        ):
            found = ask.explained(shelf, person, "copy", records, case)
            assert found.capacity == capacity
        own = ask.explained(shelf, "li", "copy", records, office.case)
        assert [item["role"] for item in own.needed] == ["legal_office"]
        assert "legal_office" in [item.role for item in own.explanation.approvers]
        assert own.explanation.basis[0].startswith("承办人复制")


def test_names_of_records_and_cases(office: Office) -> None:
    with office.archive.db.read() as connection:
        assert ask.record_ids(connection, [office.record[:20].lower()] * 2) == [office.record]
        for named in ([], ["7" + "Z" * 25]):
            with pytest.raises((UsageError, NotFound)):
                ask.record_ids(connection, named)
        for named_case in ("2026-17", office.case):
            assert find_case(connection, named_case)[0] == office.case
        with pytest.raises(NotFound):
            find_case(connection, "2026-18")


def test_a_letter_is_what_it_is_said_to_be(office: Office) -> None:
    """Judged where the request is, so that a try is on the ledger like any other."""
    nothing = dict.fromkeys(("id_kind", "id_no", "unit", "post", "contact"))
    words = {"behalf": {**nothing, "name": "某法院"}, "case": None}
    for letter in (
        {"record": office.record, "sha256": sha256(b"a record").hexdigest()},
        {"record": "7" + "Z" * 25, "sha256": "00" * 32},
    ):
        with pytest.raises(Denied) as caught:
            office.request("founder1", "authority", "view", letter=letter, **words)
        assert caught.value.code == "LETTER_OTHER"
    assert office.denials() == ["LETTER_OTHER"] * 2


def test_who_sees_a_request(office: Office) -> None:
    request = office.request("li", "own_case", "copy")
    seen = {
        "li": reader("li"),
        "wang": reader("wang", roles=("legal_office",)),
        "an archivist": reader("x", roles=("archivist",)),
        "an inspector": reader("insp", roles=("inspector.internal",)),
        "the holder": Reader((), frozenset(), frozenset(), holder=True),
    }
    not_seen = {
        "a handler": reader("sun"),
        "a lead": reader("x", roles=("approver.division_lead",)),
        "an administrator": reader("x", roles=("administrator",)),
    }
    with office.archive.db.read() as connection:
        for name, who in {**seen, **not_seen}.items():
            found = ask.requests_of(connection, who, unfinished=True)
            assert [key for key, _ in found] == [request] * (name in seen), name
        assert ask.find_request(connection, seen["wang"], request[:15])[0] == request
        with pytest.raises(NotFound):
            ask.find_request(connection, not_seen["a lead"], request)


def test_the_words_of_a_request(office: Office) -> None:
    request = office.request("li", "own_case", "copy")
    office.archive.seal()
    value = office.people.value("request", request)
    assert value is not None
    evidence = office.archive.places.evidence
    data = ask.words(evidence, value["detail_id"])
    assert data is not None
    assert data["reason"] == REASON
    assert ask.words(evidence, None) is None
    assert ask.words(evidence, "7" + "Z" * 25) is None


def test_what_is_over_closes_by_itself(office: Office) -> None:
    desk = office.people.desk
    refused = office.request("li", "own_case", "copy")
    office.decide("wang", refused, "legal_office", "refuse")
    open_one = office.request("li", "own_case", "view")
    assert close_due(desk) == [refused]
    assert state(office, refused) == ("closed", "refused")
    assert close_due(desk) == []
    office.archive.clock.advance(hours=73)
    assert close_due(desk) == [open_one]
    assert state(office, open_one) == ("closed", "expired")
    office.archive.seal()
    ends = [entry for entry in office.access_entries() if entry.kind == "access.closed"]
    assert [(entry.actor, entry.body["code"]) for entry in ends] == [
        ("system/access", "refused"),
        ("system/access", "expired"),
    ]


def test_copies_that_come_back_close_it(office: Office) -> None:
    desk = office.people.desk
    request = office.request("li", "own_case", "copy")
    grant = {
        "count": 1,
        "from": "2026-11-22T00:00:00.000000Z",
        "until": "2026-11-24T00:00:00.000000Z",
    }
    payload = {"decision": "approve", "grant": grant, "request": request, "role": "legal_office"}
    office.people.say("wang", "access.decided", payload)
    order = office.start("li", request, "copy", copies={"count": 2, "medium": "光盘"})
    with office.release.open(order) as retrieval:
        list(retrieval.pieces())
        assert close_due(desk) == []
    assert close_due(desk) == []
    access = order.payload["access"]
    with office.archive.db.read() as connection:
        assert [key for key, _ in ask.accesses_of(connection, request)] == [access]
    office.people.say("founder1", "access.returned", {"access": access, "count": 1})
    office.people.say("founder1", "access.destroyed", {"access": access, "count": 1})
    assert close_due(desk) == [request]
    assert state(office, request) == ("closed", "returned")


def test_housekeeping_seals_what_it_ends(office: Office) -> None:
    request = office.request("li", "own_case", "copy")
    office.decide("wang", request, "legal_office", "refuse")
    keep_house(office.confidential)
    assert office.kinds()[-1] == "access.closed"
