"""Each alert rule at its threshold: what trips it, what stays below it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import office_life
import pytest
from office_life import HEAD, MIB, Case, Life, Person, settings

from archive.oversight.alerts.alert import Alert
from archive.oversight.alerts.evaluate import Lookups, evaluate
from archive.oversight.events import Accessioned, Event, Place, RulesAdopted
from archive.oversight.reading import Reader
from archive.parts import Part
from archive.registers.denials import DENIALS

OFFICE = {
    "keeper": ("office", "archivist"),
    "boss": ("office", "approver.principal"),
    "li": ("team1", "handler"),
    "sun": ("team1", "handler"),
    "head": ("team1", HEAD),
    "insp": ("inspection", "inspector.internal"),
}


@pytest.fixture
def life() -> Life:
    import random

    life = Life(random.Random(7), office_life._working_days(60))
    for number, (name, (unit, role)) in enumerate(OFFICE.items()):
        life.enrol(Person(name, unit, (role,), str(1000 + number), bound=False), life.at(0, number))
    return life


def case_of(life: Life, *handlers: str, marks: tuple[str, ...] = (), count: int = 3) -> Case:
    at = life.at(0, 7)
    records = sorted(life.id(at) for _ in range(count))
    case = Case(life.id(at), "team1", list(handlers), records, [1000] * count, marks, 0)
    life.say(
        "keeper",
        "case.opened",
        at,
        case.id,
        case=case.id,
        category="penalty",
        handlers=sorted(handlers),
        importance="ordinary",
        opened="2026-03-02",
        sensitivity=list(marks),
        unit="team1",
    )
    life.say("keeper", "case.attached", at, case.id, case=case.id, records=records)
    return case


def found(life: Life, *, lookups: Lookups | None = None, **changed: Any) -> list[tuple[str, str]]:
    return [(a.rule, a.en) for a in alerts(life, lookups=lookups, **changed)]


def alerts(life: Life, *, lookups: Lookups | None = None, **changed: Any) -> list[Alert]:
    life.settle()
    return evaluate(
        Reader().read(life.lines()), replace(settings(), **changed), lookups or Lookups.none()
    )


def own_view(life: Life, person: str, case: Case, at: datetime, count: int = 1) -> None:
    request = life.ask(person, at, case.records, "own_case", case=case.id)
    life.look(person, at + timedelta(minutes=1), request, case, count)


def rules(life: Life, **more: Any) -> list[str]:
    return [rule for rule, _ in found(life, **more)]


@pytest.mark.parametrize(
    ("hour", "expected"),
    [(9, []), (18.6, []), (21.9, []), (22.1, ["A1"]), (27, ["A1"]), (7.5, ["A1"])],
)
def test_a1_own_cases_have_the_evening(life: Life, hour: float, expected: list[str]) -> None:
    own_view(life, "li", case_of(life, "li"), life.at(3, hour))
    assert rules(life) == expected


def test_a1_what_nobody_approved_has_no_evening(life: Life) -> None:
    case = case_of(life, "li")
    at = life.at(3, 20)
    request = life.ask("insp", at, case.records, "internal_supervision", purpose="supervision")
    life.look("insp", at, request, case, 1)
    assert rules(life) == ["A1"]


def test_a1_becomes_a_habit(life: Life) -> None:
    case = case_of(life, "li")
    for day in range(1, 7):
        own_view(life, "li", case, life.at(day, 23))
    assert rules(life) == ["A1"] * 3


def test_a1_a_unit_on_duty_has_no_hours(life: Life) -> None:
    life.people["li"].unit = "night"
    life.enrol(life.people["li"], life.at(1, 1))
    own_view(life, "li", case_of(life, "li"), life.at(3, 26))
    assert rules(life) == []


def test_a1_an_account_that_is_bound_to_somebody_else(life: Life) -> None:
    case = case_of(life, "sun")
    life.enrol(Person("sun", "team1", ("handler",), "1003", bound=True), life.at(1, 1))
    own_view(life, "sun", case, life.at(2, 10))
    life.people["sun"].account = "7777"
    own_view(life, "sun", case, life.at(3, 10), 3)
    assert [rule for rule, text in found(life) if "7777" in text] == ["A1"]


@pytest.mark.parametrize(("cases", "expected"), [(20, []), (21, ["A2"])])
def test_a2_has_a_floor(life: Life, cases: int, expected: list[str]) -> None:
    for number in range(cases):
        own_view(life, "li", case_of(life, "li"), life.at(2, 9 + number * 0.4))
    assert rules(life) == expected


def test_a2_knows_who_always_does_much(life: Life) -> None:
    cases = [case_of(life, "li") for _ in range(40)]
    for day, count in ((2, 20), (3, 29), (4, 40)):
        for number in range(count):
            own_view(life, "li", cases[number], life.at(day, 8.1 + number * 0.24))
    assert rules(life) == []


def test_a3_counts_tries_within_days(life: Life) -> None:
    for day in (1, 8, 15, 22):
        life.denied("li", life.at(day, 10), "CAPACITY_UNFIT")
    assert rules(life) == []
    life.denied("li", life.at(23, 10), "NO_GRANT")
    tried = case_of(life, "chen").records[:1]
    life.denied("li", life.at(24, 10), "NOT_COVERED", records=tried)
    ((rule, sentence),) = found(life)
    assert rule == "A3"
    assert sentence.endswith(f" Records: {tried[0]}.")
    assert DENIALS["NO_GRANT"][1].rstrip(".") in sentence
    assert "NO_GRANT" not in sentence


def test_a3_a_request_of_somebody_else(life: Life) -> None:
    case = case_of(life, "li")
    request = life.ask("li", life.at(1, 9), case.records, "own_case", case=case.id)
    life.look("sun", life.at(1, 10), request, case, 2)
    assert rules(life) == ["A3"]
    assert "request of li" in found(life)[0][1]


def test_a4_is_for_who_was_refused_not_for_who_refuses(life: Life) -> None:
    case = case_of(life, "li")
    for minute in (0, 4, 8):
        at = life.at(1, 10 + minute / 60)
        request = life.ask("sun", at, case.records, "same_unit")
        life.decide("boss", at + timedelta(seconds=30), request, "approver.principal", "refuse")
    (alert,) = alerts(life)
    assert (alert.rule, alert.person) == ("A4", "sun")


def test_a5_is_about_what_was_never_looked_at(life: Life) -> None:
    case = case_of(life, "li")
    case.sizes[:] = [300 * MIB] * 3
    own_view(life, "li", case, life.at(1, 9), 3)
    at = life.at(2, 9)
    request = life.ask("li", at, case.records, "own_case", action="copy", case=case.id)
    life.decide("boss", at, request, "legal_office")
    life.look("li", at + timedelta(minutes=5), request, case, 3, action="copy")
    assert rules(life) == []
    other = case_of(life, "li")
    other.sizes[:] = [300 * MIB] * 3
    at = life.at(3, 9)
    request = life.ask("li", at, other.records, "own_case", action="copy", case=other.id)
    life.look("li", at + timedelta(minutes=5), request, other, 3, action="copy")
    assert rules(life) == ["A5"]


def test_a6_an_access_after_the_end_or_beyond_the_count(life: Life) -> None:
    case = case_of(life, "li")
    at = life.at(1, 9)
    request = life.ask("sun", at, case.records, "same_unit", hours=200)
    life.decide("boss", at + timedelta(minutes=1), request, "approver.principal", count=2)
    life.look("sun", at + timedelta(minutes=2), request, case, 2)
    assert rules(life) == []
    life.look("sun", at + timedelta(hours=2), request, case, 1)
    assert "access 3 of 2" in found(life)[0][1]
    late = life.ask("sun", at, case.records, "same_unit", hours=200)
    life.decide("boss", at + timedelta(minutes=1), late, "approver.principal")
    life.look("sun", at + timedelta(hours=74), late, case, 1)
    assert rules(life) == ["A6", "A6"]


def test_a7_nobody_approves_himself(life: Life) -> None:
    case, at = case_of(life, "li"), life.at(1, 9)
    request = life.ask("boss", at, case.records, "same_unit")
    life.decide("boss", at + timedelta(minutes=1), request, "approver.principal")
    assert rules(life) == ["A7"]


@pytest.mark.parametrize(("others", "expected"), [(0, []), (12, ["A7"])])
def test_a7_a_lone_approver_is_no_sign(life: Life, others: int, expected: list[str]) -> None:
    case = case_of(life, "li")
    life.enrol(
        Person("vice", "office", ("approver.principal",), "1099", bound=False), life.at(0, 1)
    )
    for number in range(others):
        request = life.ask("head", life.at(1, 9 + number / 10), case.records, "same_unit")
        life.decide("vice", life.at(1, 15), request, "approver.principal")
    for number in range(20):
        request = life.ask("sun", life.at(2 + number // 2, 9), case.records, "same_unit")
        life.decide("boss", life.at(2 + number // 2, 10), request, "approver.principal")
    assert rules(life) == expected


@pytest.mark.parametrize(("people", "expected"), [(8, []), (9, ["A8"])])
def test_a8_counts_people_not_looks(life: Life, people: int, expected: list[str]) -> None:
    names = [f"h{number}" for number in range(people)]
    for number, name in enumerate(names):
        life.enrol(
            Person(name, "team1", ("handler",), str(2000 + number), bound=False), life.at(0, 2)
        )
    case = case_of(life, *names)
    for number, name in enumerate(names):
        own_view(life, name, case, life.at(1, 9 + number / 2), 3)
    assert rules(life) == expected


def test_a9_until_the_hold_is_lifted(life: Life) -> None:
    case, at = case_of(life, "li"), life.at(1, 9)
    hold = life.id(at)
    own_view(life, "li", case, life.at(1, 8.5))
    life.say("insp", "hold.placed", at, hold, case=None, hold=hold, records=case.records[:1])
    life.say("insp", "hold.lifted", life.at(5, 9), hold, hold=hold)
    own_view(life, "li", case, life.at(6, 9))
    assert rules(life) == []
    own_view(life, "li", case, life.at(3, 9), 3)
    assert rules(life) == ["A9"]


def test_a12_a_step_of_two_seconds_is_allowed(life: Life) -> None:
    case = case_of(life, "li")
    own_view(life, "li", case, life.at(1, 9))
    own_view(life, "li", case, life.at(2, 9), 3)
    life.settle()
    act = life.acts[-3]
    act.written = life.acts[-4].at - timedelta(seconds=2)
    assert rules(life) == []
    act.written = life.acts[-4].at - timedelta(seconds=2.1)
    (alert,) = alerts(life)
    assert (alert.rule, alert.person) == ("A12", None)
    assert "2.1 seconds" in alert.en


def accession(at: datetime, index: int) -> Accessioned:
    return Accessioned(
        place=Place("main-2026", index),
        kind="record.accessioned",
        at=at,
        written=at,
        record="01KANAZ8Q4V5X1R7Y2T3W6B9CD",
        source="cam1",
        size=1,
        received_at=at,
        description="sha256:00",
        described=Part("records/CD/01KANAZ8Q4V5X1R7Y2T3W6B9CD/record.json"),
    )


@pytest.mark.parametrize(("ahead", "expected"), [(60, []), (61, ["A12"]), (-500, [])])
def test_a12_a_device_that_is_ahead(life: Life, ahead: int, expected: list[str]) -> None:
    at = life.at(1, 9)
    lookups = replace(Lookups.none(), capture_end=lambda event: at + timedelta(seconds=ahead))
    events = [accession(at, 0), accession(at, 1)]
    assert [a.rule for a in evaluate(events, settings(), lookups)] == expected


@pytest.mark.parametrize(("days", "expected"), [(90, []), (91, ["A13"])])
def test_a13_after_ninety_days(life: Life, days: int, expected: list[str]) -> None:
    case = case_of(life, "li")
    at = life.at(0, 9)
    life.enrol(Person("old", "team1", ("handler",), "3000", bound=False), at - timedelta(days=days))
    life.ask("old", at - timedelta(seconds=60), case.records, "same_unit")
    assert rules(life) == expected


@pytest.mark.parametrize(
    ("marks", "purpose", "expected"),
    [
        (("minor",), "training", ["A14"]),
        (("privacy",), "other", ["A14"]),
        (("privacy",), "file_review", []),
        (("trade_secret",), "training", []),
        ((), "training", []),
    ],
)
def test_a14(life: Life, marks: tuple[str, ...], purpose: str, expected: list[str]) -> None:
    case, at = case_of(life, "li", marks=marks), life.at(1, 9)
    request = life.ask("sun", at, case.records, "same_unit", purpose=purpose)
    life.decide("boss", at + timedelta(minutes=1), request, "approver.principal")
    life.look("sun", at + timedelta(minutes=5), request, case, 3)
    assert rules(life) == expected


@pytest.mark.parametrize(("tags", "expected"), [(["minor"], ["A14"]), (["work_secret"], [])])
def test_a14_by_the_records_own_tags(life: Life, tags: list[str], expected: list[str]) -> None:
    at = life.at(1, 9)
    case = case_of(life, "li")
    text, digest = "2026-03-02T00:00:00.000000Z", "sha256:" + "0" * 64
    body = {"content": [digest], "first_hash_at": text, "office": "main", "received_at": text}
    life.own(
        "record.accessioned",
        life.at(0, 6),
        case.records[0],
        **body,
        record=digest,
        size=1000,
        source="DSJ-1",
        tags=tags,
    )
    request = life.ask("sun", at, case.records, "same_unit", purpose="training")
    life.decide("boss", at + timedelta(minutes=1), request, "approver.principal")
    life.look("sun", at + timedelta(minutes=5), request, case, 3)
    assert rules(life) == expected


@pytest.mark.parametrize(
    ("day", "filmed", "expected"), [(2, "li", ["A15"]), (40, "li", []), (2, "sun", [])]
)
def test_a15_after_supervision_asked(
    life: Life, day: int, filmed: str, expected: list[str]
) -> None:
    case, at = case_of(life, "li"), life.at(1, 9)
    life.ask("insp", at, case.records, "internal_supervision", purpose="supervision")
    own_view(life, "li", case, life.at(day, 10), 2)
    lookups = replace(Lookups.none(), is_filmed=lambda person, record: person == filmed)
    lookups_one = replace(lookups, is_filmed=lambda p, r: p == filmed and r == case.records[0])
    assert rules(life, lookups=lookups_one) == expected


def test_piece_names_the_access(life: Life) -> None:
    case = case_of(life, "li")
    own_view(life, "li", case, life.at(1, 9))
    life.settle()
    end = next(act for act in life.acts if act.kind == "access.completed")
    end.kind = "access.aborted"
    end.said = {**end.said, "code": "PIECE_ALTERED", "bytes": 4194304}
    (alert,) = alerts(life)
    assert (alert.rule, alert.person, alert.severity) == ("PIECE", "li", "high")
    assert len(alert.evidence) == 2
    assert "4194304" in alert.en


def test_adopted_rules_hold_from_their_entry_on(life: Life) -> None:
    case = case_of(life, "li")
    own_view(life, "li", case, life.at(1, 23))
    own_view(life, "li", case, life.at(5, 23))
    life.say("boss", "rules.adopted", life.at(3, 9), None, name="alerts", rules="sha256:00")
    default = settings()
    quiet = replace(default, a1=replace(default.a1, enabled=False))
    adopted: list[Event] = []

    def lookup(event: RulesAdopted) -> Any:
        adopted.append(event)
        return quiet

    got = alerts(life, lookups=replace(Lookups.none(), settings=lookup))
    assert len(adopted) == 1
    assert [alert.at.date() for alert in got] == [life.at(1, 23).date()]
