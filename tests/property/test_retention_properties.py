"""Retention under any order of acts: never shorter, a hold always wins, the same from the same."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from registers_fixture import START
from retention_book import LAW, SCHEDULE, RetentionBook

from archive.errors import Denied
from archive.registers.keeping import CaseFacts, End
from archive.registers.terms import held_by
from archive.vocabulary import CATEGORIES, IMPORTANCES
from retention.classes import Facts, class_of
from retention.ends import cases_end, retain_until
from retention.periods import Period, day_of
from retention.schedule import Schedule
from retention.working_days import Calendar

PARSED = Schedule.parse(SCHEDULE)
NAMES = st.sampled_from([one.name for one in PARSED.classes])
PEOPLE = st.sampled_from(["gu", "zhu", "arch", "du", "head", "li", "adm"])
DAYS = st.integers(-60, 4000)
SCHEDULES = st.sampled_from(
    [SCHEDULE, SCHEDULE.replace('"6m"', '"2y"'), SCHEDULE.replace('"30y"', '"10y"')]
)
MOMENTS = st.integers(1_072_915_200, 3_786_912_000).map(lambda at: datetime.fromtimestamp(at, UTC))
FAR = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)


def _at_least(end: End) -> datetime:
    """Until when something is certainly kept."""
    return FAR if end.permanent or end.moment is None else end.moment


class Keeping(RuleBasedStateMachine):
    """An office where anybody tries anything about the terms of three records."""

    def __init__(self) -> None:
        super().__init__()
        self.book = RetentionBook()
        self.records = [self.book.kept() for _ in range(3)]
        self.case = self.book.open_case()
        self.holds: list[str] = []
        self.open_holds: dict[str, set[str]] = {}
        self.seen = dict.fromkeys(self.records, (False, NEVER))

    def tried(self, act: Any) -> bool:
        try:
            act()
        except Denied:
            return False
        return True

    @rule(number=st.integers(0, 2), name=NAMES, days=DAYS)
    def set_term(self, number: int, name: str, days: int) -> None:
        trigger = START - timedelta(days=days)
        self.tried(lambda: self.book.set([self.records[number]], name, trigger))

    @rule(number=st.integers(0, 2), name=NAMES, who=PEOPLE, days=st.none() | DAYS)
    def say_class(self, number: int, name: str, who: str, days: int | None) -> None:
        trigger = None if days is None else START - timedelta(days=days)
        self.tried(lambda: self.book.classed(who, [self.records[number]], name, trigger))

    @rule(number=st.integers(0, 2), who=PEOPLE, days=st.none() | DAYS)
    def extend(self, number: int, who: str, days: int | None) -> None:
        until = None if days is None else START + timedelta(days=days)
        self.tried(lambda: self.book.extended(who, [self.records[number]], until))

    @rule(text=SCHEDULES)
    def adopt(self, text: str) -> None:
        self.book.readopt(text)

    @rule(number=st.integers(0, 2), kind=st.sampled_from(["attached", "detached"]))
    def move(self, number: int, kind: str) -> None:
        self.tried(lambda: self.book.move(kind, self.case, self.records[number]))

    @rule(importance=st.sampled_from(list(IMPORTANCES)))
    def change(self, importance: str) -> None:
        self.tried(lambda: self.book.change_case(self.case, importance=importance))

    @rule(days=st.integers(0, 500))
    def close(self, days: int) -> None:
        day = date(2026, 11, 22) + timedelta(days=days)
        self.tried(lambda: self.book.close(self.case, day.isoformat()))

    @rule(numbers=st.sets(st.integers(0, 2), min_size=1), who=PEOPLE)
    def hold(self, numbers: set[int], who: str) -> None:
        records = sorted(self.records[number] for number in numbers)
        made: list[str] = []
        if self.tried(lambda: made.append(self.book.hold(*records, by=who))):
            self.open_holds[made[0]] = set(records)
            self.holds.append(made[0])

    @precondition(lambda self: self.holds)
    @rule(number=st.integers(0, 5), who=PEOPLE)
    def lift(self, number: int, who: str) -> None:
        hold = self.holds[number % len(self.holds)]
        if self.tried(lambda: self.book.lift(hold, by=who)):
            del self.open_holds[hold]

    @invariant()
    def what_was_said_never_becomes_less(self) -> None:
        """Of what was set and said, apart from the facts of cases, which people may correct."""
        for record in self.records:
            term = self.book.shelf.get("term", record) or {"permanent": False, "until": None}
            until = datetime.fromisoformat(term["until"]) if term["until"] else NEVER
            permanent, before = self.seen[record]
            assert term["permanent"] >= permanent
            assert until >= before
            self.seen[record] = (term["permanent"], until)
            floor = LAW.floor(SCHEDULE, START)
            assert _at_least(self.book.end(record)) >= max(floor, until)

    @invariant()
    def nothing_held_or_permanent_or_running_is_ever_due(self) -> None:
        self.book.now, now = FAR - timedelta(days=2), self.book.now
        try:
            for record in self.records:
                end = self.book.end(record)
                held = any(record in records for records in self.open_holds.values())
                assert bool(held_by(self.book.shelf, record)) is held
                if held or end.permanent or end.open:
                    assert not self.book.due(record)
                assert end == self.book.end(record), "the same from the same"
        finally:
            self.book.now = now


Keeping.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAnyOrderOfActs = Keeping.TestCase


CASES = st.builds(
    CaseFacts,
    st.sampled_from(list(CATEGORIES)),
    st.sampled_from(list(IMPORTANCES)),
    st.none() | st.dates(date(2004, 1, 1), date(2090, 1, 1)),
)


@given(cases=st.lists(CASES, min_size=1, max_size=5), other=CASES)
def test_another_case_never_shortens(cases: list[CaseFacts], other: CaseFacts) -> None:
    before, after = cases_end(PARSED, cases), cases_end(PARSED, [*cases, other])
    assert before is not None
    assert after is not None
    assert after == cases_end(PARSED, [other, *reversed(cases)])
    if before.permanent:
        assert after.permanent
    elif before.open:
        assert after.open or after.permanent
    else:
        assert after.open or _at_least(after) >= _at_least(before)


@given(first=MOMENTS, second=MOMENTS, name=NAMES)
def test_a_later_trigger_never_ends_earlier(first: datetime, second: datetime, name: str) -> None:
    one = PARSED.named(name)
    ends = [retain_until(one, moment) for moment in sorted((first, second))]
    assert _at_least(ends[0]) <= _at_least(ends[1])
    assert not ends[0].due(min(first, second))


@given(moment=MOMENTS, count=st.integers(1, 1200))
def test_periods_reach_at_least_so_far(moment: datetime, count: int) -> None:
    months = Period(min(count, 1200), "m").end(moment)
    days = Period(count, "d").end(moment)
    assert months is not None
    assert days is not None
    assert day_of(days - timedelta(days=1)) - day_of(moment) == timedelta(days=count)
    assert months >= moment + timedelta(days=28 * count)
    following = Period(min(count + 1, 1200), "m").end(moment)
    assert following is not None
    assert following >= months


@given(
    media=st.text(max_size=20),
    received=MOMENTS,
    captured=st.none() | MOMENTS,
    cases=st.lists(CASES, max_size=3),
)
def test_no_claim_brings_a_term_below_what_counts_from_thirty_days_before_the_receipt(
    media: str, received: datetime, captured: datetime | None, cases: list[CaseFacts]
) -> None:
    facts = Facts(media, received, captured, cases=cases)
    placed = class_of(PARSED, facts)
    assert placed == class_of(PARSED, facts), "the same from the same"
    if placed is not None:
        assert placed.trigger >= received - timedelta(days=30) or day_of(placed.trigger) == day_of(
            received
        )
        assert not retain_until(placed.one, placed.trigger).open


@given(start=st.dates(date(2004, 1, 1), date(2026, 10, 1)), count=st.integers(1, 40))
def test_working_days_rise_and_are_worked(start: date, count: int) -> None:
    calendar = Calendar()
    found, following = calendar.after(start, count), calendar.after(start, count + 1)
    assert start < found.day < following.day
    assert calendar.is_workday(found.day) is not False
    assert found.provisional == (found.day.year > 2026)
    later = calendar.after(start + timedelta(days=1), count)
    assert later.day >= found.day
    assert calendar.after(found.day, 1).day == following.day
