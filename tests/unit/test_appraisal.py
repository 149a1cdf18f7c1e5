"""What may go by now: alone, with a whole pack, or not before the rest of a pack."""

from datetime import timedelta

import pytest
from disposal_book import DisposalBook
from toy_law import ToyLaw

from archive.registers.appraisal import Appraisal, appraise

PACK = "main-2026-0000000000000007-10d"


@pytest.fixture
def book() -> DisposalBook:
    return DisposalBook()


def look(book: DisposalBook, *records: str) -> Appraisal:
    return appraise(book.shelf, ToyLaw(), records, book.now)


def names(found: Appraisal) -> list[str]:
    return [one.record for one in found.due]


def test_what_is_due_and_what_is_not(book: DisposalBook) -> None:
    due, held, ever = book.kept(), book.kept(), book.kept(name="ever")
    book.later(days=5)
    young = book.kept()
    book.hold(held)
    book.later(days=6)
    found = look(book, due, held, ever, young)
    assert (names(found), found.held, found.packs, found.waiting) == ([due], 1, [], [])
    assert found.due[0].end == book.now - timedelta(days=1)


def test_what_is_on_a_list_waits(book: DisposalBook) -> None:
    record = book.kept()
    book.later(days=11)
    name = book.propose("gu", [record])
    assert [one.record for one in look(book, record).waiting] == [record]
    book.decide("zhu", name, "refuse")
    assert names(look(book, record)) == [record]
    book.destroyed(book.ready(record), record)
    assert look(book, record) == Appraisal()


def test_a_pack_is_due_as_a_whole(book: DisposalBook) -> None:
    members = [book.kept(PACK) for _ in range(3)]
    book.later(days=11)
    found = look(book, members[1])  # one of them brings all
    assert names(found) == members
    assert {one.pack for one in found.due} == {PACK}


def test_a_mixed_pack_has_a_date(book: DisposalBook) -> None:
    members = [book.kept(PACK) for _ in range(3)]
    book.extend(members[0], 20)
    book.later(days=11)
    (pack,) = look(book, *members[1:]).packs
    assert [one.record for one in pack.due] == members[1:]
    assert (pack.kept, pack.held) == ((members[0],), ())
    assert pack.next == book.now + timedelta(days=9)
    book.hold(members[0])
    (pack,) = look(book, *members[1:]).packs
    assert (pack.held, pack.next) == ((members[0],), None)


def test_what_was_split_off_waits_for_its_pack(book: DisposalBook) -> None:
    members = [book.kept(PACK) for _ in range(2)]
    book.extend(members[0], 20)
    book.split(PACK, members[1:])
    book.later(days=11)
    (pack,) = look(book, members[1]).packs
    assert ([one.record for one in pack.due], pack.kept) == (members[1:], (members[0],))
    book.split(PACK, members[:1])  # now nothing has the pack alone
    assert names(look(book, members[1])) == members[1:]
