import errno
import os
import subprocess
import sys
import threading

import pytest

from cli.clock import SystemClock
from ingest.hints import Hints
from ingest.settle import FileKey
from ingest.sources import read_head, writer_of
from ingest.watcher import Reporter, Watcher


@pytest.fixture
def watched(tmp_path):
    folder = tmp_path / "inbox"
    (folder / "S").mkdir(parents=True)
    wake = threading.Event()
    hints = Hints(os.fsencode(folder), wake)
    hints.start()
    if hints.problem:
        pytest.skip("NOT RUN: needs file events")
    yield folder, wake
    hints.stop()
    hints.stop()


def test_a_new_file_wakes_the_sweep(watched):
    folder, wake = watched
    (folder / "S" / "a").write_bytes(b"x")
    assert wake.wait(5)


def test_a_renamed_file_with_a_gbk_name_wakes_the_sweep(watched):
    folder, wake = watched
    raw = os.fsencode(folder) + b"/S/" + "记录".encode("gb18030")
    with open(raw, "wb"):
        assert wake.wait(5)


def test_our_own_reading_does_not_wake_the_sweep(watched):
    folder, wake = watched
    path = folder / "S" / "a"
    path.write_bytes(b"x")
    assert wake.wait(5)
    for _ in range(100):
        wake.clear()
        if not wake.wait(0.2):
            break
    raw, key = os.fsencode(path), FileKey.of(path.stat())
    for _ in range(20):
        assert writer_of(raw, key) is False
        assert read_head(raw, 10) == b"x"
    assert not wake.wait(0.5)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "no watches"), ImportError("watchdog"), RuntimeError("thread")]
)
def test_without_events_it_says_so_and_goes_on(tmp_path, error):
    def broken():
        raise error

    hints = Hints(os.fsencode(tmp_path), threading.Event(), broken)
    assert hints.problem is not None
    hints.start()
    assert "swept at intervals only" in hints.problem
    hints.stop()


def test_watch_says_once_that_there_are_no_events(tmp_path):
    told = []

    class Told(Reporter):
        def no_events(self, problem):
            told.append(problem)

    def broken():
        raise OSError(errno.ENOSPC, "no watches")

    unused, stop = SystemClock(), threading.Event()
    stop.set()
    watcher = Watcher(unused, unused, unused, unused, unused, unused, unused, Told())
    watcher.run(Hints(os.fsencode(tmp_path), threading.Event(), broken), threading.Event(), stop)
    assert told == ["No file events here (OSError); the inbox is swept at intervals only."]


def test_a_missing_folder_is_no_crash(tmp_path):
    hints = Hints(os.fsencode(tmp_path / "absent"), threading.Event())
    hints.start()
    assert hints.problem is not None
    hints.stop()


def test_watchdog_and_jsonschema_are_imported_only_when_needed():
    code = (
        "import sys, ingest.hints, ingest.sweep, ingest.staging, ingest.kind\n"
        "print([name for name in ('watchdog', 'jsonschema') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
