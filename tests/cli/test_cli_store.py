"""The store is tried out before the first write; `doctor --store`, the level, `audit reconcile`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nasty_server import nasty_server
from s3_servers import Weed

Cli = Any
LANGUAGES = {"en": "Without it", "zh": "缺少时"}


def settings(endpoint: str, evidence: str, live: str, **more: str) -> list[str]:
    values = {
        "store": f"s3://{evidence}",
        "store_live": f"s3://{live}",
        "s3_endpoint": endpoint,
        "s3_addressing": "path",
        **more,
    }
    return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]


@pytest.fixture(scope="module")
def founded(
    weed: Weed, tmp_path_factory: pytest.TempPathFactory, at_home: Callable[[Path], Cli]
) -> Cli:
    """An archive in two buckets of the shared server."""
    from s3_servers import admin_client, aws_environment, fresh_bucket

    folder = tmp_path_factory.mktemp("store")
    cli = at_home(folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws_environment(folder).items():
            patch.setenv(name, value)
        admin = admin_client(weed.http)
        evidence = fresh_bucket(admin, "evidence")
        live = fresh_bucket(admin, "live", locked=False)
        done = cli("init", *settings(weed.http, evidence, live))
    assert done.code == 0, done.err
    return cli


def entries(cli: Cli) -> list[dict[str, Any]]:
    """The sealed entries of the archive, from its database."""
    from sqlalchemy import select

    from archive.ledger import ENTRY
    from cli.settings import SETTINGS_FILE, Settings
    from cli.wiring import Workbench

    assert cli.home is not None
    bench = Workbench(cli.home, Settings.load(cli.home / SETTINGS_FILE))
    with bench.database.read() as connection:
        rows = connection.execute(select(ENTRY.c.data).order_by(ENTRY.c.idx)).all()
    bench.database.close()
    return [json.loads(row.data) for row in rows]


@pytest.mark.usefixtures("aws")
class TestBucket:
    def test_level_and_probe_stand_in_the_ledger(self, founded: Cli) -> None:
        found = {entry["kind"]: entry for entry in entries(founded)}
        assert found["log.opened"]["body"]["storage"] == "compliance"
        probed = found["store.probed"]
        assert probed["actor"] == "system/storage"
        assert {k: probed["body"][k] for k in ("level", "missing", "store")} == {
            "level": "compliance",
            "missing": [],
            "store": "first",
        }
        assert founded("status", "--json").json["storage"]["level"] == "compliance"

    def test_the_table(self, founded: Cli) -> None:
        before = len(entries(founded))
        shown = founded("doctor", "--store", "--json")
        assert shown.code == 0
        states = {row["guarantee"]: row["state"] for row in shown.json["guarantees"]}
        assert set(states.values()) == {"given"}
        assert len(states) == 19
        assert shown.json["told"] is False, "nothing is new"
        assert len(entries(founded)) == before

    def test_a_receipt_says_the_level(self, founded: Cli, tmp_path: Path) -> None:
        drop = tmp_path / "statement.txt"
        drop.write_text("询问笔录", encoding="utf-8")
        done = founded("ingest", drop, "--source", "office")
        assert done.code == 0, done.err
        assert founded.home is not None
        (receipts,) = (founded.home / "outbox").rglob("*.jsonl")
        receipt = json.loads(receipts.read_text(encoding="utf-8").splitlines()[-1])
        assert "compliance" in json.dumps(receipt)


class TestRefusal:
    def test_a_bucket_without_locks(
        self,
        weed: Weed,
        buckets: Callable[..., str],
        tmp_path: Path,
        at_home: Callable[[Path], Cli],
    ) -> None:
        plain, live = buckets("plain", locked=False), buckets("live", locked=False)
        cli = at_home(tmp_path / "home")
        done = cli("init", *settings(weed.http, plain, live))
        assert done.code == 2
        assert "locks_configured" in done.err
        assert done.err.strip().count("\n") == 0, "one sentence"
        assert not (tmp_path / "home").exists(), "nothing is made"
        accepted = '["locks_configured","versioning","keeps_versions","sub_resource_safe"]'
        done = cli("init", *settings(weed.http, plain, live, accept_missing=accepted))
        assert done.code == 2, "nobody accepts locks that are none"

    def test_without_locks_if_somebody_wants_that(
        self,
        weed: Weed,
        buckets: Callable[..., str],
        tmp_path: Path,
        at_home: Callable[[Path], Cli],
    ) -> None:
        plain, live = buckets("plain", locked=False), buckets("live", locked=False)
        cli = at_home(tmp_path / "home")
        done = cli("init", *settings(weed.http, plain, live, lock_mode="none"))
        assert done.code == 0, done.err
        assert entries(cli)[0]["body"]["storage"] == "none"
        shown = cli("doctor", "--store", "--json")
        assert (shown.code, shown.json["level"]) == (0, "none")
        states = {row["guarantee"]: row["state"] for row in shown.json["guarantees"]}
        assert states["create_only"] == "given"
        assert states["delete_refused"] == "unasked"

    @pytest.mark.parametrize("boasts", [False, True])
    def test_a_server_that_overwrites(
        self, aws: dict[str, str], tmp_path: Path, at_home: Callable[[Path], Cli], *, boasts: bool
    ) -> None:
        assert aws
        with nasty_server(boasts=boasts) as server:
            server.objects["/evidence/records/one"] = b"precious"
            cli = at_home(tmp_path / "home")
            done = cli("init", *settings(server.endpoint, "evidence", "live"))
            assert done.code in (2, 3)
            assert server.objects["/evidence/records/one"] == b"precious"
        assert not (tmp_path / "home").exists()


class TestFolder:
    def test_nothing_to_try_out(self, tmp_path: Path, at_home: Callable[[Path], Cli]) -> None:
        cli = at_home(tmp_path / "home")
        assert cli("init").code == 0
        shown = cli("doctor", "--store", "--json")
        assert (shown.code, shown.json["level"]) == (0, "read-only")
        assert shown.json["guarantees"] == []
        assert "whoever is root" in cli("doctor", "--store").out
        self._reconcile(cli, tmp_path)

    def _reconcile(self, cli: Cli, folder: Path) -> None:
        blind = cli("audit", "reconcile")
        assert blind.code == 3
        assert blind.out.splitlines()[0].startswith("Reads outside the archive cannot be seen")
        log = folder / "audit.log"
        evidence = folder / "home/store/evidence/pki/x.crt"
        log.write_text(
            "type=SYSCALL msg=audit(1795320001.500:7): arch=c000003e syscall=257 success=yes"
            f' a2=0 uid=1234 exe="/usr/bin/cat"\ntype=PATH msg=audit(1795320001.500:7): item=0'
            f' name="{evidence}" nametype=NORMAL\n'
        )
        seen = cli("audit", "reconcile", "--access-log", log, "--json")
        assert seen.code == 1
        (one,) = seen.json["findings"]
        assert (one["code"], one["who"], one["key"]) == ("NO_CAUSE", "1234", "pki/x.crt")
        assert "1234" in cli("--lang", "zh", "audit", "reconcile", "--access-log", log).out
        other = folder / "no.log"
        other.write_text("a line of another program\n" * 10_001)
        both = cli("audit", "reconcile", "--access-log", other, "--access-log", log)
        assert both.code == 1
        assert "1234" in both.out, "what cannot be read must not hide what was found"
        assert "10001 lines cannot be read" in both.out
        assert len(both.out.splitlines()) < 100


def test_the_table_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli import language, store_view

    rows = [{"guarantee": "far_dates", "state": "missing"}]
    value = {
        "place": "s3://x",
        "server": None,
        "lock_mode": "compliance",
        "level": "none",
        "guarantees": rows,
        "left": 2,
        "may_delete": False,
        "fit": False,
    }
    assert monkeypatch
    for name, word in LANGUAGES.items():
        language.choose(name)
        store_view.show(value, as_json=False)
        shown = capsys.readouterr().out
        assert word in shown
        assert "far_dates" in shown
    language.choose("en")
