"""The forger's table (`make forger`), row by row: each attempt is refused or found by its code."""

from dataclasses import replace

import forger
import forger_keys  # noqa: F401 - puts its forgeries into the table
import pytest
from forger import FORGERIES, Forgery, Outcome
from forger_disposal import DISPOSALS, DisposalLab
from forger_lab import Lab

from archive.report import Report


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("forger"))


@pytest.mark.parametrize("one", FORGERIES, ids=lambda one: f"{one.name}, {one.who}")
def test_is_refused_or_found(lab: Lab, one: Forgery) -> None:
    assert forger.run(lab, one).fault == ""


@pytest.fixture(scope="module")
def disposals(tmp_path_factory: pytest.TempPathFactory) -> DisposalLab:
    return DisposalLab(tmp_path_factory.mktemp("disposals"))


@pytest.mark.parametrize("one", DISPOSALS, ids=lambda one: one.name)
def test_nothing_is_destroyed_unlawfully(disposals: DisposalLab, one: Forgery) -> None:
    assert forger.run(disposals, one).fault == ""


def test_the_office_that_disposes_is_lawful(disposals: DisposalLab) -> None:
    scene = disposals.scene()
    scene.office.destroyer().run(scene.kept.executed)
    report = scene.report()
    assert (report.outcome, report.findings) == ("PASSED", [])


def test_the_office_itself_is_lawful(lab: Lab) -> None:
    report: Report = lab.scene().report(checkpoint=True)
    assert (report.outcome, report.findings) == ("PASSED", [])


def test_a_wrong_answer_would_be_seen(lab: Lab) -> None:
    """The table can say NO: where nothing is refused, nothing found, or something else."""
    idle = Forgery("x", forger.DATABASE, Outcome(rule="STATEMENT_BAD"), lambda _: "", "")
    assert "no STATEMENT_BAD" in forger.run(lab, idle).fault
    assert "refused: no" in forger.run(lab, replace(idle, outcome=Outcome("NO_GRANT"))).fault
    forged = next(one for one in FORGERIES if one.name == "invent an approval")
    refused = forged.outcome.refused
    for outcome in (Outcome(refused), Outcome(refused, "NO_GRANT"), Outcome(refused, "", "STALE")):
        assert forger.run(lab, replace(forged, outcome=outcome)).fault
