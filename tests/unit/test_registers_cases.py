"""Cases, holds and rules as the rule book judges them."""

from collections.abc import Callable

import pytest
from registers_fixture import RULES, Office

from archive.errors import Denied, FormatError
from archive.registers.cases import cases_of
from archive.registers.holds import holds_of


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(Denied) as denied:
        attempt()
    return denied.value.code


@pytest.fixture
def office() -> Office:
    office = Office()
    both = ["gu", "zhu"]
    office.enrol("li", ["handler"], by=["gu"])
    office.enrol("head", ["approver.department_head"], by=both)
    office.enrol("other", ["approver.department_head"], by=both, unit="B")
    office.enrol("law", ["legal_office"], by=both, unit="L")
    return office


# --- cases


def test_who_opens_a_case(office: Office) -> None:
    for person in ("li", "other", "law"):
        assert code(lambda p=person: office.open_case(p)) == "ROLE_MISSING"
    for number, person in enumerate(("gu", "head")):
        office.open_case(person, number=str(number))


def test_nobody_names_handlers_alone_but_the_head_of_their_unit(office: Office) -> None:
    """Who enrols handlers could read everything otherwise."""
    office.enrol("arch", ["archivist"], by=["gu", "zhu"])
    for by, refused in (
        (["gu"], "SECOND_MISSING"),
        (["gu", "li"], "SECOND_MISSING"),
        (["law", "head"], "ROLE_MISSING"),
        (["law", "other"], "ROLE_MISSING"),
        (["other"], "ROLE_MISSING"),
    ):
        assert code(lambda by=by: office.open_case(*by, handlers=["li"])) == refused
    assert code(lambda: office.open_case("head", number="9", handlers=["head"])) == "CASE_OWN"
    assert code(lambda: office.open_case("gu", "arch", handlers=["arch"])) == "CASE_OWN"
    for number, by in enumerate((["gu", "arch"], ["head", "gu"], ["head"])):
        office.open_case(*by, number=str(number), handlers=["li"])


def test_nobody_adds_a_handler_alone_but_the_head_of_the_unit(office: Office) -> None:
    case = office.open_case("gu")
    assert code(lambda: office.change_case(case, "gu", handlers=["li"])) == "SECOND_MISSING"
    assert code(lambda: office.change_case(case, "law", handlers=["li"])) == "ROLE_MISSING"
    assert code(lambda: office.change_case(case, "other", handlers=["li"])) == "ROLE_MISSING"
    assert code(lambda: office.change_case(case, "other", handlers=["li"], unit="B")) == (
        "ROLE_MISSING"
    )
    office.change_case(case, "gu", "law", handlers=["li"])
    office.change_case(case, "gu", handlers=["li"], importance="major")
    office.change_case(case, "gu", handlers=[])
    office.change_case(case, "head", handlers=["li"])
    with pytest.raises(FormatError, match="one person"):
        office.change_case(case, "gu", "law", handlers=[])


def test_handlers_are_people_who_were_enrolled(office: Office) -> None:
    assert code(lambda: office.open_case("head", handlers=["nobody"])) == "PERSON_UNKNOWN"
    case = office.open_case("head", handlers=["li"])
    both = ["li", "nobody"]
    assert code(lambda: office.change_case(case, "head", handlers=both)) == "PERSON_UNKNOWN"


def test_a_case_is_not_closed_before_it_was_opened(office: Office) -> None:
    case = office.open_case("head")
    opened = office.shelf.get("case", case)["opened"]

    def close(day: str) -> None:
        payload = {"case": case, "closed": day, "decided": None}
        office.say(["head"], "case.closed", payload, {"reason": "x"})

    assert code(lambda: close("2000-01-01")) == "CASE_DATES"
    close(opened)
    assert office.shelf.get("case", case)["closed"] == opened


def test_a_number_and_an_id_are_given_once(office: Office) -> None:
    case = office.open_case(number="沪1号")
    assert code(lambda: office.open_case(number=" 沪1号 ")) == "CASE_EXISTS"
    assert code(lambda: office.open_case(number="2", case=case)) == "CASE_EXISTS"


def test_a_number_that_cannot_be_read_is_none(office: Office) -> None:
    case = office.open_case(number="7", readable=False)
    found = office.shelf.get("case", case)
    assert found is not None
    assert found["number"] is None
    office.open_case(number="7")


def test_handlers_do_not_change_their_own_case(office: Office) -> None:
    case = office.open_case("gu", "law", handlers=["li", "zhu"])
    assert code(lambda: office.change_case(case, "li", handlers=[])) == "ROLE_MISSING"
    assert code(lambda: office.change_case(case, "zhu", handlers=[])) == "CASE_OWN"
    assert code(lambda: office.change_case(case, "gu", "law", handlers=["gu"])) == "CASE_OWN"
    office.change_case(case, "head", handlers=["li"])
    assert code(lambda: office.change_case(case, "other", unit="B")) == "ROLE_MISSING"


def test_only_archivist_or_legal_office_takes_sensitivity_away(office: Office) -> None:
    case = office.open_case("gu", sensitivity=["minor", "privacy"])
    office.change_case(case, "head", sensitivity=["minor", "privacy", "trade_secret"])
    assert code(lambda: office.change_case(case, "head", sensitivity=["minor"])) == "ROLE_MISSING"
    office.change_case(case, "law", sensitivity=["minor"])
    assert code(lambda: office.change_case(case, "law", sensitivity=[], unit="L")) == (
        "ROLE_MISSING"
    )
    office.change_case(case, "gu", sensitivity=[])


def test_a_closed_case_stays_as_it_is(office: Office) -> None:
    case, record = office.open_case(), office.record()
    closed = {"case": case, "closed": "2026-12-01", "decided": None}
    office.say(["gu"], "case.closed", closed, {"reason": "x"})
    for attempt in (
        lambda: office.say(["gu"], "case.closed", closed, {"reason": "x"}),
        lambda: office.change_case(case, unit="B"),
        lambda: office.move("attached", case, record),
        lambda: office.move("detached", case, record),
    ):
        assert code(attempt) == "CASE_CLOSED"
    office.own("case.linked", case, {"records": [record]})
    assert cases_of(office.shelf, record) == [case]


def test_attaching_and_detaching(office: Office) -> None:
    case, one, two = office.open_case(), office.record(), office.record()
    assert code(lambda: office.move("attached", case, one, office.ulid())) == "RECORD_UNKNOWN"
    assert cases_of(office.shelf, one) == ()
    office.move("attached", case, one)
    assert code(lambda: office.move("attached", case, one, two)) == "ATTACHMENT"
    assert code(lambda: office.move("detached", case, one, two)) == "ATTACHMENT"
    office.move("detached", case, one)
    assert cases_of(office.shelf, one) == []
    assert code(lambda: office.own("case.linked", case, {"records": [one]})) == "ATTACHMENT"
    assert code(lambda: office.own("case.linked", office.ulid(), {"records": [two]})) == (
        "CASE_UNKNOWN"
    )


def test_a_head_attaches_records_of_his_unit_or_of_none(office: Office) -> None:
    mine, nobodys, theirs = office.open_case("head"), office.record(), office.record()
    office.shelf.put("record", theirs, {"source": "CAM-B"})
    office.shelf.put("source", "CAM-B", {"unit": "B"})
    of_b = office.open_case("other", number="2", unit="B")
    office.move("attached", mine, nobodys, by="head")
    for record in (theirs, nobodys):
        assert code(lambda r=record: office.move("attached", of_b, r, by="head")) == "ROLE_MISSING"
    assert code(lambda: office.move("attached", of_b, nobodys, by="other")) == "RECORD_OTHER"
    assert code(lambda: office.move("attached", mine, theirs, by="head")) == "RECORD_OTHER"
    office.move("attached", of_b, theirs, by="other")
    office.move("attached", mine, theirs, by="gu")
    office.move("attached", of_b, nobodys, by="gu")


def test_a_claim_links_no_record_of_another_unit(office: Office) -> None:
    case, record = office.open_case("head"), office.record()
    office.shelf.put("source", "CAM", {"unit": "B"})
    linked = {"records": [record]}
    assert code(lambda: office.own("case.linked", case, linked)) == "RECORD_OTHER"
    office.shelf.put("source", "CAM", {"unit": "A"})
    office.own("case.linked", case, linked)
    assert cases_of(office.shelf, record) == [case]


def test_who_takes_a_record_from_a_sensitive_case(office: Office) -> None:
    case, record = office.open_case("head", sensitivity=["minor"]), office.record()
    office.move("attached", case, record, by="head")
    assert code(lambda: office.move("detached", case, record, by="head")) == "ROLE_MISSING"
    office.move("detached", case, record, by="law")
    office.move("attached", case, record, by="head")
    office.move("detached", case, record, by="gu")


def test_one_person_signs_for_a_case(office: Office) -> None:
    case = office.open_case()
    closed = {"case": case, "closed": "2026-12-01", "decided": None}
    with pytest.raises(FormatError, match="one person"):
        office.say(["gu", "head"], "case.closed", closed, {"reason": "x"})


@pytest.mark.parametrize(("unit", "kept"), [("zfdd1", "zfdd1"), ("执法一队", None), (None, None)])
def test_only_a_unit_id_of_a_source_owns_records(
    office: Office, unit: str | None, kept: str | None
) -> None:
    from archive.registers.act import Act
    from archive.registers.admit import admit

    act = Act(
        "source.confirmed", "user/x", "CAM", {}, office.now, lambda: {"unit": unit}, lambda _: None
    )
    admit(office.shelf, act, "any")
    assert office.shelf.get("source", "CAM") == {"unit": kept}


# --- holds


def place(office: Office, by: str, *records: str, case: str | None = None) -> str:
    hold = office.ulid()
    payload = {"case": case, "hold": hold, "records": sorted(records)}
    office.say([by], "hold.placed", payload, {"reason": "x", "document_no": None})
    return hold


def lift(office: Office, by: str, hold: str) -> None:
    office.say([by], "hold.lifted", {"hold": hold}, {"reason": "x"})


def test_holds_are_of_units(office: Office) -> None:
    record = office.record()
    for person in ("li", "head"):
        assert code(lambda p=person: place(office, p, record)) == "ROLE_MISSING"
    hold, second = place(office, "law", record), place(office, "gu", record)
    assert holds_of(office.shelf, record, []) == sorted([hold, second])
    assert code(lambda: lift(office, "gu", hold)) == "HOLD_OTHER"
    assert code(lambda: lift(office, "li", second)) == "ROLE_MISSING"
    lift(office, "gu", second)
    lift(office, "law", hold)
    assert code(lambda: lift(office, "law", hold)) == "HOLD_UNKNOWN"
    assert holds_of(office.shelf, record, []) == []


def test_a_hold_is_on_something_that_is_there(office: Office) -> None:
    with pytest.raises(FormatError, match="records, on a case"):
        place(office, "gu")
    assert code(lambda: place(office, "gu", office.ulid())) == "RECORD_UNKNOWN"
    assert code(lambda: place(office, "gu", case=office.ulid())) == "CASE_UNKNOWN"


# --- rules


def test_rules_take_an_archivist_and_another(office: Office) -> None:
    for by in (["gu"], ["gu", "li"]):
        assert code(lambda by=by: office.adopt("access", RULES, by)) == "VOUCHERS_MISSING"
    assert code(lambda: office.adopt("access", RULES, ["law", "head"])) == "ROLE_MISSING"
    text = RULES.replace("hours = 72", "hours = 71", 1)
    office.adopt("access", text, ["law", "gu"])
    found = office.shelf.get("rules", "access")
    assert found is not None
    assert found["text"] == text


@pytest.mark.parametrize(
    ("name", "text"), [("access", ""), ("access", "x ="), ("alerts", "x ="), ("alerts", "y = 1")]
)
def test_rules_that_cannot_be_read_are_not_adopted(office: Office, name: str, text: str) -> None:
    before = office.shelf.get("rules", name)
    assert code(lambda: office.adopt(name, text, ["gu", "law"])) == "RULES_BAD"
    assert office.shelf.get("rules", name) == before


def test_the_text_is_the_one_that_was_signed(office: Office) -> None:
    payload = {"name": "access", "rules": "sha256:" + "00" * 32}
    said = (["gu", "law"], "rules.adopted", payload, {"text": RULES})
    assert code(lambda: office.say(*said)) == "RULES_BAD"
    assert code(lambda: office.say(*said, readable=False)) == "RULES_BAD"
