"""Disposition as the rule book judges it: due, not held, two people, whole packs, every store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from disposal_book import DisposalBook, line
from registers_fixture import START

from archive.errors import Denied
from archive.registers.act import Unknown
from archive.statements.body import SignedBody
from archive.statements.statement import Signed, Statement


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(Denied) as denied:
        attempt()
    return denied.value.code


@pytest.fixture
def book() -> DisposalBook:
    return DisposalBook()


@pytest.fixture
def due(book: DisposalBook) -> str:
    """A record that is due now."""
    record = book.kept()
    book.later(days=11)
    return record


def test_from_proposal_to_destruction(book: DisposalBook, due: str) -> None:
    name = book.propose("arch", [due])
    assert book.state(name) == "proposed"
    book.decide("lead", name)
    book.execute("root", name)
    assert not book.gone(due)
    book.destroyed(name, due)
    assert book.gone(due)


# --- who


@pytest.mark.parametrize("who", ["li", "lead", "du", "root", "zhu"])
def test_an_archivist_proposes(book: DisposalBook, due: str, who: str) -> None:
    assert code(lambda: book.propose(who, [due])) == "ROLE_MISSING"


@pytest.mark.parametrize("who", ["li", "du", "root", "arch"])
def test_who_decides(book: DisposalBook, due: str, who: str) -> None:
    name = book.propose("gu", [due])
    assert code(lambda: book.decide(who, name)) == "ROLE_MISSING"


def test_nobody_decides_on_his_own_proposal(book: DisposalBook, due: str) -> None:
    name = book.propose("gu", [due])  # archivist and principal in one
    assert code(lambda: book.decide("gu", name)) == "DISPOSITION_OWN"
    assert code(lambda: book.decide("gu", name, "refuse")) == "DISPOSITION_OWN"


def test_nobody_executes_what_he_decided(book: DisposalBook, due: str) -> None:
    name = book.propose("arch", [due])
    book.decide("gu", name)
    assert code(lambda: book.execute("gu", name)) == "DISPOSITION_OWN"
    book.execute("arch", name)


@pytest.mark.parametrize("who", ["li", "du", "lead", "zhu"])
def test_who_executes(book: DisposalBook, due: str, who: str) -> None:
    name = book.propose("gu", [due])
    book.decide("lead", name)
    assert code(lambda: book.execute(who, name)) == "ROLE_MISSING"


# --- in which order


def test_nothing_without_the_step_before(book: DisposalBook, due: str) -> None:
    unknown = book.ulid()
    assert code(lambda: book.decide("zhu", unknown)) == "DISPOSITION_UNKNOWN"
    assert code(lambda: book.execute("gu", unknown)) == "DISPOSITION_UNKNOWN"
    assert code(lambda: book.destroyed(unknown, due)) == "DISPOSITION_UNKNOWN"
    name = book.propose("gu", [due])
    assert code(lambda: book.execute("gu", name)) == "DISPOSITION_STATE"
    assert code(lambda: book.destroyed(name, due)) == "DISPOSITION_STATE"
    book.decide("zhu", name)
    assert code(lambda: book.destroyed(name, due)) == "DISPOSITION_STATE"
    assert code(lambda: book.decide("lead", name)) == "DISPOSITION_STATE"
    book.execute("gu", name)
    assert code(lambda: book.execute("gu", name)) == "DISPOSITION_STATE"
    assert code(lambda: book.decide("zhu", name, "refuse")) == "DISPOSITION_STATE"


def test_a_refusal_frees_the_records(book: DisposalBook, due: str) -> None:
    name = book.propose("gu", [due])
    assert code(lambda: book.propose("arch", [due])) == "DISPOSITION_OPEN"
    book.decide("zhu", name, "refuse")
    assert code(lambda: book.execute("gu", name)) == "DISPOSITION_STATE"
    book.propose("arch", [due])


def test_an_approval_is_taken_back_before_it_is_executed(book: DisposalBook, due: str) -> None:
    name = book.propose("gu", [due])
    book.decide("zhu", name)
    book.decide("lead", name, "refuse")
    assert code(lambda: book.execute("arch", name)) == "DISPOSITION_STATE"


def test_an_id_is_used_once(book: DisposalBook, due: str) -> None:
    name = book.propose("gu", [due])
    book.decide("zhu", name, "refuse")
    assert code(lambda: book.propose("gu", [due], name=name)) == "DISPOSITION_EXISTS"


# --- what


def test_nothing_before_it_is_due(book: DisposalBook) -> None:
    record = book.kept()
    book.later(days=10, microseconds=-1)
    assert code(lambda: book.propose("gu", [record])) == "NOT_DUE"
    book.later(microseconds=1)
    book.propose("gu", [record])


def test_what_nobody_classed_is_not_due(book: DisposalBook) -> None:
    record = book.kept(name="")
    forever = book.kept(name="ever")
    book.later(days=9999)
    book.now = START + timedelta(days=300)  # the people's enrolments end
    assert code(lambda: book.propose("gu", [record])) == "NOT_DUE"
    assert code(lambda: book.propose("gu", [forever])) == "NOT_DUE"


def test_what_is_extended_afterwards_is_not_executed(book: DisposalBook, due: str) -> None:
    name = book.propose("gu", [due])
    book.decide("zhu", name)
    book.extend(due, 5)
    assert code(lambda: book.execute("gu", name)) == "NOT_DUE"
    book.later(days=5)
    book.execute("gu", name)
    book.extend(due, None)
    assert code(lambda: book.destroyed(name, due)) == "NOT_DUE"


def test_a_running_case_keeps_its_records(book: DisposalBook, due: str) -> None:
    case = book.open_case("gu")
    book.move("attached", case, due)
    assert code(lambda: book.propose("gu", [due])) == "NOT_DUE"
    closing = {"case": case, "closed": "2026-12-04", "decided": None}
    book.say(["gu"], "case.closed", closing, {"reason": "x"})
    assert code(lambda: book.propose("gu", [due])) == "NOT_DUE"
    book.later(days=25)
    book.propose("gu", [due])


def test_a_hold_wins_at_every_step(book: DisposalBook, due: str) -> None:
    hold = book.hold(due)
    assert code(lambda: book.propose("gu", [due])) == "RECORD_HELD"
    book.lift(hold)
    name = book.propose("gu", [due])
    book.decide("zhu", name)
    case = book.open_case("gu")
    hold = book.hold(due)
    assert code(lambda: book.execute("gu", name)) == "RECORD_HELD"
    book.lift(hold)
    book.execute("gu", name)
    hold = book.hold(due)
    assert code(lambda: book.destroyed(name, due)) == "RECORD_HELD"
    assert not book.gone(due)
    book.lift(hold)
    assert case
    book.destroyed(name, due)


def test_a_hold_on_the_case_holds_its_records(book: DisposalBook, due: str) -> None:
    case = book.open_case("gu")
    book.move("attached", case, due)
    closing = {"case": case, "closed": "2026-12-04", "decided": None}
    book.say(["gu"], "case.closed", closing, {"reason": "x"})
    book.later(days=25)
    hold = book.hold(case=case)
    assert code(lambda: book.propose("gu", [due])) == "RECORD_HELD"
    book.lift(hold)
    book.propose("gu", [due])


def test_the_schedule_is_the_one_in_force(book: DisposalBook, due: str) -> None:
    old = book.schedule
    book.schedule = book.adopt_schedule("days=9")
    assert code(lambda: book.propose("gu", [due], schedule=old)) == "SCHEDULE_OTHER"
    book.propose("gu", [due])


def test_a_longer_schedule_keeps_what_was_approved(book: DisposalBook, due: str) -> None:
    name = book.propose("gu", [due])
    book.decide("zhu", name)
    book.schedule = book.adopt_schedule("days=30")
    assert code(lambda: book.execute("gu", name)) == "NOT_DUE"


def test_records_that_are_not_there(book: DisposalBook) -> None:
    assert code(lambda: book.propose("gu", [book.ulid()])) == "RECORD_UNKNOWN"


# --- the list


def test_the_approval_is_of_this_list(book: DisposalBook, due: str) -> None:
    other = "sha256:" + "11" * 32
    name = book.propose("gu", [due])
    assert code(lambda: book.decide("zhu", name, proposal=other)) == "LIST_OTHER"


def test_the_list_that_is_read_names_the_records(book: DisposalBook, due: str) -> None:
    assert code(lambda: book.propose("gu", [due], listed=[])) == "LIST_OTHER"
    assert code(lambda: book.propose("gu", [due], listed=[book.ulid()])) == "LIST_OTHER"
    assert code(lambda: book.propose("gu", [due], listed=[due, due])) == "LIST_OTHER"


def test_only_what_is_on_the_list_and_only_once(book: DisposalBook, due: str) -> None:
    other = book.kept()
    book.later(days=11)
    name = book.ready(due)
    assert code(lambda: book.destroyed(name, other)) == "LIST_OTHER"
    book.destroyed(name, due)
    assert code(lambda: book.destroyed(name, due)) == "RECORD_DESTROYED"
    assert code(lambda: book.propose("gu", [due])) in ("DISPOSITION_OPEN", "RECORD_DESTROYED")


def test_every_store_is_named(book: DisposalBook, due: str) -> None:
    book.introduce("replica")
    book.introduce("first")
    name = book.ready(due)
    for stores in (["first"], ["replica"], ["first", "other"], ["first", "other", "replica"]):
        assert code(lambda s=stores: book.destroyed(name, due, s)) == "STORES_OTHER"
    book.destroyed(name, due, ["first", "replica"])


# --- packs

PACK = "main-2026-0000000000000007-10d"


def test_a_pack_goes_as_a_whole(book: DisposalBook) -> None:
    members = [book.kept(PACK) for _ in range(3)]
    book.later(days=11)
    assert code(lambda: book.propose("gu", members[:2])) == "PACK_PART"
    name = book.ready(*members)
    for record in members:
        book.destroyed(name, record)


def test_a_kept_member_keeps_the_pack_until_it_is_split_off(book: DisposalBook) -> None:
    members = [book.kept(PACK) for _ in range(3)]
    book.extend(members[0], 100)
    book.later(days=11)
    assert code(lambda: book.propose("gu", members)) == "NOT_DUE"
    book.split(PACK, members[:1])
    name = book.ready(*members[1:])
    for record in members[1:]:
        book.destroyed(name, record)
    book.later(days=100)
    last = book.ready(members[0])
    book.destroyed(last, members[0])


def test_what_was_split_off_does_not_go_before_the_pack(book: DisposalBook) -> None:
    """Its bytes would still be in the pack: nothing could be called destroyed."""
    members = [book.kept(PACK) for _ in range(2)]
    book.later(days=11)
    book.split(PACK, members[:1])
    assert code(lambda: book.propose("gu", members[:1])) == "PACK_PART"
    book.propose("gu", members)


def test_a_split_after_the_approval_changes_nothing(book: DisposalBook) -> None:
    members = [book.kept(PACK) for _ in range(2)]
    book.later(days=11)
    name = book.propose("gu", members)
    book.decide("zhu", name)
    book.split(PACK, members[:1])
    book.execute("gu", name)


def test_who_splits_and_what(book: DisposalBook) -> None:
    members = [book.kept(PACK) for _ in range(2)]
    alone = book.kept()
    for who in (["gu"], ["li", "gu"]):
        assert code(lambda w=who: book.split(PACK, members[:1], w)) == "VOUCHERS_MISSING"
    assert code(lambda: book.split(PACK, members[:1], ["zhu", "lead"])) == "ROLE_MISSING"
    assert code(lambda: book.split(PACK, [alone])) == "SPLIT_BAD"
    book.split(PACK, members[:1])
    assert code(lambda: book.split(PACK, members[:1])) == "SPLIT_BAD"


# --- the moment


def test_a_clock_that_is_ahead_makes_nothing_due(book: DisposalBook) -> None:
    record = book.kept()
    book.later(days=10, minutes=3)
    name = book.propose("gu", [record])
    body = book.proposals[name]
    book.decide("zhu", name, "refuse")
    book.later(minutes=-4)
    late = Statement(**{**_fields(body), "nonce": "ab" * 16, "at": book.now})
    payload = {**late.payload, "disposition": book.ulid()}
    again = replace(late, payload=payload)
    ahead = replace(
        body,
        accepted_at=book.now + timedelta(minutes=4),
        statements=(Signed(again, b"checked elsewhere"),),
    )
    data = {"reason": "x", "list": [line(record)]}
    assert code(lambda: book.judge(ahead, data)) == "NOT_DUE"


def _fields(body: SignedBody) -> dict[str, Any]:
    statement = body.statements[0].statement
    names = ("archive", "at", "certificate", "kind", "nonce", "payload", "person")
    return {name: getattr(statement, name) for name in names}


def test_without_a_law_nothing_is_judged(book: DisposalBook, due: str) -> None:
    book.law = None
    with pytest.raises(Unknown):
        book.propose("gu", [due])
