"""Warnings of `status` and judgements of `doctor`: every state from values alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive import doctor
from archive.boundary import Wider
from archive.doctor import Check, Expiring, KeyFile, State
from archive.status import (
    DiskStatus,
    DropsStatus,
    LastSeal,
    LedgerStatus,
    OpenOutage,
    warnings,
)
from cli.commands.doctor import sentence
from cli.commands.status import warning_sentence
from cli.output import to_json

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOUND = LedgerStatus(
    log="main-2026",
    entries=10,
    unpublished=0,
    pending=0,
    oldest_pending=None,
    records=3,
    lost=0,
    half_destroyed=0,
    locks_waiting=0,
    locks_refused=0,
    intake={"released": 3},
    seal=LastSeal("main-2026", 10, NOW - timedelta(minutes=1)),
    last_time=NOW - timedelta(minutes=1),
    tokens_missing=0,
    outages=(),
    open_accesses=0,
    oldest_access=None,
    sources=1,
    unconfirmed=0,
)
EMPTY = DropsStatus(0, 0, 0, None)
ROOMY = DiskStatus(100 << 30, 200 << 30, "read-only")


def test_nothing_to_warn_of() -> None:
    assert warnings(SOUND, EMPTY, ROOMY, NOW) == ()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"last_time": None}, "NEVER_SEALED"),
        ({"last_time": NOW + timedelta(seconds=3)}, "CLOCK_BEHIND"),
        ({"last_time": NOW - 3 * HOUR}, "SEAL_OLD"),
        ({"outages": (OpenOutage("tsa", NOW - HOUR),)}, "OUTAGE"),
        ({"tokens_missing": 2}, "TOKENS_MISSING"),
        ({"unpublished": 5}, "UNPUBLISHED"),
        ({"pending": 1, "oldest_pending": NOW - HOUR}, "PENDING_OLD"),
        ({"lost": 1}, "RECORDS_LOST"),
        ({"half_destroyed": 1}, "HALF_DESTROYED"),
        ({"locks_waiting": 2, "locks_refused": 1}, "LOCKS_REFUSED"),
        ({"open_accesses": 1, "oldest_access": NOW - 25 * HOUR}, "ACCESS_WITHOUT_END"),
        ({"unconfirmed": 1}, "SOURCES_UNCONFIRMED"),
    ],
)
def test_each_warning_of_the_ledger(changed: dict[str, object], code: str) -> None:
    found = warnings(replace(SOUND, **changed), EMPTY, ROOMY, NOW)  # type: ignore[arg-type]
    assert [item.code for item in found] == [code]
    assert "{" not in warning_sentence(to_json(found[0]))


def test_small_things_are_no_warning() -> None:
    quiet = replace(
        SOUND,
        last_time=NOW + timedelta(seconds=2),
        pending=4,
        oldest_pending=NOW - timedelta(minutes=9),
        open_accesses=1,
        oldest_access=NOW - HOUR,
    )
    assert warnings(quiet, DropsStatus(7, 0, 1, NOW - 24 * HOUR), ROOMY, NOW) == ()


def test_folders_and_disk() -> None:
    drops = DropsStatus(0, 2, 3, NOW - timedelta(days=8))
    full = DiskStatus(1 << 30, 200 << 30, "read-only")
    found = [item.code for item in warnings(SOUND, drops, full, NOW)]
    assert found == ["DISK_LOW", "REFUSED_STILL_THERE", "QUARANTINE_OLD"]
    drops = DropsStatus(
        0, 0, 0, None, late_sidecars=1, passed_over=2, purge_leftovers=3, too_long=4
    )
    told = warnings(SOUND, drops, ROOMY, NOW)
    codes = ["PATH_TOO_LONG", "LATE_SIDECARS", "PASSED_OVER", "PURGE_LEFTOVERS"]
    assert [item.code for item in told] == codes
    assert all("{" not in warning_sentence(to_json(item)) for item in told)


@pytest.mark.parametrize(
    ("check", "state"),
    [
        (doctor.judge_clock(NOW, NOW - HOUR), State.FINE),
        (doctor.judge_clock(NOW, NOW + timedelta(seconds=1)), State.FINE),
        (doctor.judge_clock(NOW, NOW + timedelta(seconds=3)), State.WRONG),
        (doctor.judge_clock(NOW, None), State.UNKNOWN),
        (doctor.judge_tsa(NOW, NOW + timedelta(seconds=20), None), State.FINE),
        (doctor.judge_tsa(NOW, NOW - timedelta(minutes=1), None), State.WRONG),
        (doctor.judge_tsa(NOW, None, "it does not answer"), State.UNKNOWN),
        (doctor.judge_disk("store", 90 << 30, 100 << 30), State.FINE),
        (doctor.judge_disk("store", 4 << 30, 100 << 30), State.WRONG),
        (doctor.judge_disk("store", 1 << 30, 4 << 30), State.WRONG),
        (doctor.judge_certificates([Expiring("seal", NOW + 1000 * HOUR)], NOW)[0], State.FINE),
        (doctor.judge_certificates([Expiring("seal", NOW + HOUR)], NOW)[0], State.WRONG),
        (doctor.judge_crls([Expiring("issuing", NOW - HOUR)], NOW, root_key=True)[0], State.FINE),
        (doctor.judge_crls([Expiring("root", NOW + HOUR)], NOW, root_key=True)[0], State.FINE),
        (doctor.judge_crls([Expiring("root", NOW + HOUR)], NOW, root_key=False)[0], State.WRONG),
        (doctor.judge_crls([], NOW, root_key=True)[0], State.UNKNOWN),
        (doctor.judge_keys([KeyFile("keys/", 0o700), KeyFile("a", 0o600)])[0], State.FINE),
        (doctor.judge_keys([KeyFile("keys/", 0o750)])[0], State.WRONG),
        (doctor.judge_boundary([])[0], State.FINE),
        (doctor.judge_boundary([Wider(Path("/h/keys"), 0o750, 0o700)])[0], State.WRONG),
        (doctor.judge_store(None), State.FINE),
        (doctor.judge_store("read-only"), State.WRONG),
        (doctor.judge_database({"journal_mode": "wal", "integrity": "ok"})[0], State.FINE),
        (doctor.judge_database({"journal_mode": "delete", "integrity": "ok"})[0], State.WRONG),
    ],
)
def test_each_judgement(check: Check, state: State) -> None:
    assert check.state is state
    assert "{" not in sentence(Check(check.code, check.state, to_json(dict(check.values))))


def test_another_database_has_no_sqlite_settings() -> None:
    assert doctor.judge_database({}) == []


def test_the_worst_state_decides() -> None:
    fine, unknown, wrong = (Check("X", state) for state in (State.FINE, State.UNKNOWN, State.WRONG))
    assert doctor.worst([fine, fine]) is State.FINE
    assert doctor.worst([fine, unknown]) is State.UNKNOWN
    assert doctor.worst([unknown, wrong, fine]) is State.WRONG
