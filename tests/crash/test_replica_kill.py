"""SIGKILL in the middle of copying: the next run ends the work, nothing is there by half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from replica_fixture import TwoPlaces, folder_side, two_places

from archive.copying import Copier
from archive.durable import FileSystem
from archive.findings import Outcome
from archive.replica import Replicator

LARGE = bytes(range(256)) * 20_000
_CHILD = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from archive_fixture import FakeClock, open_database
from replica_fixture import folder_side
from archive.copying import Copier
from archive.durable import FileSystem
from archive.replica import Replicator

class Mortal(FileSystem):
    left = int(sys.argv[2])
    def _step(self):
        Mortal.left -= 1
        if Mortal.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def link(self, source, target):
        super().link(source, target)
        self._step()
    def write(self, fd, data):
        super().write(fd, data)
        self._step()
    def unlink(self, path):
        super().unlink(path)
        self._step()

home = Path(sys.argv[1])
fs = Mortal()
first = folder_side(home / "store", home / "scratch", fs)
copy = folder_side(home / "copy", home / "copy/scratch", fs)
copier = Copier(home / "copy/scratch", fs)
Replicator(open_database(home), first, copy, copier, FakeClock()).drain()
"""


@pytest.fixture
def places(tmp_path: Path) -> TwoPlaces:
    places = two_places(tmp_path)
    archive = places.archive
    archive.seal()
    archive.accession(LARGE, staged=True)
    archive.accession(b"a small one\n", sidecar=b"{}")
    archive.seal()
    archive.clock.advance(minutes=20)
    return places


@pytest.mark.parametrize("step", [1, 4, 9, 17, 30, 41])
def test_killed_in_the_middle_of_copying(places: TwoPlaces, step: int) -> None:
    home = places.archive.home
    code = _CHILD.format(paths=sys.path)
    killed = subprocess.run([sys.executable, "-c", code, str(home), str(step)], check=False)
    assert killed.returncode == -signal.SIGKILL
    fs = FileSystem()
    first = folder_side(home / "store", home / "scratch", fs)
    copy = folder_side(home / "copy", home / "copy/scratch", fs)
    copier = Copier(home / "copy/scratch", fs)
    Replicator(places.archive.db, first, copy, copier, places.archive.clock).drain()
    assert places.lag().count == 0
    assert places.verify_copy().outcome is Outcome.PASSED
    left = os.listdir(home / "copy/scratch")
    assert not [name for name in left if name != "pointer"]
