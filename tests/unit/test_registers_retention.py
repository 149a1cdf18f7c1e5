"""The rule book of retention: who sets, classes and extends, what counts, and what the end is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from registers_fixture import START, Office
from retention_book import SCHEDULE, RetentionBook

from archive.errors import Denied
from archive.registers.act import Unknown
from archive.registers.retention import term_of
from archive.times import format_time

SIX_MONTHS = datetime(2027, 5, 22, 16, tzinfo=UTC)
"""The end of 2027-05-22 in Asia/Shanghai, six months after START's day."""
LONGER = SCHEDULE.replace('period = "6m"', 'period = "1y"')
SHORTER = SCHEDULE.replace('period = "6m"', 'period = "3m"')


def code(act: Callable[[], object]) -> str:
    with pytest.raises(Denied) as caught:
        act()
    return caught.value.code


@pytest.fixture
def book() -> RetentionBook:
    return RetentionBook()


# ── the schedule ──


def test_a_schedule_is_adopted_like_other_rules_and_read_strictly(book: RetentionBook) -> None:
    assert code(lambda: book.adopt("retention", SCHEDULE, ["gu", "li"])) == "VOUCHERS_MISSING"
    assert code(lambda: book.adopt("retention", "cunzheng_retention = 1", ["gu", "zhu"])) == (
        "RULES_BAD"
    )
    book.readopt(LONGER)


def test_without_a_law_nobody_can_tell() -> None:
    office = Office()
    with pytest.raises(Unknown):
        office.adopt("retention", SCHEDULE, ["gu", "zhu"])


def test_before_a_schedule_nothing_is_set_and_nothing_is_due() -> None:
    book = RetentionBook(founded=False)
    book.found("gu", ("approver.principal", "archivist"))
    book.found("zhu", ("approver.department_head", "legal_office"))
    record = book.kept()
    assert code(lambda: book.set([record], "av_unlinked", START)) == "SCHEDULE_NONE"
    assert code(lambda: book.classed("gu", [record], "av_unlinked")) == "SCHEDULE_NONE"
    book.later(days=36_500)
    assert book.end(record).open


# ── retention.set ──


def test_what_is_set_is_the_end_and_no_first_lock_makes_anything_due(book: RetentionBook) -> None:
    record = book.kept()
    assert book.end(record).open, "its class is not known: the first lock is a floor only"
    book.set([record], "av_unlinked", START)
    assert book.end(record).moment == SIX_MONTHS
    book.now = SIX_MONTHS - timedelta(microseconds=1)
    assert not book.due(record)
    book.now = SIX_MONTHS
    assert book.due(record)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"until": format_time(SIX_MONTHS - timedelta(days=1))}, "TERM_DIFFERS"),
        ({"until": format_time(SIX_MONTHS + timedelta(days=1))}, "TERM_DIFFERS"),
        ({"until": None}, "TERM_DIFFERS"),
        ({"schedule": "sha256:" + "00" * 32}, "SCHEDULE_OTHER"),
        ({"class": "nothing"}, "CLASS_UNKNOWN"),
        ({"class": "case_material"}, "TERM_DIFFERS"),
        ({"records": ["01KANAZ8Q4V5X1R7Y2T3W6B9CD"]}, "RECORD_UNKNOWN"),
    ],
)
def test_a_forged_term_does_not_count(
    book: RetentionBook, changed: dict[str, object], found: str
) -> None:
    record = book.kept()
    assert code(lambda: book.set([record], "av_unlinked", START, **changed)) == found
    assert term_of(book.shelf, record)["set"] is None


def test_one_bad_record_spoils_the_entry(book: RetentionBook) -> None:
    good, bad = book.kept(), book.kept(START + timedelta(days=40))
    book.later(days=50)
    assert code(lambda: book.set([good, bad], "av_unlinked", START)) == "TRIGGER_EARLY"
    assert term_of(book.shelf, good)["set"] is None


def test_a_claimed_time_long_before_the_receipt_takes_a_persons_word(book: RetentionBook) -> None:
    record = book.kept()
    early = START - timedelta(days=31)
    book.set([record], "av_unlinked", START - timedelta(days=30))
    assert code(lambda: book.set([record], "av_unlinked", early)) == "TRIGGER_EARLY"
    assert code(lambda: book.classed("li", [record], "av_unlinked", early)) == "ROLE_MISSING"
    book.classed("arch", [record], "av_unlinked", early)
    book.set([record], "av_unlinked", early)
    assert code(lambda: book.set([record], "av_unlinked", early - timedelta(days=1))) == (
        "TRIGGER_EARLY"
    )
    # It is not shorter for that: what was set before stays, and so does the first lock.
    assert book.end(record).moment == SIX_MONTHS


def test_a_time_to_come_starts_nothing(book: RetentionBook) -> None:
    record = book.kept()
    ahead = START + timedelta(minutes=6)
    assert code(lambda: book.set([record], "av_unlinked", ahead)) == "TRIGGER_AHEAD"
    assert code(lambda: book.classed("arch", [record], "av_unlinked", ahead)) == "TRIGGER_AHEAD"


# ── classes ──


def test_a_class_said_anew_waits_for_its_end(book: RetentionBook) -> None:
    record = book.kept()
    book.set([record], "av_unlinked", START)
    book.classed("zhu", [record], "exam_video")
    book.now = SIX_MONTHS + timedelta(days=1)
    assert book.end(record).open
    assert code(lambda: book.classed("arch", [record], "nothing")) == "CLASS_UNKNOWN"
    book.set([record], "exam_video", START)
    assert book.end(record).moment == datetime(2029, 11, 22, 16, tzinfo=UTC)
    # Saying the shorter class again takes nothing back.
    book.classed("zhu", [record], "av_unlinked")
    book.set([record], "av_unlinked", START)
    assert book.end(record).moment == datetime(2029, 11, 22, 16, tzinfo=UTC)


@pytest.mark.parametrize("person", ["li", "adm", "du", "head"])
def test_who_says_no_class(book: RetentionBook, person: str) -> None:
    record = book.kept()
    assert code(lambda: book.classed(person, [record], "exam_video")) == "ROLE_MISSING"


# ── extensions ──


@pytest.mark.parametrize("person", ["arch", "zhu", "du", "head"])
def test_who_keeps_longer(book: RetentionBook, person: str) -> None:
    record = book.kept()
    book.set([record], "av_unlinked", START)
    book.extended(person, [record], SIX_MONTHS + timedelta(days=1))
    assert book.end(record).moment == SIX_MONTHS + timedelta(days=1)
    book.extended(person, [record], SIX_MONTHS - timedelta(days=1))
    assert book.end(record).moment == SIX_MONTHS + timedelta(days=1), "it only grows"


@pytest.mark.parametrize("person", ["li", "adm"])
def test_who_does_not(book: RetentionBook, person: str) -> None:
    record = book.kept()
    assert code(lambda: book.extended(person, [record], None)) == "ROLE_MISSING"
    assert code(lambda: book.extended("arch", [book.ulid()], None)) == "RECORD_UNKNOWN"


def test_what_is_for_ever_stays_for_ever(book: RetentionBook) -> None:
    record = book.kept()
    book.extended("du", [record], None, "obstruction")
    assert book.end(record).permanent
    book.set([record], "av_unlinked", START)
    book.extended("du", [record], SIX_MONTHS)
    book.later(days=365 * 900)
    assert book.end(record).permanent
    assert not book.due(record)


# ── schedules that follow ──


def test_a_longer_schedule_reaches_what_was_set_and_a_shorter_one_does_not(
    book: RetentionBook,
) -> None:
    record = book.kept()
    book.set([record], "av_unlinked", START)
    book.readopt(SHORTER)
    assert book.end(record).moment == SIX_MONTHS
    book.readopt(LONGER)
    assert book.end(record).moment == datetime(2027, 11, 22, 16, tzinfo=UTC)
    book.set([record], "av_unlinked", START)
    book.readopt(SHORTER)
    assert book.end(record).moment == datetime(2027, 11, 22, 16, tzinfo=UTC)


def test_a_class_that_the_schedule_no_longer_has_is_not_due(book: RetentionBook) -> None:
    record = book.kept()
    book.set([record], "av_unlinked", START)
    book.readopt(SCHEDULE.replace('"av_unlinked"', '"av_loose"'))
    book.now = SIX_MONTHS + timedelta(days=1)
    assert book.end(record).open


# ── cases ──


def test_a_record_is_kept_as_long_as_the_file_of_each_of_its_cases(book: RetentionBook) -> None:
    record = book.kept()
    book.set([record], "av_unlinked", START)
    first, second = book.open_case(number="1"), book.open_case(number="2")
    for case in (first, second):
        book.move("attached", case, record)
    book.now = SIX_MONTHS + timedelta(days=1)
    assert book.end(record).open
    book.close(first, "2027-01-31")
    assert book.end(record).open, "the other case runs"
    book.close(second, "2027-02-28")
    assert book.end(record).moment == datetime(2057, 2, 28, 16, tzinfo=UTC)


def test_a_major_case_is_for_ever_even_before_it_is_closed(book: RetentionBook) -> None:
    record = book.kept()
    case = book.open_case(importance="major")
    book.move("attached", case, record)
    assert book.end(record).permanent


def test_material_of_a_case_that_is_not_there_yet_waits(book: RetentionBook) -> None:
    record = book.kept()
    book.set([record], "av_unlinked", START)
    book.classed("arch", [record], "case_material")
    book.now = SIX_MONTHS + timedelta(days=400)
    book.stay("gu")
    assert book.end(record).open
    case = book.open_case()
    book.move("attached", case, record)
    book.close(case, "2027-12-31")
    assert book.end(record).moment == datetime(2057, 12, 31, 16, tzinfo=UTC)


def test_a_record_nobody_knows_is_not_due(book: RetentionBook) -> None:
    book.later(days=36_500)
    assert book.end(book.ulid()).open


# ── holds ──


def test_every_hold_keeps_and_only_its_own_unit_lifts_it(book: RetentionBook) -> None:
    record = book.kept()
    book.set([record], "av_unlinked", START)
    case = book.open_case()
    book.move("attached", case, record)
    book.close(case, "2026-11-30")
    by_record, by_case = book.hold(record), book.hold(case=case, by="zhu")
    book.now = datetime(2057, 1, 1, tzinfo=UTC)
    book.stay("du", "zhu")
    assert not book.due(record)
    book.lift(by_record)
    assert not book.due(record), "the other hold is still there"
    book.lift(by_case, by="zhu")
    assert book.due(record)
    assert code(lambda: book.lift(by_case)) == "HOLD_UNKNOWN"
