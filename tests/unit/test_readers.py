"""The processes that read documents: what they may not do, and what becomes of one that ends."""

import ctypes
import os
import resource
import signal
import threading
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from packages import paragraphs, word

from ingest.documents import forbidden, guard
from ingest.documents.extract import DOCX, Extracted
from ingest.documents.readers import Readers
from ingest.documents.wire import ANSWER, Garbled, decode, encode

SMALL = word(paragraphs(["行政处罚决定书"]))
SLOW = b"{\\rtf1 " + b"\\u1000? " * 3_000_000
"""Takes about ten seconds of processor time."""
PATIENCE = "ingest.documents.readers._PATIENCE"


@pytest.fixture
def readers(monkeypatch):
    monkeypatch.setattr(PATIENCE, 60)  # of a busy machine
    with closing(Readers(seconds=1, memory_mb=400, processes=2)) as made:
        yield made


def child(readers):
    assert readers.read(SMALL, DOCX, "a.docx").text.strip() == "行政处罚决定书"
    return readers._free[-1].process.pid


def test_bytes_a_path_and_a_descriptor_give_the_same(readers, tmp_path):
    path = tmp_path / "a.docx"
    path.write_bytes(SMALL)
    first = readers.read(SMALL, DOCX, "a.docx")
    assert readers.read(path, DOCX, "a.docx") == first
    number = os.open(path, os.O_RDONLY)
    os.lseek(number, 7, os.SEEK_SET)
    assert readers.read(number, DOCX, "a.docx") == first
    assert os.lseek(number, 0, os.SEEK_CUR) == 7  # whoever opened it finds it as it was
    os.close(number)
    assert len(readers._free) == 1


def test_nothing_is_inherited_and_nothing_of_the_surroundings_known(readers):
    secret = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(secret, True)
    pid = child(readers)
    opened = {os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
    assert opened - {"/dev/null"} == {name for name in opened if name.startswith("socket:")}
    assert Path(f"/proc/{pid}/environ").read_bytes() == b""
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    os.close(secret)


def test_calls_of_the_system_are_given_up():
    """In a process of its own: what is given up does not come back."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writer, _tried().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as lines:
        said = lines.read().split()
    os.waitpid(pid, 0)
    if guard.platform.machine() in guard._MACHINES:
        raw = [name for name, *_ in RAW]
        tried = ["socket", "write", "truncate", "fork", "exec", "kill", *raw]
        assert said == ["True", *tried, "limits:ok", "read:ok"]


RAW: list[tuple[Any, ...]] = [
    ("pidfd_open", 434, 1, 0),
    ("pidfd_send_signal", 424, 0, 0, 0, 0),
    ("rt_sigqueueinfo", forbidden.FORBIDDEN["rt_sigqueueinfo"], 1, 0, 0),
    ("process_vm_readv", forbidden.FORBIDDEN["process_vm_readv"], 1, 0, 0, 0, 0, 0),
    ("process_vm_writev", forbidden.FORBIDDEN["process_vm_writev"], 1, 0, 0, 0, 0, 0),
    ("pidfd_getfd", 438, 0, 0, 0),
    ("prlimit64", forbidden.PRLIMIT64, 1, 7, 0, 0),
    ("mknodat", forbidden.FORBIDDEN["mknodat"], -100, b"/tmp/reader-was-here", 0o010644, 0),
    ("setxattr", forbidden.FORBIDDEN["setxattr"], b"/etc/hostname", b"user.x", b"1", 1, 0),
    ("fchmodat2", 452, -100, b"/etc/hostname", 0o644, 0),
    ("unknown", 2000),
]
"""Calls that Python has no word for, with what would do nothing if they were let through."""


def _raw(call: Any, number: int, *arguments: Any) -> None:
    if call(number, *arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _tried() -> str:
    import socket

    done = [str(guard.forbid_calls())]
    tries = {
        "socket": socket.socket,
        "write": lambda: os.open("/tmp/reader-was-here", os.O_WRONLY | os.O_CREAT),
        "truncate": lambda: os.truncate("/tmp/reader-was-here", 0),
        "fork": os.fork,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "kill": lambda: os.kill(os.getppid(), 0),
    }
    column = guard._MACHINES[guard.platform.machine()][0]
    call = ctypes.CDLL(None, use_errno=True).syscall
    for name, numbers, *arguments in RAW:
        number = numbers if isinstance(numbers, int) else numbers[column]
        tries[name] = partial(_raw, call, number, *arguments)
    for name, attempt in tries.items():
        try:
            attempt()
            done.append(f"{name}:DONE")
        except PermissionError:
            done.append(name)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    done.append("limits:ok")
    with open("/etc/hostname", "rb"):
        done.append("read:ok")
    return "\n".join(done)


def test_one_that_was_killed_is_replaced(readers):
    os.kill(child(readers), signal.SIGKILL)
    assert readers.read(SMALL, DOCX, "a.docx").text.strip() == "行政处罚决定书"


def ticks(pid):
    """Processor time that a process took outside the kernel, in hundredths of a second."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def test_one_that_dies_while_reading_costs_that_document_only():
    with closing(Readers(seconds=600, memory_mb=400, processes=2)) as readers:
        found: list[Extracted] = []
        reading = threading.Thread(
            target=lambda: found.append(readers.read(SLOW, "application/rtf", ""))
        )
        pid = child(readers)
        readers._free[-1].served = 0  # else it is tried once more
        before, end = ticks(pid), time.monotonic() + 60
        reading.start()
        while ticks(pid) < before + 10 and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(pid, signal.SIGSEGV)
        reading.join()
        assert found[0].findings == (("READER_DIED", "by signal 11"),)
        assert not found[0].readable
        assert readers.read(SMALL, DOCX, "a.docx").text.strip() == "行政处罚决定书"


def test_what_takes_too_long_keeps_what_was_read(readers):
    found = readers.read(SLOW, "application/rtf", "a.rtf")
    assert found.findings == (("LIMIT_REACHED", "time"),)
    assert found.text.startswith("Ϩ")


def test_one_that_hangs_is_ended(readers, monkeypatch):
    os.kill(child(readers), signal.SIGSTOP)
    with monkeypatch.context() as hasty:
        hasty.setattr(PATIENCE, 0.5)
        found = readers.read(SMALL, DOCX, "a.docx")
    assert found.findings == (("LIMIT_REACHED", "time"),)
    assert readers.read(SMALL, DOCX, "a.docx").text.strip() == "行政处罚决定书"


def test_more_memory_than_allowed(readers):
    bomb = word(paragraphs(["字"]), {"xl/x": b""})
    big = b"{\\rtf1 " + b"x" * (200 << 20)
    found = readers.read(big, "application/rtf", "a.rtf")
    assert [code for code, _ in found.findings] == ["LIMIT_REACHED"]
    assert readers.read(bomb, DOCX, "a.docx").text.strip() == "字"


def test_threads_share_them(readers):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(readers.read(SMALL, DOCX, "").text.strip()))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["行政处罚决定书"] * 12
    assert len(readers._free) <= 2


def test_closing_ends_them(readers):
    pid = child(readers)
    readers.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_whoever_reads_after_closing_has_others_that_stay(readers):
    """A letter that the service takes is read by the readers of its watcher, and closes them."""
    readers.close()
    assert child(readers) == child(readers)


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER.pack(1 << 30, 0, 0),
        ANSWER.pack(2, 1 << 30, 0) + b"{}",
        ANSWER.pack(2, 0, 0) + b"{}",
        ANSWER.pack(4, 0, 0) + b"\xff\xfe00",
        encode(Extracted(findings=(("EVIL", "x"),)), used_up=False),
        encode(Extracted(pages=-1), used_up=False),
        encode(Extracted(title=3), used_up=False),  # type: ignore[arg-type]
    ],
)
def test_an_answer_that_is_none(answer):
    place = 0

    def receive(length: int) -> bytes:
        nonlocal place
        place += length
        return answer[place - length : place]

    with pytest.raises(Garbled):
        decode(receive, 1000)
