"""watch and ingest: what is taken, what is left alone, and what a person is told of it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from archive.durable import FileSystem

Cli = Any

BAD = b'{"cunzheng_sidecar": 1, "stage": "?"}'
GOOD = b'{"cunzheng_sidecar": 1, "stage": "decide"}'
SECRET = '{"cunzheng_sidecar": 1, "classification": "机密"}'.encode()


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


def put(folder: Path, **files: bytes) -> Path:
    """Files by name, `a_txt` for a.txt and `a_txt_json` for its sidecar."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def by_hand(cli: Cli, *paths: Path) -> Any:
    return cli("ingest", *paths, "--source", "hand", "--json")


def test_by_hand_a_rejected_drop_keeps_its_place(fresh: Cli, tmp_path: Path) -> None:
    folder = put(tmp_path / "mine", a_txt=b"a", a_txt_json=BAD)
    done = by_hand(fresh, folder)
    assert (done.code, done.json["rejected"]) == (1, 1)
    assert names(folder) == ["a.txt", "a.txt.json"]
    again = by_hand(fresh, folder)
    assert (again.json["rejected"], again.json["known"]) == (0, 1)
    put(folder, a_txt_json=GOOD)
    corrected = by_hand(fresh, folder)
    assert (corrected.code, corrected.json["records"]) == (0, 1)
    assert names(folder) == ["a.txt", "a.txt.json"]


def test_release_keep_leaves_a_rejected_drop_in_the_inbox(fresh: Cli) -> None:
    change(fresh.home, 'release = "purge"', 'release = "keep"')
    folder = put(fresh.home / "inbox/S", a_txt=b"a", a_txt_json=BAD)
    assert fresh("watch", "--once", "--json").json["rejected"] == 1
    assert fresh("watch", "--once", "--json").json["rejected"] == 0
    assert names(folder) == ["a.txt", "a.txt.json"]
    status = fresh("status", "--json").json
    assert (status["drops"]["waiting"], status["ledger"]["intake"]) == (0, {"kept": 1})


def test_a_file_named_twice_is_taken_once(fresh: Cli, tmp_path: Path) -> None:
    folder = put(tmp_path / "mine", a_txt=b"a", b_txt=b"b")
    done = by_hand(fresh, folder, folder / "a.txt", folder)
    assert (done.code, done.json["records"], done.json["known"]) == (0, 2, 3)


def put_aside(folder: Path) -> list[str]:
    """How many files of each refused drop stand there, and what else does."""
    names_ = names(folder)
    ids = [name[:35] for name in names_ if name.startswith(".refused-")]
    return [*map(str, sorted(map(ids.count, {*ids}))), *names_[len(ids) :]]


def test_one_refused_sidecar_under_two_names(fresh: Cli) -> None:
    folder = put(fresh.home / "inbox/S", a_txt=b"a", b_txt=b"b", a_txt_json=SECRET)
    (folder / "b.txt.json").hardlink_to(folder / "a.txt.json")
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["refused"], done.json["known"]) == (1, 2, 0)
    assert put_aside(folder) == ["2", "2"]


def test_moved_names_stay_pairs(fresh: Cli) -> None:
    """A sidecar that stayed behind would be attached to the next file of that name."""
    change(fresh.home, 'release = "purge"', 'release = "move"')
    inbox, taken = fresh.home / "inbox/S", fresh.home / "taken/S"
    for data in (b"one", b"two", b"three"):
        put(inbox, a_txt=data, a_txt_json=GOOD)
        assert fresh("watch", "--once", "--json").json["records"] == 1
        assert names(inbox) == []
    put(taken, b_txt_json=GOOD)
    put(inbox, b_txt=b"b", b_txt_json=GOOD)
    assert fresh("watch", "--once").code == 0
    assert names(inbox) == []
    kinds = [name.split(".")[:3] for name in names(taken) if name.startswith("a.")]
    assert sorted(len(kind) for kind in kinds) == [2, 3, 3, 3, 3, 3]
    files = {name.rpartition(".")[2] for name in names(taken) if name.startswith("a.txt.0")}
    beside = {name.rpartition(".")[2] for name in names(taken) if name.startswith("a.txt.json.0")}
    assert files == beside
    assert len(files) == 2


def test_long_names_are_moved_and_one_trouble_does_not_stop_the_rest(fresh: Cli) -> None:
    change(fresh.home, 'release = "purge"', 'release = "move"')
    inbox, taken = fresh.home / "inbox/S", fresh.home / "taken/S"
    long = "笔" * 83 + ".txt"
    for data in (b"one", b"two"):
        (put(inbox) / long).write_bytes(data)
        assert fresh("watch", "--once").code == 0
        assert names(inbox) == []
    assert sorted(len(name.encode()) for name in names(taken)) == [253, 253]
    (fresh.home / "taken/T").write_bytes(b"a file stands where a folder should be")
    put(fresh.home / "inbox/T", x_txt=b"x")
    put(fresh.home / "inbox/U", y_txt=b"y")
    done = fresh("watch", "--once")
    assert done.code == 0
    assert "'x.txt' could not be released" in done.out
    assert names(fresh.home / "inbox/T") == ["x.txt"]
    assert names(fresh.home / "taken/U") == ["y.txt"]


def test_on_a_mount_of_its_own_nothing_that_was_moved_is_overwritten(
    fresh: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(fresh.home, 'release = "purge"', 'release = "move"')
    inbox, real = fresh.home / "inbox/S", FileSystem.rename

    def rename(self: FileSystem, source: Path | bytes, target: Path | bytes) -> None:
        if b"/taken/" in os.fsencode(target):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(self, source, target)

    monkeypatch.setattr(FileSystem, "rename", rename)
    told = ""
    for data in (b"one", b"two"):
        put(inbox, a_txt=data, a_txt_json=GOOD)
        done = fresh("watch", "--once")
        assert (done.code, names(inbox)) == (0, [".cunzheng-purge"])
        told += done.out
    aside = [path for path in (inbox / ".cunzheng-purge").iterdir() if ".json." not in path.name]
    assert sorted(path.read_bytes() for path in aside) == [b"one", b"two"]
    assert len(names(inbox / ".cunzheng-purge")) == 4
    assert told.count("S is on another file system than taken/") == 2


def test_a_sidecar_named_beside_its_file_is_no_record(fresh: Cli, tmp_path: Path) -> None:
    folder = put(tmp_path / "mine", a_txt=b"a", a_txt_json=GOOD)
    done = by_hand(fresh, folder / "a.txt", folder / "a.txt.json")
    assert (done.code, done.json["records"], done.json["noticed"]) == (0, 1, [])
    alone = by_hand(fresh, folder / "a.txt.json")
    assert (alone.code, alone.json["records"]) == (1, 0)
    assert [item["reason"] for item in alone.json["noticed"]] == ["sidecar_of"]
    (folder / "a.txt").unlink()
    orphan = by_hand(fresh, folder / "a.txt.json")
    assert (orphan.code, orphan.json["records"]) == (1, 0)
    assert [item["reason"] for item in orphan.json["noticed"]] == ["sidecar_alone"]


def test_by_hand_whatever_is_not_taken_is_told(
    fresh: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "mine", a_txt=b"a", closed_txt=b"x", b_part=b"unfinished")
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to(folder / "a.txt")
    (folder / "linked").symlink_to(tmp_path)
    real_open, real_scan = os.open, os.scandir

    def guarded_open(path: Any, *arguments: Any, **more: Any) -> int:
        if os.fsencode(path).endswith(b"/closed.txt"):
            raise PermissionError(13, "Permission denied", path)
        return real_open(path, *arguments, **more)

    def guarded_scan(path: Any = ".") -> Any:
        if isinstance(path, bytes) and path.endswith(b"/shut"):
            raise PermissionError(13, "Permission denied", path)
        return real_scan(path)

    (folder / "shut").mkdir()
    monkeypatch.setattr(os, "open", guarded_open)
    monkeypatch.setattr(os, "scandir", guarded_scan)
    done = by_hand(fresh, folder)
    told = {(Path(item["path"]).name, item["reason"]) for item in done.json["noticed"]}
    assert told == {
        ("closed.txt", "unreadable"),
        ("shut", "unreadable"),
        ("fifo", "fifo"),
        ("link", "link"),
        ("linked", "link"),
        ("b.part", "passed_over"),
    }
    assert (done.code, done.json["records"]) == (1, 1)


def test_a_sidecar_that_comes_late_amends_its_record_once(fresh: Cli, tmp_path: Path) -> None:
    folder = put(tmp_path / "mine", a_txt=b"a")
    assert by_hand(fresh, folder).code == 0
    put(folder, a_txt_json=GOOD)
    late = by_hand(fresh, folder)
    assert (late.code, late.json["known"], late.json["amended"]) == (0, 1, 1)
    again = by_hand(fresh, folder)
    assert (again.code, again.json["known"], again.json["amended"]) == (0, 1, 0)
    change(fresh.home, 'release = "purge"', 'release = "keep"')
    inbox = put(fresh.home / "inbox/S", b_txt=b"b")
    assert fresh("watch", "--once").code == 0
    put(inbox, b_txt_json=GOOD)
    once = fresh("watch", "--once", "--json").json
    assert (once["amended"], once["noticed"]) == (1, [])
    drops = fresh("status", "--json").json["drops"]
    assert (drops["late_sidecars"], drops["waiting"]) == (0, 0)
    assert names(inbox) == ["b.txt", "b.txt.json"], "what is kept stays"


def test_the_mark_at_the_end_of_a_large_sidecar(fresh: Cli) -> None:
    """Nothing of it is copied, with its file or alone."""
    large = b'{"cunzheng_sidecar": 1, "note": "' + b"x" * (1 << 21) + '", "密级": "機密"}'.encode()
    folder = put(fresh.home / "inbox/S", a_txt=b"a", a_txt_json=large, b_json=large)
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["refused"], done.json["records"]) == (1, 2, 0)
    assert names(fresh.home / "quarantine") == []
    assert put_aside(folder) == ["1", "2"]
    again = fresh("watch", "--once", "--json")
    assert (again.json["refused"], again.json["known"]) == (0, 0)


def test_a_large_json_that_is_no_sidecar_is_a_record(fresh: Cli) -> None:
    large = b'{"log": "' + b"x" * (1 << 21) + b'", "keys": ["a"]}'
    large = large.replace(b"xx", b'"cunzheng_sidecar"', 1).replace(b'"log": ""', b'"log": "')
    put(fresh.home / "inbox/S", b_json=large)
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["records"]) == (0, 1)
    assert names(fresh.home / "inbox/S") == []


def test_once_empties_the_purge_tree(fresh: Cli) -> None:
    change(fresh.home, "purge_hours = 24", "purge_hours = 0")
    put(fresh.home / "inbox/S", a_txt=b"a", b_txt=b"b")
    assert fresh("watch", "--once", "--json").json["records"] == 2
    assert [path for path in (fresh.home / "purge").rglob("*") if path.is_file()] == []


def test_one_file_that_cannot_be_purged_does_not_stop_the_others(
    fresh: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(fresh.home, "purge_hours = 24", "purge_hours = 0")
    put(fresh.home / "inbox/S", a_txt=b"a", b_txt=b"b")
    real, refused = FileSystem.unlink, []

    def unlink(self: FileSystem, path: Any) -> None:
        if os.fsencode(path).endswith(b".file") and refused in ([], [path]):
            refused[:] = [path]
            raise PermissionError(errno.EPERM, "Operation not permitted", path)
        real(self, path)

    monkeypatch.setattr(FileSystem, "unlink", unlink)
    done = fresh("watch", "--once")
    assert done.code == 0
    assert done.out.count("could not be released and stays: Operation not permitted") == 1
    assert [os.fsencode(path) for path in (fresh.home / "purge").rglob("*.file")] == refused


def test_what_a_rebuilt_database_does_not_know_is_counted(fresh: Cli) -> None:
    put(fresh.home / "inbox/S", a_txt=b"a")
    assert fresh("watch", "--once").code == 0
    assert fresh("status", "--json").json["drops"]["purge_leftovers"] == 0
    (fresh.home / "cunzheng.db").unlink()
    assert fresh("rebuild").code == 0
    (fresh.home / "purge/notes.txt").write_bytes(b"not ours")
    done = fresh("status", "--json").json
    assert done["drops"]["purge_leftovers"] == 1
    assert "PURGE_LEFTOVERS" in {item["code"] for item in done["warnings"]}


def test_a_store_on_another_file_system_is_refused_at_the_start(fresh: Cli) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == fresh.home.stat().st_dev:
        pytest.skip("NOT RUN: needs a second file system")
    with tempfile.TemporaryDirectory(dir=memory) as elsewhere:
        shutil.copytree(fresh.home / "store", Path(elsewhere) / "store")
        change(fresh.home, 'store = "store"', f'store = "{elsewhere}/store"')
        put(fresh.home / "inbox/S", a_txt=b"a")
        done = fresh("watch", "--once")
        assert done.code == 2
        assert "must be on the same file system" in done.err
        assert "必须与" in fresh("--lang", "zh", "watch", "--once").err
        assert names(fresh.home / "inbox/S") == ["a.txt"]
        checks = fresh("doctor", "--json").json["checks"]
        store = next(check for check in checks if check["code"] == "STORE")
        assert store["state"] == "wrong"
        assert "must be on the same file system" in store["sentence"]
