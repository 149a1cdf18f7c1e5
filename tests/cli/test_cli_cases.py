"""Cases and holds at the command line, over the demo records and their claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_people import Person, enrol, founders, new_person

PASSPHRASE = "a passphrase for tests"


@pytest.fixture
def gu(own: Any) -> Person:
    return founders(own, own.home, PASSPHRASE)[0]


@pytest.fixture
def gu2(own: Any) -> Person:
    return founders(own, own.home, PASSPHRASE)[1]


@pytest.fixture
def claimed(own: Any) -> tuple[str, set[str]]:
    """A case number of the demo's sidecars, and the records that claim it."""
    found = own("search", "--limit", "1000", "--json").json["records"]
    number = next(record["case"] for record in found if record["case"])
    return number, {record["record"] for record in found if record["case"] == number}


def test_the_life_of_a_case(
    own: Any, gu: Person, gu2: Person, claimed: tuple[str, set[str]], tmp_path: Path
) -> None:
    number, records = claimed
    enrol(gu, new_person(own, tmp_path, "li"), "handler")
    opening = ("case", "open", number, "--category", "penalty", "--unit", "A", "--handler", "li")
    alone = gu(*opening)
    assert (alone.code, "--second-key" in alone.err) == (2, True)
    done = gu(*opening, "--title", "占道经营", "--json", second=gu2)
    assert done.code == 0, done.err
    assert done.json["linked"] == len(records)
    assert gu(*opening, second=gu2).code == 4

    shown = own("case", "show", number, "--json").json
    assert set(shown["records"]) == records
    people = own("case", "show", number).out
    assert all(record in people for record in records)
    assert any(line.split() == ["sensitivity", "–"] for line in people.splitlines())
    assert (shown["handlers"], shown["title"]) == (["li"], "占道经营")
    assert shown["case"] == done.json["subject"]
    assert [event["kind"] for event in shown["history"]] == ["case.opened", "case.linked"]

    other = next(
        record["record"]
        for record in own("search", "--json").json["records"]
        if record["record"] not in records
    )
    assert gu("case", "attach", number, other, "--reason", "补充").code == 0
    assert gu("case", "attach", number, other, "--reason", "补充").code == 4
    assert gu("case", "detach", number, other, "--reason", "误关联").code == 0
    assert gu("case", "attach", number, "01ARZ3NDEK", "--reason", "x").code == 2

    change = ("case", "change", number, "--sensitivity", "minor", "--importance", "major")
    assert gu(*change, "--reason", "涉未成年人").code == 0
    shown = own("case", "show", number, "--json").json
    assert (shown["sensitivity"], shown["importance"]) == (["minor"], "major")
    assert shown["handlers"] == ["li"]
    assert gu("case", "change", number, "--no-sensitivity", "--reason", "更正").code == 0

    assert gu("case", "close", number, "--reason", "已办结", "--decided", "2026-11-01").code == 0
    assert gu("case", "close", number, "--reason", "x").code == 4
    assert own("case", "list", "--json").json["cases"] == []
    closed = own("case", "list", "--all", "--json").json["cases"]
    assert [case["number"] for case in closed] == [number]
    assert "行政处罚" in own("--lang", "zh", "case", "show", number).out
    assert own("verify").code == 0


def test_records_that_arrive_after_the_case_are_linked(own: Any, gu: Person) -> None:
    opening = ("case", "open", "L-2026-1", "--category", "penalty", "--unit", "A")
    assert gu(*opening, "--json").json["linked"] == 0
    inbox = own.home / "inbox" / "DSJ-LATE"
    inbox.mkdir()
    (inbox / "late.txt").write_bytes(b"late")
    (inbox / "late.txt.json").write_text('{"cunzheng_sidecar": 1, "case": "L-2026-1"}')
    assert own("watch", "--once").code == 0  # the demo's marked drop was put aside before
    shown = own("case", "show", "L-2026-1", "--json").json
    assert shown["records"] == [own.record("late")]
    assert [event["kind"] for event in shown["history"]] == ["case.opened", "case.linked"]


def test_a_sidecar_that_comes_later_links_its_record(own: Any, gu: Person) -> None:
    """Its claim counts for a case as any other, for the archive and for who verifies it."""
    inbox = own.home / "inbox/officer-desk"
    inbox.mkdir(exist_ok=True)
    (inbox / "bare.txt").write_bytes(b"bare")
    assert own("watch", "--once", "--json").json["records"] == 1
    (inbox / "bare.txt.json").write_text('{"cunzheng_sidecar": 1, "case": "L-2026-2"}')
    assert own("watch", "--once", "--json").json["amended"] == 1
    opening = ("case", "open", "L-2026-2", "--category", "penalty", "--unit", "A")
    assert gu(*opening, "--json").json["linked"] == 1
    assert own("verify").code == 0
    assert own("verify", "--case", "L-2026-2", "--json").json["checked"]["records"] == 1
    (own.home / "cunzheng.db").unlink()
    assert own("rebuild").code == 0
    assert own("case", "show", "L-2026-2", "--json").json["records"] == [own.record("bare")]


def test_handlers_are_named_by_two(own: Any, gu: Person, gu2: Person, tmp_path: Path) -> None:
    enrol(gu, new_person(own, tmp_path, "li"), "handler")
    opening = ("case", "open", "N-1", "--category", "penalty", "--unit", "A")
    assert gu(*opening).code == 0
    adding = ("case", "change", "N-1", "--handler", "li", "--reason", "x")
    assert gu(*adding).code == 2
    proposal = tmp_path / "case.json"
    assert gu(*adding, "-o", proposal).code == 0
    assert gu("case", "countersign", proposal).code == 2
    assert own("case", "show", "N-1", "--json").json["handlers"] == []
    done = gu2("case", "countersign", proposal)
    assert (done.code, "li" in done.out) == (0, True), done.err
    assert own("case", "show", "N-1", "--json").json["handlers"] == ["li"]
    assert gu("case", "change", "N-1", "--no-handlers", "--reason", "x").code == 0
    # The second founder heads the unit `main`: there he needs nobody.
    own_unit = ("case", "open", "N-2", "--category", "penalty", "--unit", "main", "--handler", "li")
    assert gu2(*own_unit).code == 0


def test_what_a_case_is_opened_with(gu: Person) -> None:
    for words in (
        ("--category", "nothing", "--unit", "A"),
        ("--category", "penalty", "--unit", "A", "--sensitivity", "x"),
        ("--category", "penalty", "--unit", "A", "--opened", "yesterday"),
    ):
        assert gu("case", "open", "1", *words).code == 2
    assert gu("case", "show", "no such").code == 2


def test_handlers_cannot_touch_the_register(own: Any, gu: Person, tmp_path: Path) -> None:
    li = new_person(own, tmp_path, "li")
    enrol(gu, li, "handler")
    opening = ("case", "open", "1", "--category", "penalty", "--unit", "A")
    done = li(*opening)
    assert done.code == 4
    assert li("--lang", "zh", *opening).code == 4
    assert own("case", "list", "--json").json["cases"] == []


def test_holds(own: Any, gu: Person) -> None:
    record = own.record()
    assert gu("hold", "place", "--reason", "x").code == 2
    placed = gu(
        "hold", "place", record, "--reason", "复议", "--document-no", "复〔2026〕1", "--json"
    )
    assert placed.code == 0, placed.err
    hold = placed.json["subject"]
    assert own("hold", "list", "--json").json["holds"][0]["records"] == [record]
    short = gu("hold", "lift", hold[:8], "--reason", "已结束")
    assert (short.code, "HOLD" in short.err) == (2, True)
    assert gu("hold", "lift", hold, "--reason", "已结束").code == 0
    assert gu("hold", "lift", hold, "--reason", "已结束").code == 4
    assert own("hold", "list", "--json").json["holds"] == []
    assert "已解除" in own("--lang", "zh", "hold", "list", "--all").out
    opening = ("case", "open", "H-1", "--category", "penalty", "--unit", "A")
    assert gu(*opening).code == 0
    assert gu("hold", "place", "--case", "H-1", "--reason", "诉讼").code == 0
