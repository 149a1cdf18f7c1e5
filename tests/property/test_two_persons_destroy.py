"""Whatever people do in whatever order: nothing goes that one person wanted, or that was kept.

The rule book is asked for everything; what it lets pass is written down here and judged by rules of
this page alone, from what was said and when.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from disposal_book import DisposalBook
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from archive.errors import Denied

PEOPLE = ("gu", "zhu", "lead", "arch", "root", "li", "du")
ARCHIVISTS = {"gu", "arch"}
DECIDERS = {"gu", "zhu", "lead"}
EXECUTORS = {"gu", "arch", "root"}
PACK = "main-2026-0000000000000007-10d"
Step = tuple[str, int, int, int]
OFTEN = ("propose", "approve", "execute", "destroy")
VERBS = (*OFTEN, *OFTEN, *OFTEN, "hold", "lift", "extend", "split", "refuse", "wait")
FITTING = {"propose": "arch", "approve": "zhu", "execute": "root", "hold": "du", "lift": "du"}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(VERBS),
        st.integers(0, 2 * len(PEOPLE)),
        st.integers(0, 31),
        st.sampled_from((0, 0, 0, 1, 2, 3)),
    ),
    min_size=20,
    max_size=60,
)


@dataclass
class Seen:
    """What was let pass, in the words of this test."""

    proposed: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    approved: dict[str, str] = field(default_factory=dict)
    executed: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    until: dict[str, datetime] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    split: set[str] = field(default_factory=set)


class Life:
    """One random life of five records, three of them in a pack."""

    def __init__(self) -> None:
        self.book, self.seen = DisposalBook(), Seen()
        self.packed = [self.book.kept(PACK) for _ in range(3)]
        self.records = [*self.packed, self.book.kept(), self.book.kept()]
        self.seen.until = {record: self.book.now + timedelta(days=10) for record in self.records}
        self.book.later(days=10)
        self.names: list[str] = []

    def step(self, step: Step) -> None:
        verb, person, mask, which = step
        try:
            # Twice as many numbers as people: as often who could as anybody.
            fitting = FITTING.get(verb, "gu")
            who = PEOPLE[person] if person < len(PEOPLE) else fitting
            getattr(self, verb)(who, mask, which)
        except Denied:
            return

    def _name(self, which: int) -> str:
        return self.names[-1 - which % len(self.names)] if self.names else self.book.ulid()

    def propose(self, who: str, mask: int, _which: int) -> None:
        chosen = [record for n, record in enumerate(self.records) if mask >> n & 1]
        if chosen:
            name = self.book.propose(who, chosen)
            self.seen.proposed[name] = (who, frozenset(chosen))
            self.names.append(name)

    def approve(self, who: str, _mask: int, which: int) -> None:
        name = self._name(which)
        self.book.decide(who, name)
        assert name not in self.seen.approved
        self.seen.approved[name] = who

    def refuse(self, who: str, _mask: int, which: int) -> None:
        name = self._name(which)
        self.book.decide(who, name, "refuse")
        self.seen.approved[name] = ""
        assert name not in self.seen.executed

    def execute(self, who: str, _mask: int, which: int) -> None:
        name = self._name(which)
        self.book.execute(who, name)
        self.seen.executed[name] = who
        for record in self.seen.proposed[name][1]:
            self._check_free(record)

    def destroy(self, _who: str, mask: int, which: int) -> None:
        name = self._name(which)
        listed = sorted(self.seen.proposed[name][1]) if name in self.seen.proposed else []
        among = listed if listed and mask < 24 else self.records
        record = among[mask % len(among)]
        self.book.destroyed(name, record)
        proposer, records = self.seen.proposed[name]
        decider, executor = self.seen.approved[name], self.seen.executed[name]
        assert record in records
        assert record not in self.seen.gone
        assert proposer in ARCHIVISTS
        assert decider in DECIDERS - {proposer}
        assert executor in EXECUTORS - {decider}
        self._check_free(record)
        if record in self.packed:
            others = set(self.packed) - records - self.seen.split - set(self.seen.gone)
            assert not others
        self.seen.gone.append(record)

    def hold(self, who: str, mask: int, _which: int) -> None:
        record = self.records[mask % len(self.records)]
        self.seen.held[self.book.hold(record, by=who)] = record

    def lift(self, who: str, mask: int, _which: int) -> None:
        holds = list(self.seen.held)
        if holds:
            hold = holds[mask % len(holds)]
            self.book.lift(hold, by=who)
            del self.seen.held[hold]

    def extend(self, who: str, mask: int, which: int) -> None:
        record = self.records[mask % len(self.records)]
        self.book.extend(record, which, by=who)
        longer = self.book.now + timedelta(days=which)
        self.seen.until[record] = max(self.seen.until[record], longer)

    def split(self, who: str, mask: int, which: int) -> None:
        record = self.packed[mask % len(self.packed)]
        self.book.split(PACK, [record], [who, PEOPLE[(PEOPLE.index(who) + which + 1) % 7]])
        self.seen.split.add(record)

    def wait(self, _who: str, _mask: int, which: int) -> None:
        self.book.later(days=which)

    def _check_free(self, record: str) -> None:
        assert record not in self.seen.held.values()
        assert self.seen.until[record] <= self.book.now


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_nothing_goes_that_two_people_did_not_want(steps: list[Step]) -> None:
    life = Life()
    for step in steps:
        life.step(step)
    target(float(len(life.seen.gone)), label="destroyed")
    for record in life.records:
        assert life.book.gone(record) == (record in life.seen.gone)


def test_a_life_can_end() -> None:
    """The steps above do reach a destruction: the property is not empty."""
    life = Life()
    gu, zhu = PEOPLE.index("gu"), PEOPLE.index("zhu")
    steps = [("wait", gu, 0, 3), ("propose", gu, 0b01000, 0), ("approve", zhu, 0, 0)]
    for step in (*steps, ("execute", gu, 0, 0), ("destroy", gu, 3, 0)):
        life.step(step)
    assert life.seen.gone == [life.records[3]]
