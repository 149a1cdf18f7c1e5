"""Requests and decisions: who may ask in which capacity, whose approval it takes, how it ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from register_book import BEHALF, Book

from archive.errors import Denied, FormatError
from archive.matrix import AccessRules, requirement
from archive.registers.requests import endings
from archive.times import format_time
from archive.vocabulary import ACTIONS, CAPACITIES

ASKS = {
    "own_case": "li",
    "same_unit": "sun",
    "other_unit": "qian",
    "internal_supervision": "insp",
    "judicial_bureau": "judge",
    **dict.fromkeys(("authority", "party", "publicity", "outside_unit"), "arch"),
}


@pytest.fixture
def book() -> Book:
    return Book()


def code(call: Callable[..., object], *arguments: Any, **named: Any) -> str:
    with pytest.raises(Denied) as caught:
        call(*arguments, **named)
    return caught.value.code


@pytest.mark.parametrize("sensitive", [False, True])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("capacity", CAPACITIES)
def test_every_row_takes_what_the_rules_say(
    book: Book, capacity: str, action: str, sensitive: bool
) -> None:
    if sensitive:
        book.new_case("A", (), (book.record,), ("minor",))
    request = book.request(ASKS[capacity], capacity, action)
    value = book.value("request", request)
    rules = AccessRules.parse(book.value("rules", "access")["text"])
    need = requirement(rules, capacity, action, frozenset({"minor"} if sensitive else ()))
    wanted = [(item.role, "A" if item.of_unit else None) for item in need.approvers]
    assert [(item["role"], item["unit"]) for item in value["still_needed"]] == wanted
    assert value["state"] == ("submitted" if wanted else "granted")
    assert (value["count"] > 0) == (not wanted)
    assert value["blockable"] == need.blockable


def test_granted_at_once_by_the_rules_own_window(book: Book) -> None:
    value = book.value("request", book.request("li", "own_case", "view"))
    until = format_time(book.now + timedelta(hours=72))
    assert value["window"] == {"from": format_time(book.now), "until": until}
    assert value["count"] == 100


@pytest.mark.parametrize(
    ("person", "capacity", "changed", "expected"),
    [
        ("sun", "own_case", {}, "CAPACITY_UNFIT"),
        ("qian", "same_unit", {}, "CAPACITY_UNFIT"),
        ("sun", "other_unit", {}, "CAPACITY_UNFIT"),
        ("li", "internal_supervision", {}, "CAPACITY_UNFIT"),
        ("insp", "judicial_bureau", {}, "CAPACITY_UNFIT"),
        ("li", "authority", {}, "CAPACITY_UNFIT"),
        ("admin", "same_unit", {}, "NO_CONTENT"),
        ("admin", "authority", {}, "NO_CONTENT"),
        ("li", "own_case", {"case": None}, "NEED_MISSING"),
        ("li", "own_case", {"reason": " "}, "NEED_MISSING"),
        ("judge", "judicial_bureau", {"task_no": None}, "NEED_MISSING"),
        ("arch", "authority", {"letter": None}, "NEED_MISSING"),
        ("arch", "authority", {"behalf": None}, "NEED_MISSING"),
        ("arch", "authority", {"behalf": {**BEHALF, "id_no": " "}}, "NEED_MISSING"),
        ("arch", "publicity", {"behalf": {**BEHALF, "name": None}}, "NEED_MISSING"),
        ("arch", "party", {"letter": None, "behalf": {**BEHALF, "id_no": None}}, "NEED_MISSING"),
        ("li", "own_case", {"records": ["7" + "Z" * 25]}, "RECORD_UNKNOWN"),
        ("li", "own_case", {"case": "7" + "Z" * 25}, "CASE_UNKNOWN"),
        ("li", "own_case", {"segments": [{"from": 0, "to": 1}]}, "NOT_COVERED"),
    ],
)
def test_refused_requests(
    book: Book, person: str, capacity: str, changed: dict[str, Any], expected: str
) -> None:
    assert code(book.request, person, capacity, "view", **changed) == expected


def test_records_of_another_case_are_not_of_the_own_one(book: Book) -> None:
    both = sorted([book.record, book.other])
    assert code(book.request, "li", "own_case", "view", records=both) == "CAPACITY_UNFIT"
    assert code(book.request, "arch", "party", "view", records=both) == "CAPACITY_UNFIT"


def test_an_excerpt_says_from_where_to_where(book: Book) -> None:
    assert code(book.request, "li", "own_case", "excerpt", segments=None) == "NEED_MISSING"


def test_same_id_twice(book: Book) -> None:
    request = book.request("li", "own_case", "view")
    assert code(book.request, "li", "own_case", "view", request=request) == "REQUEST_EXISTS"


def test_no_rules_no_request(book: Book) -> None:
    book.shelf.put("rules", "access", {"sha256": "00", "text": "cunzheng_access = 2"})
    assert code(book.request, "li", "own_case", "view") == "RULES_BAD"
    empty = Book()
    empty.shelf._values.pop(("rules", "access"))
    assert code(empty.request, "li", "own_case", "view") == "RULES_NONE"


def test_two_statements_are_no_request(book: Book) -> None:
    payload, data = book.asking("own_case", "view", book.ulid())
    with pytest.raises(FormatError, match="one statement"):
        book.act(["li", "sun"], "access.requested", payload, data)


def test_every_owning_unit_approves(book: Book) -> None:
    """Asking for a neighbour's record together with another's takes both heads' approval."""
    book.new_case("B", (), (book.other,))
    both = sorted([book.record, book.other])
    request = book.request("wang", "other_unit", "view", case=None, records=both)
    assert code(book.decide, request, "lead", "approve", "approver.division_lead") == "NOT_APPROVER"
    book.decide(request, "head-a", "approve", "approver.department_head")
    assert book.value("request", request)["state"] == "submitted"
    book.decide(request, "head-b", "approve", "approver.department_head")
    assert book.value("request", request)["state"] == "granted"


def test_nobodys_record_is_any_heads(book: Book) -> None:
    request = book.request("wang", "other_unit", "view", case=None, records=[book.orphan])
    book.decide(request, "head-b", "approve", "approver.department_head")
    assert book.value("request", request)["state"] == "granted"


def test_two_people_approve_in_either_order(book: Book) -> None:
    for first, second in (("boss", "wang"), ("wang", "boss")):
        roles = {"boss": "approver.principal", "wang": "legal_office"}
        request = book.request("sun", "same_unit", "copy")
        book.decide(request, first, "approve", roles[first])
        assert code(book.decide, request, first, "approve", roles[first]) == "DECIDED_TWICE"
        book.decide(request, second, "approve", roles[second])
        assert book.value("request", request)["state"] == "granted"


def test_one_person_with_two_roles_is_one_person(book: Book) -> None:
    request = book.request("sun", "same_unit", "copy")
    book.decide(request, "both", "approve", "legal_office")
    again = code(book.decide, request, "both", "approve", "approver.principal")
    assert again == "DECIDED_TWICE"


def test_nobody_decides_on_his_own(book: Book) -> None:
    request = book.request("boss", "same_unit", "view")
    decision = ("approve", "approver.principal")
    assert code(book.decide, request, "boss", *decision) == "SELF_APPROVAL"
    request = book.request("li", "own_case", "excerpt")
    assert code(book.decide, request, "li", "refuse", "handler") == "SELF_APPROVAL"


@pytest.mark.parametrize(
    ("person", "role"),
    [
        ("lead", "approver.division_lead"),
        ("lead", "legal_office"),
        ("wang", None),
        ("wang", "approver.principal"),
        ("admin", "administrator"),
    ],
)
def test_who_may_not_decide(book: Book, person: str, role: str | None) -> None:
    request = book.request("li", "own_case", "copy")
    for decision in ("approve", "refuse"):
        assert code(book.decide, request, person, decision, role) == "NOT_APPROVER"


def test_supervision_takes_no_decision(book: Book) -> None:
    request = book.request("insp", "internal_supervision", "copy")
    for decision in ("approve", "refuse"):
        found = code(book.decide, request, "boss", decision, "approver.principal")
        assert found == "NOT_BLOCKABLE"
    book.decide(request, "insp", "withdraw")
    assert book.value("request", request)["state"] == "withdrawn"


def test_refusal_ends_also_what_was_granted(book: Book) -> None:
    request = book.request("li", "own_case", "copy")
    book.decide(request, "wang", "approve", "legal_office")
    book.decide(request, "wang", "refuse", "legal_office")
    assert book.value("request", request)["state"] == "refused"
    assert code(book.decide, request, "li", "withdraw") == "REQUEST_ENDED"
    assert code(book.start, "li", request) == "NO_GRANT"


def test_only_the_requester_withdraws(book: Book) -> None:
    request = book.request("li", "own_case", "copy")
    assert code(book.decide, request, "wang", "withdraw") == "NOT_APPROVER"
    assert code(book.decide, "7" + "Z" * 25, "li", "withdraw") == "REQUEST_UNKNOWN"
    grant = book.grant(1, 1)
    assert code(book.decide, request, "li", "withdraw", None, grant) == "GRANT_BEYOND"


def test_grants_within_the_limits_only(book: Book) -> None:
    request = book.request("li", "own_case", "copy")
    for grant in (book.grant(1001, 1), book.grant(1, 721), book.grant(1, 1, after=-2)):
        found = code(book.decide, request, "wang", "approve", "legal_office", grant)
        assert found == "GRANT_BEYOND"
    book.decide(request, "wang", "approve", "legal_office", book.grant(3, 720, after=2))
    value = book.value("request", request)
    assert (value["count"], value["state"]) == (3, "granted")
    assert code(book.start, "li", request) == "GRANT_EXPIRED"


def test_the_narrower_grant_counts(book: Book) -> None:
    request = book.request("sun", "same_unit", "copy")
    book.decide(request, "wang", "approve", "legal_office", book.grant(5, 10))
    wide = book.grant(2, 100, after=3)
    book.decide(request, "boss", "approve", "approver.principal", wide)
    value = book.value("request", request)
    assert value["count"] == 2
    assert value["window"]["from"] == wide["from"]
    assert value["window"]["until"] == format_time(book.now + timedelta(hours=10))


def test_grants_without_time_in_common(book: Book) -> None:
    request = book.request("sun", "same_unit", "copy")
    book.decide(request, "wang", "approve", "legal_office", book.grant(5, 10))
    later = book.grant(5, 10, after=11)
    found = code(book.decide, request, "boss", "approve", "approver.principal", later)
    assert found == "GRANT_BEYOND"
    assert book.value("request", request)["state"] == "submitted"


def test_endings(book: Book) -> None:
    refused = book.request("li", "own_case", "copy")
    book.decide(refused, "wang", "refuse", "legal_office")
    assert endings(book.value("request", refused), book.now) == ("refused",)
    book.own("access.closed", refused, {"code": "refused"})
    assert code(book.own, "access.closed", refused, {"code": "refused"}) == "REQUEST_ENDED"
    asked = book.request("li", "own_case", "view")
    assert endings(book.value("request", asked), book.now) == ()
    for untrue in ("expired", "exhausted", "returned", "withdrawn"):
        assert code(book.own, "access.closed", asked, {"code": untrue}) == "REQUEST_ENDED"
    later = book.now + timedelta(hours=73)
    assert endings(book.value("request", asked), later) == ("expired",)
    assert code(book.own, "access.closed", book.ulid(), {"code": "expired"}) == "REQUEST_UNKNOWN"


def test_half_approved_requests_end_with_the_grant(book: Book) -> None:
    request = book.request("sun", "same_unit", "copy")
    assert endings(book.value("request", request), book.now + timedelta(days=1000)) == ()
    book.decide(request, "wang", "approve", "legal_office", book.grant(5, 10))
    later = book.now + timedelta(hours=11)
    assert endings(book.value("request", request), later) == ("expired",)


@pytest.mark.parametrize("wrong", ["another content", "another source", "none", "the record"])
def test_letters_are_sealed_letters(book: Book, wrong: str) -> None:
    letter, records = {"record": book.letter, "sha256": "00" * 32}, [book.record]
    if wrong == "another content":
        letter["sha256"] = "11" * 32
    elif wrong == "another source":
        letter["record"] = book.record
    elif wrong == "none":
        letter["record"] = book.ulid()
    else:
        records = sorted((book.letter, book.record))
    named = {"letter": letter, "records": records}
    assert code(book.request, "arch", "authority", "view", **named) == "LETTER_OTHER"
    assert code(book.request, "insp", "internal_supervision", "view", **named) == "LETTER_OTHER"
