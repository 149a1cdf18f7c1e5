import errno
import gc
import inspect
import logging
import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from watchdog.observers import inotify_c

from cli.clock import SystemClock
from ingest.errors import InboxLost
from ingest.hints import FEW, OVERFLOW, Hints, NoHints, count_watches
from ingest.settle import FileKey
from ingest.sources import read_head, writer_of
from ingest.watcher import Reporter, Watcher


@pytest.fixture
def others():
    """Folders that the kernel watches for what ran here before."""
    gc.collect()
    return count_watches() or 0


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
    assert wake.wait(60)


def test_a_renamed_file_with_a_gbk_name_wakes_the_sweep(watched):
    folder, wake = watched
    raw = os.fsencode(folder) + b"/S/" + "记录".encode("gb18030")
    with open(raw, "wb"):
        assert wake.wait(60)


def test_our_own_reading_does_not_wake_the_sweep(watched):
    folder, wake = watched
    path = folder / "S" / "a"
    path.write_bytes(b"x")
    assert wake.wait(60)
    for _ in range(100):
        wake.clear()
        if not wake.wait(2):
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


def test_lost_events_are_noticed_once(watched):
    folder, wake = watched
    hints = Hints(os.fsencode(folder), wake)
    hints.start()
    try:
        assert hints.losses(2) == []
        # The very words of the library, which has no other way to say it.
        said = "Inotify queue overflowed; filesystem events were lost"
        source = inspect.getsource(inotify_c)
        assert f'logger.warning("{said}")' in source
        logging.getLogger("watchdog.observers.inotify").warning(said)
        assert hints.losses(2) == [OVERFLOW]
        assert hints.losses(2) == []
    finally:
        hints.stop()


def test_folders_that_nobody_watches_are_noticed_at_the_second_look(tmp_path):
    watches = [5]
    hints = Hints(os.fsencode(tmp_path), threading.Event(), watches=lambda: watches[0])
    hints.start()
    try:
        assert hints.losses(5) == hints.losses(7) == []
        assert hints.losses(7) == [FEW]
        watches[0] = 7
        assert hints.losses(7) == []
    finally:
        hints.stop()


def test_the_kernel_says_how_many_folders_it_watches(others, watched):
    folder, wake = watched
    for number in range(20):
        (folder / "S" / str(number)).mkdir()
        wake.wait(1)
    end = time.monotonic() + 60
    while (count_watches() or 0) < others + 22 and time.monotonic() < end:
        time.sleep(0.05)
    assert count_watches() == others + 22


def test_without_hints_nothing_is_watched_and_nothing_is_wrong():
    hints = NoHints()
    hints.start()
    assert (hints.problem, hints.losses(100)) == (None, [])
    hints.stop()


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


def test_what_is_submitted_is_sealed_while_the_inbox_is_away():
    """The next sign of life waits for the one that is pending: the archive would look dead."""
    finished, told, unused, stop = [], [], SystemClock(), threading.Event()

    class Pipeline:
        waiting_for_tsa = False

        def finish(self):
            finished.append(1)
            stop.set()

    class Told(Reporter):
        def trouble(self, error, retry_seconds):
            told.append(type(error))

    class Alive(Watcher):
        def _heartbeat(self):
            pass

        def _sweep(self):
            raise InboxLost("It is away.", "已脱离。")

    sweeper = SimpleNamespace(folders=0)
    watcher = Alive(unused, sweeper, Pipeline(), unused, unused, unused, unused, Told())
    watcher.run(NoHints(), threading.Event(), stop)
    assert (finished, told) == ([1], [InboxLost])
