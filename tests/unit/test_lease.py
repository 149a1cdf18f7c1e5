"""The lease: one holder, taken back from a dead one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archive.lease import Lease

REPOSITORY = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from archive.lease import Lease
with Lease(Path(sys.argv[1])).hold(wait=True) as held:
    print(held, flush=True)
    time.sleep(60)
"""


def holder(path: Path) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "True\n"
    return worker


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    one, two = Lease(tmp_path / "lock"), Lease(tmp_path / "lock")
    with one.hold(wait=False) as held:
        assert held
        with two.hold(wait=False) as also:
            assert not also
    with two.hold(wait=False) as held:
        assert held


def test_an_error_gives_it_back(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "lock")
    with pytest.raises(KeyError), lease.hold(wait=False):
        raise KeyError
    with lease.hold(wait=False) as held:
        assert held


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_holder_blocks_nobody(tmp_path: Path, sign: signal.Signals) -> None:
    lease = Lease(tmp_path / "lock")
    worker = holder(tmp_path / "lock")
    with lease.hold(wait=False) as held:
        assert not held
    worker.send_signal(sign)
    with lease.hold(wait=True) as held:
        assert held
    worker.communicate(timeout=60)


def test_a_stopped_holder_keeps_it(tmp_path: Path) -> None:
    """The kernel cannot know that it will not wake up; the fence is for when it does."""
    lease = Lease(tmp_path / "lock")
    worker = holder(tmp_path / "lock")
    worker.send_signal(signal.SIGSTOP)
    with lease.hold(wait=False) as held:
        assert not held
    worker.kill()
    worker.communicate(timeout=60)
