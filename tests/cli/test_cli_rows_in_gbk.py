"""Lists in GBK whose rows are UTF-8 of other words: in time, late, in quarantine, tried again."""

from pathlib import Path
from typing import Any

import pytest

Cli = Any
PLACE = "元山小台"


@pytest.fixture
def fresh(at_home: Any, tmp_path: Path) -> Cli:
    cli = at_home(tmp_path / "home")
    assert cli("init", "--set", "settle_seconds=0").code == 0
    return cli


def listed(more: str) -> bytes:
    row = f'<Media file="a.mp4" place="{PLACE}" {more}/>'
    return f'<?xml version="1.0" encoding="GBK"?><MediaList>{row}</MediaList>'.encode("gbk")


def put(cli: Cli, name: str, data: bytes) -> None:
    folder = cli.home / "inbox/S"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)


def taken(cli: Cli) -> Any:
    return cli("watch", "--once", "--json").json


def verified(cli: Cli) -> None:
    done = cli("verify", "--json")
    assert done.code == 0, done.out


def test_a_row_says_the_same_in_its_record_after_a_rebuild_too(fresh: Cli) -> None:
    put(fresh, "a.mp4", b"a")
    put(fresh, "index.xml", listed('case="1"'))
    assert taken(fresh)["records"] == 2
    verified(fresh)
    (fresh.home / "cunzheng.db").unlink()
    assert fresh("rebuild").code == 0
    record = fresh.record("--case", "1")
    assert fresh("show", record, "--json").json["description"]["claims"]["place"] == PLACE
    verified(fresh)


def test_a_late_row_says_the_same(fresh: Cli) -> None:
    put(fresh, "a.mp4", b"a")
    taken(fresh)
    put(fresh, "index.xml", listed('case="1"'))
    assert taken(fresh)["amended"] == 1
    record = fresh.record("--case", "1")
    assert PLACE in fresh("show", record).out
    verified(fresh)


def test_a_row_in_quarantine_is_shown_and_read_again_as_it_is(fresh: Cli) -> None:
    put(fresh, "a.mp4", b"a")
    put(fresh, "index.xml", listed(f'stage="{PLACE}"'))
    assert taken(fresh)["rejected"] == 1
    (item,) = fresh("quarantine", "list", "--json").json["quarantine"]
    assert PLACE in item["sentence"]
    number = item["quarantine"]
    assert PLACE in fresh("quarantine", "show", number, "--json").json["sidecar_head"]
    again = fresh("quarantine", "retry", number, "--json")
    assert again.json["tried"][0]["outcome"] == "still_rejected"
    assert PLACE in str(again.json)
    kept = (fresh.home / "quarantine" / number / "sidecar").read_bytes()
    assert kept[4:] in listed(f'stage="{PLACE}"')
    verified(fresh)
