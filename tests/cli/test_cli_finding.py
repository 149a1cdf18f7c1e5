"""status, search, show, sources: what the catalog and the ledger say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.commands import VERBS

Cli = Any


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_help_has_an_example_in_both_languages(outside: Cli, verb: Any) -> None:
    english, chinese = outside(verb.name, "--help"), outside("--lang", "zh", verb.name, "--help")
    assert (english.code, chinese.code) == (0, 0)
    assert f"Example: cunzheng {verb.example[0].split()[0]}" in english.out
    assert f"示例：cunzheng {verb.example[1].split()[0]}" in chinese.out
    assert verb.zh.rstrip("。") in chinese.out


def test_status_needs_no_passphrase(archive: Cli) -> None:
    done = archive("status", passphrase=None)
    assert done.code == 0
    assert "refused drop(s) still lie in the inbox" in done.out
    assert "unconfirmed" in done.out
    chinese = archive("status", "--lang", "zh", passphrase=None)
    assert "仍在收件目录中" in chinese.out


def test_status_as_json(archive: Cli) -> None:
    value = archive("status", "--json").json
    assert value["ledger"]["pending"] == value["ledger"]["unpublished"] == 0
    assert value["ledger"]["records"] >= 40
    assert value["ledger"]["seal"]["size"] == value["ledger"]["entries"]
    assert value["drops"]["waiting"] == 0
    assert value["drops"]["refused"] == value["drops"]["quarantined"] == 1
    assert value["storage"]["level"] == "read-only"
    assert "REFUSED_STILL_THERE" in {item["code"] for item in value["warnings"]}


def test_status_counts_drops_that_wait(own: Cli) -> None:
    before = own("status", "--json").json["drops"]["waiting"]
    source = own.home / "inbox" / "new"
    source.mkdir()
    (source / "a.txt").write_bytes(b"a")
    (source / "a.txt.json").write_bytes(b'{"cunzheng_sidecar":1}')
    (source / "b.txt.part").write_bytes(b"unfinished")
    assert own("status", "--json").json["drops"]["waiting"] == before + 1


def test_search_by_word_and_field(archive: Cli) -> None:
    done = archive("search", "笔录", "--json")
    assert done.code == 0
    records = done.json["records"]
    assert records
    assert all("笔录" in f"{r['name']}{r['title']}{r['preview']}" for r in records)
    staged = archive("search", "--stage", "investigate", "--media", "image/", "--json").json
    assert {r["stage"] for r in staged["records"]} == {"investigate"}
    assert all(r["media_type"].startswith("image/") for r in staged["records"])
    case = staged["records"][0]["case"]
    assert archive("search", "--case", case, "--json").json["records"]


def test_search_by_day_looks_at_the_capture(archive: Cli) -> None:
    one = archive("search", "--stage", "investigate", "--media", "image/", "--json").json["records"]
    from datetime import datetime, timedelta, timezone

    moment = datetime.fromisoformat(one[0]["capture_start"])
    day = moment.astimezone(timezone(timedelta(hours=8))).strftime("%Y-%m-%d")
    found = archive("search", "--since", day, "--until", day, "--json").json["records"]
    assert one[0]["record"] in {r["record"] for r in found}
    assert all(r["capture_start"] for r in found)


def test_search_says_that_there_is_more(archive: Cli) -> None:
    done = archive("search", "--limit", 2)
    assert "There are more than 2" in done.out
    value = archive("search", "--limit", 2, "--json").json
    assert (len(value["records"]), value["more"]) == (2, True)


def test_search_without_a_hit_is_fine(archive: Cli) -> None:
    done = archive("search", "no such words anywhere")
    assert (done.code, done.out) == (0, "Nothing matches.\n")
    assert archive("search", "没有这样的词", "--lang", "zh").out == "没有符合条件的记录。\n"


@pytest.mark.parametrize("day", ["2026-13-01", "20261101", "yesterday", "2026-1-1"])
def test_search_refuses_what_is_no_day(archive: Cli, day: str) -> None:
    done = archive("search", "--since", day)
    assert done.code == 2
    assert "YYYY-MM-DD" in done.err


def test_show_has_the_claims_and_the_accession(archive: Cli) -> None:
    record = archive.record("--stage", "investigate", "--media", "image/")
    value = archive("show", record, "--json", passphrase=None).json
    assert value["description"]["id"] == record
    assert value["description"]["claims"]["stage"] == "investigate"
    first = value["custody"][0]
    assert first["kind"] == "record.accessioned"
    assert first["sealed_at"] >= first["at"]
    assert first["index"] == value["index"]
    text = archive("show", record, "--lang", "zh").out
    assert "入库" in text
    assert "案号" in text


def test_show_takes_the_beginning_of_an_id(archive: Cli) -> None:
    record = archive.record()
    assert archive("show", record[:24].lower(), "--json").json["record"][:24] == record[:24]
    several = archive("show", "0")
    assert (several.code, "Several records" in several.err) == (2, True)
    assert archive("show", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ").code == 2


def test_show_tells_a_changed_description(own: Cli) -> None:
    record = own.record()
    own.stored(record, "record.json").change(b'"v":1', b'"v":2')
    done = own("show", record)
    assert done.code == 1
    assert "not the one that was sealed" in done.out
    assert own("show", record, "--json").json["description"] is None


def test_sources_are_listed_and_confirmed(own: Cli) -> None:
    before = own("sources", "list", "--json", passphrase=None).json["sources"]
    assert {item["state"] for item in before} == {"unconfirmed"}
    done = own("sources", "confirm", "DSJ-0012345", "--label", "12号", "--kind", "执法记录仪")
    assert done.code == 0
    assert "Sealed as" in done.out
    after = {item["source"]: item for item in own("sources", "list", "--json").json["sources"]}
    assert after["DSJ-0012345"]["state"] == "confirmed"
    assert after["DSJ-0012345"]["label"] == "12号"
    assert "已确认" in own("sources", "list", "--lang", "zh").out
    assert own("verify").code == 0


def test_an_unknown_source_is_wrong_usage(archive: Cli) -> None:
    assert archive("sources", "confirm", "nobody-knows").code == 2
    assert archive("sources", "confirm", "DSJ-0012345", "--person", " ").code == 2


def test_a_wrong_passphrase_confirms_nothing(own: Cli) -> None:
    done = own("sources", "confirm", "DSJ-0012345", passphrase="secret words")
    assert done.code == 2
    assert "secret words" not in done.err + done.out
    states = {s["state"] for s in own("sources", "list", "--json").json["sources"]}
    assert states == {"unconfirmed"}


def test_errors_have_a_chinese_heading(archive: Cli) -> None:
    assert "没有记录 7ZZ" in archive("show", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "--lang", "zh").err
    assert "请写作 年-月-日" in archive("search", "--since", "x", "--lang", "zh").err


def test_a_redrop_stands_in_the_custody_of_the_first(own: Cli, tmp_path: Path) -> None:
    records = own("search", "--source", "DSJ-0012345", "--limit", 1000, "--json").json["records"]
    digests = [record["sha256"] for record in records]
    first = next(r for r in records if r["case"] is None and digests.count(r["sha256"]) == 1)
    again = tmp_path / first["name"]
    again.write_bytes(own.stored(first["record"]).read())
    done = own("ingest", again, "--source", "DSJ-0012345", "--json")
    assert (done.code, done.json["redropped"]) == (0, 1)
    events = own("show", first["record"], "--json").json["custody"]
    assert [event["kind"] for event in events] == ["record.accessioned", "record.redropped"]
    assert "重复投放" in own("show", first["record"], "--lang", "zh").out
