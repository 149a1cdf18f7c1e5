"""Accesses, copies, concealed accesses and alerts; and what no order of acts can reach."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_book import PEOPLE, RULES, SIZE, Book, certificate, person_value

from archive.detail import Detail
from archive.errors import Denied, FormatError
from archive.pieces import PIECE_SIZE
from archive.registers.concealed import Start, commitment, spent
from archive.registers.requests import endings
from archive.times import format_time


@pytest.fixture
def book() -> Book:
    return Book()


def code(call: Callable[..., object], *arguments: Any, **named: Any) -> str:
    with pytest.raises(Denied) as caught:
        call(*arguments, **named)
    return caught.value.code


def granted(book: Book, count: int = 2, action: str = "copy", **changed: Any) -> str:
    request = book.request("li", "own_case", action, **changed)
    book.decide(request, "wang", "approve", "legal_office", book.grant(count, 10))
    if action == "excerpt":
        book.decide(request, "arch", "approve", "archivist")
    return request


def test_count_and_window(book: Book) -> None:
    request = granted(book)
    for _ in range(2):
        access = book.start("li", request)
        book.end(access, 5)
    assert code(book.start, "li", request) == "GRANT_EXHAUSTED"
    assert endings(book.value("request", request), book.now) == ()
    viewed = book.request("sun", "same_unit", "view")
    book.decide(viewed, "boss", "approve", "approver.principal", book.grant(1, 10))
    book.end(book.start("sun", viewed), 5)
    assert endings(book.value("request", viewed), book.now) == ("exhausted",)
    book.own("access.closed", viewed, {"code": "exhausted"})
    assert code(book.start, "sun", viewed) == "GRANT_EXHAUSTED"
    request = granted(book)
    book.now += timedelta(hours=10)
    book.start("li", request)
    book.now += timedelta(seconds=1)
    assert code(book.start, "li", request) == "GRANT_EXPIRED"


@pytest.mark.parametrize(
    ("person", "changed", "expected"),
    [
        ("sun", {}, "NOT_REQUESTER"),
        ("wang", {}, "NOT_REQUESTER"),
        ("li", {"action": "view"}, "NOT_COVERED"),
        ("li", {"record": "7" + "Z" * 25}, "NOT_COVERED"),
        ("li", {"resumes": "7" + "Z" * 25}, "ACCESS_UNKNOWN"),
        ("li", {"request": "7" + "Z" * 25}, "REQUEST_NONE"),
    ],
)
def test_refused_accesses(book: Book, person: str, changed: dict[str, Any], expected: str) -> None:
    request = granted(book)
    assert code(book.start, person, **{"request": request, **changed}) == expected


def test_nothing_without_approval(book: Book) -> None:
    request = book.request("li", "own_case", "copy")
    with pytest.raises(Denied, match="still needed: legal_office") as caught:
        book.start("li", request)
    assert caught.value.code == "NO_GRANT"


def test_views_make_no_copies(book: Book) -> None:
    request = book.request("li", "own_case", "view")
    copies = {"count": 1, "medium": "USB"}
    assert code(book.start, "li", request, copies=copies) == "NOT_COVERED"


def test_an_administrator_has_no_access_whatever_he_was(book: Book) -> None:
    request = granted(book)
    person = book.value("person", "li")
    book.shelf.put("person", "li", {**person, "roles": ["administrator"]})
    assert code(book.start, "li", request) == "NO_CONTENT"


def test_originals_do_not_go_to_the_public(book: Book) -> None:
    request = book.request("arch", "publicity", "view")
    book.decide(request, "county", "approve", "approver.county_lead")
    assert code(book.start, "arch", request) == "DERIVATIVE_ONLY"


def test_excerpts_stay_within_their_segment(book: Book) -> None:
    request = granted(book, action="excerpt")
    for outside in (None, {"from": 9, "to": 20}, {"from": 10, "to": 21}):
        assert code(book.start, "li", request, range=outside) == "NOT_COVERED"
    book.start("li", request, range={"from": 12, "to": 20})


def test_an_abort_without_bytes_does_not_count(book: Book) -> None:
    request = granted(book, count=1)
    for _ in range(3):
        book.end(book.start("li", request), 0, "FAILED")
    book.end(book.start("li", request), 5)
    assert code(book.start, "li", request) == "GRANT_EXHAUSTED"


def rest(start: int, end: int = SIZE) -> dict[str, int]:
    return {"from": start, "to": end}


def test_going_on_with_an_access_does_not_count(book: Book) -> None:
    request = granted(book, count=1)
    first = book.start("li", request)
    assert code(book.start, "li", request, resumes=first) == "ACCESS_UNKNOWN"
    book.end(first, 5, "CONNECTION_LOST")
    assert code(book.start, "li", request) == "GRANT_EXHAUSTED"
    second = book.start("li", request, resumes=first, range=rest(5))
    assert code(book.start, "li", request, resumes=first) == "ACCESS_UNKNOWN"
    book.end(second, 0, "FAILED")
    assert code(book.start, "li", request, resumes=second) == "ACCESS_UNKNOWN"
    third = book.start("li", request, resumes=first, range=rest(5))
    book.end(third, 2, "FAILED")
    for part in (rest(4), rest(7, SIZE - 1), rest(SIZE - 1, SIZE + 1), None):
        again = code(book.start, "li", request, resumes=third, range=part)
        assert again == "NOT_COVERED"
    fourth = book.start("li", request, resumes=third, range=rest(7))
    book.end(fourth, SIZE - 7)
    assert code(book.start, "li", request, resumes=fourth) == "ACCESS_UNKNOWN"
    assert code(book.start, "li", request) == "GRANT_EXHAUSTED"


@pytest.mark.parametrize("part", [None, {"from": 100, "to": 300}])
def test_what_was_given_whole_is_not_gone_on_with(book: Book, part: dict[str, int] | None) -> None:
    request = granted(book, count=1)
    access = book.start("li", request, range=part)
    book.end(access, SIZE if part is None else 200, "CONNECTION_LOST")
    assert code(book.start, "li", request, resumes=access, range=part) == "ACCESS_UNKNOWN"
    assert endings(book.value("request", request), book.now) == ("exhausted",)


def test_a_chain_of_resumes_ends(book: Book) -> None:
    """Each breaks off as soon as it gave a piece, and is gone on with as early as can be."""
    request = granted(book, count=1)
    access, began, given = book.start("li", request), 0, 0
    for _ in range(20):
        size = min(PIECE_SIZE, SIZE - began)
        book.end(access, size, "CONNECTION_LOST")
        given += size
        if began + size == SIZE:
            break
        for start in (began, began + size):
            try:
                access = book.start("li", request, resumes=access, range=rest(start))
            except Denied:
                continue
            began = start
            break
    assert began + PIECE_SIZE == SIZE
    assert given <= 2 * SIZE
    value = book.value("request", request)
    assert (value["used"], value["broken"], value["running"]) == (1, 0, 0)


def test_the_last_piece_may_be_had_again(book: Book) -> None:
    request = granted(book, count=1)
    access = book.start("li", request)
    book.end(access, 3 * PIECE_SIZE, "CONNECTION_LOST")
    early = rest(2 * PIECE_SIZE - 1)
    assert code(book.start, "li", request, resumes=access, range=early) == "NOT_COVERED"
    book.start("li", request, resumes=access, range=rest(2 * PIECE_SIZE))


@pytest.mark.parametrize("copies", [None, {"count": 1, "medium": " "}])
def test_copies_are_counted(book: Book, copies: object) -> None:
    for action in ("copy", "excerpt", "export", "court_bundle"):
        request = granted(book, action=action)
        assert code(book.start, "li", request, copies=copies) == "NEED_MISSING"
        with pytest.raises(FormatError):
            book.start("li", request, copies={"count": 0, "medium": "U盘"})


def test_a_range_ends_within_the_record(book: Book) -> None:
    assert code(book.start, "li", granted(book), range=rest(0, SIZE + 1)) == "NOT_COVERED"


def test_who_is_no_handler_any_more_receives_nothing(book: Book) -> None:
    request = granted(book)
    case = book.value("case", book.case)
    book.shelf.put("case", book.case, {**case, "handlers": ["sun"]})
    assert code(book.start, "li", request) == "CAPACITY_UNFIT"
    book.shelf.put("case", book.case, {**case, "sensitivity": ["minor"]})
    book.start("li", request)


def test_who_lost_the_role_receives_nothing(book: Book) -> None:
    request = book.request("insp", "internal_supervision", "copy")
    book.shelf.put("person", "insp", person_value("insp", "I", ("handler",)))
    assert code(book.start, "insp", request) == "CAPACITY_UNFIT"


def test_an_end_comes_once(book: Book) -> None:
    access = book.start("li", granted(book))
    wrong = {"access": access, "bytes": 1}
    assert code(book.own, "access.completed", book.other, wrong) == "NOT_COVERED"
    book.end(access, 5)
    assert code(book.end, access, 5) == "ACCESS_UNKNOWN"
    assert code(book.end, access, 5, "FAILED") == "ACCESS_UNKNOWN"
    request = book.value("access", access)["request"]
    assert code(book.start, "li", request, access=access) == "ACCESS_EXISTS"


def test_copies_come_back(book: Book) -> None:
    request = granted(book, count=1)
    access = book.start("li", request, copies={"count": 3, "medium": "光盘"})
    assert code(book.back, access, 1) == "ACCESS_UNKNOWN"
    book.end(access, 5)
    assert endings(book.value("request", request), book.now) == ()
    assert code(book.back, access, 1, person="li") == "ROLE_MISSING"
    book.back(access, 2)
    assert code(book.back, access, 2) == "COPIES_BEYOND"
    assert code(book.back, access, 0) == "COPIES_BEYOND"
    book.back(access, 1, kind="destroyed")
    assert endings(book.value("request", request), book.now) == ("returned",)
    book.own("access.closed", request, {"code": "returned"})
    assert code(book.start, "li", request) == "GRANT_EXHAUSTED"


def test_an_aborted_copy_is_none(book: Book) -> None:
    request = granted(book)
    access = book.start("li", request, copies={"count": 3, "medium": "光盘"})
    book.end(access, 5, "WRITE_FAILED")
    assert book.value("request", request)["copies_out"] == 0
    assert code(book.back, access, 1) == "ACCESS_UNKNOWN"


def test_alerts_are_handled_by_more_than_handlers(book: Book) -> None:
    payload = {
        "alert": "0" * 64,
        "disposition": "explained",
        "evidence": [{"log": "main-2026", "index": 1}],
        "rule": "A4",
    }
    data = {"comment": "x", "assignee": None}
    for person in ("li", "admin"):
        assert code(book.act, [person], "alert.handled", payload, data) == "ROLE_MISSING"
    book.act(["insp"], "alert.handled", payload, data)
    assert book.value("alert", "0" * 64) == {"disposition": "explained", "person": "insp"}


# --- concealed


def start_of(book: Book, person: str, capacity: str, **changed: Any) -> tuple[str, dict[str, Any]]:
    """A committed start: access id and what opens it."""
    access, request = book.ulid(), book.ulid()
    payload, data = book.asking(capacity, "copy", request)
    detail = Detail(book.ulid(), "access.requested", bytes(16), data)
    asked = book.signed(person, "access.requested", {**payload, "detail": str(detail.digest())})
    begun = {
        "access": access,
        "action": "copy",
        "copies": {"count": 1, "medium": "文件"},
        "detail": None,
        "range": None,
        "record": book.record,
        "request": request,
        "resumes": None,
        **changed,
    }
    value = {
        "accepted_at": format_time(book.now),
        "account": "1000",
        "requested": asked.value(),
        "requested_detail": {
            "cunzheng_detail": 1,
            "data": data,
            "id": detail.id,
            "kind": detail.kind,
            "salt": "00" * 16,
        },
        "salt": "11" * 16,
        "started": book.signed(person, "access.started", begun).value(),
        "started_detail": None,
    }
    return access, value


def concealed_body(access: str, start: dict[str, Any]) -> dict[str, Any]:
    return {
        "accepted_at": start["accepted_at"],
        "access": access,
        "commitment": commitment(start),
        "host": "service",
        "spent": spent(Start.parse(start)),
    }


def conceal(book: Book, access: str, start: dict[str, Any]) -> dict[str, Any]:
    body = concealed_body(access, start)
    book.own("access.concealed", None, body)
    end = {"bytes": 12, "code": None, "salt": "22" * 16}
    body = {"access": access, "commitment": commitment(end)}
    book.own("access.concealed_end", None, body)
    assert code(book.own, "access.concealed_end", None, body) == "ACCESS_UNKNOWN"
    return end


def open_it(book: Book, people: list[str], access: str, start: object, end: object) -> None:
    book.act(people, "access.opened", {"access": access}, {"start": start, "end": end})


def test_concealed_and_opened(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    end = conceal(book, access, start)
    assert book.value("access", access)["record"] is None
    book.now += timedelta(days=100)
    assert code(open_it, book, ["boss"], access, start, end) == "VOUCHERS_MISSING"
    assert code(open_it, book, ["judge"], access, start, end) == "VOUCHERS_MISSING"
    other = {**end, "bytes": 11}
    assert code(open_it, book, ["insp"], access, start, other) == "COMMITMENT_DIFFERS"
    assert code(open_it, book, ["insp"], access, start, None) == "COMMITMENT_DIFFERS"
    open_it(book, ["insp"], access, start, end)
    value = book.value("access", access)
    assert (value["person"], value["bytes"], value["opened"]) == ("insp", 12, True)
    assert book.value("request", value["request"])["state"] == "closed"
    assert code(open_it, book, ["insp"], access, start, end) == "ACCESS_UNKNOWN"


def test_two_inspectors_open_it(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    end = conceal(book, access, start)
    assert code(open_it, book, ["judge", "boss"], access, start, end) == "VOUCHERS_MISSING"
    book.shelf.put("person", "judge2", book.value("person", "judge"))
    book.shelf.put("certificate", "x", {})
    book.act(["judge", "insp"], "access.opened", {"access": access}, {"start": start, "end": end})
    assert book.value("access", access)["opened"]


def test_not_every_access_may_be_concealed(book: Book) -> None:
    access, start = start_of(book, "li", "own_case")
    end = conceal(book, access, start)
    assert code(open_it, book, ["li"], access, start, end) == "NOT_CONCEALABLE"


def test_what_was_committed_at_another_time_than_it_says(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    body = concealed_body(access, start)
    late = format_time(book.now + timedelta(minutes=6))
    ahead = {**body, "accepted_at": late}
    assert code(book.own, "access.concealed", None, ahead) == "STATEMENT_STALE"
    earlier = format_time(book.now - timedelta(days=2))
    book.own("access.concealed", None, {**body, "accepted_at": earlier})
    end = {"bytes": 12, "code": None, "salt": "22" * 16}
    over = {"access": access, "commitment": commitment(end)}
    book.own("access.concealed_end", None, over)
    assert code(open_it, book, ["insp"], access, start, end) == "COMMITMENT_DIFFERS"


def test_it_may_be_written_long_after_it_was_accepted(book: Book) -> None:
    """The store was away: the entry's own time is later, the commitment says when."""
    access, start = start_of(book, "insp", "internal_supervision")
    book.now += timedelta(minutes=40)
    open_it(book, ["insp"], access, start, conceal(book, access, start))


def test_one_statement_carries_one_access(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    end = conceal(book, access, start)
    second, other = start_of(book, "insp", "internal_supervision")
    other["requested"], other["requested_detail"] = start["requested"], start["requested_detail"]
    body = concealed_body(second, other)
    assert code(book.own, "access.concealed", None, body) == "STATEMENT_REPLAYED"
    open_it(book, ["insp"], access, start, end)
    assert code(book.own, "access.concealed", None, body) == "STATEMENT_REPLAYED"


def test_what_was_reserved_is_what_is_opened(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    body = {
        **concealed_body(access, start),
        "spent": ["sha256:" + "00" * 32, "sha256:" + "11" * 32],
    }
    book.own("access.concealed", None, body)
    end = {"bytes": 12, "code": None, "salt": "22" * 16}
    book.own("access.concealed_end", None, {"access": access, "commitment": commitment(end)})
    assert code(open_it, book, ["insp"], access, start, end) == "COMMITMENT_DIFFERS"


def with_certificate(book: Book, **changed: Any) -> None:
    value = book.value("certificate", certificate("insp"))
    book.shelf.put("certificate", certificate("insp"), {**value, **changed})


def test_what_came_later_does_not_matter(book: Book) -> None:
    """Another post, another certificate, other rules: the access was lawful when it was."""
    access, start = start_of(book, "insp", "internal_supervision")
    end = conceal(book, access, start)
    book.now += timedelta(days=30)
    with_certificate(book, replaced=format_time(book.now))
    book.shelf.put("person", "insp", person_value("insp", "A", ("handler",)))
    text = RULES.replace("conceal = true", "conceal = false")
    book.shelf.put("rules", "access", {"sha256": "other", "text": text})
    open_it(book, ["insp"], access, start, end)


def test_the_rules_of_that_time_count(book: Book) -> None:
    text = RULES.replace("conceal = true", "conceal = false")
    rules = book.value("rules", "access")
    book.shelf.put("rules", "access", {"sha256": "other", "text": text})
    book.shelf.put("rules_text", "other", {"text": text})
    access, start = start_of(book, "insp", "internal_supervision")
    end = conceal(book, access, start)
    book.shelf.put("rules", "access", rules)
    assert code(open_it, book, ["insp"], access, start, end) == "NOT_CONCEALABLE"


@pytest.mark.parametrize("until", [None, timedelta(hours=1)])
def test_who_was_suspended_concealed_nothing(book: Book, until: timedelta | None) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    ended = format_time(book.now + until) if until else None
    since = format_time(book.now - timedelta(minutes=1))
    with_certificate(book, suspended=[[since, ended]])
    end = conceal(book, access, start)
    book.now += timedelta(hours=2)
    assert code(open_it, book, ["insp"], access, start, end) == "SIGNER_SUSPENDED"


def test_suspended_afterwards(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    since = book.now + timedelta(minutes=1)
    with_certificate(book, suspended=[[format_time(since), format_time(since)]])
    open_it(book, ["insp"], access, start, conceal(book, access, start))


def test_a_concealed_access_of_another_account(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    with_certificate(book, account="1001")
    end = conceal(book, access, start)
    assert code(open_it, book, ["insp"], access, start, end) == "ACCOUNT_OTHER"


def test_a_start_for_another_access(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision", access=book.ulid())
    end = conceal(book, access, start)
    assert code(open_it, book, ["insp"], access, start, end) == "COMMITMENT_DIFFERS"


def test_revoked_since_before_the_concealed_access(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    end = conceal(book, access, start)
    since = format_time(book.now - timedelta(hours=1))
    with_certificate(book, revoked=True, since=since)
    assert code(open_it, book, ["insp"], access, start, end) == "SIGNER_REVOKED"


def test_an_opening_of_another_form(book: Book) -> None:
    access, start = start_of(book, "insp", "internal_supervision")
    end = conceal(book, access, start)
    with pytest.raises(FormatError):
        open_it(book, ["insp"], access, {**start, "more": 1}, end)
    detail = {**start["requested_detail"], "salt": "33" * 16}
    with pytest.raises(FormatError, match="another detail"):
        open_it(book, ["insp"], access, {**start, "requested_detail": detail}, end)


# --- no order of acts

_ROLES = sorted({role for _, roles in PEOPLE.values() for role in roles})
_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("decide"),
            st.sampled_from(sorted(PEOPLE)),
            st.sampled_from(["approve", "approve", "refuse", "withdraw"]),
            st.sampled_from([*_ROLES, None]),
            st.integers(1, 3),
        ),
        st.tuples(st.just("start"), st.sampled_from(["sun", "li", "boss"]), st.booleans()),
        st.tuples(st.just("end"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("wait"), st.integers(1, 40)),
        st.tuples(
            st.just("likely"),
            st.sampled_from([("boss", "approver.principal"), ("wang", "legal_office")]),
        ),
    ),
    max_size=40,
)


class Walk:
    """One request and whatever is done to it."""

    def __init__(self) -> None:
        self.book = Book()
        self.request = self.book.request("sun", "same_unit", "copy")
        self.open: list[str] = []
        self.aborted: list[str] = []
        self.whole = 0

    def step(self, step: tuple[Any, ...]) -> None:
        book, value = self.book, self.book.value("request", self.request)
        if step[0] == "wait":
            book.now += timedelta(hours=step[1])
        elif step[0] == "decide":
            _, person, decision, role, count = step
            grant = book.grant(count, 20) if decision == "approve" else None
            book.decide(self.request, person, decision, role, grant)
            assert decision == "withdraw" or person != value["person"]
        elif step[0] == "likely":
            book.decide(self.request, step[1][0], "approve", step[1][1], book.grant(2, 20))
        elif step[0] == "start":
            again = self.aborted[-1] if step[2] and self.aborted else None
            begin = book.value("access", again)["bytes"] if again else 0
            part = rest(begin) if again else None
            self.open.append(book.start(step[1], self.request, resumes=again, range=part))
            roles = {item["role"] for item in value["approvals"]}
            assert roles == {"approver.principal", "legal_office"}
            assert step[1] == "sun"
        elif self.open:
            access = self.open.pop()
            book.end(access, step[1], None if step[2] else "FAILED")
            self.whole += step[2]
            self.aborted += [] if step[2] else [access]


@settings(max_examples=300)
@given(_STEPS)
def test_no_order_of_acts_gives_more_than_was_granted(steps: list[tuple[Any, ...]]) -> None:
    walk = Walk()
    for step in steps:
        before = dict(walk.book.shelf._values)
        try:
            walk.step(step)
        except Denied:
            assert walk.book.shelf._values == before
        value = walk.book.value("request", walk.request)
        people = [item["person"] for item in value["approvals"]]
        assert len(set(people)) == len(people)
        assert "sun" not in people
        assert walk.whole + len(walk.open) <= value["count"]
        assert value["running"] == len(walk.open)
        assert value["used"] <= value["count"]
        assert value["broken"] >= 0
