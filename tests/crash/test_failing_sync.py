"""An fsync that fails: the process stops, and the next one goes on from what is durable."""

import dataclasses
import errno
import os
from pathlib import Path

import pytest
from archive_fixture import Archive, make_archive, places_in, policy_of

from archive.durable import FileSystem
from archive.errors import StateUnknown
from archive.findings import Outcome
from archive.verify import verify


class FailingSync(FileSystem):
    """The sync number `fatal` (from 0) fails with EIO; counts them all."""

    def __init__(self, fatal: int) -> None:
        self.count = 0
        self._fatal = fatal

    def fsync_file(self, fd: int) -> None:
        self._fail()

    def sync_file_system(self, path: Path) -> None:
        self._fail()

    def _fail(self) -> None:
        self.count += 1
        if self.broken or self.count - 1 == self._fatal:
            self.broken = True
            raise StateUnknown(f"fsync failed ({os.strerror(errno.EIO)})")


def with_disk(archive: Archive, fs: FileSystem) -> Archive:
    """The same home, opened by another process on this disk."""
    archive.reopen()
    other = dataclasses.replace(archive, fs=fs, places=places_in(archive.home, fs))
    other.sealer = other.new_sealer()
    return other


def work(archive: Archive) -> None:
    archive.seal()
    archive.accession(b"one", staged=True)
    archive.accession(b"two", sidecar=b"{}")
    archive.seal()


def syncs_of_the_work(folder: Path) -> int:
    counting = FailingSync(-1)
    folder.mkdir()
    work(with_disk(make_archive(folder, fs=FailingSync(-1)), counting))
    return counting.count


def test_every_failing_sync_stops_the_sealer_and_loses_nothing(tmp_path: Path) -> None:
    total = syncs_of_the_work(tmp_path / "counted")
    assert total >= 12
    for fatal in range(total):
        home = tmp_path / str(fatal)
        home.mkdir()
        archive = make_archive(home, fs=FailingSync(-1))
        failing = with_disk(archive, FailingSync(fatal))
        with pytest.raises(StateUnknown, match="fsync failed"):
            work(failing)
        failing.heartbeats(1)
        with pytest.raises(StateUnknown):
            failing.sealer.drain()
        archive.reopen()
        archive.seal()
        head = archive.head()
        assert head.published == head.size
        policy, now = policy_of(archive), archive.clock.now()
        report = verify(archive.places.evidence, archive.places.live, policy, now=now, workers=1)
        assert report.outcome is Outcome.PASSED, [f.to_value() for f in report.findings]
        archive.db.close()
