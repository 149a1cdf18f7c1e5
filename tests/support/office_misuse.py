"""24 misuses of 12 kinds, two of each, planted into an honest office (`office_life.live`).

Every plot is played with cases of its own, by people who otherwise do their work.
"""

from collections.abc import Callable
from datetime import timedelta

from office_life import HEAD, MIB, Case, Life, Person

PRINCIPAL = "approver.principal"
LEGAL = "legal_office"


class Misuse:
    """The plots; each takes its number of the two and is played around a day."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.rng = life.rng
        self.cases = [c for c in life.cases if c.reserved and not c.sensitivity and c.opened == 0]
        self.marked = [c for c in life.cases if c.reserved and c.sensitivity]
        self.rng.shuffle(self.cases)
        teams = [p for p in life.with_role("handler") if life.people[p].unit != "night"]
        self.people = self.rng.sample(teams, len(teams))

    def run(self) -> None:
        """Play everything, and put all acts in order."""
        life = self.life
        for number, (rule, plot) in enumerate((r, p) for r in PLOTS for p in (0, 1)):
            life.misuse, life.planted[number] = number, rule
            span = len(life.days)
            PLOTS[rule](self, plot, self.rng.randrange(span // 3, span * 2 // 3))
        life.misuse = None
        life.settle()
        _turn_back(life)

    def person(self, case: Case | None = None) -> str:
        """Somebody new who does not handle the case."""
        taken = case.handlers if case else []
        name = next(p for p in self.people if p not in taken)
        self.people.remove(name)
        return name

    def case(self) -> Case:
        return self.cases.pop()

    def granted(
        self, person: str, day: int, hour: float, cases: list[Case], **other: object
    ) -> str:
        """Approved by the principal; returns the request."""
        at = self.life.at(day, hour)
        records = [record for case in cases for record in case.records]
        request = self.life.ask(person, at, records, "same_unit", **other)  # type: ignore[arg-type]
        decider = self.rng.choice(self.life.with_role(PRINCIPAL))
        self.life.decide(decider, at + timedelta(minutes=20), request, PRINCIPAL)
        return request

    # ── the plots ──

    def outside_hours(self, plot: int, day: int) -> None:
        life, case = self.life, self.case()
        person = self.person(case)
        request = self.granted(person, day, 15, [case])
        if plot == 0:  # with a grant of the day, in the middle of the night
            life.look(person, life.at(day, 25.5), request, case, 3)
        else:  # by day, from an account of somebody else
            life.look(person, life.at(day, 16), request, case, 2)
            for act in life.acts:
                if act.misuse == life.misuse and act.kind == "access.started":
                    act.account = life.people[self.rng.choice(self.people)].account

    def many_cases(self, plot: int, day: int) -> None:
        life, rng = self.life, self.rng
        cases = [c for c in life.cases if not c.reserved and c.opened == 0 and not c.sensitivity]
        if plot == 0:  # one broad request, emptied within an hour
            person, cases = rng.choice(life.with_role(LEGAL)), rng.sample(cases, 34)
            at = life.at(day, 10)
            wanted = [case.records[0] for case in cases]
            request = life.ask(person, at, wanted, "other_unit", purpose="legal_review")
            life.decide(life.head(cases[0].unit), at + timedelta(minutes=5), request, HEAD)
            at += timedelta(minutes=10)
            for case in cases:
                at = life.look(person, at, request, case, 1, minutes=1.2)
        else:  # many small requests, spread over the day
            person = self.person()
            mine = [c for c in cases if person not in c.handlers]
            for number, case in enumerate(rng.sample(mine, 26)):
                request = self.granted(person, day, 8.2 + number * 0.33, [case])
                life.look(person, life.at(day, 8.6 + number * 0.33), request, case, 1)

    def not_assigned(self, plot: int, day: int) -> None:
        life, case = self.life, self.case()
        keeper = life.with_role("archivist")[0]
        if plot == 0:  # taken off the case, he goes on with his request
            person = next(p for p in case.handlers)
            at = life.at(day, 9)
            request = life.ask(person, at, case.records, "own_case", case=case.id)
            life.say(
                keeper,
                "case.changed",
                at + timedelta(hours=1),
                case.id,
                case=case.id,
                category="penalty",
                handlers=[p for p in case.handlers if p != person],
                importance="ordinary",
                sensitivity=[],
                unit=case.unit,
            )
            life.look(person, at + timedelta(hours=3), request, case, 2)
        else:  # tries with one pretext after the other
            person = self.person(case)
            for number, code in enumerate(("CAPACITY_UNFIT", "NOT_COVERED", "NOT_REQUESTER")):
                life.denied(person, life.at(day + number, 10 + 2 * number), code)

    def refusals(self, plot: int, day: int) -> None:
        person, at = self.person(), self.life.at(day, 12.3 if plot == 0 else 17)
        codes = ("WRONG_PASSPHRASE",) * 4 if plot == 0 else ("NEED_MISSING", "ROLE_MISSING") * 2
        for code in codes:
            self.life.denied(person, at, code)
            at += timedelta(minutes=self.rng.uniform(0.5, 2.5))

    def exported(self, plot: int, day: int) -> None:
        life, case = self.life, self.case()
        person = case.handlers[0]
        case.sizes[:] = [300 * MIB + self.rng.randrange(MIB) for _ in case.sizes]
        at = life.at(day, 10)
        if plot == 1:  # after a look at the beginning
            request = life.ask(person, at, case.records, "own_case", case=case.id)
            life.fetch(person, at + timedelta(minutes=2), request, case.records[0], 4 * MIB)
        at += timedelta(minutes=20)
        request = life.ask(person, at, case.records, "own_case", action="export", case=case.id)
        life.decide(life.with_role(LEGAL)[0], at + timedelta(minutes=9), request, LEGAL)
        life.look(person, at + timedelta(minutes=30), request, case, 3, action="export")

    def beyond_grant(self, plot: int, day: int) -> None:
        life, case = self.life, self.case()
        person = self.person(case)
        request = self.granted(person, day, 9, [case])
        life.look(person, life.at(day, 10), request, case, 2)
        for number in range(3):
            if plot == 0:
                life.denied(person, life.at(day + 4, 9 + 2 * number), "GRANT_EXPIRED", request)
            else:
                life.denied(person, life.at(day, 14 + number), "GRANT_EXHAUSTED", request)

    def same_pair(self, plot: int, day: int) -> None:
        """24 approvals within some 20 working days, whoever else was there."""
        life = self.life
        person = self.person()
        role = PRINCIPAL if plot == 0 else LEGAL
        friend = life.with_role(role)[0]
        self._drop_approvals(person, role)
        start = max(0, min(day, len(life.days) - 21))
        for number in range(24):
            case = self.rng.choice(self.cases)
            at = life.at(min(start + number * 20 // 24, len(life.days) - 1), 9 + number % 7)
            if plot == 0:
                request = life.ask(person, at, case.records, "same_unit")
            else:
                request = life.ask(
                    person, at, case.records, "own_case", action="copy", case=case.id
                )
            life.decide(friend, at + timedelta(minutes=3), request, role)

    def _drop_approvals(self, person: str, role: str) -> None:
        """The pair is always the same: what others approved for this person was the friend's."""
        life = self.life
        asked = {
            act.subject
            for act in life.acts
            if act.kind == "access.requested" and act.person == person
        }
        friend = life.with_role(role)[0]
        for act in life.acts:
            if act.kind == "access.decided" and act.subject in asked and act.said["role"] == role:
                act.person = friend

    def many_people(self, plot: int, day: int) -> None:
        life, case = self.life, self.case()
        others = [p for p in life.with_role("handler") if p not in case.handlers]
        for number, person in enumerate(self.rng.sample(others, 11)):
            hour = (8.6 if plot == 0 else 13.5) + number * 0.7
            if hour > 17.8:
                hour += 14.8 - 1.5  # goes on in the morning
            request = self.granted(person, day, hour, [case])
            life.look(person, life.at(day, hour + 0.4), request, case, 1)

    def on_hold(self, plot: int, day: int) -> None:
        life, case = self.life, self.case()
        at = life.at(day, 9)
        hold = life.id(at)
        inspector = life.with_role("inspector.internal")[0]
        if plot == 0:  # the handler himself
            person = case.handlers[0]
            request = life.ask(
                person, at + timedelta(hours=2), case.records, "own_case", case=case.id
            )
        else:  # with a grant from before the hold
            person = self.person(case)
            request = self.granted(person, day, 8.5, [case])
        records = [] if plot == 0 else case.records[:2]
        named = case.id if plot == 0 else None
        life.say(inspector, "hold.placed", at, hold, case=named, hold=hold, records=records)
        life.look(person, at + timedelta(hours=5), request, case, 2)

    def clock(self, plot: int, day: int) -> None:
        """A mark; the clock is turned once the order is known (`_turn_back`)."""
        back = 40.0 if plot == 0 else 3.5
        act = self.life.own("log.heartbeat", self.life.at(day, 11 + 3 * plot), None)
        act.said = {"back": back}

    def dormant(self, plot: int, day: int) -> None:
        life, case = self.life, self.case()
        name = f"q{plot:03d}"
        founders = life.with_role("archivist")
        person = Person(name, "team1", ("handler",), str(3000 + plot), bound=False)
        life.misuse, number = None, life.misuse
        life.enrol(person, life.at(0, -24 * (120 + 60 * plot)), *founders)
        life.misuse = number
        request = self.granted(name, day, 14, [case])
        life.look(name, life.at(day, 15), request, case, 2)

    def sensitive(self, plot: int, day: int) -> None:
        life = self.life
        mark, purpose = ("minor", "training") if plot == 0 else ("privacy", "other")
        case = next(c for c in self.marked if mark in c.sensitivity)
        day = max(day, case.opened + 1)
        request = self.granted(self.person(case), day, 9, [case], purpose=purpose)
        asked = next(act for act in life.acts if act.subject == request)
        assert asked.person
        life.look(asked.person, life.at(day, 10), request, case, 2)


PLOTS: dict[str, Callable[[Misuse, int, int], None]] = {
    "A1": Misuse.outside_hours,
    "A2": Misuse.many_cases,
    "A3": Misuse.not_assigned,
    "A4": Misuse.refusals,
    "A5": Misuse.exported,
    "A6": Misuse.beyond_grant,
    "A7": Misuse.same_pair,
    "A8": Misuse.many_people,
    "A9": Misuse.on_hold,
    "A12": Misuse.clock,
    "A13": Misuse.dormant,
    "A14": Misuse.sensitive,
}


def plant(life: Life) -> Life:
    """Add all misuse to an honest life."""
    Misuse(life).run()
    return life


def _turn_back(life: Life) -> None:
    for index, act in enumerate(life.acts):
        if act.kind == "log.heartbeat":
            before = life.acts[index - 1]
            act.written = (before.written or before.at) - timedelta(seconds=act.said["back"])
            act.said = {}
