"""One drop that nobody foresaw never stops the others: all are taken, or it alone is left."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from station_sidecars import csv_list, csv_row

from cli.settings import Settings
from cli.wiring import Workbench
from ingest import drops
from ingest.describe import describe
from ingest.errors import SourceUnreadable
from ingest.late import judging
from ingest.watcher import Reporter

Cli = Any

PASSPHRASE = "a passphrase for tests"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def fresh(outside: Cli, tmp_path: Path) -> Cli:
    """An empty archive that takes drops at once, with a source that has a folder."""
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    settings = cli.home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("settle_seconds = 2.0", "settle_seconds = 0.0")
    settings.write_text(text.replace("purge_hours = 24", "purge_hours = 0"), encoding="utf-8")
    (cli.home / "inbox/S").mkdir()
    return cli


def test_files_of_any_year_are_taken_and_let_go_of(fresh: Cli) -> None:
    claimed = {}
    for year in (1902, 2300, 2446):
        path = fresh.home / f"inbox/S/{year}.txt"
        path.write_text(str(year), encoding="utf-8")
        seconds = (datetime(year, 2, 1, tzinfo=UTC) - EPOCH).days * 86_400
        os.utime(path, ns=(0, seconds * 10**9))
        claimed[path.name] = f"{year}-02-01T00:00:00.000000Z"
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"], done.json["receipts"]) == (0, 3, 3), done.err
    found = fresh("search", "--json").json["records"]
    described = [json.loads(fresh.stored(r["record"], "record.json").read()) for r in found]
    assert {one["name"]: one["modified_at"] for one in described} == claimed
    assert fresh("watch", "--once", "--json").json["records"] == 0
    assert not [path for path in (fresh.home / "purge").rglob("*") if path.is_file()]


def test_a_word_in_another_form_of_unicode_sends_its_drop_to_quarantine(fresh: Cli) -> None:
    folder = fresh.home / "inbox/S"
    rows = (csv_row("a.txt").replace("行政检查", "cafe\u0301"), csv_row("b.txt"))
    (folder / "list.csv").write_bytes(csv_list(*rows, encoding="utf-8"))
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(name, encoding="utf-8")
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"], done.json["rejected"]) == (1, 2, 1), done.err
    (item,) = fresh("quarantine", "list", "--json").json["quarantine"]
    assert "caf\u00e9" in item["sentence"]


def test_half_a_character_in_a_manifest_stops_nothing(fresh: Cli) -> None:
    folder = fresh.home / "inbox/S"
    (folder / "first.txt").write_bytes(b"so that there is a source")
    assert fresh("watch", "--once").code == 0
    assert fresh("sources", "confirm", "S", "--complete", "manifest", "--json").code == 0
    (folder / "a.txt").write_bytes(b"a")
    names = b'[{"name": "\\ud800.txt"}, {"name": "\\udc80.txt"}, {"name": "a.txt"}]'
    (folder / "manifest.json").write_bytes(names)
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"]) == (0, 2), done.err


def test_a_drop_that_nobody_foresaw_is_left_alone_and_tried_again(
    fresh: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh.home / "inbox/S"
    for name in "abcde":
        (folder / f"{name}.txt").write_text(name, encoding="utf-8")
    (folder / "e.txt.json").write_bytes(b'{"cunzheng_sidecar": 1, "stage": "?"}')

    def failing(arrival: Any, *more: Any) -> bytes:
        if arrival.drop.file.name == b"c.txt":
            raise RuntimeError("with a name in it")
        return describe(arrival, *more)

    monkeypatch.setattr(drops, "describe", failing)
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"], done.json["rejected"]) == (3, 3, 1), done.err
    assert done.json["noticed"] == [{"path": str(folder / "c.txt"), "reason": "fault"}]
    assert [path.name for path in folder.iterdir()] == ["c.txt"]
    assert len([*(fresh.home / "quarantine").iterdir()]) == 1, "no copies of given up batches"
    told = fresh("watch", "--once")
    assert "RuntimeError at " in told.out
    assert "with a name in it" not in told.out + told.err
    mine = fresh.home.parent / "c.txt"
    mine.write_bytes(b"mine")
    assert fresh("ingest", mine, "--source", "hand", "--json").code == 3
    monkeypatch.undo()
    assert fresh("watch", "--once", "--json").json["records"] == 1


@pytest.mark.parametrize("sidecar", [b'{"cunzheng_sidecar": 1}', b'{"cunzheng_sidecar": 2}'])
def test_a_late_sidecar_that_cannot_be_read_now_is_read_later(
    fresh: Cli, monkeypatch: pytest.MonkeyPatch, sidecar: bytes
) -> None:
    (fresh.home / "inbox/S/a.txt").write_bytes(b"a")
    assert fresh("watch", "--once").code == 0
    late = fresh.home / "inbox/S/a.txt.json"
    late.write_bytes(sidecar)

    def torn(*_: object) -> bytes:
        raise SourceUnreadable("The file cannot be read: Input/output error.")

    monkeypatch.setattr(judging, "read_head", torn)
    bench = Workbench(fresh.home, Settings.load(fresh.home / "cunzheng.toml"), secret=PASSPHRASE)
    with bench.watcher(Reporter(), lambda _: None) as watcher:
        watcher.drain(threading.Event())
        assert late.exists()
        monkeypatch.undo()
        watcher.drain(threading.Event())
    assert not late.exists(), "taken, or in quarantine"
