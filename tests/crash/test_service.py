"""The service as a process: killed in the middle, told to end, and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from service_driver import PASSPHRASE, ROOT, served, wait_for

from archive.errors import StateUnknown, Unreachable
from cli.main import run
from cli.service.client import SocketDesk
from cli.service.home_lock import hosting
from cli.service.place import SOCKET

PIECE = 1 << 20
MANY = {"pieces": 400, "size": PIECE}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
    with redirect_stdout(StringIO()):
        assert run(["--home", str(tmp_path / "home"), "init"], {}) == 0
    return tmp_path / "home"


def test_killed_in_the_middle_of_a_delivery(home: Path) -> None:
    """The receiver knows that it has not everything; the next service needs no help."""
    got: list[bytes] = []
    with served(home) as process:
        with pytest.raises(Unreachable):
            receive_until(home, got, 5, process.kill)
        assert process.wait(60) == -signal.SIGKILL
    assert 5 <= len(got) < MANY["pieces"]
    assert got == [bytes([number % 256]) * PIECE for number in range(len(got))]
    assert (home / "run" / SOCKET).exists()
    with pytest.raises(ConnectionRefusedError):
        SocketDesk(home).hello()
    with hosting(home):
        pass  # the kernel has taken the lock back
    with served(home):
        desk = SocketDesk(home)
        with desk.receive("toy.stream", {"pieces": 3, "size": PIECE}) as delivery:
            assert len(list(delivery)) == 3


def receive_until(home: Path, got: list[bytes], count: int, then: Callable[[], None]) -> None:
    with SocketDesk(home).receive("toy.stream", MANY) as delivery:
        for piece in delivery:
            got.append(piece)
            if len(got) == count:
                then()


def test_killed_before_it_answers(home: Path) -> None:
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            SocketDesk(home).call("driver.never", {})
        except Unreachable as error:
            failed.append(error)

    with served(home) as process:
        asking = threading.Thread(target=ask)
        asking.start()
        assert wait_for(home / "scratch" / "asked")
        process.kill()
        asking.join(120)
    assert "ended before it answered" in str(failed[0])


RECEIVE = """
import sys
from pathlib import Path
from cli.service.client import SocketDesk
with SocketDesk(Path(sys.argv[1])).receive("toy.stream", {"pieces": 400, "size": 1 << 20}) as d:
    for number, piece in enumerate(d):
        if number == 3:
            print("three", flush=True)
            sys.stdin.read()
"""


def test_a_killed_receiver_harms_nobody(home: Path) -> None:
    with served(home) as process:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        for _ in range(3):
            with subprocess.Popen(
                [sys.executable, "-c", RECEIVE, str(home)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as receiver:
                assert receiver.stdout is not None
                assert receiver.stdout.readline()
                receiver.kill()
        assert SocketDesk(home).call("toy.echo", {})["uid"] == os.getuid()
        process.terminate()
        _, log = process.communicate(timeout=120)
    assert log.count("toy.stream uid=") == 3
    assert log.count("CONNECTION_LOST") == 3


def test_told_to_end(home: Path) -> None:
    """What is there is taken, the socket is gone, nothing is half done."""
    with served(home) as process:
        assert wait_for(home / "scratch" / "housekept")
        drop = home / "inbox" / "scanner" / "a.txt"
        drop.parent.mkdir()
        drop.write_text("content")
        assert wait_for(home / "outbox" / "scanner")
        process.terminate()
        out, log = process.communicate(timeout=120)
        assert process.returncode == 0
    assert "Nothing more to do." in log
    assert "receipts written: 1" in out
    assert not (home / "run" / SOCKET).exists()
    assert "Traceback" not in log


def test_a_failed_sync_ends_the_service(home: Path) -> None:
    with served(home) as process:
        with pytest.raises(StateUnknown):
            SocketDesk(home).call("toy.fail", {"how": "fatal"})
        _, log = process.communicate(timeout=120)
        assert process.returncode == 3
    assert "fsync failed" in log
    assert "Traceback" not in log


def test_commands_do_not_work_beside_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(home):
        for words in (["watch", "--once"], ["rebuild"], ["serve"]):
            assert run(["--home", str(home), *words], {}) == 3, words
        assert "archive" in capsys.readouterr().err
        assert run(["--home", str(home), "status"], {}) == 0


def test_an_open_home_is_not_served(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "cunzheng.db").chmod(0o644)
    assert run(["--home", str(home), "serve"], {}) == 2
    assert "cunzheng.db" in capsys.readouterr().err
    assert run(["--home", str(home), "--lang", "zh", "serve"], {}) == 2
    assert "权限" in capsys.readouterr().err


def test_twenty_at_once(home: Path) -> None:
    answers: list[int] = []

    def ask(number: int) -> None:
        with SocketDesk(home).receive("toy.stream", {"pieces": 20, "size": 100_000}) as delivery:
            answers.append(sum(len(piece) for piece in delivery))

    with served(home):
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert answers == [2_000_000] * 20
