"""First locks in the ledger: never shorter than the shortest period of the schedule in force."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from registers_fixture import START
from retention_book import LAW, SCHEDULE

from archive.report import Report
from archive.times import format_time
from archive.verify.first_locks import FirstLocks
from archive.verify.index import Index

LOG = "main-2026"
LONGER = SCHEDULE.replace('"6m"', '"2y"')


class Ledger:
    """Accessions and schedules at the places that a test gives them."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.locks = FirstLocks(index, [LOG])

    def adopt(self, number: int, at: datetime, text: str = SCHEDULE) -> None:
        self.locks.adopted((0, number), at, text)

    def record(self, number: int, received: datetime, until: datetime | None) -> None:
        body = {"received_at": format_time(received)}
        if until is not None:
            body["retain_until"] = format_time(until)
        row = (f"R{number}", LOG, number, format_time(received), json.dumps(body))
        self.index.add("record", [(*row, 1, None, None, None, None)])

    def found(self) -> list[str]:
        report = Report("everything", START)
        self.locks.check(LAW, report)
        assert set(report.counts) <= {"RETENTION_UNLAWFUL"}
        return [finding.subject for finding in report.findings]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Index() as index:
        yield Ledger(index)


def floor(received: datetime, text: str = SCHEDULE) -> datetime:
    return LAW.floor(text, received)


def test_a_lock_of_the_shortest_period_is_enough_and_less_is_not(ledger: Ledger) -> None:
    ledger.adopt(3, START - timedelta(days=1))
    ledger.record(10, START, floor(START))
    ledger.record(11, START, floor(START) + timedelta(days=1))
    ledger.record(12, START, floor(START) - timedelta(microseconds=1))
    ledger.record(13, START, None)
    assert ledger.found() == ["R12", "R13"]


def test_nothing_is_asked_before_there_is_a_schedule(ledger: Ledger) -> None:
    ledger.record(2, START, None)
    assert ledger.found() == []
    ledger.adopt(3, START + timedelta(hours=1))
    # Received before it came into force, sealed after: it could not know.
    ledger.record(4, START, None)
    ledger.record(5, START + timedelta(hours=2), None)
    assert ledger.found() == ["R5"]


def test_a_schedule_that_changes_meanwhile_leaves_both_right(ledger: Ledger) -> None:
    ledger.adopt(3, START - timedelta(days=1))
    ledger.adopt(9, START + timedelta(minutes=10), LONGER)
    ledger.record(8, START, floor(START))
    ledger.record(10, START, floor(START))
    ledger.record(11, START, floor(START, LONGER))
    later = START + timedelta(hours=1)
    ledger.record(12, later, floor(later))
    ledger.record(13, later, floor(later, LONGER))
    assert ledger.found() == ["R12"]
    ledger.adopt(20, later + timedelta(hours=1))
    again = later + timedelta(hours=2)
    ledger.record(21, again, floor(again))
    assert ledger.found() == ["R12"]
