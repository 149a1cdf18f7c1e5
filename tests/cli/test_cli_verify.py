"""verify, checkpoint, rebuild, doctor, seal: judging and repairing a real archive."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from home_copies import settle

Cli = Any
Overwrite = Callable[[Path, bytes], None]


def _codes(done: Any) -> set[str]:
    return {finding["code"] for finding in done.json["findings"]}


def _snapshot(home: Path) -> dict[str, str]:
    settle()
    files = sorted(path for path in home.rglob("*") if path.is_file() and not _comes_and_goes(path))
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _comes_and_goes(path: Path) -> bool:
    """What SQLite keeps beside a database while it is open, without anything that was written."""
    empty = path.name.endswith("-wal") and path.stat().st_size == 0
    return empty or path.name.endswith("-shm")


def test_an_untouched_archive_passes_and_stays_untouched(archive: Cli) -> None:
    before = _snapshot(archive.home)
    done = archive("verify", passphrase=None)
    assert done.code == 0, done.out
    assert "PASSED" in done.out
    assert "the archive's own copy" in done.out
    assert _snapshot(archive.home) == before
    chinese = archive("verify", "--lang", "zh")
    assert "通过 PASSED" in chinese.out
    assert "存证库自带副本" in chinese.out


def test_verify_as_json(archive: Cli) -> None:
    value = archive("verify", "--json").json
    assert value["outcome"] == "PASSED"
    assert value["findings"] == []
    assert value["policy"]["own_copy"] is True
    digest = hashlib.sha256((archive.home / "policy.toml").read_bytes()).hexdigest()
    assert value["policy"]["digest"] == f"sha256:{digest}"
    assert value["checked"]["records"] >= 40


def test_kept_notes_and_receipts_take_many_values(archive: Cli, tmp_path: Path) -> None:
    archive("checkpoint", "-o", tmp_path)
    notes = list(tmp_path.glob("*/checkpoint.note"))
    receipts = sorted((archive.home / "outbox").rglob("*.jsonl"))
    assert len(receipts) > 1
    done = archive("verify", "--receipts", *receipts, "--known", *notes, "--json")
    assert done.code == 0
    lines = sum(len(path.read_bytes().splitlines()) for path in receipts)
    assert done.json["checked"]["receipts"] == lines


def test_scopes(archive: Cli) -> None:
    record = archive.record()
    assert archive("verify", "--record", record, "--json").json["checked"]["records"] == 1
    assert archive("verify", "--record", record[:24], "--json").code in (0, 2)
    case = archive("search", "--stage", "investigate", "--json").json["records"][0]["case"]
    assert archive("verify", "--case", case, "--json").json["checked"]["records"] >= 1
    sample = archive("verify", "--sample", 3, "--seed", "s", "--json").json
    assert (sample["checked"]["records"], sample["scope"]) == (3, "sample of 3, seed s")
    assert archive("verify", "--since", "2020-01-01").code == 0
    assert archive("verify", "--case", "no such case").code == 3
    assert archive("verify", "--record", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ").code == 1
    for wrong in (("--record", "XYZ"), ("--record", record, "--sample", 2), ("--since", "today")):
        assert archive("verify", *wrong).code == 2, wrong


def test_an_inspector_without_a_home(archive: Cli, outside: Cli, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    shutil.copy(archive.home / "policy.toml", policy)
    store = archive.home / "store"
    done = outside("verify", "--store", store, "--policy", policy, "--json", passphrase=None)
    assert done.code == 0
    assert done.json["policy"]["own_copy"] is False
    assert "POLICY_NOT_INDEPENDENT" not in done.json["counts"]
    assert outside("verify", "--store", store).code == 2
    assert outside("verify", "--store", tmp_path, "--policy", policy).code == 2
    assert outside("verify").code == 2
    policy.write_text("cunzheng_policy = 1\n", encoding="utf-8")
    assert outside("verify", "--store", store, "--policy", policy).code == 2


def test_damage_names_the_record(own: Cli) -> None:
    record = own.record("--media", "image/")
    content = own.stored(record)
    data = content.read()
    content.change(data, data[:-1] + bytes([data[-1] ^ 1]))
    done = own("verify")
    assert done.code == 1
    assert "CONTENT_ALTERED" in done.out
    assert record in done.out
    assert "未通过" in own("verify", "--lang", "zh").out


def test_an_edited_database_is_found_out(own: Cli) -> None:
    with sqlite3.connect(own.home / "cunzheng.db") as connection:
        year = """substr(data, instr(data, '"at":"') + 6, 4)"""
        connection.execute(f"UPDATE entry SET data = replace(data, {year}, '1999') WHERE idx = 5")
    connection.close()
    done = own("verify", "--json")
    assert done.code == 1
    assert _codes(done) == {"DATABASE_DIFFERS"}


def test_a_missing_database_is_no_pass(own: Cli) -> None:
    for path in own.home.glob("cunzheng.db*"):
        path.unlink()
    done = own("verify", "--json")
    assert done.code == 3
    assert _codes(done) == {"STORE_UNREADABLE"}
    for command in (("status",), ("search", "x"), ("watch", "--once")):
        done = own(*command)
        assert (done.code, "cunzheng rebuild" in done.err) == (3, True)
    assert not list(own.home.glob("cunzheng.db*"))


def test_a_rolled_back_store_contradicts_the_database(own: Cli, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(own.home / "store", old)
    assert own("sources", "confirm", "DSJ-0012345").code == 0
    shutil.rmtree(own.home / "store")
    shutil.move(old, own.home / "store")
    done = own("verify", "--json", "--evidence", tmp_path / "evidence")
    assert done.code == 1
    assert "LEDGER_TRUNCATED" in _codes(done)
    notes = list((tmp_path / "evidence").iterdir())
    assert len(notes) >= 2
    assert sorted(done.json["evidence"]) == sorted(str(note) for note in notes)


def test_report_and_inspection(own: Cli, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = ("verify", "--report", report, "--log-inspection", "--person", "李四", "--json")
    done = own(*arguments)
    assert done.code == 0, done.err
    data = report.read_bytes()
    assert json.loads(data)["outcome"] == "PASSED"
    place = done.json["inspection"]
    with sqlite3.connect(own.home / "cunzheng.db") as connection:
        query = "SELECT data FROM entry WHERE log = ? AND idx = ?"
        (entry,) = connection.execute(query, (place["log"], place["index"])).fetchone()
    connection.close()
    body = json.loads(entry)["body"]
    assert body["report"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert (body["result"], body["failed"]) == ("PASSED", 0)
    assert own(*arguments).code == 2  # the report is there already
    assert own("verify").code == 0


def test_an_inspection_needs_a_home(archive: Cli, outside: Cli) -> None:
    policy = archive.home / "policy.toml"
    store = archive.home / "store"
    assert outside("verify", "--store", store, "--policy", policy, "--log-inspection").code == 2


# ── checkpoint ──


def test_checkpoint_is_shown_and_written(archive: Cli, tmp_path: Path) -> None:
    shown = archive("checkpoint", passphrase=None)
    assert shown.code == 0
    assert "origin" in shown.out
    value = archive("checkpoint", "-o", tmp_path, "--json", passphrase=None).json
    folder = Path(value["folder"])
    assert (folder / "checkpoint.note").read_text(encoding="utf-8") == value["note"]
    assert (folder / "vkey.txt").read_text(encoding="utf-8") == value["vkey"] + "\n"
    assert archive("checkpoint", "-o", tmp_path).code == 0
    assert "验证密钥" in archive("checkpoint", "--lang", "zh").out


def test_openssl_accepts_the_checkpoint_by_its_own_readme(archive: Cli, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NOT RUN: needs openssl")
    folder = Path(archive("checkpoint", "-o", tmp_path, "--json").json["folder"])
    lines = (folder / "README.txt").read_text(encoding="utf-8").splitlines()
    script = "\n".join(line[2:] for line in lines if line.startswith(("$ ", "> ")))
    assert script.count("openssl") == 4
    done = subprocess.run(
        ["bash", "-e"], input=script, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_changed_seal_is_not_handed_out(own: Cli, tmp_path: Path, overwrite: Overwrite) -> None:
    value = own("checkpoint", "--json").json
    note = own.home / f"store/evidence/log/{value['log']}/seals/{value['size']:016d}.note"
    overwrite(note, note.read_bytes().replace(b"\n\n", b"\nx\n\n", 1))
    assert own("checkpoint", "-o", tmp_path / "out").code == 1
    assert not (tmp_path / "out").exists()


# ── proof ──


def test_proof_bundle_needs_no_passphrase(archive: Cli, tmp_path: Path) -> None:
    record = archive.record()
    done = archive("show", record, "--proof", "-o", tmp_path, "--json", passphrase=None)
    assert done.code == 0, done.err
    folder = tmp_path / record
    assert sorted(path.name for path in folder.iterdir()) == done.json["files"]
    assert "proof.tlog-proof" in done.json["files"]
    assert archive("show", record, "--proof", "-o", tmp_path).code == 2  # never over another one


# ── rebuild ──


def test_rebuild_from_the_store_alone(own: Cli) -> None:
    before = own("search", "--limit", 1000, "--json").json
    ledger = own("status", "--json").json["ledger"]
    for path in own.home.glob("cunzheng.db*"):
        path.unlink()
    done = own("rebuild", "--json")
    assert done.code == 0, done.err
    assert done.json["records"] == ledger["records"]
    assert done.json["entries"] == ledger["entries"]
    assert own("search", "--limit", 1000, "--json").json == before
    assert own("sources", "confirm", "DSJ-0012345").code == 0
    assert own("verify").code == 0


def test_rebuild_in_words(own: Cli) -> None:
    assert "entries" in own("rebuild").out
    assert "旧数据库" in own("rebuild", "--lang", "zh").out


# ── doctor ──


def test_doctor_of_a_sound_machine(archive: Cli) -> None:
    done = archive("doctor", "--json")
    states = {check["code"]: check["state"] for check in done.json["checks"]}
    assert states.pop("DISK") in ("fine", "wrong")
    assert set(states.values()) == {"fine"}, done.out
    known = {"CLOCK", "TSA", "CERTIFICATE", "CRL", "KEYS", "BOUNDARY", "STORE", "DATABASE"}
    known.add("QUARANTINE")
    assert known == set(states)


def test_doctor_without_the_passphrase_does_not_know(archive: Cli) -> None:
    done = archive("doctor", passphrase=None)
    assert done.code in (1, 3)
    assert "needs the passphrase" in done.out
    assert "需要口令" in archive("doctor", "--lang", "zh", passphrase=None).out


def test_doctor_sees_open_keys(own: Cli) -> None:
    (own.home / "keys" / "log.key").chmod(0o644)
    done = own("doctor")
    assert done.code == 1
    assert "keys/log.key" in done.out


def test_doctor_sees_what_others_can_reach(own: Cli) -> None:
    (own.home / "cunzheng.db").chmod(0o640)
    (own.home / "outbox").chmod(0o755)
    done = own("doctor")
    assert done.code == 1
    assert "cunzheng.db has mode 0640" in " ".join(done.out.split())
    assert "outbox" in done.out


# ── seal ──


def test_nothing_to_abandon(archive: Cli) -> None:
    done = archive("seal", "abandon", "--reason", "x")
    assert done.code == 2
    assert "nothing to abandon" in done.err
    assert archive("seal", "abandon").code == 2
