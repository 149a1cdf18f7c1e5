"""Which record a late sidecar is of, where devices use names again, and how often it is amended."""

import hashlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

Cli = Any
GOOD = '{"cunzheng_sidecar": 1, "stage": "decide", "case": "案-7"}'.encode()


@pytest.fixture
def fresh(at_home: Any, tmp_path: Path) -> Cli:
    cli = at_home(tmp_path / "home")
    assert cli("init", "--set", "settle_seconds=0").code == 0
    return cli


def put(cli: Cli, **files: bytes) -> Path:
    folder: Path = cli.home / "inbox/S"
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


def taken(cli: Cli) -> Any:
    return cli("watch", "--once", "--json").json


def verified(cli: Cli) -> None:
    done = cli("verify", "--json")
    assert done.code == 0, done.out


def test_a_late_sidecar_goes_to_no_earlier_file_of_the_name(fresh: Cli) -> None:
    """A name that is used again: a copy under way, a record of long ago."""
    folder = put(fresh, a_txt=b"a")
    taken(fresh)
    put(fresh, a_txt_json=GOOD, a_txt_part=b"to")
    assert taken(fresh)["amended"] == 0
    (folder / "a.txt.part").unlink()
    with sqlite3.connect(fresh.home / "cunzheng.db") as connection:
        connection.execute("UPDATE intake SET at = datetime(at, '-13 hours') || '.000000'")
    connection.close()
    done = taken(fresh)
    assert (done["amended"], [one["reason"] for one in done["noticed"]]) == (0, ["late_sidecar"])
    (folder / "a.txt.json").unlink()
    claimed = {"cunzheng_sidecar": 1, "sha256": hashlib.sha256(b"a").hexdigest()}
    put(fresh, a_txt_json=json.dumps(claimed).encode())
    assert taken(fresh)["amended"] == 1, "it names the content"
    verified(fresh)


def test_the_words_of_a_late_sidecar_are_found(fresh: Cli) -> None:
    put(fresh, a_txt="笔录".encode())
    taken(fresh)
    assert fresh("index").code == 0
    put(fresh, a_txt_json='{"cunzheng_sidecar": 1, "note": "夜间蹲守"}'.encode())
    assert taken(fresh)["amended"] == 1
    found = fresh("search", "夜间蹲守", "--json").json
    assert ([one["name"] for one in found["records"]], found["waiting"]) == (["a.txt"], 0)


def test_a_record_is_amended_once_by_whatever_drop(fresh: Cli) -> None:
    folder = put(fresh, a_txt=b"a")
    taken(fresh)
    put(fresh, a_txt_json=GOOD)
    assert taken(fresh)["amended"] == 1
    (folder / "x").mkdir()
    (folder / "x/a.txt").write_bytes(b"a")
    assert taken(fresh)["records"] == 0
    (folder / "x/a.txt.json").write_bytes(GOOD.replace("案-7".encode(), "案-8".encode()))
    done = taken(fresh)
    assert (done["amended"], [one["reason"] for one in done["noticed"]]) == (0, ["late_sidecar"])
    assert fresh.record("--case", "案-7")
    verified(fresh)


def test_many_late_sidecars_list_their_folder_once(
    fresh: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(fresh, **{f"{name}_txt": name.encode() for name in "abcdef"})
    taken(fresh)
    put(fresh, **{f"{name}_txt_json": GOOD for name in "abcdef"})
    asked: list[Any] = []
    real = os.listdir

    def listed(path: Any = ".") -> list[Any]:
        asked.append(path)
        return real(path)

    monkeypatch.setattr(os, "listdir", listed)
    assert taken(fresh)["amended"] == 6
    assert asked.count(os.fsencode(folder)) <= 2, "once by the walk, once before they are sealed"
