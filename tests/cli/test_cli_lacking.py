"""`status` says how many files wait for a marker or a manifest, as the watcher saw it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

Cli = Any
NONE = {"marker": 0, "manifest": 0, "sidecar": 0}


@pytest.fixture
def cli(at_home: Any, tmp_path: Path) -> Cli:
    """Sources that want a marker, a manifest and nothing."""
    made = at_home(tmp_path / "home")
    assert made("init", "--set", "settle_seconds=0").code == 0
    for source in ("R", "M", "P"):
        put(made, source, "first.txt")
    assert made("watch", "--once").code == 0
    for source, rule in (("R", "ready"), ("M", "manifest")):
        assert made("sources", "confirm", source, "--complete", rule).code == 0
    return made


def put(cli: Cli, source: str, *names: str) -> None:
    folder = Path(cli.home) / "inbox" / source
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(f"{source} {name}".encode())


def lacking(cli: Cli) -> dict[str, Any]:
    """What each source lacks, and "" for all of them."""
    found = cli("status", "--json").json
    counts = {one["source"]: one["lacking"] for one in found["sources"]}
    return {**counts, "": {name: found["lacking"][name] for name in NONE}}


def test_files_that_wait_are_counted_by_source_and_in_all(cli: Cli) -> None:
    assert lacking(cli) == dict.fromkeys(("R", "M", "P", ""), NONE)
    assert "waiting for more" not in cli("status").out
    put(cli, "R", "a.txt", "b.txt", "c.txt", "c.txt.ready")
    put(cli, "M", "a.txt")
    put(cli, "P", "a.txt")
    assert cli("watch", "--once", "--json").json["records"] == 2
    assert lacking(cli) == {
        "R": {**NONE, "marker": 2},
        "M": {**NONE, "manifest": 1},
        "P": NONE,
        "": {"marker": 2, "manifest": 1, "sidecar": 0},
    }
    english, chinese = cli("status").out, cli("--lang", "zh", "status").out
    (line,) = (line for line in english.splitlines() if line.startswith("waiting for more"))
    assert "2 wait for a marker; 1 wait for a manifest, seen 20" in line
    assert len([line for line in english.splitlines() if "2 wait for a marker" in line]) == 2
    assert "2 个等待就绪标记；1 个等待清单" in chinese
    put(cli, "R", "a.txt.ready", "b.txt.ready")
    assert cli("watch", "--once", "--json").json["records"] == 2
    assert lacking(cli)["R"] == NONE


def test_before_a_watcher_has_looked_nothing_is_said(cli: Cli) -> None:
    (Path(cli.home) / "locks/lacking").unlink()
    status = cli("status", "--json").json
    assert status["lacking"] is None
    assert {one["lacking"] for one in status["sources"]} == {None}
    assert cli("status").code == 0
