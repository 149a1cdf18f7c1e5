"""Retention at the command line: shown, classed, extended, held, checked, counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_people import Person, founders

PASSPHRASE = "a passphrase for tests"
SCHEDULE = Path(__file__).parents[2] / "config" / "retention-schedule.toml"
Office = tuple[Any, Person, str]


@pytest.fixture
def office(outside: Any, tmp_path: Path) -> Office:
    """One text, one founder with every role that keeps."""
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    path = tmp_path / "a.txt"
    path.write_text("笔录")
    assert cli("ingest", path, "--source", "DSJ-1").code == 0
    _, second = founders(cli, tmp_path / "home", PASSPHRASE)
    return cli, second, cli.record()


def term(cli: Any, record: str) -> dict[str, Any]:
    done = cli("retention", "show", record, "--json")
    assert done.code == 0, done.err
    (found,) = done.json["records"]
    return dict(found)


def test_from_the_first_lock_to_for_ever(office: Office) -> None:
    cli, second, record = office
    before = term(cli, record)
    assert (before["class"], before["open"], before["until"]) == (
        None,
        True,
        before["first_lock"],
    )
    done = cli("retention", "sweep", "--now", "--json")
    assert (done.code, done.json["records"], done.json["waiting"]) == (0, 1, 0)
    found = term(cli, record)
    assert (found["class"], found["open"]) == ("document_unlinked", False)
    assert "10年" in found["label"]["basis"]
    assert "document_unlinked" in cli("retention", "show", record).out
    done = second("retention", "extend", record, "--cause", "evidence_used", "--reason", "庭审")
    assert done.code == 0, done.err
    assert "for ever" in done.out
    assert term(cli, record)["permanent"]
    # Nothing shortens it.
    day = ("--until", "2999-01-01")
    done = second("retention", "extend", record, "--cause", "other", "--reason", "x", *day)
    assert done.code == 0, done.err
    assert term(cli, record)["permanent"]
    assert cli("verify").code == 0


def test_a_class_that_a_person_says(office: Office) -> None:
    cli, second, record = office
    said = ("retention", "set-class", "exam_video", record, "--reason", "考试")
    done = second(*said, "--since", "2026-01-31", "--json")
    assert done.code == 0, done.err
    assert cli("retention", "sweep", "--now").code == 0
    found = term(cli, record)
    assert (found["class"], found["trigger"]) == ("exam_video", "2026-01-30T16:00:00.000000Z")
    wrong = second("retention", "set-class", "nothing", record, "--reason", "x")
    assert wrong.code == 4
    assert "nothing" in wrong.err
    for bad in (("--until", "2020-01-01"), (), ("--permanent", "--until", "2999-01-01")):
        done = second("retention", "extend", record, "--cause", "other", "--reason", "x", *bad)
        assert done.code == 2, bad


def test_several_holds_with_their_reasons(office: Office) -> None:
    cli, second, record = office
    place = ("hold", "place", record, "--reason")
    first = second(*place, "行政诉讼", "--document-no", "行诉〔2026〕1号", "--json").json
    other = second(*place, "信访").code
    assert (first["locks_waiting"], other) == (0, 0)
    assert len(term(cli, record)["holds"]) == 2
    listed = cli("hold", "list", "--json").json["holds"]
    assert {one["reason"] for one in listed} == {"行政诉讼", "信访"}
    assert {one["document_no"] for one in listed} == {"行诉〔2026〕1号", None}
    assert second("hold", "lift", first["subject"], "--reason", "结案").code == 0
    assert len(term(cli, record)["holds"]) == 1
    assert "信访" in cli("hold", "list").out


def test_the_schedule_is_shown_checked_and_replaced(office: Office, tmp_path: Path) -> None:
    cli, _, record = office
    found = cli("retention", "schedule", "--json").json
    assert len(found["versions"]) == 1
    assert {one["class"] for one in found["classes"]} >= {"av_unlinked", "case_file"}
    assert "30 years" in cli("retention", "schedule").out
    chinese = cli("--lang", "zh", "retention", "schedule").out
    assert "30 年" in chinese
    assert "capture_end" not in chinese
    assert found["schedule"][-10:] in cli("retention", "schedule", "--versions").out
    longer = tmp_path / "longer.toml"
    longer.write_text(SCHEDULE.read_text("utf-8").replace('"10y"', '"30y"'), encoding="utf-8")
    checked = cli("retention", "schedule", "--check", longer)
    assert (checked.code, "rules adopt retention" in checked.out) == (0, True)
    keys = tmp_path / "home" / "founders"
    names = [str(path) for path in sorted(keys.glob("*.key"))]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CUNZHENG_KEY_PASSPHRASE", "CUNZHENG_SECOND_KEY_PASSPHRASE"):
            patch.setenv(name, PASSPHRASE)
        adopt = ("rules", "adopt", "retention", longer, "--key", names[0], "--second-key", names[1])
        done = cli(*adopt)
        assert done.code == 0, done.err
    assert cli("retention", "sweep", "--now").code == 0
    assert term(cli, record)["until"].startswith("205")
    bad = tmp_path / "bad.toml"
    bad.write_text("cunzheng_retention = 1")
    assert cli("retention", "schedule", "--check", bad).code == 2


def test_what_is_meant_has_to_be_said(office: Office) -> None:
    cli, second, record = office
    assert cli("retention", "show").code == 2
    assert cli("retention", "show", record, "--due").code == 2
    assert second("retention", "set-class", "exam_video", "--reason", "x").code == 2
    assert second("retention", "extend", record, "--cause", "because", "--reason", "x").code == 2
    due = cli("retention", "show", "--due", "--json")
    assert (due.code, due.json["due"]) == (0, [])


def test_working_days_at_the_command_line(outside: Any) -> None:
    done = outside("retention", "deadline", "2026-02-09", "7", "--law", "penalty", "--json")
    assert (done.json["day"], done.json["provisional"]) == ("2026-02-25", False)
    plain = outside("retention", "deadline", "2026-02-09", "90", "--law", "penalty", "--json").json
    assert (plain["day"], plain["working_days"]) == ("2026-05-10", False)
    assert plain["next_working_day"] == "2026-05-11"
    far = outside("retention", "deadline", "2097-12-20", "15", "--json").json
    assert (far["provisional"], "2098" in far["reason"]) == (True, True)
    assert outside("retention", "deadline", "2026-02-30", "7").code == 2
    assert outside("retention", "deadline", "2026-02-09", "7", "--law", "none").code == 2
