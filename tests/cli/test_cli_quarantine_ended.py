"""Who resolved a quarantined drop, when and why: `quarantine show` and `list` ask the ledger."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archive import layout
from cli.account import account_shown
from ingest import drops
from ingest.quarantine.resolving import Resolver

Cli = Any
BAD = b'{"cunzheng_sidecar": 1, "stage": "?"}'
GOOD = b'{"cunzheng_sidecar": 1, "stage": "decide"}'
ACTOR = f"account/{account_shown(os.getuid())}"
WHY = "测试录像，不属执法"


@pytest.fixture
def cli(at_home: Any, tmp_path: Path) -> Cli:
    """An archive with two drops in quarantine."""
    made = at_home(tmp_path / "home")
    assert made("init", "--set", "settle_seconds=0").code == 0
    folder = made.home / "inbox/S"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_bytes(name.encode())
        (folder / f"{name}.json").write_bytes(BAD)
    assert made("watch", "--once", "--json").json["rejected"] == 2
    return made


def lines(cli: Cli, *more: str) -> dict[str, Any]:
    return {
        one["name"]: one for one in cli("quarantine", "list", "--json", *more).json["quarantine"]
    }


def entry(cli: Cli) -> tuple[str, int, Any]:
    """The newest drop.resolved as it stands in the ledger."""
    with closing(sqlite3.connect(cli.home / "cunzheng.db")) as database:
        rows = database.execute("SELECT log, idx, data FROM entry ORDER BY log, idx").fetchall()
    found = [(log, index, json.loads(data)) for log, index, data in rows]
    return [one for one in found if one[2]["kind"] == "drop.resolved"][-1]


def rebuilt(cli: Cli) -> None:
    (cli.home / "cunzheng.db").unlink()
    assert cli("rebuild").code == 0


def test_a_rejected_drop_says_who_when_and_why(cli: Cli) -> None:
    number = lines(cli)["a.txt"]["quarantine"]
    before = cli("quarantine", "show", number)
    assert "resolved by" not in before.out
    done = cli("quarantine", "reject", number, "--reason", WHY, "--person", "顾")
    assert done.code == 0, done.err
    log, index, sealed = entry(cli)
    told = {"log": log, "index": index, "at": sealed["at"], "actor": ACTOR}

    def is_told() -> None:
        shown = cli("quarantine", "show", number, "--json").json
        assert shown["resolution"] == {**told, "person": "顾", "reason": WHY}
        listed = lines(cli, "--all")
        assert listed["a.txt"]["resolution"] == shown["resolution"]
        assert listed["b.txt"]["resolution"] is None
        assert set(lines(cli)) == {"b.txt"}

    is_told()
    english = cli("quarantine", "show", number).out
    assert f"顾 ({ACTOR})" in english
    assert WHY in english
    chinese = cli("--lang", "zh", "quarantine", "show", number).out
    assert [word in chinese for word in ("处置人", "处置时间", "处置说明")] == [True] * 3
    assert f"顾（{ACTOR}）" in chinese
    table = cli("--lang", "zh", "quarantine", "list", "--all").out
    assert "处置人" in table
    assert "顾" in table
    assert "处置人" not in cli("--lang", "zh", "quarantine", "list").out
    rebuilt(cli)
    is_told()


def test_without_a_comment_there_is_no_reason(cli: Cli, tmp_path: Path) -> None:
    number = lines(cli)["a.txt"]["quarantine"]
    good = tmp_path / "good.json"
    good.write_bytes(GOOD)
    assert cli("quarantine", "attach-sidecar", number, good, "--person", "李").code == 0
    said = lines(cli, "--all")["a.txt"]["resolution"]
    assert (said["person"], said["reason"]) == ("李", None)


def test_what_is_not_on_the_ledger_yet_is_not_told(cli: Cli) -> None:
    number = lines(cli)["a.txt"]["quarantine"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drops, "_is_secret_by_name", lambda _drop: True)
        patch.setattr(Resolver, "_sealed_now", lambda _self: False)
        assert cli("quarantine", "retry", number).code != 0
    shown = cli("quarantine", "show", number, "--json").json
    assert (shown["state"], shown["resolution"]) == ("refused", None)
    assert "not sealed yet" in cli("quarantine", "show", number).out
    assert "尚未封存" in cli("--lang", "zh", "quarantine", "list", "--all").out


def test_a_detail_that_is_not_the_sealed_one_tells_nothing(
    cli: Cli, overwrite: Callable[[Path, bytes], None]
) -> None:
    number = lines(cli)["a.txt"]["quarantine"]
    assert cli("quarantine", "reject", number, "--reason", WHY, "--person", "顾").code == 0
    _, _, sealed = entry(cli)
    path = cli.home / "store/evidence" / layout.detail_key(sealed["body"]["detail_id"])
    overwrite(path, path.read_bytes().replace("顾".encode(), "李".encode()))
    said = lines(cli, "--all")["a.txt"]["resolution"]
    assert (said["actor"], said["person"], said["reason"]) == (ACTOR, None, None)
    out = cli("quarantine", "show", number).out
    assert "its detail cannot be read" in out
    assert "李" not in out


def test_only_the_ledger_is_asked(cli: Cli) -> None:
    number = lines(cli)["a.txt"]["quarantine"]
    assert cli("quarantine", "reject", number, "--reason", WHY, "--person", "顾").code == 0
    _, _, sealed = entry(cli)
    with closing(sqlite3.connect(cli.home / "cunzheng.db")) as database:
        database.execute("UPDATE resolved SET at = '2020-01-01 00:00:00.000000'")
        database.commit()
    assert lines(cli, "--all")["a.txt"]["resolution"]["at"] == sealed["at"]
