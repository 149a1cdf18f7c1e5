"""`cunzheng alerts`: listing, looking at the evidence, handling with a signature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from home_copies import copy_home
from office_watched import Watched, make_watched_office

from archive.oversight.survey import Survey


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return make_watched_office(tmp_path_factory.mktemp("watched"))


@pytest.fixture
def own(watched: Watched, tmp_path: Path) -> Watched:
    """A copy, in which alerts are handled."""
    copy_home(watched.office.home, tmp_path / "own")
    return replace(watched, office=replace(watched.office, home=tmp_path / "own"))


def held(watched: Watched) -> str:
    (alert,) = watched.office("alerts", "--rule", "A9", "--json").json["alerts"]
    return str(alert["id"])


def test_an_access_on_hold_is_listed_with_its_reason(watched: Watched) -> None:
    found = watched.office("alerts", "--json").json["alerts"]
    alert = next(alert for alert in found if alert["rule"] == "A9")
    assert (alert["person"], alert["severity"]) == ("li", "high")
    assert watched.office.record in alert["sentence"]["en"]
    assert len(alert["evidence"]) == 2
    shown = watched.office("--lang", "zh", "alerts")
    assert shown.code == 0
    assert alert["id"][:12] in shown.text
    assert "已封存" in shown.text


def test_options(watched: Watched) -> None:
    assert watched.office("alerts", "--since", "2100-01-01", "--json").json == {"alerts": []}
    wrong = watched.office("alerts", "--rule", "A11")
    assert wrong.code == 2
    assert "A12" in wrong.err


def test_show_names_the_entries(watched: Watched) -> None:
    done = watched.office("alerts", "show", held(watched)[:10])
    assert done.code == 0, done.err
    assert done.text.count("main-20") >= 2
    assert watched.office("alerts", "show", "ffffffffffff").code != 0


def test_handling_is_a_signed_entry_and_closes_the_alert(own: Watched) -> None:
    office, number = own.office, held(own)
    words = ("--disposition", "explained", "--comment", "经批准的复核")
    refused = office("alerts", "handle", number, *words, person="li")
    assert refused.code == 4, refused.err
    unsigned = office("alerts", "handle", number, *words)
    assert unsigned.code == 2
    assert not office("alerts", "--rule", "A9", "--json").json["alerts"][0]["handled"]
    done = office("alerts", "handle", number[:16], *words, "--json", person="insp")
    assert done.code == 0, done.err
    assert done.json["disposition"] == "explained"
    (alert,) = office("alerts", "--rule", "A9", "--json").json["alerts"]
    assert alert["handled"]["person"] == "insp"
    assert alert["id"] == number
    still_open = office("alerts", "--open", "--json").json["alerts"]
    assert number not in {item["id"] for item in still_open}
    (body,) = office.entries("alert.handled")
    assert body["statements"][0]["statement"]["payload"]["rule"] == "A9"
    again = office(
        "alerts",
        "handle",
        number,
        "--disposition",
        "misuse",
        "--comment",
        "复查后认定",
        "--assignee",
        "纪检组",
        person="insp",
    )
    assert again.code == 0, again.err
    assert "misuse" in office("alerts", "show", number).text


def test_nobody_handles_an_alert_about_himself(
    own: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, number = own.office, held(own)
    seen = Survey.alerts
    monkeypatch.setattr(
        Survey, "alerts", lambda survey: [replace(alert, person="insp") for alert in seen(survey)]
    )
    words = ("--disposition", "explained", "--comment", "x")
    done = office("alerts", "handle", number, *words, person="insp")
    assert (done.code, "about himself" in done.err) == (4, True)
    assert office.entries("access.denied")[-1]["code"] == "ALERT_OWN"
    assert office("alerts", "handle", number, *words, person="wang").code == 0


def test_the_handled_alert_is_part_of_the_custody(own: Watched, tmp_path: Path) -> None:
    office = own.office
    number = held(own)
    words = ("--disposition", "referred", "--comment", "移送")
    assert office("alerts", "handle", number, *words, person="insp").code == 0
    done = office("report", "custody", office.record, "-o", tmp_path, "--format", "csv")
    assert done.code == 0, done.err
    text = (tmp_path / f"custody-{office.record}" / "custody.csv").read_text("utf-8-sig")
    assert "alert handled" in text


def test_verify_agrees(own: Watched) -> None:
    words = ("--disposition", "explained", "--comment", "经批准的复核")
    assert own.office("alerts", "handle", held(own), *words, person="li").code == 4
    assert own.office("alerts", "handle", held(own), *words, person="insp").code == 0
    done = own.office("verify", "--json")
    assert done.json["failed"] == 0, done.text
