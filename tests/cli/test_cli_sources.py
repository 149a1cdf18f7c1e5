"""Sources by the commands: register, kinds, quota, retirement, silence, and what rebuild keeps."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from home_copies import copy_home

from archive.times import SHANGHAI
from cli.clock import SystemClock

Cli = Any
SAID = {
    "--label": "camera 12",
    "--kind": "body-camera",
    "--device": "DSJ-0012345",
    "--office": "main",
    "--unit": "A",
    "--officer": "陈 012345",
    "--clock-offset": "-00:01:30",
    "--profile": "serial_officer_time",
    "--kinds": "txt, video",
    "--quota": 1,
    "--complete": "settled",
    "--sidecar-wait": 0,
    "--silence-hours": 24,
}


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory, at_home: Any) -> Cli:
    """An archive with two sources, one of them confirmed with everything that can be said."""
    cli = at_home(tmp_path_factory.mktemp("sources") / "home")
    assert cli("init", "--set=settle_seconds=0.0", "--set=batch_entries=16").code == 0
    put(cli, "DSJ-1", "first.txt", b"first")
    put(cli, "扫描仪", "scan.txt", b"scan")
    assert cli("watch", "--once").code == 0
    options = [part for option in SAID.items() for part in option]
    done = cli("sources", "confirm", "DSJ-1", *options, "--person", "gu")
    assert done.code == 0, done.err
    return cli


@pytest.fixture
def cli(founded: Cli, tmp_path: Path, at_home: Any) -> Cli:
    """A copy of its own for every test."""
    copy_home(founded.home, tmp_path / "own")
    return at_home(tmp_path / "own")


def put(cli: Cli, source: str, name: str, data: bytes) -> Path:
    folder = Path(cli.home) / "inbox" / source
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def source(cli: Cli, name: str = "DSJ-1", *verb: str) -> Any:
    rows = cli("sources", *(verb or ("list",)), "--json").json["sources"]
    return next(row for row in rows if row["source"] == name)


def record(cli: Cli, name: str) -> Any:
    return next(row for row in cli("search", "--json").json["records"] if row["name"] == name)


def codes(cli: Cli) -> list[str]:
    return [warned["code"] for warned in cli("status", "--json").json["warnings"]]


def test_the_register_says_it_and_record_json_repeats_it(cli: Cli) -> None:
    row = source(cli)
    assert (row["state"], row["device"], row["kinds"]) == (
        "confirmed",
        "DSJ-0012345",
        ["txt", "video"],
    )
    assert (row["clock_offset_ms"], row["quota_mb"], row["silence_hours"]) == (-90_000, 1, 24)
    put(cli, "DSJ-1", "second.txt", b"second")
    assert cli("watch", "--once").code == 0
    shown = cli("show", record(cli, "second.txt")["record"], "--json").json
    assert shown["description"]["register"] == {
        "clock_offset_ms": -90_000,
        "device": "DSJ-0012345",
        "kind": "body-camera",
        "officer": "陈 012345",
        "unit": "A",
    }
    line = shown["catalog"]
    assert (line["officers"], line["unit"], line["device"]) == ("陈 012345", "A", "DSJ-0012345")
    text = cli("show", record(cli, "second.txt")["record"]).out
    assert "陈 012345 (by the register)" in text
    assert "clock -00:01:30" in text
    found = cli("search", "--device", "dsj-0012345", "--officer", "012345", "--json").json
    assert [one["name"] for one in found["records"]] == ["second.txt"]
    first = cli("show", record(cli, "first.txt")["record"], "--json").json
    assert "register" not in first["description"]


def test_what_is_unconfirmed_is_marked(cli: Cli) -> None:
    marks = {one["name"]: one["source_state"] for one in cli("search", "--json").json["records"]}
    assert (marks["first.txt"], marks["scan.txt"]) == ("confirmed", "unconfirmed")
    scan = record(cli, "scan.txt")
    assert f"{scan['source']} (unconfirmed)" in cli("show", scan["record"]).out
    assert f"{scan['source']}（未确认）" in cli("--lang", "zh", "search").out
    states = {one["source"]: one["state"] for one in cli("status", "--json").json["sources"]}
    assert states == {"DSJ-1": "confirmed", scan["source"]: "unconfirmed"}
    assert "扫描仪" in cli("status").out


def test_no_folder_is_the_source_of_letters(cli: Cli) -> None:
    """What is sealed as `letters` is what a request was shown."""
    path = put(cli, "letters", "order.pdf", b"%PDF-1.4 mine")
    assert cli("watch", "--once").code == 0
    made = "x-" + sha256(b"letters").hexdigest()[:16]
    assert record(cli, "order.pdf")["source"] == made
    found = source(cli, made)
    assert (found["name"], found["state"]) == ("letters", "unconfirmed")
    path.write_bytes(b"%PDF-1.4 mine")
    done = cli("ingest", path.rename(cli.home.parent / "order.pdf"), "--source", "letters")
    assert (done.code, "choose another id" in done.err) == (2, True)


def test_a_kind_that_is_not_allowed_goes_to_quarantine(cli: Cli) -> None:
    put(cli, "DSJ-1", "table.txt", b'{"a": 1}')
    done = cli("--lang", "zh", "watch", "--once")
    assert done.code == 1
    assert "登记簿不允许该来源提交 json 类文件" in done.out
    (folder,) = (Path(cli.home) / "quarantine").iterdir()
    reason = json.loads((folder / "reason.json").read_bytes())
    assert reason["code"] == "KIND_NOT_ALLOWED"
    assert "allowed: txt, video" in reason["sentence"]
    assert (folder / "content").read_bytes() == b'{"a": 1}'
    assert source(cli, "DSJ-1", "stats")["total"]["rejected"] == 1


@pytest.mark.parametrize("kinds", [("--forget", "kinds"), ("--kinds", "txt,video")])
def test_what_is_read_ahead_knows_the_register_too(
    cli: Cli, tmp_path: Path, kinds: tuple[str, ...]
) -> None:
    """More files than a batch are read by a process without the database."""
    assert cli("sources", "confirm", "DSJ-1", *kinds).code == 0
    drops = tmp_path / "drops"
    drops.mkdir()
    for number in range(20):
        (drops / f"{kinds[1]}{number}.txt").write_bytes(f"{kinds} {number}".encode())
    (drops / "more.txt").write_bytes(b'{"of": "%s"}' % kinds[1].encode())
    done = cli("ingest", drops, "--source", "DSJ-1", "--json").json
    all_kinds = kinds[0] == "--forget"
    assert (done["records"], done["rejected"]) == ((21, 0) if all_kinds else (20, 1))
    shown = cli("show", record(cli, f"{kinds[1]}7.txt")["record"], "--json").json
    assert shown["description"]["register"]["device"] == "DSJ-0012345"


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noon in Shanghai, so that no day ends amid a test."""
    now, clock = SystemClock.now, SystemClock()
    here = now(clock).astimezone(SHANGHAI)
    ahead = here.replace(hour=12) - here + timedelta(days=here.hour >= 12)
    monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + ahead)


@pytest.mark.usefixtures("noon")
def test_above_the_quota_drops_wait_until_it_is_raised(cli: Cli) -> None:
    put(cli, "DSJ-1", "large.txt", b"text\n" * 250_000)
    assert cli("watch", "--once", "--json").json["records"] == 1
    kept = put(cli, "DSJ-1", "waits.txt", b"waits")
    done = cli("watch", "--once", "--json").json
    assert (done["records"], [item["reason"] for item in done["noticed"]]) == (0, ["over_quota"])
    assert kept.exists()
    assert "SOURCE_QUOTA" in codes(cli)
    assert source(cli)["over_quota"] is True
    assert cli("sources", "confirm", "DSJ-1", "--quota", 2).code == 0
    assert cli("watch", "--once", "--json").json["records"] == 1
    assert source(cli)["device"] == "DSJ-0012345"  # what was not named stayed
    assert "SOURCE_QUOTA" not in codes(cli)


def take_some(cli: Cli) -> None:
    """A record more, and two drops of a kind that is not allowed."""
    put(cli, "DSJ-1", "second.txt", b"second")
    for name in ("table.txt", "more.txt"):
        put(cli, "DSJ-1", name, b'{"of": "%s"}' % name.encode())
    assert cli("watch", "--once").code == 1


def test_statistics(cli: Cli) -> None:
    take_some(cli)
    found = source(cli, "DSJ-1", "stats")
    listed = cli("search", "--source", "DSJ-1", "--json").json["records"]
    assert len(listed) == 2
    assert found["total"]["records"] == len(listed)
    assert found["total"]["bytes"] == sum(one["size"] for one in listed)
    assert found["total"]["rejected"] == 2
    assert found["day"] == found["week"] == found["total"]
    text = cli("sources", "stats", "DSJ-1").out
    assert "by the hour" in text
    assert "█" in text
    assert cli("sources", "stats", "nobody").code == 2
    one = cli("sources", "stats", "DSJ-1", "--json").json
    assert sum(hour["records"] for hour in one["history"]["hours"]) == len(listed)
    assert len(one["history"]["days"]) == 7


def test_a_retired_source_is_not_taken_from(cli: Cli, tmp_path: Path) -> None:
    assert cli("sources", "retire", "DSJ-1", "--reason", "设备交回").code == 0
    assert cli("sources", "retire", "DSJ-1", "--reason", "again").code == 2
    kept = put(cli, "DSJ-1", "late.txt", b"late")
    done = cli("watch", "--once", "--json").json
    assert [item["reason"] for item in done["noticed"]] == ["source_retired"]
    assert kept.exists()
    (tmp_path / "mine.txt").write_bytes(b"mine")
    by_hand = cli("--lang", "zh", "ingest", tmp_path / "mine.txt", "--source", "DSJ-1")
    assert by_hand.code == 2
    assert "已停用" in by_hand.err
    status = cli("status", "--json").json
    stand = next(one for one in status["sources"] if one["source"] == "DSJ-1")
    assert (stand["state"], stand["waiting"]) == ("retired", 1)
    assert "SOURCE_RETIRED" in [warned["code"] for warned in status["warnings"]]
    assert cli("sources", "confirm", "DSJ-1").code == 0
    assert cli("watch", "--once", "--json").json["records"] == 1
    assert not kept.exists()


def test_a_source_that_has_gone_quiet_is_a_warning(cli: Cli) -> None:
    assert "SOURCE_SILENT" not in codes(cli)
    with sqlite3.connect(Path(cli.home) / "cunzheng.db") as connection:
        connection.execute("UPDATE source SET last_seen = '2026-01-01 00:00:00.000000'")
    connection.close()
    status = cli("status", "--json").json
    (warned,) = (one for one in status["warnings"] if one["code"] == "SOURCE_SILENT")
    assert (warned["values"]["count"], warned["values"]["sources"]) == (1, "DSJ-1")
    assert status["sources"][0]["source"] == "DSJ-1"
    assert "静默时间超过登记上限：DSJ-1" in cli("--lang", "zh", "status").out


@pytest.mark.parametrize(
    "wrong",
    [
        ("--kinds", "films"),
        ("--kinds", ","),
        ("--clock-offset", "soon"),
        ("--complete", "never"),
        ("--profile", "none-such"),
        ("--forget", "everything"),
        ("--label", "x", "--forget", "label", "--device", "x" * 300),
    ],
)
def test_what_the_register_does_not_take(cli: Cli, wrong: tuple[str, ...]) -> None:
    before = source(cli)
    for language in ("en", "zh"):
        assert cli("--lang", language, "sources", "confirm", "DSJ-1", *wrong).code == 2
    assert source(cli) | {"silence_seconds": 0} == before | {"silence_seconds": 0}


def test_rebuild_brings_everything_back_and_verify_is_content(cli: Cli) -> None:
    take_some(cli)
    assert cli("sources", "retire", "DSJ-1", "--reason", "设备交回").code == 0
    done = cli("sources", "confirm", "DSJ-1", "--forget", "kinds", "--forget", "clock-offset")
    assert done.code == 0, done.err
    assert cli("sources", "retire", source_of_scan(cli), "--reason", "broken").code == 0
    before = [cli("sources", verb, "--json").json["sources"] for verb in ("list", "stats")]
    (Path(cli.home) / "cunzheng.db").unlink()
    assert cli("rebuild").code == 0
    after = [cli("sources", verb, "--json").json["sources"] for verb in ("list", "stats")]
    moving = dict.fromkeys(("silence_seconds", "last_seen", "first_seen", "silent"))

    def still(rows: list[dict[str, Any]]) -> dict[str, Any]:
        return {row["source"]: row | moving for row in rows}

    assert list(map(still, after)) == list(map(still, before))
    assert cli("verify").code == 0


def source_of_scan(cli: Cli) -> str:
    return str(record(cli, "scan.txt")["source"])
