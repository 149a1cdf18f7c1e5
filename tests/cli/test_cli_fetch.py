"""fetch: on the ledger before the first byte, checked, never over another file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cli = Any


def test_fetch_gives_the_bytes_and_is_on_the_ledger(archive: Cli, tmp_path: Path) -> None:
    record = archive.record("--media", "image/")
    done = archive(
        "fetch", record, "--reason", "案件复核", "-o", tmp_path / "a", "--person", "张三", "--json"
    )
    assert done.code == 0, done.err
    copy = Path(done.json["path"])
    assert copy.read_bytes() == archive.content(record).read_bytes()
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    assert f"sha256:{digest}" in done.json["digests"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == [copy.name]
    events = archive("show", record, "--json").json["custody"]
    mine = [event for event in events if event["body"].get("access") == done.json["access"]]
    assert [event["kind"] for event in mine] == ["access.started", "access.completed"]
    assert mine[0]["detail"] == {"person": "张三", "reason": "案件复核"}
    assert mine[0]["sealed_at"] is not None
    assert mine[1]["body"]["bytes"] == copy.stat().st_size


def test_fetch_never_replaces_a_file(archive: Cli, tmp_path: Path) -> None:
    record = archive.record()
    names = []
    for _ in range(3):
        done = archive("fetch", record, "--reason", "x", "-o", tmp_path, "--json")
        names.append(Path(done.json["path"]).name)
    assert len(set(names)) == 3
    assert " (2)" in names[1]
    assert " (3)" in names[2]


def test_fetch_in_words(archive: Cli, tmp_path: Path) -> None:
    record = archive.record()
    assert "digest  sha256:" in archive("fetch", record, "--reason", "x", "-o", tmp_path).out
    chinese = archive("fetch", record, "--reason", "x", "-o", tmp_path, "--lang", "zh").out
    assert "调阅编号" in chinese


def test_fetch_wants_a_reason_a_person_and_a_place(archive: Cli, tmp_path: Path) -> None:
    record = archive.record()
    before = archive("status", "--json").json["ledger"]["entries"]
    for arguments in (
        ("--reason", " ", "-o", tmp_path),
        ("-o", tmp_path),
        ("--reason", "x", "--person", "", "-o", tmp_path),
        ("--reason", "x", "--person", "a/b", "-o", tmp_path),
        ("--reason", "x", "-o", archive.home / "inbox" / "somewhere"),
    ):
        assert archive("fetch", record, *arguments).code == 2, arguments
    assert archive("fetch", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "--reason", "x", "-o", tmp_path).code == 2
    assert archive("status", "--json").json["ledger"]["entries"] == before
    assert list(tmp_path.iterdir()) == []


def test_altered_content_is_not_handed_out(
    own: Cli, tmp_path: Path, overwrite: Callable[[Path, bytes], None]
) -> None:
    record = own.record("--media", "image/")
    path = own.content(record)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    overwrite(path, bytes(data))
    out = tmp_path / "out"
    done = own("fetch", record, "--reason", "x", "-o", out)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert list(out.iterdir()) == []
    last = own("show", record, "--json").json["custody"][-1]
    assert (last["kind"], last["body"]["code"]) == ("access.aborted", "PIECE_ALTERED")
