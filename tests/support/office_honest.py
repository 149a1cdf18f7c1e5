"""The honest part of office life: own cases, approvals, reviews, training, duty, mistakes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from office_life import HEAD, TEAMS, Case, Life

_REASONS = (("case_handling", 6), ("legal_review", 1), ("reconsideration", 2), ("appraisal", 1))


class Honest:
    """Fills a life day by day; `share` makes it quieter."""

    def __init__(self, life: Life, share: float) -> None:
        self.life = life
        self.rng = life.rng
        self.share = share
        self.open: list[Case] = []
        self.own: dict[str, list[Case]] = {}
        self.resting: set[str] = set()

    def run(self) -> None:
        life, rng = self.life, self.rng
        handlers = [p for team in TEAMS for p in life.of_unit(team) if p != life.head(team)]
        # Two come back from a leave that is a little too short to be dormant.
        self.resting = set(rng.sample(handlers, 2))
        possible = range(3, max(4, len(life.days) - 12))
        holds = rng.sample(possible, min(4, len(possible)))
        for day in range(len(life.days)):
            if self.resting and day == len(life.days) * 8 // 10:
                self.resting = set()
            self._new_cases(day)
            for person in handlers:
                if person not in self.resting:
                    self._own_cases(day, person)
            self._colleagues(day, handlers)
            self._office(day)
            self._night(day)
            self._mistakes(day, handlers)
            if day in holds:
                self._hold(day)
            if day % 12 == 7:
                self._conference(day)
                self._training(day, handlers)
        self._odd_events(handlers)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability * self.share

    def times(self, mean: float) -> int:
        """How often something happens in a day."""
        whole = int(mean * self.share * 2)
        return sum(self.rng.random() < 0.5 for _ in range(whole)) or int(self.chance(mean))

    def _new_cases(self, day: int) -> None:
        for case in self.life.cases:
            if case.opened == day and not case.reserved:
                self.open.append(case)
                for person in case.handlers:
                    self.own.setdefault(person, []).append(case)

    def _hour(self) -> float:
        """A moment of the working day; few at the edges, few at noon."""
        return self.rng.choice((self.rng.uniform(8.3, 11.8), self.rng.uniform(13.2, 17.6)))

    def _own_cases(self, day: int, person: str) -> None:
        life, rng = self.life, self.rng
        mine = self.own.get(person, [])
        if not mine or not self.chance(0.8):
            return
        # Late evenings on one's own case are part of the work, and so is a Saturday.
        hour = rng.uniform(18.6, 21.0) if rng.random() < 0.1 else self._hour()
        if life.days[day].weekday() == 4 and rng.random() < 0.05:
            hour += 24
        for case in rng.sample(mine, min(len(mine), rng.choice((1, 1, 2)))):
            at = life.at(day, hour)
            request = life.ask(person, at, case.records, "own_case", case=case.id)
            count = rng.randint(1, 6)
            at = life.look(person, at + timedelta(minutes=1), request, case, count, minutes=4)
            if rng.random() < 0.06 and hour < 16:
                self._bundle(person, at, case, count)
            hour += 0.7
            if hour > 21.5 and hour < 24:
                return

    def _bundle(self, person: str, at: datetime, case: Case, count: int) -> None:
        """What was looked at goes to a court, sometimes twice."""
        life, rng = self.life, self.rng
        action = rng.choice(("court_bundle", "copy"))
        request = life.ask(
            person, at, case.records, "own_case", action=action, case=case.id, hours=72
        )
        later = at + timedelta(minutes=rng.uniform(5, 90))
        life.decide(rng.choice(life.with_role("legal_office")), later, request, "legal_office")
        for _ in range(rng.choice((1, 1, 2))):
            later = life.look(
                person, later + timedelta(minutes=3), request, case, count, action=action
            )

    def _colleagues(self, day: int, handlers: Sequence[str]) -> None:
        """Cases of others, with approval; now and then on evening duty."""
        life, rng = self.life, self.rng
        for _ in range(self.times(8)):
            person = rng.choice([p for p in handlers if p not in self.resting])
            unit = life.people[person].unit
            case = rng.choice(self.open)
            if person in case.handlers:
                continue
            hour = self._hour()
            purpose = rng.choices(*zip(*_REASONS, strict=True))[0]
            if case.sensitivity:
                purpose = "case_handling"
            same = case.unit == unit
            capacity = "same_unit" if same else "other_unit"
            role = "approver.principal" if same else HEAD
            deciders = life.with_role(role) if same else [life.head(case.unit)]
            # Everybody has an approver he likes to go to, which is no sign of anything.
            liked = deciders[sum(person.encode()) % len(deciders)]
            decider = liked if rng.random() < 0.7 else rng.choice(deciders)
            self._approved(day, hour, person, case, capacity, purpose, decider, role)
        if self.chance(0.9):
            # Evening duty goes round: a colleague's case, approved in the afternoon.
            person = handlers[day % len(handlers)]
            unit = life.people[person].unit
            cases = [c for c in self.open if c.unit == unit and person not in c.handlers]
            if cases and person not in self.resting:
                decider = rng.choice(life.with_role("approver.principal"))
                self._approved(
                    day,
                    16.5,
                    person,
                    rng.choice(cases),
                    "same_unit",
                    "case_handling",
                    decider,
                    "approver.principal",
                    wait=rng.uniform(2.5, 4.5),
                )

    def _approved(
        self,
        day: int,
        hour: float,
        person: str,
        case: Case,
        capacity: str,
        purpose: str,
        decider: str,
        role: str,
        wait: float = 0.1,
    ) -> None:
        life, rng = self.life, self.rng
        at = life.at(day, hour)
        request = life.ask(person, at, case.records, capacity, purpose=purpose)
        if rng.random() < 0.05:
            life.denied(person, at + timedelta(minutes=4), "NO_GRANT", request)
        decided = at + timedelta(minutes=rng.lognormvariate(2.5, 0.7))
        if rng.random() < 0.04:
            life.decide(decider, decided, request, role, "refuse")
            return
        life.decide(decider, decided, request, role)
        start = max(decided + timedelta(minutes=2), life.at(day, hour + wait))
        if start.hour < 18 or wait > 1:
            life.look(person, start, request, case, rng.randint(1, 4))
        if rng.random() < 0.04:
            late = decided + timedelta(hours=rng.uniform(76, 100))
            if 8 < late.hour < 18:
                life.denied(person, late, "GRANT_EXPIRED", request)

    def _office(self, day: int) -> None:
        """Legal office, archivists for outside authorities, inspectors reviewing files."""
        life, rng = self.life, self.rng
        for person in life.with_role("legal_office"):
            for _ in range(self.times(1)):
                case = rng.choice(self.open)
                decider = life.head(case.unit)
                self._approved(
                    day, self._hour(), person, case, "other_unit", "legal_review", decider, HEAD
                )
        for _ in range(self.times(2)):
            person = rng.choice(life.with_role("archivist"))
            case, at = rng.choice(self.open), life.at(day, self._hour())
            purpose = rng.choice(("reconsideration", "party_inquiry"))
            request = life.ask(
                person, at, case.records, "authority", action="copy", purpose=purpose
            )
            at += timedelta(minutes=5)
            life.look(person, at, request, case, rng.randint(1, 5), action="copy")
        for person in life.with_role("inspector.internal"):
            if self.chance(0.4):
                # Reviews grow with the quarter, up to what may be called a lot.
                most = 9 + 16 * day // max(20, len(life.days))
                self._review(day, person, rng.randint(6, most))

    def _review(self, day: int, person: str, count: int) -> None:
        life, rng = self.life, self.rng
        cases = rng.sample(self.open, min(count, len(self.open)))
        at = life.at(day, rng.uniform(8.4, 9.5))
        wanted = sorted({record for case in cases for record in case.records[:2]})
        request = life.ask(
            person, at, wanted, "internal_supervision", purpose="file_review", hours=24
        )
        for case in cases:
            at = life.look(person, at + timedelta(minutes=2), request, case, rng.randint(1, 2))
            at += timedelta(minutes=rng.uniform(8, 16))
            if at.hour == 12:
                at += timedelta(hours=1.3)

    def _night(self, day: int) -> None:
        """The squad on duty works through the night."""
        life, rng = self.life, self.rng
        for person in life.of_unit("night"):
            mine = self.own.get(person)
            if mine and self.chance(0.35):
                case, at = rng.choice(mine), life.at(day, rng.uniform(20, 28))
                request = life.ask(person, at, case.records, "own_case", case=case.id)
                life.look(person, at + timedelta(minutes=1), request, case, rng.randint(1, 5))

    def _mistakes(self, day: int, handlers: Sequence[str]) -> None:
        life, rng = self.life, self.rng
        for _ in range(self.times(3)):
            person, at = rng.choice(handlers), life.at(day, self._hour())
            for _ in range(rng.choices((1, 2), (3, 2))[0]):
                life.denied(person, at, "WRONG_PASSPHRASE")
                at += timedelta(seconds=rng.uniform(15, 60))
        if self.chance(0.1):
            # Three times, with a look for the note in the drawer in between.
            person, at = rng.choice(handlers), life.at(day, self._hour())
            for minutes in (0, 1, rng.uniform(8, 25)):
                life.denied(person, at + timedelta(minutes=minutes), "WRONG_PASSPHRASE")
        if self.chance(0.08):
            life.denied(rng.choice(handlers), life.at(day, self._hour()), "CAPACITY_UNFIT")

    def _hold(self, day: int) -> None:
        """Inspectors seal a case, look at it, and lift the hold; others keep away."""
        life, rng = self.life, self.rng
        person = rng.choice(life.with_role("inspector.internal"))
        case = self.open.pop(rng.randrange(len(self.open)))
        for name in case.handlers:
            self.own[name].remove(case)
        last = life.at(day, 19 + 24)
        if any(
            act.kind == "access.started" and act.subject in case.records and act.at > last
            for act in life.acts[-3000:]
        ):
            return
        at = max((act.at for act in life.acts if act.subject in case.records), default=last)
        at = max(at, life.at(day, 18.0)) + timedelta(minutes=5)
        hold = life.id(at)
        life.say(person, "hold.placed", at, hold, case=case.id, hold=hold, records=[])
        at = life.at(day + 2, 9)
        request = life.ask(
            person, at, case.records, "internal_supervision", purpose="supervision", hours=24
        )
        life.look(person, at + timedelta(minutes=1), request, case, 9)
        if day + 10 < len(life.days):
            lifted = life.at(day + 10, 9)
            life.say(person, "hold.lifted", lifted, hold, hold=hold)

    def _conference(self, day: int) -> None:
        """A case that is talked over: its handlers, the head, leaders, the legal office."""
        life, rng = self.life, self.rng
        case = rng.choice([case for case in self.open if case.unit in TEAMS])
        head = life.head(case.unit)
        others = [
            p for p in life.of_unit(case.unit) if p not in case.handlers and p not in self.resting
        ]
        decider = rng.choice(life.with_role("approver.principal"))
        invited = [*rng.sample([p for p in others if p != head], 2), head]
        for person in case.handlers:
            at = life.at(day, rng.uniform(8.5, 9.5))
            request = life.ask(person, at, case.records, "own_case", case=case.id)
            life.look(person, at, request, case, 2)
        for person in invited:
            self._approved(
                day,
                rng.uniform(9.5, 11),
                person,
                case,
                "same_unit",
                "case_handling",
                decider,
                "approver.principal",
            )

    def _training(self, day: int, handlers: Sequence[str]) -> None:
        """Many people look at one ordinary case, for training."""
        life, rng = self.life, self.rng
        ordinary = [case for case in self.open if not case.sensitivity]
        case = rng.choice(ordinary)
        for person in rng.sample([p for p in handlers if p not in self.resting], 14):
            if person in case.handlers:
                continue
            same = life.people[person].unit == case.unit
            role = "approver.principal" if same else HEAD
            decider = rng.choice(life.with_role(role)) if same else life.head(case.unit)
            capacity = "same_unit" if same else "other_unit"
            self._approved(
                day, rng.uniform(14, 16), person, case, capacity, "training", decider, role
            )

    def _odd_events(self, handlers: Sequence[str]) -> None:
        """A few times in a quarter: an urgent night, a new workstation, a case handed over."""
        life, rng = self.life, self.rng
        for _ in range(round(3 * self.share)):
            person = rng.choice(handlers)
            mine = self.own.get(person)
            if mine:
                case = rng.choice(mine)
                at = life.at(rng.randrange(1, len(life.days) - 1), rng.uniform(22.1, 23.8))
                if at < life.at(case.opened, 9):
                    continue
                request = life.ask(person, at, case.records, "own_case", case=case.id)
                life.look(person, at + timedelta(minutes=1), request, case, 3)
        self._workstations(handlers)
        for number, seconds in enumerate((0.4, 1.1, 1.9)):
            # Small corrections of the clock by the time service.
            acts = sorted(life.acts, key=lambda act: act.at)
            act = acts[len(acts) * (number + 1) // 5]
            before = acts[acts.index(act) - 1]
            act.written = before.at - timedelta(seconds=seconds)

    def _workstations(self, handlers: Sequence[str]) -> None:
        """New machines: who is bound to an account is enrolled anew first; one more is not."""
        life, rng = self.life, self.rng
        bound = [p for p in handlers if life.people[p].bound]
        keepers = life.with_role("archivist")
        for number, name in enumerate(rng.sample(bound, 3)):
            day = len(life.days) * (number + 1) // 4
            moment = life.at(day, 12.2)
            person = replace(life.people[name], account=str(2000 + number))
            for act in life.acts:
                if act.person == name and act.at > moment:
                    act.account = person.account
            life.enrol(person, moment, *keepers)
        if rng.random() < 0.5:
            name = rng.choice([p for p in handlers if not life.people[p].bound])
            moment = life.at(len(life.days) // 2, 12.2)
            for act in life.acts:
                if act.person == name and act.at > moment:
                    act.account = "2999"
            life.people[name].account = "2999"
