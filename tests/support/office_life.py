"""Generated office life: what 50 people do in about 60 working days, as acts in order of time.

    life = live(seed=1)                      # honest; office_misuse.plant(life) adds the misuse
    for line in life.lines(): ...            # entries as the ledger has them, signatures left out
    write(life, folder)                      # really signed entries

Everything follows from the seed. The honest part walks up to the thresholds on purpose: evening
duty, urgent nights, long reviews, mistyped passphrases, grants that ran out, case conferences.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from typing import Any

from archive.ids import new_ulid
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.events import Place
from archive.oversight.lines import Line
from archive.statements.kinds import SIGNED
from archive.times import SHANGHAI, format_time

FIRST_DAY = date(2026, 3, 2)
HOLIDAYS = ("2026-04-06", "2026-05-01", "2026-05-04", "2026-05-05")
WORKED = ("2026-05-09",)
TEAMS = ("team1", "team2", "team3", "team4")
MIB = 1 << 20
LOG = "main-2026"


def settings() -> AlertSettings:
    """The default rules with the calendar of this office."""
    text = files("config").joinpath("alerts.toml").read_text(encoding="utf-8")
    for key, value in (
        ("holidays", list(HOLIDAYS)),
        ("workdays", list(WORKED)),
        ("duty_units", ["night"]),
    ):
        text = text.replace(f"{key} = []", f"{key} = {value}".replace("'", '"'))
    return AlertSettings.parse(text)


@dataclass
class Act:
    """One entry to be; `written` is the time that the ledger gives it."""

    kind: str
    at: datetime
    person: str | None
    subject: str | None
    said: Mapping[str, Any]
    account: str = "1000"
    written: datetime | None = None
    misuse: int | None = None
    other: str | None = None


@dataclass
class Person:
    name: str
    unit: str
    roles: tuple[str, ...]
    account: str
    bound: bool


@dataclass
class Case:
    id: str
    unit: str
    handlers: list[str]
    records: list[str]
    sizes: list[int]
    sensitivity: tuple[str, ...]
    opened: int
    reserved: bool = False


@dataclass
class Life:
    """People, cases and acts. `reserved` cases are left to the misuse, so that plots do not mix."""

    rng: random.Random
    days: list[date]
    people: dict[str, Person] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    planted: dict[int, str] = field(default_factory=dict)
    misuse: int | None = None

    # ── saying things ──

    def at(self, day: int, hour: float) -> datetime:
        """A moment of a working day, local hours; beyond 24 it is the night after."""
        start = datetime.combine(self.days[day], time(), SHANGHAI)
        return start + timedelta(hours=hour, seconds=self.rng.uniform(0, 50))

    def id(self, at: datetime) -> str:
        return new_ulid(at, self.rng.randbytes(10))

    def say(
        self, person: str, kind: str, at: datetime, subject: str | None = None, /, **said: Any
    ) -> Act:
        """A signed act."""
        account = self.people[person].account
        act = Act(kind, at, person, subject, said, account, misuse=self.misuse)
        self.acts.append(act)
        return act

    def own(self, kind: str, at: datetime, subject: str | None, /, **body: Any) -> Act:
        """An act of the archive itself."""
        act = Act(kind, at, None, subject, body, misuse=self.misuse)
        self.acts.append(act)
        return act

    def denied(
        self,
        person: str,
        at: datetime,
        code: str,
        request: str | None = None,
        records: Sequence[str] = (),
    ) -> None:
        self.own(
            "access.denied",
            at,
            None,
            account=self.people[person].account,
            action="view",
            code=code,
            host="service",
            person=person,
            records=sorted(records),
            request=request,
            statement=None,
        )

    def enrol(self, person: Person, at: datetime, *vouchers: str) -> None:
        self.people[person.name] = person
        self.say(
            vouchers[0] if vouchers else person.name,
            "person.enrolled",
            at,
            account=person.account if person.bound else None,
            certificate="sha256:" + "00" * 32,
            key="own",
            person=person.name,
            roles=sorted(person.roles),
            unit=person.unit,
            valid_from=format_time(at),
            valid_until=format_time(at + timedelta(days=900)),
        ).other = vouchers[1] if len(vouchers) > 1 else None

    def ask(
        self,
        person: str,
        at: datetime,
        records: Sequence[str],
        capacity: str,
        *,
        action: str = "view",
        purpose: str = "case_handling",
        case: str | None = None,
        hours: float = 72,
    ) -> str:
        """A request that ends by itself; returns its id."""
        request = self.id(at)
        self.say(
            person,
            "access.requested",
            at,
            request,
            action=action,
            capacity=capacity,
            case=case,
            letter=None,
            purpose=purpose,
            records=sorted(records),
            request=request,
            segments=None,
        )
        self.own("access.closed", at + timedelta(hours=hours), request, code="expired")
        return request

    def decide(
        self,
        person: str,
        at: datetime,
        request: str,
        role: str,
        decision: str = "approve",
        count: int = 100,
    ) -> None:
        grant = {
            "count": count,
            "from": format_time(at),
            "until": format_time(at + timedelta(hours=71)),
        }
        self.say(
            person,
            "access.decided",
            at,
            request,
            decision=decision,
            grant=grant if decision == "approve" else None,
            request=request,
            role=role,
        )

    def fetch(
        self, person: str, at: datetime, request: str, record: str, size: int, action: str = "view"
    ) -> None:
        """A whole access."""
        access = self.id(at)
        self.say(
            person,
            "access.started",
            at,
            record,
            access=access,
            action=action,
            copies=None if action == "view" else {"count": 1, "medium": "光盘"},
            range=None,
            record=record,
            request=request,
            resumes=None,
        )
        end = at + timedelta(seconds=self.rng.uniform(1, 20))
        self.own("access.completed", end, record, access=access, bytes=size)

    def look(
        self,
        person: str,
        at: datetime,
        request: str,
        case: Case,
        count: int,
        *,
        action: str = "view",
        minutes: float = 6,
    ) -> datetime:
        """Some of a case's records one after the other; returns when it is over."""
        whole = list(zip(case.records, case.sizes, strict=True))
        for record, size in whole[:count]:
            self.fetch(person, at, request, record, size, action)
            at += timedelta(minutes=self.rng.uniform(0.5, minutes))
        return at

    # ── what came of it ──

    def lines(self) -> Iterator[Line]:
        """The entries in the ledger's order, as the reader takes them."""
        for index, act in enumerate(self.acts):
            yield Line(Place(LOG, index), _value(act))

    def settle(self) -> None:
        """Put the acts in order of time, once all are there."""
        self.acts.sort(key=lambda act: act.at)

    @property
    def accesses(self) -> int:
        return sum(act.kind == "access.started" for act in self.acts)

    def of_unit(self, unit: str) -> list[str]:
        return [p.name for p in self.people.values() if p.unit == unit]

    def with_role(self, role: str) -> list[str]:
        return [p.name for p in self.people.values() if role in p.roles]

    def head(self, unit: str) -> str:
        return next(p for p in self.with_role(HEAD) if self.people[p].unit == unit)


HEAD = "approver.department_head"


def _value(act: Act) -> dict[str, Any]:
    body = dict(act.said)
    actor = "system/access"
    if act.kind in SIGNED:
        actor = f"user/{act.person}"
        signers = [act.person, act.other] if act.other else [act.person]
        body = {
            "accepted_at": format_time(act.at),
            "account": act.account,
            "detail": None,
            "detail_id": None,
            "host": "service",
            "statements": [
                {"signature": "", "statement": {"payload": act.said, "person": name}}
                for name in signers
            ],
        }
    return {
        "actor": actor,
        "at": format_time(act.written or act.at),
        "body": body,
        "kind": act.kind,
        "subject": act.subject,
    }


def live(seed: int, *, days: int = 60, records: int = 5000, share: float = 1.0) -> Life:
    """The honest part; `share` of what would be done."""
    from office_honest import Honest

    life = Life(random.Random(seed), _working_days(days))
    _staff(life)
    _open_cases(life, records)
    Honest(life, share).run()
    return life


def _working_days(count: int) -> list[date]:
    days: list[date] = []
    day = FIRST_DAY
    while len(days) < count:
        text = day.isoformat()
        if text in WORKED or (day.weekday() < 5 and text not in HOLIDAYS):
            days.append(day)
        day += timedelta(days=1)
    return days


def _staff(life: Life) -> None:
    """50 people, enrolled long before: some of them not to be seen for months."""
    plan: list[tuple[str, tuple[str, ...], int]] = [
        *((team, ("handler",), 8) for team in TEAMS),
        *((team, (HEAD,), 1) for team in TEAMS),
        ("night", ("handler",), 2),
        ("night", (HEAD,), 1),
        ("office", ("archivist",), 2),
        ("office", ("legal_office",), 3),
        ("office", ("approver.principal",), 2),
        ("inspection", ("inspector.internal",), 2),
    ]
    number = 0
    founders: list[str] = []
    for unit, roles, count in sorted(plan, key=lambda item: item[0] != "office"):
        for _ in range(count):
            number += 1
            name = f"p{number:03d}"
            person = Person(name, unit, roles, str(1000 + number), number % 2 == 0)
            life.enrol(person, life.at(0, -24 * 10 + number / 60), *founders)
            if len(founders) < 2:
                founders.append(name)


def _open_cases(life: Life, records: int) -> None:
    rng, keeper = life.rng, life.with_role("archivist")[0]
    made = 0
    while made < records:
        unit = rng.choice((*TEAMS, *TEAMS, "night"))
        count = rng.randint(3, 12)
        opened = max(0, rng.randint(-len(life.days), len(life.days) * 3 // 4))
        at = life.at(opened, 8.1 if opened else -24 * rng.uniform(1, 5))
        handlers = rng.sample([p for p in life.of_unit(unit) if p != life.head(unit)], 2)
        marks = rng.choices(((), ("minor",), ("privacy",), ("trade_secret",)), (90, 3, 5, 2))[0]
        if len(life.cases) < 2:  # what the misuse needs in any case
            marks = (("minor",), ("privacy",))[len(life.cases)]
        case = Case(
            life.id(at),
            unit,
            handlers,
            sorted(life.id(at) for _ in range(count)),
            [int(rng.lognormvariate(15, 2)) % (400 * MIB) + 1000 for _ in range(count)],
            marks,
            opened,
            reserved=rng.random() < 0.12 or len(life.cases) < 2,
        )
        made += count
        life.cases.append(case)
        opening = {"category": "penalty", "importance": "ordinary", "sensitivity": list(marks)}
        life.say(
            life.head(unit),
            "case.opened",
            at,
            case.id,
            case=case.id,
            handlers=sorted(handlers),
            opened=at.date().isoformat(),
            unit=unit,
            **opening,
        )
        life.say(
            keeper,
            "case.attached",
            at + timedelta(minutes=1),
            case.id,
            case=case.id,
            records=case.records,
        )
