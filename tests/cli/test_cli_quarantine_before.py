"""Drops that an earlier version put into quarantine, with nothing but sentences in reason.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Cli = Any


def test_the_ledger_says_what_a_drop_of_before_was(at_home: Any, tmp_path: Path) -> None:
    cli: Cli = at_home(tmp_path / "home")
    assert cli("init", "--set", "settle_seconds=0").code == 0
    folder = cli.home / "inbox/S/第一天"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"a")
    (folder / "a.txt.json").write_bytes(b'{"cunzheng_sidecar": 1, "stage": "?"}')
    assert cli("watch", "--once", "--json").json["rejected"] == 1
    (new,) = cli("quarantine", "list", "--json").json["quarantine"]
    (reason,) = cli.home.glob("quarantine/*/reason.json")
    said = json.loads(reason.read_bytes())
    kept = {key: said[key] for key in ("code", "sentence", "sentence_zh")}
    reason.chmod(0o600)
    reason.write_text(
        json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        encoding="utf-8",
    )

    (old,) = cli("quarantine", "list", "--json").json["quarantine"]
    assert old["source"] == "S"
    assert {**old, "since": None} == {**new, "since": None}
    good = tmp_path / "good.json"
    good.write_bytes(b'{"cunzheng_sidecar": 1, "case": "7"}')
    done = cli("quarantine", "attach-sidecar", old["quarantine"], str(good), "--json")
    assert done.code == 0, done.out
    (record,) = cli("search", "--case", "7", "--json").json["records"]
    assert (record["source"], record["name"], record["folder"]) == ("S", "a.txt", "第一天")
    assert cli("verify", "--json").code == 0
