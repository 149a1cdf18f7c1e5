"""A state secret found among the records, at the command line: two people, then nobody reads it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from cli_people import Person, founders

from cli import language

PASSPHRASE = "a passphrase for tests"
WORD = "机要航线"
Office = tuple[Any, Person, Person]


@pytest.fixture
def office(outside: Any, tmp_path: Path) -> Office:
    """A text and two photographs in one pack, a large file alone; two founders."""
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    drops = [tmp_path / f"{WORD}.txt", tmp_path / "1.png", tmp_path / f"{WORD}.bin"]
    drops[0].write_text(f"{WORD}的调查笔录", encoding="utf-8")
    drops[1].write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    drops[2].write_bytes(random.Random(1).randbytes(5 << 20))
    assert cli("ingest", *drops, "--source", "DSJ-1").code == 0
    first, second = founders(cli, tmp_path / "home", PASSPHRASE)
    return cli, first, second


def by_size(cli: Any) -> dict[str, str]:
    rows = cli("search", "--json").json["records"]
    order = sorted(rows, key=lambda row: -row["size"])
    return dict(zip(("alone", "picture", "text"), [row["record"] for row in order], strict=True))


def files_with(home: Path, record: str) -> list[Path]:
    return [path for path in home.rglob("*") if record in str(path) and path.is_file()]


def test_two_people_and_nobody_reads_it(office: Office, tmp_path: Path) -> None:
    cli, first, second = office
    record = by_size(cli)["alone"]
    assert first("spill", record, "--reason", "通知").code == 2
    refused = first("spill", record, "--reason", "通知", second=first)
    assert refused.code == 2
    assert files_with(tmp_path / "home/store/evidence/records", record)
    done = first("spill", record[:12], "--reason", "依保密部门通知", second=second)
    assert done.code == 0, done.err
    assert "Gone from every store: 1" in done.out
    assert not files_with(tmp_path / "home/store/evidence/records", record)
    shown = cli("show", record)
    assert shown.code == 0
    assert "blocked as a state secret" in shown.out
    assert "removed after the spill" in shown.out
    assert "disposition" not in shown.out, "there was none"
    chinese = cli("--lang", "zh", "show", record).out
    assert "泄密处置后清除" in chinese
    assert "依法销毁" not in chinese
    assert f"{WORD}.bin" not in shown.out + cli("search", "--json").out
    asked = first("request", record, "--purpose", "supervision", "--reason", "x")
    assert "blocked as a state secret" in asked.err, asked.err
    got = second("fetch", record, "-o", tmp_path / "out", "--purpose", "supervision")
    assert got.code in (2, 4)
    assert cli("spill", "--list").out == "Nothing is left.\n"
    assert f"{WORD}.bin".encode() not in (tmp_path / "home/cunzheng.db").read_bytes()
    report = cli("verify", "--json")
    assert report.json["outcome"] != "FAILED", report.out


def test_in_a_pack_it_waits_for_the_others(office: Office, tmp_path: Path) -> None:
    cli, first, second = office
    found = by_size(cli)
    done = first("spill", found["text"], "--reason", "通知", "-o", tmp_path / "two.json")
    assert done.code == 0, done.err
    assert WORD in cli("search", "--json").out
    done = second("spill", "--countersign", tmp_path / "two.json")
    assert done.code == 1, done.err
    assert "cunzheng packs split" in done.out
    assert "it lies in a pack with others" in done.out
    assert "list all" not in done.out, "that is what a disposition does"
    assert f"{WORD}.txt" not in cli("search", "--json").out
    assert "1 record(s) that are blocked as secrets" in cli("status").out
    language.choose("zh")
    (left,) = cli("spill", "--list", "--json").json["left"]
    assert (left["others"], left["left"], left["locked"]) == (1, ["first"], {})
    done = first("packs", "split", found["text"], "--reason", "涉密封控", second=second)
    assert done.code == 0, done.err
    done = first("spill", "--clear", "--json")
    assert (done.code, done.json["destroyed"]) == (0, [found["text"]])
    assert not list((tmp_path / "home/store/evidence/packs").rglob("*.zip"))
    assert cli("verify", "--json").json["outcome"] != "FAILED"
    again = tmp_path / "andere.txt"
    again.write_text(f"{WORD}的调查笔录", encoding="utf-8")
    assert cli("ingest", again, "--source", "DSJ-2").code != 0
    assert WORD not in cli("search", "--json").out.replace(f"{WORD}.bin", "")


def test_what_is_asked_must_be_one_thing(office: Office) -> None:
    cli, first, _ = office
    record = by_size(cli)["alone"]
    assert first("spill").code == 2
    assert first("spill", record, "--list").code == 2
    assert first("spill", record).code == 2
    assert cli("spill", "--list").code == 0
