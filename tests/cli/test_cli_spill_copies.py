"""What the home itself has of a blocked record: in quarantine, purge, taken, older databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_people import Person, founders

from ingest import spilled_copies

PASSPHRASE = "a passphrase for tests"
WORD = "机要航线"
TEXT = f"{WORD}的调查笔录".encode()
BAD = b'{"cunzheng_sidecar": 1, "stage": "?"}'
GOOD = '{"cunzheng_sidecar": 1, "case": "案-7"}'.encode()
Office = tuple[Any, Person, Person]


@pytest.fixture
def found(outside: Any, tmp_path: Path) -> Any:
    """An archive with two founders; how drops are released can be chosen."""

    def make(*settings: str) -> Office:
        cli = type(outside)(tmp_path / "home")
        assert cli("init", "--set", "settle_seconds=0", *settings).code == 0
        return cli, *founders(cli, tmp_path / "home", PASSPHRASE)

    return make


def taken(cli: Any, home: Path, **files: bytes) -> Any:
    folder = home / "inbox/DSJ-1"
    folder.mkdir(exist_ok=True)
    for ending, data in files.items():
        (folder / f"{WORD}.{ending.replace('_', '.')}").write_bytes(data)
    return cli("watch", "--once", "--json").json


def record_of(cli: Any) -> str:
    return str(cli("search", "--json").json["records"][0]["record"])


def copies(home: Path) -> list[Path]:
    """Files outside the store that hold the content, or a sidecar."""
    tops = [home / name for name in ("purge", "quarantine", "taken", "staging")]
    files = [path for top in tops for path in top.rglob("*") if path.is_file()]
    return [path for path in files if path.read_bytes() in (TEXT, BAD, GOOD)]


def spill(office: Office, record: str) -> Any:
    return office[1]("spill", record, "--reason", "依通知", second=office[2])


def test_what_came_through_quarantine_goes_from_there_too(found: Any, tmp_path: Path) -> None:
    office, home = found(), tmp_path / "home"
    cli = office[0]
    assert taken(cli, home, txt=TEXT, txt_json=BAD)["rejected"] == 1
    (item,) = cli("quarantine", "list", "--json").json["quarantine"]
    number = item["quarantine"]
    sidecar = tmp_path / "right.json"
    sidecar.write_bytes(GOOD)
    assert cli("quarantine", "attach-sidecar", number, sidecar).code == 0
    assert len(list((home / "purge").rglob(f"{number}.*"))) == 2
    assert WORD in cli("quarantine", "show", number).out
    done = spill(office, record_of(cli))
    assert done.code == 0, done.out + done.err
    assert not copies(home)
    assert not (home / "quarantine" / number).exists()
    for verb in ("show", "retry"):
        asked = cli("quarantine", verb, number)
        assert asked.code != 0
        assert "blocked as a state secret" in asked.err
        assert WORD not in asked.out + asked.err
    assert "涉密已封控" in cli("--lang", "zh", "quarantine", "show", number[:20]).err
    assert cli("quarantine", "list", "--all", "--json").json["quarantine"] == []
    assert cli("spill", "--list").out == "Nothing is left.\n"
    # A backup of quarantine/ brings it back: it is blocked still, named, and wiped again.
    (home / "quarantine" / number).mkdir()
    (home / "quarantine" / number / "content").write_bytes(TEXT)
    assert "blocked" in cli("quarantine", "show", number).err
    assert f"quarantine/{number}/content" in cli("spill", "--list").out
    assert office[1]("spill", "--clear").code == 0
    assert cli("spill", "--list").out == "Nothing is left.\n"


def test_after_a_rebuild_copies_are_found_by_what_they_are(found: Any, tmp_path: Path) -> None:
    office, home = found(), tmp_path / "home"
    cli = office[0]
    assert taken(cli, home, txt=TEXT, txt_json=GOOD)["records"] == 1
    assert taken(cli, home, txt=TEXT, txt_json=GOOD)["redropped"] == 1
    assert taken(cli, home, csv=b"x" * len(TEXT))["records"] == 1
    record = next(r["record"] for r in cli("search", "--json").json["records"] if r["case"])
    assert len(copies(home)) == 4
    assert cli("rebuild").code == 0
    (old,) = home.glob("cunzheng.db.before-*")
    assert WORD.encode() in old.read_bytes()
    done = spill(office, record)
    assert done.code == 1, "the database of before has its name"
    assert old.name in done.out
    assert not copies(home)
    assert len(list((home / "purge").rglob("*.file"))) == 1, "another one of that size stays"
    listed = cli("spill", "--list").out
    assert old.name in listed
    assert "Nothing is left" not in listed
    assert "重建前的数据库" in cli("--lang", "zh", "spill", "--list").out
    assert cli("spill", "--list", "--json").json["databases"] == [old.name]
    old.unlink()
    assert cli("spill", "--list").out == "Nothing is left.\n"
    assert office[1]("spill", "--clear").code == 0


def test_a_late_sidecar_in_quarantine_goes_with_its_record(found: Any, tmp_path: Path) -> None:
    office, home = found(), tmp_path / "home"
    cli = office[0]
    assert taken(cli, home, txt=TEXT)["records"] == 1
    taken(cli, home, txt_json=BAD)
    (item,) = cli("quarantine", "list", "--json").json["quarantine"]
    record = record_of(cli)
    assert item["late_for"] == record
    assert spill(office, record).code == 0
    assert not copies(home)
    assert not (home / "quarantine" / item["quarantine"]).exists()
    nothing_is_told(cli, item["quarantine"])


def test_an_open_drop_of_the_same_content_is_blocked_and_accuses_nobody(
    found: Any, tmp_path: Path
) -> None:
    office, home = found(), tmp_path / "home"
    cli = office[0]
    assert taken(cli, home, txt=TEXT)["records"] == 1
    assert taken(cli, home, csv=TEXT, csv_json=BAD)["rejected"] == 1
    (item,) = cli("quarantine", "list", "--json").json["quarantine"]
    assert spill(office, record_of(cli)).code == 0
    assert not copies(home)
    assert not (home / "quarantine" / item["quarantine"]).exists()
    nothing_is_told(cli, item["quarantine"])


def nothing_is_told(cli: Any, number: str) -> None:
    """Of an open drop that is blocked: no name, and no alarm for files that we wiped."""
    assert cli("quarantine", "list", "--json").json["quarantine"] == []
    for verb in ("show", "retry"):
        assert "blocked as a state secret" in cli("quarantine", verb, number).err
    status = cli("status", "--json").json
    assert status["drops"]["quarantined"] == 0
    assert not [one for one in status["warnings"] if one["code"].startswith("QUARANTINE")]
    checks = {one["code"]: one["state"] for one in cli("doctor", "--json").json["checks"]}
    assert checks["QUARANTINE"] == "fine"


@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_sidecar_that_came_later_goes_with_its_record(
    found: Any, tmp_path: Path, rebuilt: bool
) -> None:
    office, home = found("--set", "release=move"), tmp_path / "home"
    cli = office[0]
    assert taken(cli, home, txt=TEXT)["records"] == 1
    assert taken(cli, home, txt_json=GOOD)["amended"] == 1
    (resting,) = (home / "purge").rglob("*.file")
    assert resting.read_bytes() == GOOD
    record = record_of(cli)
    if rebuilt:
        (home / "cunzheng.db").unlink()
        assert cli("rebuild").code == 0
    done = spill(office, record)
    assert done.code == 0, done.out + done.err
    assert not copies(home)
    with closing(sqlite3.connect(home / "cunzheng.db")) as connection:
        assert connection.execute("SELECT path FROM intake").fetchall() == []


@pytest.mark.parametrize("rebuilt", [False, True])
def test_markers_in_taken_go_with_what_they_marked(
    found: Any, tmp_path: Path, rebuilt: bool
) -> None:
    office, home = found("--set", "release=move"), tmp_path / "home"
    cli, place = office[0], home / "taken/DSJ-1"
    assert taken(cli, home, pdf=b"another")["records"] == 1
    assert cli("sources", "confirm", "DSJ-1", "--complete", "ready").code == 0
    assert taken(cli, home, txt=TEXT, txt_ready=TEXT)["records"] == 1
    (place / f"{WORD}.txt").unlink()
    again = {"txt": TEXT, "txt_ready": b"", "csv": b"x", "csv_ready": b""}
    assert taken(cli, home, **again)["redropped"] == 1
    assert len(list(place.iterdir())) == 6
    listed = cli("search", "--json").json["records"]
    record = next(one["record"] for one in listed if one["size"] == len(TEXT))
    if rebuilt:
        (home / "cunzheng.db").unlink()
        assert cli("rebuild").code == 0
    done = spill(office, record)
    assert done.code == 0, done.out + done.err
    assert sorted(path.name.partition(".")[2][:9] for path in place.iterdir()) == [
        "csv",
        "csv.ready",
        "pdf",
    ]


def test_what_cannot_be_removed_is_named_until_it_is_gone(
    found: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, home = found("--set", "release=move"), tmp_path / "home"
    cli = office[0]
    assert taken(cli, home, txt=TEXT, txt_json=GOOD)["records"] == 1
    record = record_of(cli)
    (home / "cunzheng.db").unlink()
    assert cli("rebuild").code == 0
    with monkeypatch.context() as patch:
        patch.setattr(spilled_copies, "wipe", _refused)
        done = spill(office, record)
    assert done.code == 1
    (left,) = {path.stat().st_ino for path in copies(home) if path.suffix == ".txt"}
    for told in (done.out, cli("spill", "--list").out):
        assert f"taken/ (inode {left})" in told
        assert WORD not in told
        assert "Nothing is left" not in told
    assert office[1]("spill", "--clear").code == 0
    assert not copies(home)
    assert cli("spill", "--list").out == "Nothing is left.\n"


def _refused(*_: object) -> None:
    raise PermissionError(13, "not ours")
