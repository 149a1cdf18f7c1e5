"""Which file systems are other machines', which mounts are lost; for which drops there is room."""

import os
from pathlib import Path

import pytest

from ingest.found import Drop, Found
from ingest.mounts import Mounts, is_remote_type, parse, type_at
from ingest.room import Room
from ingest.settle import FileKey, Settled

_LINES = b"""\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /srv/inbox/DSJ rw shared:9 - nfs4 nas:/export rw,vers=4.2
41 22 0:36 / /srv/inbox/with\\040space rw - cifs //nas/share rw
42 22 0:37 / /srv/inbox/fuse rw - fuse.sshfs user@host: rw
43 22 0:38 / /srv/local rw - xfs /dev/sdb1 rw
"""


def test_what_is_mounted_where() -> None:
    mounts = parse(_LINES)
    assert type_at(mounts, b"/srv/inbox/DSJ/2026/a") == "nfs4"
    assert type_at(mounts, b"/srv/inbox/with space") == "cifs"
    assert type_at(mounts, b"/srv/inbox/other") == "ext4"
    assert type_at({}, b"/srv") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse", "fuse.sshfs"])
def test_file_systems_that_others_write_to(kind: str) -> None:
    assert is_remote_type(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuseblk", ""])
def test_file_systems_of_this_machine(kind: str) -> None:
    assert not is_remote_type(kind)


class Machine:
    """A mount table that changes."""

    def __init__(self, memory: Path) -> None:
        self.mounted: set[Path] = set()
        self.seconds = 0.0
        self._memory = memory

    def mounts(self) -> Mounts:
        return Mounts(self._memory, lambda: self.seconds, self._table)

    def _table(self) -> bytes:
        lines = [b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"]
        lines += [b"2 1 0:9 / %s rw - nfs4 nas:/x rw\n" % os.fsencode(p) for p in self.mounted]
        return b"".join(lines)


def test_a_mount_that_is_gone_is_lost_after_a_restart_too(tmp_path: Path) -> None:
    machine, source = Machine(tmp_path / "mounts"), tmp_path / "DSJ"
    source.mkdir()
    machine.mounted.add(source)
    raw = os.fsencode(source)
    mounts = machine.mounts()
    assert (mounts.is_lost(raw), mounts.is_remote(raw)) == (False, True)
    machine.mounted.clear()
    machine.seconds += 10
    assert mounts.is_lost(raw)
    assert machine.mounts().is_lost(raw), "a new process knows it"
    machine.mounted.add(source)
    assert not machine.mounts().is_lost(raw)


def test_what_was_never_a_mount_is_not_lost(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "mounts")
    assert not machine.mounts().is_lost(os.fsencode(tmp_path))
    assert not (tmp_path / "mounts").exists()


def test_a_line_that_is_deleted_or_broken_says_nothing_of_the_others(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "mounts")
    sources = [tmp_path / name for name in ("A", "B\u2028", "C")]
    for source in sources:
        source.mkdir()
        machine.mounted.add(source)
    mounts = machine.mounts()
    assert [mounts.is_lost(os.fsencode(source)) for source in sources] == [False, False, False]
    machine.mounted.clear()
    lines = (tmp_path / "mounts").read_text("utf-8").splitlines()
    assert len(lines) == 3
    (tmp_path / "mounts").write_text("\n".join(('"half', *lines[:-1])), "utf-8")
    machine.seconds += 10
    assert [mounts.is_lost(os.fsencode(source)) for source in sources] == [True, True, False]


def test_a_memory_that_cannot_be_read_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text("{broken", encoding="utf-8")
    assert not Machine(tmp_path / "mounts").mounts().is_lost(os.fsencode(tmp_path))


def drop(size: int) -> Drop:
    key = FileKey(1, 2, size, 3, 4)
    return Drop(
        Found("S", b"", b"%d" % size, b"/inbox/S/x", key), None, Settled(lease=True, seconds=2)
    )


def test_what_does_not_fit_waits_and_others_go_on() -> None:
    room = Room(lambda: 1_000_000, 400_000)
    drops = [drop(100_000), drop(900_000), drop(200_000), drop(400_000)]
    assert [one.file.key.size for one in room.fitting(drops)] == [100_000, 200_000]
    assert (room.held, room.largest) == (2, 900_000)
    room.begin()
    assert (room.held, room.largest) == (0, 0)


def test_below_the_reserve_nothing_fits() -> None:
    room = Room(lambda: 399_999, 400_000)
    assert room.free() == 0
    assert room.fitting([drop(0)]) == []
