"""The runner: what a program may use, what it gets to see, and how it is brought to its end."""

import errno
import os
import resource
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import ffmpeg
import pytest

from ingest.media.limits import lend
from ingest.media.runner import (
    MAKE,
    PROBE,
    Limits,
    Outcome,
    ffmpeg_argv,
    run,
    source,
    source_url,
)  # fmt: skip
from ingest.media.tools import Program

MiB = 1 << 20
SHORT = Limits(seconds=20, cpu_seconds=20, memory=512 * MiB, output=MiB)


def python(code: str, limits: Limits = SHORT, **more) -> Outcome:
    return run([sys.executable, "-I", "-S", "-c", code], limits, **more)


def gone(pid: int) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_both_outputs_and_the_code_come_back():
    outcome = python("import sys; print('out'); print('err', file=sys.stderr)")
    assert outcome[:4] == (0, b"out\n", "err\n", "ok")
    assert python("raise SystemExit(3)")[:4] == (3, b"", "", "failed")


def test_nothing_of_the_surroundings_is_inherited(tmp_path):
    keep, other = (os.open(tmp_path / name, os.O_CREAT | os.O_RDWR) for name in "ab")
    os.set_inheritable(other, True)
    says = (
        "import os\n"
        "print(dict(os.environ), os.getcwd(), os.read(0, 1), os.listdir('/proc/self/fd'))"
    )
    said = python(says, pass_fds=(keep,)).out.decode()
    assert f"'{keep}'" in said
    assert f"'{other}'" not in said
    assert "/ b''" in said
    # The C library's locale is Python's own doing.
    assert "HOME" not in said
    assert "PATH" not in said
    os.close(keep)
    os.close(other)


def test_a_slow_one_ends_by_the_clock_with_all_it_started():
    code = (
        "import os, sys, time\n"
        "child = os.fork()\n"
        "print(child if child else '', flush=True, end='')\n"
        "time.sleep(600)"
    )
    for seconds in (0.5, 4, 30):  # a busy machine may take longer than the first to begin
        start = time.monotonic()
        outcome = python(code, replace(SHORT, seconds=seconds))
        assert outcome.ended == "timeout"
        assert time.monotonic() - start < seconds + 120
        if outcome.out:
            break
    assert gone(int(outcome.out))


def test_what_it_leaves_behind_is_ended_too():
    code = (
        "import os, time\n"
        "child = os.fork()\n"
        "if not child: os.close(1); os.close(2); time.sleep(60)\n"
        "print(child)"
    )
    outcome = python(code)
    assert outcome.ended == "ok"
    assert gone(int(outcome.out))


def test_one_that_closes_its_outputs_and_goes_on_is_ended_by_the_clock():
    code = "import os, time; os.close(1); os.close(2); time.sleep(60)"
    assert python(code, replace(SHORT, seconds=0.5)).ended == "timeout"


def test_processor_time_ends_it():
    # A busy machine may take many seconds of the clock for one; that would be "timeout".
    limits = replace(SHORT, seconds=300, cpu_seconds=1)
    assert python("while True: pass", limits).ended == "limit"


def test_memory_is_refused_above_the_limit():
    outcome = python("bytearray(600 << 20)")
    assert outcome.ended in ("failed", "limit")
    assert "MemoryError" in outcome.err
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    assert outcome.peak < max(500 * MiB, own + MiB)  # what a child had as a copy of this counts


def test_output_above_the_limit_ends_it_and_is_not_kept():
    outcome = python("import os\nwhile True: os.write(1, b'x' * 65536)")
    assert outcome.ended == "limit"
    assert len(outcome.out) <= MiB


def test_of_much_said_the_beginning_and_the_end_are_kept():
    code = (
        "import os\n"
        "os.write(2, b'first')\n"
        "for _ in range(64): os.write(2, b'x' * 65536)\n"
        "os.write(2, b'last')"
    )
    outcome = python(code)
    assert outcome.ended == "ok"
    assert outcome.err.startswith("first")
    assert outcome.err.endswith("last")
    assert len(outcome.err) < MiB


def test_it_can_write_no_file_unless_it_is_to_make_one(tmp_path):
    path = tmp_path / "written"
    code = f"open({str(path)!r}, 'wb', 0).write(b'x' * 100)"
    assert python(code).ended != "ok"
    assert path.stat().st_size == 0
    assert python(code, replace(MAKE, memory=512 * MiB)).ended == "ok"
    assert path.stat().st_size == 100


def test_limits_hold_from_the_first_instruction():
    code = (
        "import resource as r\n"
        "which = r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE\n"
        "print(*map(r.getrlimit, which))"
    )
    said = python(code, replace(SHORT, cpu_seconds=1000, files=MiB)).out.decode()
    assert said.startswith(f"({512 * MiB}, {512 * MiB}) (3")
    assert said.endswith(f", 1000) ({MiB}, {MiB}) (0, 0)\n")


def test_arguments_reach_the_program_as_they_are():
    words = ["$(id)", "`id`", "a b", "", "'", '"', "--", "\n", "执法"]
    code = "import sys; print(sys.argv[1:])"
    outcome = run([sys.executable, "-I", "-X", "utf8", "-S", "-c", code, *words], SHORT)
    assert outcome.out.decode() == f"{words}\n"


def test_a_crash_is_told_from_a_failure():
    assert python("import os; os.kill(os.getpid(), 11)").ended == "crashed"


def test_bytes_that_are_no_text_do_not_stop_it():
    assert "\ufffd" in python("import os; os.write(2, b'\\xff\\xfe')").err


def test_who_watches_can_stop_it():
    asked = iter((True, True))
    outcome = python("import time; time.sleep(60)", watch=lambda: next(asked, False))
    assert outcome.ended == "stopped"


def test_output_can_be_taken_as_it_comes():
    parts: list[bytes] = []
    outcome = python("print('x' * 300000)", sink=parts.append)
    assert outcome.out == b""
    assert sum(map(len, parts)) == 300001


def test_a_failing_sink_leaves_no_process_behind():
    pids: list[int] = []

    def fail(data: bytes) -> None:
        pids.append(int(data))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        python("import os, time; print(os.getpid(), flush=True); time.sleep(60)", sink=fail)
    assert gone(pids[0])


def test_a_program_whose_parent_was_killed_uses_up_its_loan(monkeypatch):
    monkeypatch.setattr("ingest.media.limits._LENT", 0)
    monkeypatch.setattr("ingest.media.limits._CORES", 1)
    pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", "while 1: pass"], {})
    lend(pid, replace(SHORT, cpu_seconds=3600), 0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -24


def test_many_threads_may_run_programs_at_once():
    def one(number: int) -> bytes:
        return python(f"print({number})").out

    before = set(threading.enumerate())
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(24))) == [b"%d\n" % number for number in range(24)]
    assert set(threading.enumerate()) <= before


def test_a_program_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError):
        run(["/nowhere/ffprobe"], PROBE)


def test_names_are_no_options_protocols_or_patterns(tmp_path):
    for name in ("-rf.mp4", "concat:a|b.mp4", "100%d.jpg", "*.mp4", "a\nb.mp4", "pipe:0"):
        path = tmp_path / name
        path.write_bytes(b"x")
        assert source_url(path) == f"file:{tmp_path}/{name}"
        with source(path) as opened:
            assert opened.url == "fd:"
            assert name not in " ".join(opened.argv)


def test_a_descriptor_is_opened_anew_at_its_beginning():
    memory = os.memfd_create("small")
    os.write(memory, b"abc")
    with source(memory) as opened:
        assert os.read(opened.fds[0], 10) == b"abc"
    os.close(memory)


def test_a_pipe_or_a_device_is_no_source(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match="not a regular") as caught, source(path):
            pass
        assert caught.value.errno == errno.EINVAL


def test_arguments_of_ffmpeg_are_in_their_places():
    spec = ffmpeg.input("fd:", fd=5).video.output("pipe:1", format="null")
    argv = ffmpeg_argv(Program("ffmpeg", Path("/bin/ffmpeg"), "n8.1"), spec, "-xerror")
    assert argv[:6] == ["/bin/ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-xerror"]
    assert argv[argv.index("-i") - 2 : argv.index("-i") + 2] == ["-fd", "5", "-i", "fd:"]
