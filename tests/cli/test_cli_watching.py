"""Watching as its user sees it: markers, manifests, want of room, in both languages."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ingest.sweep import Sweeper

Cli = Any


@pytest.fixture
def fresh(outside: Cli, tmp_path: Path) -> Cli:
    """An empty archive that takes drops at once."""
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    change(cli.home, "settle_seconds = 2.0", "settle_seconds = 0.0")
    return cli


def change(home: Path, old: str, new: str) -> None:
    settings = home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    assert old in text
    settings.write_text(text.replace(old, new), encoding="utf-8")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def source_with(cli: Cli, rule: str) -> Path:
    """A source of which the register says when its drops are complete."""
    folder = cli.home / "inbox/S"
    folder.mkdir()
    (folder / "first.txt").write_bytes(b"so that there is a source")
    assert cli("watch", "--once").code == 0
    confirmed = cli("sources", "confirm", "S", "--complete", rule, "--json")
    assert confirmed.code == 0, confirmed.err
    return folder


def purged(cli: Cli) -> list[str]:
    return [path.name for path in (cli.home / "purge").rglob("*") if path.is_file()]


def described(cli: Cli, name: str) -> Any:
    with closing(sqlite3.connect(cli.home / "cunzheng.db")) as connection:
        query = "SELECT id FROM record WHERE name = ?"
        record = connection.execute(query, (name,)).fetchone()[0]
    return json.loads(cli.stored(record, "record.json").read())


def test_ready_markers_from_the_register_to_the_purge_tree(fresh: Cli) -> None:
    folder = source_with(fresh, "ready")
    (folder / "a.txt").write_bytes(b"a")
    (folder / "b.txt").write_bytes(b"b")
    (folder / "b.txt.Ready").write_bytes(b"")
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"]) == (0, 1), done.out
    assert names(folder) == ["a.txt"]
    assert any(name.endswith(".beside-0") for name in purged(fresh))
    change(fresh.home, "purge_hours = 24", "purge_hours = 0")
    assert fresh("watch", "--once").code == 0
    assert purged(fresh) == []


def test_a_manifest_and_its_files(fresh: Cli) -> None:
    folder = source_with(fresh, "manifest")
    files = {"a.txt": b"first", "b.txt": b"second"}
    rows = [{"name": n, "size": len(d), "sha256": sha256(d).hexdigest()} for n, d in files.items()]
    for name, data in files.items():
        (folder / name).write_bytes(data.upper())
    assert fresh("watch", "--once", "--json").json["records"] == 0
    (folder / "a.txt").write_bytes(files["a.txt"])
    (folder / "manifest.json").write_bytes(json.dumps(rows).encode())
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"]) == (0, 3), done.out
    assert names(folder) == []
    assert described(fresh, "a.txt")["findings"] == []
    (found,) = described(fresh, "b.txt")["findings"]
    assert found["code"] == "MANIFEST_DIFFERS"
    assert rows[1]["sha256"] in found["note"]


def test_sidecars_that_a_manifest_lists_went_with_their_files(fresh: Cli) -> None:
    folder = source_with(fresh, "manifest")
    row = b'<MediaList><Media file="c.txt" case="1"/></MediaList>'
    listed = {
        "a.txt": b"a",
        "a.txt.json": b'{"cunzheng_sidecar": 1}',
        "b.txt": b"b",
        "b.txt.xml": b"<MediaRecord><CaseNo>1</CaseNo></MediaRecord>",
        "c.txt": b"c",
        "index.xml": row,
    }
    for name, data in listed.items():
        (folder / name).write_bytes(data)
    text = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in listed.items())
    (folder / "manifest.sha256").write_text(text + f"{sha256().hexdigest()}  manifest.sha256\n")
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"]) == (0, 5), done.out
    assert names(folder) == []
    assert described(fresh, "manifest.sha256")["findings"] == []


def test_without_room_nothing_is_taken_and_it_is_said(fresh: Cli) -> None:
    (fresh.home / "inbox/S").mkdir()
    (fresh.home / "inbox/S/a.txt").write_bytes(b"a")
    free = os.statvfs(fresh.home)
    all_of_it = free.f_bavail * free.f_frsize // 1_000_000 + 1_000_000
    change(fresh.home, "staging_reserve_mb = 512", f"staging_reserve_mb = {all_of_it}")
    done = fresh("watch", "--once")
    assert done.code == 3
    assert "1 file(s) wait for room on the disk" in done.out
    assert "1 个文件等待磁盘空间" in fresh("--lang", "zh", "watch", "--once").out
    assert fresh("watch", "--once", "--json").json["waiting_for_room"] == 1
    warned = fresh("status", "--json").json["warnings"]
    assert "NO_ROOM" in {item["code"] for item in warned}
    assert "nothing is taken until there is room" in fresh("status").out
    change(fresh.home, f"staging_reserve_mb = {all_of_it}", "staging_reserve_mb = 0")
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"]) == (0, 1)
    assert "NO_ROOM" not in fresh("status").out


def test_a_mount_that_is_away_is_in_the_status(fresh: Cli) -> None:
    """Whoever looks after the archive need not see what the watcher said once."""
    place = fresh.home.resolve() / "inbox/DSJ"
    place.mkdir()
    (fresh.home / "locks/mounts").write_text(json.dumps(str(place)) + "\n", encoding="utf-8")
    warned = fresh("status", "--json").json["warnings"]
    (lost,) = (item for item in warned if item["code"] == "MOUNT_LOST")
    assert lost["values"] == {"path": str(place)}
    assert f"{place} was mounted and is not now" in fresh("status").out
    assert "原为挂载的文件系统" in fresh("--lang", "zh", "status").out
    (fresh.home / "locks/mounts").write_text("", encoding="utf-8")
    assert "mounted" not in fresh("status").out


def test_once_ends_while_a_file_grows(fresh: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sweeper, "patience", 0.5)
    folder = fresh.home / "inbox/S"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"a")
    with (folder / "film.txt").open("ab") as film:  # whoever writes to it does not let go
        film.write(b"film")
        done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"]) == (3, 1)
    assert [(Path(told["path"]).name, told["reason"]) for told in done.json["noticed"]] == [
        ("film.txt", "changing")
    ]
    assert fresh("watch", "--once", "--json").json["records"] == 1


def test_what_is_kept_needs_no_room_and_is_known_on_a_mount_made_anew(fresh: Cli) -> None:
    change(fresh.home, 'release = "purge"', 'release = "keep"')
    (fresh.home / "inbox/S").mkdir()
    (fresh.home / "inbox/S/a.txt").write_bytes(b"a")
    assert fresh("watch", "--once", "--json").json["records"] == 1
    with closing(sqlite3.connect(fresh.home / "cunzheng.db")) as database:
        database.execute("UPDATE intake SET dev = dev + 1")
        database.commit()
    change(fresh.home, "staging_reserve_mb = 512", f"staging_reserve_mb = {1 << 30}")
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["redropped"], done.json["known"]) == (0, 0, 1)
    assert done.json["waiting_for_room"] == 0
    assert fresh("status", "--json").json["drops"]["waiting"] == 0
