import errno
import json
import os
import socket

import pytest

from archive.errors import Unreachable
from ingest.settle import Settle, Settled, Settler
from ingest.sweep import Drop, Noticed, Sweeper, is_ignored

SIDECAR = b'{"cunzheng_sidecar": 1}'


class Bench:
    """An inbox with a clock that only the test moves."""

    def __init__(self, root):
        self.root = root
        self.now = 0.0
        self.settler = Settler(Settle(seconds=2.0))
        self.sweeper = Sweeper(os.fsencode(root), self.settler, lambda: self.now)

    def put(self, relative, data=b"data"):
        path = os.path.join(os.fsencode(self.root), os.fsencode(relative))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def look(self):
        return list(self.sweeper.sweep())

    def later(self, seconds=3.0):
        self.now += seconds
        return self.look()

    def drops(self):
        return [seen for seen in self.later() if isinstance(seen, Drop)]


@pytest.fixture
def bench(tmp_path):
    root = tmp_path / "inbox"
    root.mkdir()
    return Bench(root)


def test_a_drop_is_offered_when_settled_and_until_it_is_taken(bench):
    path = bench.put("DSJ-1/day/a.mp4")
    assert bench.look() == []
    assert bench.sweeper.waiting == 1
    (drop,) = bench.drops()
    assert (drop.file.source, drop.file.folder, drop.file.name) == ("DSJ-1", b"day", b"a.mp4")
    assert (drop.file.path, drop.sidecar, drop.settled) == (path, None, Settled(True, 3))
    assert bench.sweeper.waiting == 0
    assert len(bench.drops()) == 1
    bench.settler.take(path)
    assert bench.drops() == []
    bench.put("DSJ-1/day/a.mp4", b"other data")
    assert bench.drops() == []
    assert len(bench.drops()) == 1


def test_a_file_kept_open_waits_until_it_is_closed(bench):
    path = bench.put("S/a")
    with open(path, "ab"):
        bench.look()
        assert bench.drops() == []
        assert bench.drops() == []
    bench.look()
    assert len(bench.drops()) == 1


def test_names_that_are_not_utf8(bench):
    name = "执法记录.mp4".encode("gb18030")
    bench.put("测试".encode("gb18030") + b"/" + name)
    bench.look()
    (drop,) = bench.drops()
    assert drop.file.name == name
    assert drop.file.source == "x-5111b58e65a7389f"


def test_left_alone_and_noticed_once(bench, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"x")
    bench.put("S/ok")
    inbox = bench.root
    os.mkfifo(inbox / "S/fifo")
    (inbox / "S/link").symlink_to(outside / "secret")
    (inbox / "S/linked-folder").symlink_to(outside)
    (inbox / "linked-source").symlink_to(outside)
    (inbox / "beside").write_bytes(b"x")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(inbox / "S/socket"))
    server.close()
    seen = bench.look()
    assert {(os.path.basename(item.path), item.reason) for item in seen} == {
        (b"fifo", "fifo"),
        (b"link", "link"),
        (b"linked-folder", "link"),
        (b"linked-source", "link"),
        (b"beside", "no_source"),
        (b"socket", "socket"),
    }
    later = bench.later()
    assert [type(item) for item in later] == [Drop]
    assert later[0].file.name == b"ok"
    (inbox / "S/fifo").unlink()
    bench.look()
    os.mkfifo(inbox / "S/fifo")
    noticed = [item for item in bench.look() if isinstance(item, Noticed)]
    assert [item.reason for item in noticed] == ["fifo"]


def test_temporary_and_hidden_names_are_not_looked_at(bench):
    for name in ("S/.a", "S/b.part", "S/c.TMP", "S/~$d.docx", "S/Thumbs.db", "S/@eaDir/e", ".S/f"):
        bench.put(name)
    assert bench.look() == bench.later() == []
    assert len(bench.settler) == 0
    assert not is_ignored(b"a.mp4")


def test_an_ignored_name_that_rests_is_noticed_once(bench):
    for name in ("S/x~", "S/up.tmp", "S/...txt", "S/.DS_Store", "S/Thumbs.db", "S/new.part"):
        bench.put(name)
    assert bench.look() == bench.later(1800) == []
    bench.put("S/new.part", b"still growing")
    seen = bench.later(1801)
    assert {(os.path.basename(item.path), item.reason) for item in seen} == {
        (b"x~", "passed_over"),
        (b"up.tmp", "passed_over"),
        (b"...txt", "passed_over"),
    }
    assert bench.later(1) == []
    assert [os.path.basename(item.path) for item in bench.later(3601)] == [b"new.part"]


def test_part_then_rename_is_one_drop(bench):
    path = bench.put("S/a.mp4.part")
    bench.look()
    os.rename(path, path.removesuffix(b".part"))  # noqa: TID251
    bench.look()
    assert [drop.file.name for drop in bench.drops()] == [b"a.mp4"]


def test_a_file_and_its_sidecar_are_one_drop(bench):
    bench.put("S/a.mp4")
    bench.put("S/a.mp4.json", SIDECAR)
    bench.look()
    (drop,) = bench.drops()
    assert (drop.file.name, drop.sidecar.name) == (b"a.mp4", b"a.mp4.json")


def test_both_must_have_settled(bench):
    bench.put("S/a.mp4")
    bench.look()
    bench.now += 1.5
    bench.put("S/a.mp4.json", SIDECAR)
    bench.look()
    bench.now += 1.0
    assert bench.look() == []
    (drop,) = bench.drops()
    assert drop.sidecar is not None
    assert drop.settled == Settled(True, 2)


def test_a_sidecar_waits_for_its_file(bench):
    bench.put("S/a.mp4.json", SIDECAR)
    bench.look()
    (seen,) = bench.later()
    assert seen.reason == "sidecar_alone"
    assert bench.later() == []
    bench.put("S/a.mp4")
    bench.look()
    (drop,) = bench.drops()
    assert drop.sidecar is not None


def test_any_other_json_is_a_record(bench):
    bench.put("S/plain.json", b'{"a": 1}')
    bench.put("S/b", b"x")
    bench.put("S/b.json", json.dumps({"inner": {"cunzheng_sidecar": 1}}).encode())
    bench.look()
    drops = bench.drops()
    assert {drop.file.name for drop in drops} == {b"plain.json", b"b", b"b.json"}
    assert all(drop.sidecar is None for drop in drops)


def test_a_record_in_json_may_have_a_sidecar(bench):
    bench.put("S/a.json", b'{"a": 1}')
    bench.put("S/a.json.json", SIDECAR)
    bench.look()
    (drop,) = bench.drops()
    assert (drop.file.name, drop.sidecar.name) == (b"a.json", b"a.json.json")


def test_a_sidecar_of_a_sidecar_waits(bench):
    bench.put("S/a", b"x")
    bench.put("S/a.json", SIDECAR)
    bench.put("S/a.json.json", SIDECAR)
    bench.look()
    later = bench.later()
    (drop,) = [item for item in later if isinstance(item, Drop)]
    assert drop.sidecar.name == b"a.json"
    assert [item.reason for item in later if isinstance(item, Noticed)] == ["sidecar_alone"]


def test_a_corrected_sidecar_offers_its_file_anew(bench):
    path = bench.put("S/a")
    bench.put("S/a.json", SIDECAR)
    bench.look()
    (drop,) = bench.drops()
    bench.settler.take(path, drop.sidecar.key)
    assert bench.drops() == []
    bench.put("S/a.json", SIDECAR + b" ")
    bench.look()
    (again,) = bench.drops()
    bench.settler.take(path, again.sidecar.key)
    os.unlink(drop.sidecar.path)
    assert bench.drops() == bench.drops() == []


@pytest.fixture
def forbidden(monkeypatch):
    """Names that the system does not let us open (tests may run as root)."""
    names = set()
    real = os.open

    def guarded(path, *arguments, **more):
        if os.path.basename(os.fsencode(path)) in names:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", guarded)
    return names


def test_a_file_that_may_not_be_read_is_noticed_and_not_waited_for(bench, forbidden):
    path = bench.put("S/a")
    bench.put("S/b")
    bench.put("S/b.json", SIDECAR)
    forbidden |= {b"a", b"b.json"}
    assert bench.look() == []
    seen = bench.later()
    assert {(os.path.basename(item.path), item.reason) for item in seen} == {
        (b"a", "unreadable"),
        (b"b.json", "unreadable"),
    }
    assert bench.sweeper.waiting == 0
    assert bench.later() == []
    forbidden.clear()
    assert {drop.file.path for drop in bench.drops()} >= {path}


def test_a_broken_sidecar_is_still_one(bench):
    bench.put("S/a", b"x")
    bench.put("S/a.json", b'{"cunzheng_sidecar": 1, "case": ')
    bench.look()
    (drop,) = bench.drops()
    assert drop.sidecar.name == b"a.json"


def test_a_lost_inbox_is_an_error_and_forgets_nothing(bench):
    bench.put("S/a")
    bench.look()
    away = bench.root.with_name("away")
    bench.root.rename(away)
    with pytest.raises(Unreachable):
        bench.look()
    assert len(bench.settler) == 1
    away.rename(bench.root)
    assert len(bench.drops()) == 1


def test_deep_folders(bench):
    deep = "S/" + "d/" * 400 + "a"
    bench.put(deep)
    bench.look()
    (drop,) = bench.drops()
    assert drop.file.folder.count(b"d") == 400
