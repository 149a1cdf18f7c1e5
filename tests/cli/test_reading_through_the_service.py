"""Reading through a service: each account sees what the people bound to it may see, and no more."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from accounts import Account, python_for_others
from home_copies import copy_home
from people_fixture import People, add_founders, founder_keys
from service_driver import PASSPHRASE, served

from archive.actors import Doer
from archive.catalog import Query, search
from cli.parts import office_of
from cli.settings import SETTINGS_FILE, Settings
from cli.wiring import Workbench
from ingest.register import confirm_source

pytestmark = pytest.mark.full

GROUP = 64010
UIDS = {"gu": 64021, "chen": 64022, "admin": 64023, "stranger": 64024, "gone": 64025}
CONTENT_LIKE = ("name", "folder", "sha256", "case", "category", "stage", "unit", "officers")


@dataclass
class Running:
    """A service, its people by name, a record of chen's case and one of another unit."""

    home: Path
    own: str
    other: str
    accounts: dict[str, Account] = field(default_factory=dict)

    def __getattr__(self, person: str) -> Account:
        return self.accounts[person]

    def folder(self, person: str) -> Path:
        """A new folder that belongs to somebody."""
        made = Path(tempfile.mkdtemp(dir=self.home.parent))
        os.chown(made, UIDS[person], UIDS[person])
        return made

    def entries(self, kind: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(f"file:{self.home}/cunzheng.db?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT data FROM entry ORDER BY log, idx").fetchall()
        entries = [json.loads(row[0]) for row in rows]
        return [entry for entry in entries if entry["kind"] == kind]

    def denials(self, person: str) -> list[str]:
        bodies = [entry["body"] for entry in self.entries("access.denied")]
        return [body["code"] for body in bodies if body["account"] == str(UIDS[person])]


@pytest.fixture(scope="module")
def running(archive: Any) -> Iterator[Running]:
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: needs root")
    if python_for_others() is None:
        pytest.skip("NOT RUN: needs a Python and a checkout that other accounts can read")
    base = Path(tempfile.mkdtemp(prefix="cunzheng-reading-", dir="/tmp"))
    try:
        base.chmod(0o755)
        home = base / "home"
        copy_home(archive.home, home)
        own, other = populate(home)
        for folder in (home, home / "run"):
            folder.mkdir(mode=0o750, exist_ok=True)
            os.chown(folder, -1, GROUP)
        accounts = {person: Account(uid, GROUP, home) for person, uid in UIDS.items()}
        with served(home):
            yield Running(home, own, other, accounts)
    finally:
        shutil.rmtree(base)


def populate(home: Path) -> tuple[str, str]:
    """Enrol people, bound to accounts; a case of chen's, and a source of another unit."""
    bench = Workbench(home, Settings.load(home / SETTINGS_FILE), secret=PASSPHRASE)
    people = People(bench.desk("single"), office_of(bench))
    add_founders(people, founder_keys(home, PASSPHRASE))
    for person, role in (("gu", "archivist"), ("chen", "handler"), ("admin", "administrator")):
        people.enrol(person, role, unit="A", account=str(UIDS[person]))
    people.enrol("gone", "handler", unit="A", account=str(UIDS["gone"]))
    people.say(people.vouchers[0], "person.suspended", {"person": "gone"}, {"reason": "调离"})
    with bench.database.read() as connection:
        own, other = (row.id for row in search(connection, Query(words=("笔录",), limit=2)))
        source = connection.exec_driver_sql(f"SELECT source FROM record WHERE id = '{other}'")
        named = source.scalar_one()
    with bench.database.write() as connection:
        now = bench.clock.now()
        confirm_source(connection, named, Doer("1000", "gu"), now, bench.maker, {"unit": "B"})
    people.open_case("测-1", by=people.vouchers[0], unit="A", handlers=("chen",), records=(own,))
    people.seal()
    bench.database.close()
    return own, other


def found(document: Any) -> dict[str, Any]:
    return {row["record"]: row for row in document["records"]}


def test_an_archivist_sees_everything(running: Running) -> None:
    records = found(running.gu.json("search", "笔录", "--limit", 1000))
    assert {running.own, running.other} <= records.keys()
    assert not any(row["restricted"] for row in records.values())
    shown = running.gu.json("show", running.own)
    assert shown["people"]["chen"] == "姓名 chen"
    assert [case["number"] for case in shown["cases"].values()] == ["测-1"]
    assert "case.attached" in [event["kind"] for event in shown["custody"]]
    text = running.gu("show", running.own, "--lang", "zh").stdout
    assert "姓名 chen（chen）" in text
    assert "关联案件" in text


def test_a_handler_sees_his_own_and_of_others_that_they_are_there(running: Running) -> None:
    records = found(running.chen.json("search", "--limit", 1000))
    assert records[running.own]["restricted"] is False
    assert "笔录" in json.dumps(records[running.own], ensure_ascii=False)
    other = records[running.other]
    assert other["restricted"] is True
    assert not any(other[name] for name in (*CONTENT_LIKE, "title", "preview"))
    assert all(other[name] for name in ("source", "size", "media_type", "received_at"))
    assert list(found(running.chen.json("search", "笔录", "--limit", 1000))) == [running.own]
    assert list(found(running.chen.json("search", "--mine"))) == [running.own]


def test_of_another_units_record_no_custody_and_no_proof(running: Running) -> None:
    shown = running.chen.json("show", running.other)
    assert (shown["description"], shown["custody"], shown["people"]) == (None, [], {})
    assert running.other in running.chen("show", running.other).stdout
    folder = running.folder("chen")
    before = len(running.denials("chen"))
    refused = running.chen("show", running.other, "--proof", "-o", folder)
    assert (refused.returncode, list(folder.iterdir())) == (4, [])
    assert running.denials("chen")[before:] == ["ROLE_MISSING"]


def test_an_administrator_sees_the_machine_and_no_record(running: Running) -> None:
    assert running.admin.json("status")["ledger"]["records"] > 0
    assert running.admin.json("sources", "list")["sources"]
    assert running.admin("doctor").returncode in (0, 1, 3)
    for words in (("search",), ("show", running.own), ("show", running.own, "--proof")):
        assert running.admin(*words).returncode == 4
    assert running.denials("admin") == ["NO_CONTENT"] * 3


@pytest.mark.parametrize(
    ("who", "code"), [("stranger", "SIGNER_UNKNOWN"), ("gone", "SIGNER_SUSPENDED")]
)
def test_nobody_else_sees_anything(running: Running, who: str, code: str) -> None:
    commands = (("status",), ("search",), ("show", running.own), ("checkpoint",), ("doctor",))
    for words in commands:
        done = running.accounts[who](*words)
        assert (done.returncode, done.stdout) == (4, "")
    assert running.denials(who) == [code] * len(commands)


def test_files_are_written_by_who_asks(running: Running) -> None:
    folder = running.folder("chen")
    done = running.chen.json("show", running.own, "--proof", "-o", folder)
    point = running.chen.json("checkpoint", "-o", folder)
    for made in (Path(done["folder"]), Path(point["folder"])):
        assert {path.stat().st_uid for path in (made, *made.iterdir())} == {UIDS["chen"]}
    assert (Path(point["folder"]) / "checkpoint.note").read_text("utf-8") == point["note"]


def test_the_service_writes_nowhere_for_somebody_else(running: Running) -> None:
    """It runs as root here and could; the command cannot."""
    closed = running.folder("gu")
    closed.chmod(0o755)
    for words in (("checkpoint",), ("show", running.own, "--proof")):
        assert running.chen(*words, "-o", closed).returncode == 3
    assert list(closed.iterdir()) == []


def test_what_is_done_is_done_in_ones_own_name(running: Running) -> None:
    source = running.gu.json("sources", "list")["sources"][-1]["source"]
    assert running.chen("sources", "confirm", source).returncode == 4
    assert running.gu("sources", "confirm", source, "--person", "chen").returncode == 2
    assert running.gu.json("sources", "confirm", source, "--label", "一号")["sealed"] is True
    # No person signed it: the entry has the account, which here has no name.
    assert running.entries("source.confirmed")[-1]["actor"] == f"account/{UIDS['gu']}"
    assert running.chen("seal", "abandon", "--reason", "x").returncode == 4


def test_what_needs_the_archive_itself_keeps_away_from_the_service(
    running: Running, archive: Any, tmp_path: Path
) -> None:
    here = type(archive)(running.home)
    (tmp_path / "a.txt").write_bytes(b"a")
    done = here("ingest", tmp_path / "a.txt", "--source", "S")
    assert (done.code, "inbox/<source>/" in done.err) == (3, True)
    assert here("rebuild").code == 3
    assert here("watch", "--once").code == 3


def test_an_inspection_goes_through_the_service(running: Running, archive: Any) -> None:
    here = type(archive)(running.home)
    done = here("verify", "--record", running.own, "--log-inspection", "--json", passphrase=None)
    place = done.json["inspection"]
    entry = running.entries("inspection.completed")[-1]
    assert place["log"]
    assert entry["body"]["result"] == done.json["outcome"]
