"""The demo case of 14 drops against the list that ships, through the real commands."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_people import Person, founders
from demo_case import (
    CASE,
    VOICE_RECORDER,
    case_drops,
    missing_recording,
    rest_of_the_interview,
)
from demo_drops import RECORDER, Drop, write_drops
from home_copies import copy_home

from archive.times import SHANGHAI, parse_time
from cli import founding
from cli.clock import SystemClock
from cli.output import show_duration

PASSPHRASE = "a passphrase for tests"
NOW = SystemClock().now()
DUE = NOW.replace(second=0, microsecond=0) - timedelta(hours=46, minutes=57, seconds=50)
"""For the film of the scene: 72 hours ago, 130 seconds long, an hour of duty, a day to hand in."""
LIST = Path(__file__).parents[2] / "config" / "record-list.toml"


def founded(at_home: Callable[[Path], Any], folder: Path, **settings: str) -> Any:
    """A new archive that takes what has just been dropped."""
    cli = at_home(folder / "home")
    assert cli("init").code == 0
    path = cli.home / "cunzheng.toml"
    text = path.read_text(encoding="utf-8")
    for name, value in {"settle_seconds": "0.0", **settings}.items():
        text, count = re.subn(f"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
        assert count == 1
    path.write_text(text, encoding="utf-8")
    return cli


def dropped(cli: Any, *drops: Drop) -> None:
    """Devices drop these, and the archive seals them."""
    write_drops(cli.home / "inbox", drops)
    done = cli("watch", "--once")
    assert done.code == 0, done.err


def opened(cli: Any, linked: int, unit: str = "main") -> Person:
    """The case is opened by the archivist."""
    gu = founders(cli, cli.home, PASSPHRASE)[0]
    opening = ("case", "open", CASE.number, "--category", "penalty", "--unit", unit, "--json")
    done = gu(*opening)
    assert (done.code, done.json["linked"]) == (0, linked), done.err
    return gu


def failing(found: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """What is not as it has to be: row -> state, seconds that are lacking."""
    return {
        row["id"]: (row["state"], row["lacking_seconds"])
        for row in found["rows"]
        if row["required"] and row["state"] != "covered"
    }


@pytest.fixture(scope="module")
def case(at_home: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The archive with the 14 drops, and the case; nothing is added to it."""
    cli = founded(at_home, tmp_path_factory.mktemp("case"))
    drops = case_drops(NOW)
    assert len(drops) == 14
    assert {drop.claims["stage"] for drop in drops if drop.claims} == {
        *("start", "investigate", "review", "decide", "serve", "execute", "archive")
    }
    dropped(cli, *drops)
    opened(cli, 14)
    return cli


@pytest.fixture
def own(case: Any, at_home: Callable[[Path], Any], tmp_path: Path) -> Any:
    """A copy of it, to be added to."""
    copy_home(case.home, tmp_path / "own")
    return at_home(tmp_path / "own")


@pytest.fixture(scope="module")
def derived(
    case: Any, at_home: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """A copy with its pictures; it is read, and pages are handed out of it."""
    home = tmp_path_factory.mktemp("derived") / "home"
    copy_home(case.home, home)
    cli = at_home(home)
    assert cli("derive").code == 0
    return cli


def test_one_missing_one_partial_one_late(case: Any) -> None:
    done = case("case", "check", CASE.number, "--json")
    found = done.json
    assert done.code == 1
    assert failing(found) == {
        "penalty_preservation": ("missing", 120),
        "penalty_interview": ("partial", 120),
    }
    assert [one["name"] for one in found["late"]] == [
        name for drop in case_drops(NOW) if (name := drop.name).endswith("_现场检查.mp4")
    ]
    (late,) = found["late"]
    received = parse_time(late["received_at"])
    assert NOW < received < SystemClock().now()
    assert parse_time(late["due"]) == DUE
    assert late["late_seconds"] == round((received - DUE).total_seconds())
    empty = ("interruptions_unexplained", "damaged", "of_no_row")
    assert {key: found[key] for key in empty} == {key: [] for key in empty}
    assert len([row for row in found["rows"] if row["required"]]) == 12
    assert found["list"] == case("rules", "show", "record_list", "--json").json["rules"]


def test_the_same_for_people(case: Any) -> None:
    done = case("case", "check", CASE.number)
    assert done.code == 1
    assert "The case is not complete: 1 missing, 1 partial." in done.out
    line = next(line for line in done.out.splitlines() if " Interview " in line)
    assert all(word in line for word in ("investigation", "partial", "120 s"))
    assert "late: DSJ-0012345_" in done.out
    chinese = case("--lang", "zh", "case", "check", CASE.number).out
    assert "本案记录不齐全：缺失 1 项，不完整 1 项。" in chinese
    assert all(
        word in chinese
        for word in ("先行登记保存", "缺失", "120 秒", "逾期上传", "依据清单 sha256:")
    )
    assert "Service by leaving" not in done.out
    everything = case("case", "check", CASE.number, "--all").out
    assert all(words in everything for words in ("service_left ", "Service by leaving"))


def test_the_timeline(case: Any) -> None:
    shown = case("case", "show", CASE.number, "--json").json
    stages = {stage["stage"]: stage["records"] for stage in shown["timeline"]}
    assert list(stages) == [
        "start",
        "investigate",
        "review",
        "decide",
        "serve",
        "execute",
        "archive",
    ]
    assert sum(map(len, stages.values())) == 14
    talk = [one for one in stages["investigate"] if "询问" in one["name"]]
    assert [one["kind"] for one in talk] == ["text", "video"]
    assert talk[0]["start"] == talk[1]["start"]
    lengths = [
        datetime.fromisoformat(one["end"]) - datetime.fromisoformat(one["start"]) for one in talk
    ]
    assert lengths[0] == timedelta(minutes=4)
    assert abs(lengths[1] - timedelta(minutes=2)) < timedelta(seconds=2)
    text = case("--lang", "zh", "case", "show", CASE.number).out
    assert "━━ 调查取证 ━━" in text
    bars = [
        line.split()[2] for line in text.splitlines() if "_询问.mp4" in line or "询问笔录_" in line
    ]
    assert bars == ["─" * 30, "█" * 15]
    (late,) = [one for one in stages["investigate"] if one["late_seconds"]]
    assert f"逾期 {show_duration(late['late_seconds'])}" in text


def test_the_report(case: Any, tmp_path: Path) -> None:
    first, last = NOW.astimezone(SHANGHAI), SystemClock().now().astimezone(SHANGHAI)
    span = ("--from", f"{first:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}")
    (unit, line) = case("--lang", "zh", "report", "completeness", *span, "--json").json["rows"]
    assert (unit["kind"], line["kind"], line["category"]) == ("unit", "case", "行政处罚")
    (unit, line) = case("report", "completeness", *span, "--json").json["rows"]
    assert (unit["kind"], unit["unit"], unit["cases"], unit["case"]) == ("unit", "main", 1, None)
    assert (line["kind"], line["case"]) == ("case", CASE.number)
    figures = {key: line[key] for key in ("required", "covered", "partial", "missing", "excused")}
    assert figures == {"required": 12, "covered": 10, "partial": 1, "missing": 1, "excused": 0}
    assert line["coverage"] == unit["coverage"] == pytest.approx(10 / 12)
    assert (line["recordings"], line["timed"], line["late"]) == (3, 3, 1)
    assert line["on_time"] == pytest.approx(2 / 3)
    assert (
        line["what"]
        == "Interview: partial, 120 s lacking\nAdvance registration and preservation: missing"
    )
    for name in ("c.csv", "c.xlsx", "c.html", "c.pdf"):
        done = case("--lang", "zh", "report", "completeness", *span, "-o", tmp_path / name)
        assert done.code == 0, done.err
    text = (tmp_path / "c.csv").read_text("utf-8-sig")
    assert all(words in text for words in ("先行登记保存：缺失", ",0.8333,", ",0.6667,"))
    assert "依据清单：sha256:" in (tmp_path / "c.html").read_text("utf-8")
    assert case("report", "completeness", "--to", "2020-01-01", "--json").json["rows"] == []
    assert case("report", "completeness", "--from", "yesterday").code == 2


def test_the_page(derived: Any, tmp_path: Path) -> None:
    bare, begun = tmp_path / "bare.html", accesses(derived)
    done = derived("--lang", "zh", "case", "page", CASE.number, "-o", bare, "--json")
    assert (done.code, done.json["pictures"]) == (0, 0)
    text = bare.read_text("utf-8")
    assert "<img" not in text  # a picture is content, and nobody asked for it
    assert "://" not in text  # nothing is loaded from anywhere
    assert "default-src 'none'; img-src data:;" in text
    assert "本案记录不齐全：缺失 1 项，不完整 1 项。" in text
    assert "依据清单 sha256:" in text
    assert "全程录音录像" in text  # the beginning of a note, as a search shows it
    before = bare.read_bytes()
    assert derived("case", "page", CASE.number, "-o", bare).code == 2
    assert bare.read_bytes() == before
    assert accesses(derived) == begun


def test_every_picture_of_the_page_is_on_the_ledger(derived: Any, tmp_path: Path) -> None:
    first, second = founders(derived, derived.home, PASSPHRASE)
    page = ("case", "page", CASE.number, "--json", "-o")
    why = ("--purpose", "file_review", "--reason", "核对")
    refused = second(*page, tmp_path / "refused.html", "--pictures", *why)
    assert refused.code == 4, refused.err
    assert not (tmp_path / "refused.html").exists()
    assert accesses(derived) == []
    shown = derived("case", "show", CASE.number, "--json").json
    records = [one["record"] for stage in shown["timeline"] for one in stage["records"]]
    asked = second("request", *records, "--action", "view", *why, "--json")
    assert asked.code == 0, asked.err
    request = asked.json["request"]
    decided = first("decide", request, "approve", "--comment", "同意", "--count", "9")
    assert decided.code == 0, decided.err
    done = second(*page, tmp_path / "case.html", "--request", request)
    assert (done.code, done.json["pictures"]) == (0, 4), done.err
    text = (tmp_path / "case.html").read_text("utf-8")
    assert text.count('src="data:image/jpeg;base64,') == 4
    assert "://" not in text
    begun = accesses(derived)
    assert len(begun) == len({one["subject"] for one in begun}) == 4
    assert {one["body"]["statements"][0]["statement"]["payload"]["request"] for one in begun} == {
        request
    }


def accesses(cli: Any) -> list[dict[str, Any]]:
    """The accesses that the ledger knows to have begun."""
    with sqlite3.connect(cli.home / "cunzheng.db") as connection:
        rows = connection.execute("SELECT data FROM entry ORDER BY idx").fetchall()
    connection.close()
    entries = [json.loads(data) for (data,) in rows]
    return [entry for entry in entries if entry["kind"] == "access.started"]


def test_what_is_added_covers(own: Any) -> None:
    dropped(own, missing_recording(NOW))
    found = own("case", "check", CASE.number, "--json").json
    assert failing(found) == {"penalty_interview": ("partial", 120)}
    added = next(row for row in found["rows"] if row["id"] == "penalty_preservation")
    assert (added["state"], [one["by"] for one in added["records"]]) == ("covered", ["item"])
    dropped(own, rest_of_the_interview(NOW))
    done = own("case", "check", CASE.number, "--json")
    assert (done.code, failing(done.json)) == (0, {})
    assert len(done.json["late"]) == 1
    assert "The case is complete." in own("case", "check", CASE.number).out
    assert own("verify").code == 0


def test_recorders_do_not_interrupt_each_other(own: Any) -> None:
    for more in ((), (missing_recording(NOW), rest_of_the_interview(NOW))):
        dropped(own, *more)
        rows = own("report", "gaps", "--json").json["rows"]
        assert {row["device"] for row in rows} == {RECORDER, VOICE_RECORDER}
        assert [row["code"] for row in rows if row["device"] == VOICE_RECORDER] == ["SEGMENTS"]


def test_a_case_that_is_filed_is_complete(own: Any) -> None:
    gu = founders(own, own.home, PASSPHRASE)[0]
    note = Drop(RECORDER, "", "情况.txt", b"x", NOW, claims={"case": CASE.number})
    dropped(own, missing_recording(NOW), rest_of_the_interview(NOW), note)
    assert gu("case", "close", CASE.number, "--reason", "办结").code == 0
    found = own("case", "check", CASE.number, "--json").json
    rows = dict.fromkeys(("volume_catalogue", "volume_note"), ("missing", 0))
    assert failing(found) == rows
    code = "0123-XZ-2026-D30-0001"
    filing = ("case", "file", CASE.number, "--ref-code", code, "--note", "齐全")
    assert gu(*filing).code == 0
    done = own("case", "check", CASE.number, "--json")
    assert (done.code, failing(done.json)) == (0, {})
    assert [row["volumes"] for row in done.json["rows"] if row["id"] in rows] == [[1], [1]]
    told = own("case", "check", CASE.number).out
    assert "volume 1" in told
    assert "counts for nothing: 情况.txt" in told
    assert "卷 1" in own("--lang", "zh", "case", "check", CASE.number).out
    line = own("report", "completeness", "--json").json["rows"][-1]
    assert (line["coverage"], line["what"]) == (1.0, None)

    history = own("--lang", "zh", "case", "show", CASE.number).out.partition("签署人")[2]
    filed = next(line for line in history.splitlines() if "案卷归档" in line)
    assert f"{code}；17 件；齐全" in filed
    assert "{'" not in history


def text_and_film(now: datetime) -> list[Drop]:
    """The note of the interview, which says four minutes, and the film of two."""
    return [drop for drop in case_drops(now) if "询问" in drop.name]


@pytest.mark.full
def test_where_nothing_looks_at_media_the_sidecars_are_believed(
    at_home: Callable[[Path], Any], tmp_path: Path
) -> None:
    cli = founded(at_home, tmp_path, media_programs='"nothing"', media_examine="false")
    note, film = text_and_film(NOW)
    longer = {**(film.claims or {}), "capture_end": (note.claims or {})["capture_end"]}
    dropped(cli, note, replace(film, claims=longer))
    opened(cli, 2)
    rows = {row["id"]: row for row in cli("case", "check", CASE.number, "--json").json["rows"]}
    assert rows["penalty_interview"]["state"] == "covered"
    shown = cli("show", cli.record("--media", "video/"), "--json").json
    technical = shown["description"].get("technical")
    assert technical is None or technical["duration_ms"] is None


def test_another_list_and_interruptions(at_home: Callable[[Path], Any], tmp_path: Path) -> None:
    cli = founded(at_home, tmp_path, media_examine="false")
    note, film = text_and_film(NOW)
    start = film.at - timedelta(minutes=2)
    stretch = {"from": start.isoformat(), "to": (start + timedelta(seconds=100)).isoformat()}
    dropped(cli, note, replace(film, claims={**(film.claims or {}), "interruptions": [stretch]}))
    gu = opened(cli, 2)
    before = cli("case", "check", CASE.number, "--json").json
    (told,) = before["interruptions_unexplained"]
    assert (told["record"], told["reason"]) == (cli.record("--media", "video/"), None)
    assert failing(before)["penalty_interview"] == ("partial", 100)

    text = LIST.read_text(encoding="utf-8")
    (tmp_path / "bad.toml").write_text(text.replace("at_stage", "sometimes"), encoding="utf-8")
    second = founders(cli, cli.home, PASSPHRASE)[1]
    bad = gu("rules", "adopt", "record_list", tmp_path / "bad.toml", second=second)
    assert (bad.code, "required" in bad.err) == (2, True)
    (tmp_path / "list.toml").write_text(
        text.replace("tolerance_seconds = 60", "tolerance_seconds = 600"), encoding="utf-8"
    )
    adopted = gu("rules", "adopt", "record_list", tmp_path / "list.toml", second=second)
    assert adopted.code == 0, adopted.err
    after = cli("case", "check", CASE.number, "--json").json
    assert "penalty_interview" not in failing(after)
    assert after["list"] != before["list"]
    assert "tolerance_seconds = 600" in cli("rules", "show", "record_list").out

    assert failing(after)["penalty_case_opening"] == ("missing", 0)
    excusing = ("case", "excuse", CASE.number, "penalty_case_opening", "--reason", "简易程序")
    done = second(*excusing)
    assert done.code == 0, done.err
    found = cli("case", "check", CASE.number, "--json").json
    row = next(row for row in found["rows"] if row["id"] == "penalty_case_opening")
    assert (row["state"], row["excused"]["reason"]) == ("excused", "简易程序")
    assert "excused: Form of opening the case, by second: 简易程序" in (
        cli("case", "check", CASE.number).out
    )
    assert cli("verify").code == 0


def test_an_archive_without_a_list_says_so(
    at_home: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {name: file for name, file in founding.RULES.items() if name != "record_list"}
    with monkeypatch.context() as patch:
        patch.setattr(founding, "RULES", kept)
        cli = founded(at_home, tmp_path)
    dropped(cli, *case_drops(NOW)[:1])
    gu = opened(cli, 1)
    done = cli("case", "check", CASE.number)
    assert (done.code, "rules adopt record_list" in done.err) == (2, True)
    assert "尚无现行的音像记录事项清单" in cli("--lang", "zh", "case", "check", CASE.number).err
    assert cli("report", "completeness").code == 2
    shown = cli("case", "show", CASE.number, "--json").json
    assert (shown["list"], [stage["stage"] for stage in shown["timeline"]]) == (None, ["start"])
    second = founders(cli, cli.home, PASSPHRASE)[1]
    assert gu("rules", "adopt", "record_list", LIST, second=second).code == 0
    found = cli("case", "check", CASE.number, "--json")
    assert (found.code, failing(found.json)) == (0, {})
