"""Every way an archive can be wrong (tests/support/cases_*.py) gets its code and its subject."""

from pathlib import Path

import cases_disposal  # noqa: F401 - registers its cases, as the following do
import cases_files  # noqa: F401
import cases_history  # noqa: F401
import cases_kept  # noqa: F401
import cases_packs  # noqa: F401
import cases_people  # noqa: F401
import cases_scope  # noqa: F401
import cases_spill  # noqa: F401
import cases_time  # noqa: F401
import pytest
from verify_cases import CASES, Case, Given, findings_of

from archive.findings import FINDINGS, Outcome

ELSEWHERE = (
    "support/bucket_table.py",
    "support/directory_attacks.py",
    "unit/test_derivatives.py",
    "unit/test_first_locks.py",
    "unit/test_media_queue.py",
    "unit/test_storage_check.py",
    "unit/test_storage_moved.py",
)
ALWAYS = {"INTERNAL_TIME", "OUTAGE_RECORDED"}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    return Given(tmp_path_factory.mktemp("archives"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_is_found(given: Given, case: Case) -> None:
    report, expected = case.run(given)
    found = findings_of(report)
    assert expected.keys() == set(case.codes)
    assert found.keys() - ALWAYS == expected.keys() - ALWAYS, found
    for code, subject in expected.items():
        assert any(subject in one for one in found[code]), found
    outcomes = {FINDINGS[code].outcome for code in expected} - {Outcome.INFO}
    worst = Outcome.FAILED if Outcome.FAILED in outcomes else Outcome.INDETERMINATE
    assert report.outcome is (worst if outcomes else Outcome.PASSED)


def test_every_code_has_a_case() -> None:
    """Here, or where `verify --storage`, first locks and derivatives are tested."""
    produced = {code for case in CASES.values() for code in case.codes}
    tests = Path(__file__).parents[1]
    text = "".join((tests / name).read_text("utf-8") for name in ELSEWHERE)
    assert {code for code in FINDINGS.keys() - produced if f'"{code}"' not in text} == set()
