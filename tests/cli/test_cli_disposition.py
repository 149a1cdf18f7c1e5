"""Disposition and packs at the command line: proposed, approved, executed, listed, refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_people import Person, founders

from cli.clock import SystemClock
from cli.settings import Settings
from cli.wiring import Workbench
from cli.wiring_stock import stocked
from retention.sweep import Sweep

PASSPHRASE = "a passphrase for tests"
TODAY = SystemClock.now
Office = tuple[Any, Person, Person]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """How far the clock is ahead of the real one."""
    ahead = [timedelta()]

    def now(this: SystemClock) -> datetime:
        return TODAY(this) + ahead[0]

    monkeypatch.setattr(SystemClock, "now", now)
    return ahead


@pytest.fixture
def office(outside: Any, tmp_path: Path, clock: list[timedelta]) -> Office:
    """Three photographs in one pack, 200 days old; two founders."""
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    photographs = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([number]) * 99)
        photographs.append(path)
    assert cli("ingest", *photographs, "--source", "DSJ-1").code == 0
    first, second = founders(cli, tmp_path / "home", PASSPHRASE)
    clock[0] = timedelta(days=200)
    sweep(tmp_path / "home")
    return cli, first, second


def sweep(home: Path) -> None:
    """What the service does every hour."""
    settings = Settings.parse((home / "cunzheng.toml").read_text("utf-8"))
    bench = Workbench(home, settings, secret=PASSPHRASE)
    vaults = {place.name: place.vault for place in stocked(bench)}
    Sweep(bench.desk("single"), vaults).run(grace=timedelta())
    bench.sealer.drain()
    bench.database.close()


def records(cli: Any) -> list[str]:
    return [row["record"] for row in cli("search", "--json").json["records"]]


def test_from_the_list_to_the_tombstone(office: Office, tmp_path: Path) -> None:
    _, first, second = office
    shown = first("disposition", "propose", "--due", "--dry-run", "--json")
    assert shown.code == 0, shown.err
    assert len(shown.json["due"]) == 3
    done = first("disposition", "propose", "--due", "--reason", "期满", "--json")
    assert done.code == 0, done.err
    name = done.json["subject"]
    alone = first("disposition", "approve", name, "--comment", "x")
    assert alone.code == 4
    done = second("disposition", "approve", name[:12], "--comment", "同意")
    assert done.code == 0, done.err
    assert "0.png" in done.out
    refused = second("disposition", "execute", name)
    assert refused.code == 4
    done = first("disposition", "execute", name)
    assert done.code == 0, done.err
    assert "3" in done.out
    assert first("disposition", "execute", name, "--json").json["destroyed"] == []
    assert list((tmp_path / "home/store/evidence/packs").rglob("*.zip")) == []
    listed = first("disposition", "list", "--json").json["dispositions"]
    assert [(one["state"], one["destroyed"]) for one in listed] == [("done", 3)]


def test_the_list_on_paper(office: Office, tmp_path: Path) -> None:
    _, first, _ = office
    done = first("disposition", "propose", "--due", "--reason", "期满", "--json")
    name = done.json["subject"]
    for ending in ("csv", "xlsx", "pdf"):
        path = tmp_path / f"list.{ending}"
        done = first("disposition", "list", name, "--out", path)
        assert done.code == 0, done.err
        assert path.stat().st_size > 300
    text = (tmp_path / "list.csv").read_text("utf-8-sig")
    assert text.count("\n") == 4
    assert "2.png" in text


def test_what_is_gone_is_shown_and_not_handed_out(office: Office) -> None:
    cli, first, second = office
    record = records(cli)[0]
    dispose(first, second)
    shown = cli("show", record, "--json")
    assert shown.code == 0, shown.err
    assert shown.json["destroyed"] is True
    found = cli("search", "--json").json["records"]
    assert {row["record"] for row in found if row["destroyed"]} == {r["record"] for r in found}
    asked = first("request", record, "--action", "view", "--purpose", "appraisal", "--reason", "x")
    assert (asked.code, "destroyed" in asked.err) == (4, True)


def dispose(first: Person, second: Person) -> str:
    done = first("disposition", "propose", "--due", "--reason", "期满", "--json")
    name = str(done.json["subject"])
    assert second("disposition", "approve", name, "--comment", "同意").code == 0
    assert first("disposition", "execute", name).code == 0
    return name


def test_a_hold_keeps_a_whole_pack(office: Office) -> None:
    cli, first, second = office
    held = records(cli)[0]
    assert first("hold", "place", held, "--reason", "复议").code == 0
    found = first("disposition", "propose", "--due", "--dry-run", "--json").json
    assert found["due"] == []
    (pack,) = found["packs"]
    assert (len(pack["due"]), pack["kept"], pack["next"]) == (2, [held], None)
    named = first("disposition", "propose", held, "--reason", "x")
    assert named.code == 2
    assert "hold" in named.err
    done = first("packs", "split", pack["pack"], "--reason", "封存", second=second)
    assert done.code == 0, done.err
    members = first("packs", "show", held, "--json").json["members"]
    assert [m["split"] for m in members if m["record"] == held] == [True]
    dispose(first, second)
    assert list(cli.home.glob(f"store/evidence/records/*/{held}/content"))


def test_who_may_not(office: Office) -> None:
    cli, first, second = office
    name = first("disposition", "propose", "--due", "--reason", "x", "--json").json["subject"]
    done = second("disposition", "refuse", name, "--comment", "尚需")
    assert done.code == 0, done.err
    assert first("disposition", "execute", name).code == 4
    assert cli("disposition", "list", "01KXXXX").code == 2
    usage: Any = cli("disposition", "propose")
    assert usage.code == 2
    assert json.loads(first("disposition", "list", "--json").out)["dispositions"]


def test_what_was_destroyed_does_not_come_back(office: Office, tmp_path: Path) -> None:
    cli, first, second = office
    dispose(first, second)
    again = tmp_path / "again"
    again.mkdir()
    for number in (0, 1):
        (tmp_path / f"{number}.png").rename(again / f"{number}.png")
    (again / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n another picture")
    done = cli("ingest", again / "0.png", again / "1.png", "--source", "DSJ-1", "--json")
    assert (done.json["rejected"], done.json["records"]) == (1, 1)
    (reason,) = cli.home.glob("quarantine/*/reason.json")
    assert json.loads(reason.read_text())["code"] == "DESTROYED_BEFORE"
    assert (reason.parent / "content").read_bytes() == (again / "0.png").read_bytes()


def test_everything_else_goes_on(office: Office, tmp_path: Path) -> None:
    """Reports, alerts, verification and proofs of an archive in which something was destroyed."""
    cli, first, second = office
    record = records(cli)[0]
    dispose(first, second)
    for arguments in (
        ("status",),
        ("alerts",),
        ("report", "supervision", "--format", "csv"),
        ("report", "access", "--format", "csv"),
        ("report", "custody", record, "-o", tmp_path),
        ("show", record),
        ("show", record, "--proof", "-o", tmp_path),
        ("verify", "--record", record),
        ("verify", "--storage"),
    ):
        done = cli(*arguments)
        assert done.code in (0, 3), (arguments, done.out, done.err)
        assert "Unexpected" not in done.err
    found = cli("verify", "--json").json
    codes = {one["code"] for one in found["findings"]}
    assert not codes & {"DATABASE_DIFFERS", "CONTENT_MISSING", "DESTRUCTION_UNLAWFUL"}, codes
