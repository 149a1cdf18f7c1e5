"""The tests of sealing, of the desks and of retrieval once more, their archives on PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgres_server import NOT_HERE, installed
from scale import ACCEPTANCE

REPOSITORY = Path(__file__).resolve().parents[2]
SUITES: tuple[str, ...] = (
    "unit/test_sealer.py",
    "unit/test_packing.py",
    "unit/test_desk_people.py",
    "unit/test_execute_disposition.py",
    "crash/test_several_sealers.py",
)
if ACCEPTANCE:
    SUITES += (
        "unit/test_stamping.py",
        "unit/test_abandon.py",
        "unit/test_desk_cases.py",
        "unit/test_gap_report.py",
        "unit/test_media_queue.py",
        "unit/test_revocation_lists.py",
        "unit/test_rounds.py",
    )
OF_SQLITE = "Edited or Restored"
"""Tests that write SQLite's own dialect or move its file about."""
UNCLOSED = (
    "-W",
    "ignore::ResourceWarning",
    "-W",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
"""Most of these tests leave their archive open, which psycopg remarks on and sqlite3 does not."""


@pytest.mark.full
@pytest.mark.parametrize("suite", SUITES)
def test_on_postgresql(suite: str) -> None:
    if not installed():
        pytest.skip(NOT_HERE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", f"tests/{suite}"]
    done = subprocess.run(
        [*command, "-k", f"not ({OF_SQLITE})", *UNCLOSED],
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "CUNZHENG_TEST_DATABASE": "postgresql", "CUNZHENG_FULL": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
