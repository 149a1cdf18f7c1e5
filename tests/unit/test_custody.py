"""The custody of a record: everything that names it, and nothing that names only its neighbours."""

from __future__ import annotations

from pathlib import Path

import pytest
from people_fixture import ACCOUNT, FOUNDERS
from release_fixture import Office, make_office

from archive.custody import Custody, custody
from archive.errors import Denied

WHY = {"reason": "复议"}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return make_office(tmp_path, b"a record")


def found(office: Office, record: str | None = None) -> Custody:
    with office.archive.db.read() as connection:
        return custody(connection, office.archive.places.evidence, record or office.record)


def kinds(found: Custody) -> list[str]:
    return [event.kind for event in found.events]


def hold(office: Office, **where: object) -> str:
    number = office.people.authors["wang"].id()
    payload = {"hold": number, "case": None, "records": [], **where}
    words = {"reason": "复议", "document_no": "复字1号"}
    office.people.say("wang", "hold.placed", payload, words)
    return number


def test_before_anybody_asks(office: Office) -> None:
    before = found(office)
    assert kinds(before) == ["record.accessioned", "case.opened", "case.attached"]
    assert list(before.cases) == [office.case]
    assert before.cases[office.case]["handlers"] == ["li"]
    assert before.people["li"] == "姓名 li"
    assert set(before.people) == {"li", *(person for person, _ in FOUNDERS)}
    assert before.events[-1].detail == {"reason": "本案材料"}


def test_an_access_from_the_request_to_the_copies(office: Office) -> None:
    request = office.request("li", "own_case", "copy")
    with pytest.raises(Denied), office.release.open(office.start("li", request, "copy")):
        pass
    office.decide("wang", request, "legal_office")
    copies = {"count": 1, "medium": "光盘"}
    with office.release.open(office.start("li", request, "copy", copies=copies)) as retrieval:
        list(retrieval.pieces())
    access = next(e for e in office.access_entries() if e.kind == "access.started")
    payload = access.body["statements"][0]["statement"]["payload"]
    back = {"access": payload["access"], "count": 1}
    office.people.say("founder1", "access.returned", back, {"remarks": "完好"})
    waiting = found(office)
    assert (waiting.events[-1].kind, waiting.events[-1].log) == ("access.returned", None)
    office.people.seal()
    after = found(office)
    assert kinds(after)[3:] == [
        "access.requested",
        "access.denied",
        "access.decided",
        "access.started",
        "access.completed",
        "access.returned",
    ]
    assert set(after.people) == {"li", "wang", *(person for person, _ in FOUNDERS)}
    assert all(event.sealed_at for event in after.events)


def test_a_try_that_was_refused_stands_under_its_record(office: Office) -> None:
    """No request came of it, so the record is all that it names."""
    before = kinds(found(office))
    with pytest.raises(Denied):
        office.request("wang", "own_case", "view")
    office.people.seal()
    tried = found(office).events[-1]
    assert kinds(found(office)) == [*before, "access.denied"]
    assert tried.body["records"] == [office.record]
    assert tried.body["action"] == "view"


def test_holds_of_the_record_and_of_its_case(office: Office) -> None:
    own = hold(office, records=[office.record])
    of_case = hold(office, case=office.case)
    office.people.seal()
    held = found(office)
    assert set(held.holds) == {own, of_case}
    assert kinds(held)[-2:] == ["hold.placed", "hold.placed"]
    office.people.say("wang", "hold.lifted", {"hold": of_case}, WHY)
    office.people.seal()
    assert set(found(office).holds) == {own}
    assert kinds(found(office))[-1] == "hold.lifted"


def test_nothing_of_a_neighbour(office: Office) -> None:
    """Another record of the same case, with a request, an access and a hold of its own."""
    other = office.archive.accession(b"another", staged=True).record
    office.archive.seal()
    before = kinds(found(office))
    attached = {"case": office.case, "records": [other]}
    office.people.say("founder1", "case.attached", attached, WHY)
    request = office.request("li", "own_case", "view", records=[other])
    with office.release.open(office.start("li", request, record=other)) as retrieval:
        list(retrieval.pieces())
    hold(office, records=[other])
    office.people.seal()
    assert kinds(found(office)) == before
    assert kinds(found(office, other))[-4:] == [
        "access.requested",
        "access.started",
        "access.completed",
        "hold.placed",
    ]


def test_a_case_that_it_left_stays_in_the_custody(office: Office) -> None:
    gone = {"case": office.case, "records": [office.record]}
    office.people.say("founder1", "case.detached", gone, WHY)
    office.people.seal()
    after = found(office)
    assert after.cases == {}
    assert "case.opened" in kinds(after)
    assert kinds(after)[-1] == "case.detached"


def test_a_confidential_access_is_in_it_once_it_is_opened(office: Office) -> None:
    order = office.view("insp", "internal_supervision")
    before = kinds(found(office))
    with office.confidential.open(order) as retrieval:
        list(retrieval.pieces())
    office.people.seal()
    assert kinds(found(office)) == before
    said = office.confidential.opening(order.payload["access"])
    data = {"start": said["start"], "end": said["end"]}
    author = office.people.authors["insp"]
    signed, detail = author.make("access.opened", {"access": said["access"]}, data)
    assert detail is not None
    office.confidential.reveal([signed], detail, ACCOUNT)
    office.people.seal()
    after = found(office)
    names = ["access.concealed", "access.concealed_end", "access.opened"]
    assert kinds(after) == [*before, *names]
    assert after.people["insp"] == "姓名 insp"
