"""Quarantine from list to resolution, and sidecars that come after their files."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from home_copies import copy_home
from station_sidecars import csv_list, csv_row, station_xml

from archive.durable import FileSystem
from ingest import drops
from ingest.quarantine.resolving import Resolver
from ingest.wiping import wipe

Cli = Any

BAD = b'{"cunzheng_sidecar": 1, "stage": "?"}'
GOOD = '{"cunzheng_sidecar": 1, "stage": "decide", "case": "案-7"}'.encode()
SECRET = '{"cunzheng_sidecar": 1, "classification": "机密"}'.encode()

OWN = """
cunzheng_sidecar_mappings = 1
[[mapping]]
name = "mine"
en = "x"
zh = "x"
form = "xml"
beside = ["{name}.xml"]
root = "Mine"
[mapping.fields]
case = "C"
stage = "S"
"""


@pytest.fixture(scope="module")
def template(at_home: Any, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """An empty archive that takes drops at once."""
    cli = at_home(tmp_path_factory.mktemp("quarantine") / "home")
    assert cli("init", "--set", "settle_seconds=0").code == 0
    return cli


@pytest.fixture
def fresh(at_home: Any, template: Cli, tmp_path: Path) -> Cli:
    copy_home(template.home, tmp_path / "home")
    return at_home(tmp_path / "home")


def put(cli: Cli, **files: bytes) -> Path:
    folder: Path = cli.home / "inbox/S"
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


def taken(cli: Cli) -> Any:
    return cli("watch", "--once", "--json").json


def lying(cli: Cli, *more: str) -> list[Any]:
    return list(cli("quarantine", "list", "--json", *more).json["quarantine"])


def found(cli: Cli, record: str) -> Any:
    return cli("show", record, "--json").json


def verified(cli: Cli) -> None:
    done = cli("verify", "--json")
    assert done.code == 0, done.out


def test_a_bad_sidecar_is_replaced_and_its_drop_taken(fresh: Cli, tmp_path: Path) -> None:
    put(fresh, a_txt=b"a", a_txt_json=BAD)
    assert taken(fresh)["rejected"] == 1
    (item,) = lying(fresh)
    number = item["quarantine"]
    assert (item["source"], item["name"], item["code"]) == ("S", "a.txt", "SIDECAR_FIELD")
    shown = fresh("quarantine", "show", number, "--json").json
    assert [(one["role"], one["name"]) for one in shown["files"]] == [
        ("content", "a.txt"),
        ("sidecar", "a.txt.json"),
    ]
    assert shown["sidecar_head"] == BAD.decode()
    again = fresh("quarantine", "retry", number[:20], "--json")
    assert (again.code, again.json["tried"][0]["outcome"]) == (1, "still_rejected")
    assert len(lying(fresh)) == 1, "a retry that fails leaves one, not two"

    good, worse = tmp_path / "right.json", tmp_path / "worse.json"
    good.write_bytes(GOOD)
    worse.write_bytes(b'{"cunzheng_sidecar": 2}')
    assert fresh("quarantine", "attach-sidecar", number, worse).code == 1
    attached = fresh("quarantine", "attach-sidecar", number, good, "--reason", "补正", "--json")
    assert attached.code == 0, attached.err
    (tried,) = attached.json["tried"]
    assert (tried["outcome"], tried["sealed"]) == ("accessioned", True)
    record = found(fresh, tried["record"])
    assert record["description"]["findings"] == [{"code": "FROM_QUARANTINE", "note": number}]
    assert (record["catalog"]["name"], record["catalog"]["case"]) == ("a.txt", "案-7")
    assert lying(fresh) == []
    (ended,) = lying(fresh, "--all")
    assert (ended["state"], ended["record"]) == ("accessioned", tried["record"])
    folder = fresh.home / "quarantine" / number
    assert (folder / "sidecar").read_bytes() == BAD, "the bad one stays"
    assert fresh("quarantine", "retry", number).code == 1
    assert fresh("status", "--json").json["drops"]["quarantined"] == 0
    verified(fresh)
    (fresh.home / "cunzheng.db").unlink()
    assert fresh("rebuild").code == 0
    assert lying(fresh) == []
    assert fresh("status", "--json").json["drops"]["quarantined"] == 0
    verified(fresh)


def test_a_row_of_a_list_is_repaired_and_the_words_are_in_both_languages(
    fresh: Cli, tmp_path: Path
) -> None:
    put(fresh, a_mp4=b"a", l_csv=csv_list(csv_row("a.mp4").replace("行政检查", "随便看看")))
    assert taken(fresh)["records"] == 1, "the list is a record of its own"
    (item,) = lying(fresh)
    number = item["quarantine"]
    assert "Row 1 of the list" in item["sentence"]
    chinese = fresh("--lang", "zh", "quarantine", "show", number).out
    assert "清单第 1 行" in chinese
    assert "附带说明开头" in chinese
    assert "待处置" in fresh("--lang", "zh", "quarantine", "list").out
    assert "still not taken: Row 1" in fresh("quarantine", "retry", "--all").out
    right = tmp_path / "a.mp4.xml"
    right.write_bytes(station_xml())
    done = fresh("--lang", "zh", "quarantine", "attach-sidecar", number, right)
    assert (done.code, "已收存，记录" in done.out) == (0, True), done.err
    (kept,) = (fresh.home / "quarantine" / number).glob("sidecar")
    assert kept.read_bytes().startswith("文件名".encode("gb18030"))


def test_a_drop_is_rejected_for_good(fresh: Cli) -> None:
    put(fresh, a_txt=b"a", a_txt_json=BAD)
    taken(fresh)
    number = lying(fresh)[0]["quarantine"]
    assert fresh("quarantine", "reject", number, "--reason", " ").code == 2
    done = fresh("quarantine", "reject", number, "--reason", "测试文件", "--json")
    assert (done.code, done.json["sealed"]) == (0, True)
    assert lying(fresh) == []
    assert lying(fresh, "--all")[0]["state"] == "rejected"
    assert (fresh.home / "quarantine" / number / "content").read_bytes() == b"a"
    twice = fresh("quarantine", "reject", number, "--reason", "x")
    assert (twice.code, "resolved" in twice.err) == (1, True)
    assert fresh("quarantine", "show", "7ZZ").code != 0
    verified(fresh)


def test_an_attached_state_secret_is_refused_alone(fresh: Cli, tmp_path: Path) -> None:
    put(fresh, a_txt=b"a", a_txt_json=BAD)
    taken(fresh)
    number = lying(fresh)[0]["quarantine"]
    secret = tmp_path / "a.txt.json"
    secret.write_bytes(SECRET)
    done = fresh("quarantine", "attach-sidecar", number, secret)
    assert (done.code, "stays in quarantine" in done.err) == (1, True), done.err
    folder = fresh.home / "quarantine" / number
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["content", "reason.json", "sidecar"]
    assert (folder / "sidecar").read_bytes() == BAD
    assert [item["state"] for item in lying(fresh)] == ["open"]
    assert not any(SECRET in data for _, data in whole(fresh.home))
    verified(fresh)


def test_what_a_drop_was_only_the_ledger_says(fresh: Cli, tmp_path: Path) -> None:
    put(fresh, a_txt=b"a", a_txt_json=BAD)
    taken(fresh)
    number = lying(fresh)[0]["quarantine"]
    reason = fresh.home / "quarantine" / number / "reason.json"
    said = json.loads(reason.read_bytes())
    said |= {"source": "EVIL", "name": "x.txt", "name_b64": "eC50eHQ=", "late": number}
    reason.chmod(0o600)
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    reason.write_text(text, encoding="utf-8")
    (item,) = lying(fresh)
    assert (item["source"], item["name"], item["late_for"]) == ("S", "a.txt", None)
    reason.unlink()
    good = tmp_path / "good.json"
    good.write_bytes(GOOD)
    done = fresh("quarantine", "attach-sidecar", number, good, "--json")
    assert done.code == 0, done.err
    record = found(fresh, done.json["tried"][0]["record"])["catalog"]
    assert (record["source"], record["name"]) == ("S", "a.txt")
    verified(fresh)


def test_one_that_cannot_be_tried_does_not_stop_the_others(fresh: Cli, tmp_path: Path) -> None:
    """A late sidecar whose record got a good one since, and one whose mapping is gone."""
    settings, own = fresh.home / "cunzheng.toml", tmp_path / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    before = settings.read_text("utf-8")
    text = before.replace('sidecar_mappings = ""', f'sidecar_mappings = "{own}"')
    assert text != before
    settings.write_text(text.replace('release = "purge"', 'release = "keep"'), "utf-8")
    put(fresh, a_txt=b"a")
    taken(fresh)
    put(fresh, a_txt_json=BAD, b_txt=b"b", b_txt_xml=b"<Mine><C>1</C><S>?</S></Mine>")
    assert taken(fresh)["rejected"] == 2
    put(fresh, a_txt_json=GOOD, c_txt=b"c", c_txt_json=BAD)
    assert taken(fresh)["amended"] == 1
    settings.write_text(before, "utf-8")
    done = fresh("quarantine", "retry", "--all", "--json")
    assert done.code == 1
    told = {line["name"]: (line["code"], line["sentence_zh"]) for line in done.json["tried"]}
    assert told["a.txt.json"][0] == "STILL_REJECTED"
    assert "已有附带说明" in told["a.txt.json"][1]
    assert told["b.txt"][0] == "SIDECAR_NO_MAPPING"
    assert told["c.txt"][0] == "SIDECAR_FIELD"
    verified(fresh)


def test_bytes_that_were_changed_or_planted_are_not_taken(fresh: Cli, tmp_path: Path) -> None:
    put(fresh, a_txt=b"a", a_txt_json=BAD)
    taken(fresh)
    number = lying(fresh)[0]["quarantine"]
    folder, planted = fresh.home / "quarantine" / number, "01KANAZ8Q4V5X1R7Y2T3W6B9CD"
    shutil.copytree(folder, folder.parent / planted)
    (folder / "content").chmod(0o600)
    (folder / "content").write_bytes(b"b")
    lines = {item["quarantine"]: item for item in lying(fresh)}
    assert lines[number]["condition"] == "QUARANTINE_ALTERED"
    assert lines[planted]["state"] == "unknown"
    good = tmp_path / "good.json"
    good.write_bytes(GOOD)
    for name in (number, planted):
        done = fresh("quarantine", "attach-sidecar", name, good, "--json")
        assert (done.code, done.json["tried"][0]["outcome"]) == (1, "still_rejected")
        assert fresh("quarantine", "retry", name).code == 1
    assert fresh("quarantine", "reject", planted, "--reason", "x").code == 1
    warned = {one["code"] for one in fresh("status", "--json").json["warnings"]}
    assert "QUARANTINE_UNKNOWN" in warned
    checks = {one["code"]: one for one in fresh("doctor", "--json").json["checks"]}
    said = checks["QUARANTINE"]
    assert (said["state"], said["values"]["altered"], said["values"]["unknown"]) == ("wrong", 1, 1)
    assert fresh("search", "--json").json["records"] == []
    verified(fresh)


def test_a_folder_that_is_gone_is_missed(fresh: Cli) -> None:
    put(fresh, a_txt=b"a", a_txt_json=BAD)
    taken(fresh)
    number = lying(fresh)[0]["quarantine"]
    shutil.rmtree(fresh.home / "quarantine" / number)

    def is_missed() -> None:
        (line,) = lying(fresh)
        assert (line["quarantine"], line["condition"]) == (number, "QUARANTINE_MISSING")
        warned = {one["code"] for one in fresh("status", "--json").json["warnings"]}
        assert "QUARANTINE_MISSING" in warned

    is_missed()
    (fresh.home / "cunzheng.db").unlink()
    assert fresh("rebuild").code == 0
    is_missed()
    again = fresh("--lang", "zh", "quarantine", "retry", number)
    assert (again.code, "已没有其文件" in again.out) == (1, True), again.out
    assert fresh("quarantine", "reject", number, "--reason", "丢失").code == 0
    assert lying(fresh) == []
    verified(fresh)


def test_a_late_sidecar_amends_its_record(fresh: Cli) -> None:
    put(fresh, a_txt=b"a", b_mp4=b"b" * 99)
    assert taken(fresh)["records"] == 2
    folder = put(fresh, a_txt_json=GOOD, b_xml=station_xml(), c_txt_json=GOOD)
    done = taken(fresh)
    assert (done["amended"], done["records"]) == (2, 0)
    assert [item["reason"] for item in done["noticed"]] == ["sidecar_alone"]
    assert [path.name for path in folder.iterdir()] == ["c.txt.json"]
    record = fresh.record("--case", "案-7")
    shown = found(fresh, record)
    (event,) = (one for one in shown["custody"] if one["kind"] == "record.amended")
    assert event["detail"]["claims"] == {"stage": "decide", "case": "案-7"}
    assert shown["description"]["claims"] is None
    text = fresh("--lang", "zh", "show", record).out
    assert "补交附带说明" in text
    assert "案-7" in text
    assert fresh.record("--case", "沪交执罚〔2026〕12号") != record
    assert taken(fresh)["amended"] == 0
    verified(fresh)
    (fresh.home / "cunzheng.db").unlink()
    assert fresh("rebuild").code == 0
    assert fresh.record("--case", "案-7") == record
    verified(fresh)


def test_where_files_wait_for_sidecars_a_late_one_is_taken_at_once_too(fresh: Cli) -> None:
    put(fresh, a_txt=b"a")
    taken(fresh)
    assert fresh("sources", "confirm", "S", "--sidecar-wait", "300").code == 0
    folder = put(fresh, a_txt_json=GOOD)
    assert taken(fresh)["amended"] == 1
    assert list(folder.iterdir()) == []
    verified(fresh)


def test_a_late_list_amends_what_was_taken_without_it(fresh: Cli) -> None:
    put(fresh, a_mp4=b"a", b_mp4=b"b")
    taken(fresh)
    put(fresh, l_csv=csv_list(csv_row("a.mp4", "案-1"), csv_row("b.mp4", "案-2")))
    done = taken(fresh)
    assert (done["amended"], done["records"]) == (2, 1)
    assert found(fresh, fresh.record("--case", "案-2"))["catalog"]["name"] == "b.mp4"
    verified(fresh)


def test_a_late_sidecar_that_claims_another_content_amends_nothing(fresh: Cli) -> None:
    put(fresh, a_txt=b"a")
    taken(fresh)
    claimed = {"cunzheng_sidecar": 1, "sha256": "0" * 64}
    put(fresh, a_txt_json=json.dumps(claimed).encode())
    done = taken(fresh)
    assert (done["amended"], [one["reason"] for one in done["noticed"]]) == (0, ["sidecar_alone"])


def test_a_bad_late_sidecar_is_quarantined_alone_and_repaired(fresh: Cli, tmp_path: Path) -> None:
    put(fresh, a_txt=b"a")
    taken(fresh)
    put(fresh, a_txt_json=BAD)
    assert taken(fresh)["rejected"] == 1
    (item,) = lying(fresh)
    record = fresh.record()
    assert (item["name"], item["late_for"]) == ("a.txt.json", record)
    shown = fresh("quarantine", "show", item["quarantine"], "--json").json
    assert [one["role"] for one in shown["files"]] == ["sidecar"]
    good = tmp_path / "x.json"
    good.write_bytes(GOOD)
    done = fresh("quarantine", "attach-sidecar", item["quarantine"], good, "--json").json
    assert (done["tried"][0]["outcome"], done["tried"][0]["record"]) == ("amended", record)
    assert fresh.record("--case", "案-7") == record
    verified(fresh)


def test_a_late_state_secret_is_refused_and_told_loudly(fresh: Cli) -> None:
    put(fresh, a_txt=b"a")
    taken(fresh)
    record = fresh.record()
    folder = put(fresh, a_txt_json=SECRET)
    done = fresh("watch", "--once")
    assert f"marks record {record} as a state secret" in done.out
    assert [path.name[:9] for path in folder.iterdir()] == [".refused-"]
    assert all(event["kind"] != "record.amended" for event in found(fresh, record)["custody"])


def test_a_secret_row_refuses_its_file_and_the_whole_list(fresh: Cli) -> None:
    rows = csv_list(csv_row("a.mp4"), csv_row("b.mp4", level="机密"))
    folder = put(fresh, a_mp4=b"a", b_mp4=b"b", l_csv=rows)
    done = taken(fresh)
    assert (done["refused"], done["records"]) == (2, 1)
    assert sorted(path.name[:9] for path in folder.iterdir()) == [".refused-"] * 2
    assert list((fresh.home / "quarantine").iterdir()) == []


def test_by_hand_with_mapped_sidecars(fresh: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"a")
    (folder / "a.xml").write_bytes(station_xml())
    (folder / "b.wav").write_bytes(b"b")
    (folder / "l.csv").write_bytes(csv_list(csv_row("b.wav", "案-2")))
    done = fresh("ingest", folder, "--source", "hand", "--json")
    assert (done.code, done.json["records"]) == (0, 3), done.err
    assert fresh.record("--case", "案-2")
    alone = fresh("ingest", folder / "a.xml", "--source", "hand", "--json").json
    assert [one["reason"] for one in alone["noticed"]] == ["sidecar_of"]


def test_what_is_kept_with_a_mapped_sidecar_waits_for_nobody(fresh: Cli) -> None:
    settings = fresh.home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('release = "purge"', 'release = "keep"'), encoding="utf-8")
    folder = put(fresh, a_mp4=b"a", a_xml=station_xml(), l_csv=csv_list(csv_row("b.mp4")))
    assert taken(fresh)["records"] == 2
    assert len(list(folder.iterdir())) == 3
    assert fresh("status", "--json").json["drops"]["waiting"] == 0
    assert taken(fresh)["records"] == 0


def test_a_late_sidecar_goes_before_name_and_register(fresh: Cli) -> None:
    put(fresh, seed_txt=b"seed")
    taken(fresh)
    said = ("--unit", "登记单位", "--officer", "登记人员", "--device", "REG-1")
    assert fresh("sources", "confirm", "S", *said).code == 0
    named = "DSJ0012_012345_20260301083000_0001.mp4"
    folder = put(fresh, a_txt=b"a", b_txt=b"b")
    (folder / named).write_bytes(b"c" * 99)
    assert taken(fresh)["records"] == 3
    assert "012345 (by the file name)" in fresh("show", fresh.record(named)).out
    claims = {
        "cunzheng_sidecar": 1,
        "unit": "补交单位",
        "device": "LATE-9",
        "officers": [{"name": "张三", "number": "1"}, {"name": "李四", "number": "2"}],
    }
    late = json.dumps(claims).encode()
    (folder / f"{named}.json").write_bytes(late)
    put(fresh, a_txt_json=late)
    assert taken(fresh)["amended"] == 2

    def columns(name: str) -> tuple[str, str, str]:
        row = found(fresh, fresh.record(name))["catalog"]
        return row["unit"], row["officers"], row["device"]

    def all_is_well() -> None:
        assert columns("a.txt") == ("补交单位", "张三 1 李四 2", "LATE-9")
        assert columns(named) == ("补交单位", "张三 1 李四 2", "LATE-9")
        assert columns("b.txt") == ("登记单位", "登记人员", "REG-1")
        assert fresh.record("--officer", "张三", "a.txt") == fresh.record("a.txt")
        assert "(by the file name)" not in fresh("show", fresh.record(named)).out
        verified(fresh)

    all_is_well()
    (fresh.home / "cunzheng.db").unlink()
    assert fresh("rebuild").code == 0
    all_is_well()


def settings_say(cli: Cli, old: str, new: str) -> None:
    settings = cli.home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    assert old in text
    settings.write_text(text.replace(old, new), encoding="utf-8")


def whole(home: Path) -> Iterator[tuple[str, bytes]]:
    for path in home.rglob("*"):
        if path.is_file():
            with suppress(FileNotFoundError):  # a database that is closed takes its log away
                yield path.name, path.read_bytes()


TOKEN = "关于某项工作的一段文字，只在这份文件里".encode() * 9


@pytest.mark.parametrize("release", ["purge", "keep"])
def test_of_a_state_secret_in_quarantine_no_copy_stays(fresh: Cli, release: str) -> None:
    settings_say(fresh, 'release = "purge"', f'release = "{release}"')
    bad = BAD[:-1] + b', "note": "' + TOKEN + b'"}'
    folder = put(fresh, a_txt=TOKEN, a_txt_json=bad, b_txt=b"b" + TOKEN[:20])
    assert taken(fresh)["rejected"] == 1
    number = lying(fresh)[0]["quarantine"]

    def copies() -> list[str]:
        return sorted(name for name, data in whole(fresh.home) if TOKEN in data)

    before = ["content", "sidecar"]
    purged = [f"{number}.file", f"{number}.sidecar"]
    where = purged if release == "purge" else ["a.txt", "a.txt.json"]
    assert copies() == sorted(before + where)
    digests = [hashlib.sha256(data).digest() for data in (TOKEN, bad)]
    with closing(sqlite3.connect(fresh.home / "cunzheng.db")) as database:
        row = database.execute("SELECT sha256, sidecar_sha256 FROM intake WHERE id = ?", [number])
        assert row.fetchall() == [tuple(digests)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drops, "_is_secret_by_name", lambda _drop: True)  # a gate that knows more
        with pytest.MonkeyPatch.context() as unsealed:
            unsealed.setattr(Resolver, "_sealed_now", lambda _self: False)
            assert fresh("quarantine", "retry", number).code != 0
            assert copies() == sorted(before + where), "nothing is wiped before it is sealed"
            (left_over,) = lying(fresh)
            assert left_over["state"] == "refused"
        done = fresh("--lang", "zh", "quarantine", "retry", number)
    assert (done.code, "标有国家秘密" in done.err) == (1, True), done.err
    with closing(sqlite3.connect(fresh.home / "cunzheng.db")) as database:
        ended = database.execute("SELECT outcome FROM resolved WHERE quarantine = ?", [number])
        assert ended.fetchall() == [("refused",)]
    left = copies()
    if release == "keep":
        aside = sorted(path.name for path in folder.iterdir() if path.name.startswith("."))
        assert left == aside, "what its sender has to take away"
        assert [name[35:] for name in aside] == ["", ".1"]
        assert not (folder / "a.txt").exists()
    else:
        assert left == []
    in_database = b"".join(data for name, data in whole(fresh.home) if "cunzheng.db" in name)
    assert b"intake" in in_database
    assert not any(digest in in_database for digest in digests)
    assert str(folder / "a.txt").encode() not in in_database
    again = taken(fresh)
    assert (again["rejected"], again["refused"], again["records"]) == (0, 0, 0)
    assert fresh("status", "--json").json["drops"]["quarantined"] == 0
    verified(fresh)


def test_wiping_spares_what_has_another_name(tmp_path: Path) -> None:
    mine, theirs, plain = (tmp_path / name for name in ("mine", "theirs", "plain"))
    mine.write_bytes(b"x" * 50)
    theirs.hardlink_to(mine)
    plain.write_bytes(b"y" * 50)
    held = plain.open("rb")
    wipe(FileSystem(), [mine, plain, tmp_path / "none", None])
    assert not mine.exists()
    assert not plain.exists()
    assert theirs.read_bytes() == b"x" * 50
    with held:
        assert held.read() == bytes(50), "overwritten before it was unlinked"
