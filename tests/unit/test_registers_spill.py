"""Spills as the rule book judges them: who says so, what is blocked, and when bytes may go."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from disposal_book import BOTH, DisposalBook

from archive.errors import Denied, FormatError
from archive.registers import spill
from archive.times import format_time

PACK = "main-2026-0000000000000001-10d"


class SpillBook(DisposalBook):
    def spill(self, *records: str, who: Sequence[str] = ("arch", "lead"), name: str = "") -> str:
        name = name or self.ulid()
        payload = {"records": sorted(records), "spill": name}
        self.say(who, "record.spilled", payload, {"reason": "依保密部门通知"})
        return name

    def cleared(self, name: str, record: str, stores: Sequence[str], left: Sequence[str]) -> None:
        body = {"spill": name, "stores": list(stores), "left": list(left), "versions": 2}
        self.own("record.cleared", record, body)

    def lock(self, store: str = "first") -> None:
        """Let the ledger know that a store has locks."""
        self.shelf.put("store", store, {"level": "compliance", "missing": []})

    def locked(self, record: str, **after: float) -> None:
        until = format_time(self.now + timedelta(**after))
        found = self.shelf.get("record", record)
        assert found is not None
        self.shelf.put("record", record, {**found, "retain_until": until})


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(Denied) as denied:
        attempt()
    return denied.value.code


@pytest.fixture
def book() -> SpillBook:
    return SpillBook()


@pytest.fixture
def record(book: SpillBook) -> str:
    return book.kept()


# --- who


@pytest.mark.parametrize(
    "who", [("arch", "lead"), ("lead", "arch"), ("gu", "lead"), ("arch", "zhu"), ("arch", "gu")]
)
def test_an_archivist_and_somebody_who_decides(
    book: SpillBook, record: str, who: tuple[str, str]
) -> None:
    book.spill(record, who=who)
    assert spill.is_spilled(book.shelf, record)


@pytest.mark.parametrize("who", [("arch",), ("gu",), ("lead",)])
def test_nobody_alone(book: SpillBook, record: str, who: tuple[str]) -> None:
    assert code(lambda: book.spill(record, who=who)) == "VOUCHERS_MISSING"
    assert not spill.is_spilled(book.shelf, record)


@pytest.mark.parametrize("who", [("arch", "du"), ("arch", "li"), ("lead", "du"), ("arch", "root")])
def test_not_any_two(book: SpillBook, record: str, who: tuple[str, str]) -> None:
    assert code(lambda: book.spill(record, who=who)) == "ROLE_MISSING"


def test_once_and_of_records_that_there_are(book: SpillBook, record: str) -> None:
    name = book.spill(record)
    other = book.kept()
    assert code(lambda: book.spill(record)) == "SPILL_EXISTS"
    assert code(lambda: book.spill(other, name=name)) == "SPILL_EXISTS"
    assert code(lambda: book.spill(book.ulid())) == "RECORD_UNKNOWN"


# --- what is blocked


def test_it_is_not_split_off_its_pack(book: SpillBook) -> None:
    one, two = book.kept(PACK), book.kept(PACK)
    book.spill(one)
    assert code(lambda: book.split(PACK, [one])) == "RECORD_SPILLED"
    book.split(PACK, [two])


# --- when it may go


def test_it_goes_though_it_is_not_due_and_held(book: SpillBook, record: str) -> None:
    book.hold(record)
    name = book.spill(record)
    book.destroyed(name, record)
    assert book.gone(record)
    assert code(lambda: book.destroyed(name, record)) == "RECORD_DESTROYED"


def test_not_without_a_spill_and_not_by_another(book: SpillBook, record: str) -> None:
    other = book.kept()
    name = book.spill(record)
    assert code(lambda: book.destroyed(name, other)) == "SPILL_UNKNOWN"
    assert code(lambda: book.destroyed(book.ulid(), record)) == "DISPOSITION_UNKNOWN"


def test_every_store_is_named(book: SpillBook, record: str) -> None:
    book.introduce("replica")
    name = book.spill(record)
    assert code(lambda: book.destroyed(name, record)) == "STORES_OTHER"
    assert code(lambda: book.cleared(name, record, ["replica"], ["other"])) == "STORES_OTHER"
    book.cleared(name, record, ["replica"], ["first"])
    assert list(spill.cleared_of(book.shelf, record)) == ["replica"]
    assert code(lambda: book.cleared(name, record, ["first"], ["replica"])) == "STORES_OTHER"
    book.destroyed(name, record, ["first", "replica"])


def test_a_lock_is_waited_for(book: SpillBook, record: str) -> None:
    book.introduce("replica")
    book.lock("first")
    book.locked(record, days=400)
    name = book.spill(record)
    both = ["first", "replica"]
    assert code(lambda: book.destroyed(name, record, both)) == "SPILL_LOCKED"
    assert code(lambda: book.cleared(name, record, ["first"], ["replica"])) == "SPILL_LOCKED"
    book.cleared(name, record, ["replica"], ["first"])
    book.later(days=399)
    assert code(lambda: book.destroyed(name, record, both)) == "SPILL_LOCKED"
    book.later(days=2)
    book.destroyed(name, record, both)


def test_what_is_kept_longer_afterwards_changes_nothing(book: SpillBook, record: str) -> None:
    book.lock()
    name = book.spill(record)
    book.extend(record, 3650)
    book.later(days=11)
    book.destroyed(name, record)


def test_what_is_locked_for_ever_never_goes(book: SpillBook, record: str) -> None:
    book.lock()
    book.extend(record, None)
    name = book.spill(record)
    book.later(days=36500)
    assert spill.locked_until(book.shelf, record, "first") == spill.FOREVER
    assert code(lambda: book.destroyed(name, record)) == "SPILL_LOCKED"


def test_a_pack_goes_when_the_others_are_split_off(book: SpillBook) -> None:
    one, two, three = (book.kept(PACK) for _ in range(3))
    name = book.spill(one)
    assert spill.others_of(book.shelf, one) == sorted([two, three])
    assert code(lambda: book.destroyed(name, one)) == "PACK_PART"
    book.split(PACK, [two])
    assert code(lambda: book.destroyed(name, one)) == "PACK_PART"
    second = book.spill(three, who=BOTH)
    book.destroyed(name, one)
    book.destroyed(second, three)
    assert not book.gone(two)


def test_two_statements_have_to_say_why(book: SpillBook, record: str) -> None:
    with pytest.raises(FormatError):
        book.say(("arch", "lead"), "record.spilled", {"records": [record], "spill": book.ulid()})
