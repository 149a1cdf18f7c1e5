"""The process boundary, tried from the other side: other accounts of the same machine.

`OUTSIDER` has a shell and nothing else. `MEMBER` is in the group of the socket, but enrolled in no
archive. The service runs under an account of its own, as its unit has it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from accounts import checkout, packages
from boundary_attempts import ATTEMPTS

from cli.service import operations

pytestmark = pytest.mark.full

SERVICE, GROUP, MEMBER, OUTSIDER = 64001, 64010, 64002, 65534
PYTHONS = (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")
MAIN = "from cli.main import main; main()"
PASSPHRASE = "a passphrase that nobody may see"

OPEN_TO_MEMBERS = {("call", "hello")}
"""What the service answers to whoever is in the group, enrolled or not."""


def run_as(
    uid: int, arguments: list[str], *, group: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        user=uid,
        group=uid,
        extra_groups=[GROUP] if group else [],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": packages(), **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def works_for_others(python: str) -> bool:
    """Whether another account can run the commands with this interpreter."""
    try:
        return run_as(OUTSIDER, [python, "-c", MAIN, "--version"]).returncode == 0
    except OSError:
        return False


@dataclass
class Running:
    """A service under its own account, and what an attacker may know of it."""

    home: Path
    pid: int
    place: dict[str, Any]

    def attempts(self, uid: int, *which: str, group: bool = False) -> dict[str, str]:
        own = Path(tempfile.mkdtemp(prefix="cunzheng-own-", dir="/tmp"))
        os.chown(own, uid, uid)
        try:
            place = json.dumps({**self.place, "own": str(own)})
            python = self.place["command"][0]
            script = checkout()[0] / "tests/support/boundary_attempts.py"
            done = run_as(uid, [python, str(script), place, *which], group=group)
            assert done.returncode == 0, done.stderr
            return dict(json.loads(done.stdout))
        finally:
            shutil.rmtree(own)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: needs root")
    python = next(filter(works_for_others, PYTHONS), None)
    if python is None:
        pytest.skip("NOT RUN: needs a Python and a checkout that other accounts can read")
    base = Path(tempfile.mkdtemp(prefix="cunzheng-boundary-", dir="/tmp"))
    base.chmod(0o755)
    try:
        yield from serve(base, [python, "-c", MAIN])
    finally:
        shutil.rmtree(base)


def serve(base: Path, command: list[str]) -> Iterator[Running]:
    home, credential = base / "home", base / "credentials" / "cunzheng.passphrase"
    for folder in (home, credential.parent):
        folder.mkdir(mode=0o700)
        os.chown(folder, SERVICE, SERVICE)
    credential.write_text(PASSPHRASE)
    credential.chmod(0o400)
    os.chown(credential, SERVICE, SERVICE)
    environment = {"CUNZHENG_HOME": str(home), "CREDENTIALS_DIRECTORY": str(credential.parent)}
    assert run_as(SERVICE, [*command, "init"], **environment).returncode == 0
    record = take_one(home, command, environment)
    for folder in (home, home / "run"):
        os.chown(folder, -1, GROUP)
    (home / "run").chmod(0o2750)
    with subprocess.Popen(
        [*command, "serve"],
        user=SERVICE,
        group=SERVICE,
        extra_groups=[],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": packages(), **environment},
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        await_socket(home, process)
        yield Running(
            home,
            process.pid,
            {
                "home": str(home),
                "pid": process.pid,
                "record": record,
                "credential": str(credential),
                "command": command,
            },
        )
        assert process.poll() is None, "the service did not live through all this"
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0


def take_one(home: Path, command: list[str], environment: dict[str, str]) -> str:
    source = home / "inbox" / "scanner"
    source.mkdir()
    # Too large for a pack: its own objects are what the attempts go for.
    (source / "secret.txt").write_text("content of a record" * 20_000)
    for path in (source, source / "secret.txt"):
        os.chown(path, SERVICE, SERVICE)
    assert run_as(SERVICE, [*command, "watch", "--once"], **environment).returncode == 0
    found = run_as(SERVICE, [*command, "search", "--json"], **environment)
    return str(json.loads(found.stdout)["records"][0]["record"])


def await_socket(home: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while not (home / "run/cunzheng.sock").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def by_outsider(running: Running) -> dict[str, str]:
    return running.attempts(OUTSIDER)


@pytest.fixture(scope="module")
def by_member(running: Running) -> dict[str, str]:
    return running.attempts(MEMBER, group=True)


@pytest.mark.parametrize("what", ATTEMPTS)
def test_an_outsider_is_refused(by_outsider: dict[str, str], what: str) -> None:
    """Refused by the home's mode, by the kernel's rule for other accounts, or by both."""
    assert by_outsider[what] in ("EACCES", "EPERM")


@pytest.mark.parametrize("what", [name for name in ATTEMPTS if name != "connect to the socket"])
def test_a_member_of_the_group_is_refused(by_member: dict[str, str], what: str) -> None:
    """May pass through the home to the socket; each thing there has its own mode."""
    assert by_member[what] in ("EACCES", "EPERM")


def test_a_member_may_connect(by_member: dict[str, str]) -> None:
    assert by_member["connect to the socket"] == "got 'connected'"


def test_the_attempts_would_succeed_without_the_boundary(running: Running) -> None:
    """As root what only reads succeeds: the attempts ask for what is there."""
    which = [what for what in ATTEMPTS if what.startswith(("read ", "list "))]
    for what in ("read the write-ahead log", "read the disk below the files"):
        which.remove(what)  # not always there
    found = running.attempts(0, *which)
    assert {what for what, result in found.items() if not result.startswith("got ")} == set()


OF_THE_PROCESS = [what for what in ATTEMPTS if "server's" in what or "of the server" in what]


def test_the_memory_is_closed_to_the_services_own_account(running: Running) -> None:
    """PR_SET_DUMPABLE: even another process of the same account cannot look into this one."""
    assert len(OF_THE_PROCESS) >= 6
    found = running.attempts(SERVICE, *OF_THE_PROCESS, "trace the server")
    assert set(found.values()) <= {"EACCES", "EPERM"}, found


def test_the_server_leaves_no_core_file(running: Running) -> None:
    limits = Path(f"/proc/{running.pid}/limits").read_text()
    assert next(x for x in limits.splitlines() if "core file" in x).split()[4:6] == ["0", "0"]


def test_no_key_or_passphrase_is_in_the_environment(running: Running) -> None:
    environment = Path(f"/proc/{running.pid}/environ").read_bytes()
    assert PASSPHRASE.encode() not in environment


ASK = """
import json, sys
from pathlib import Path
from cli.service.client import SocketDesk
desk, found = SocketDesk(Path(sys.argv[1])), {}
def receive(name, params):
    with desk.receive(name, params) as delivery:
        return b"".join(delivery).hex()
def send(name, params):
    import io
    return desk.send(name, params, io.BytesIO(b"letter"))
for form, name, params in json.loads(sys.argv[2]):
    try:
        answer = {"call": desk.call, "receive": receive, "send": send}[form](name, params)
    except Exception as error:
        answer = type(error).__name__
    found[f"{form} {name} {params}"] = answer
print(json.dumps(found))
"""
HOSTILE: list[dict[str, Any]] = [
    {},
    {"record": "../../keys/log.key"},
    {"path": "/etc/shadow", "request": "' OR 1=1 --", "access": "0" * 26},
    {"statements": [{"statement": {}, "signature": ""}], "person": "root"},
]


def ask(running: Running, asked: list[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    python = running.place["command"][0]
    done = run_as(MEMBER, [python, "-c", ASK, str(running.home), json.dumps(asked)], group=True)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_member_is_known_by_number_and_told_nothing_else(running: Running) -> None:
    (answer,) = ask(running, [("call", "hello", {})]).values()
    assert answer["account"] == str(MEMBER)
    assert set(answer) == {"account", "archive", "host", "protocol", "software"}


def test_who_is_not_enrolled_gets_nothing_from_any_operation(running: Running) -> None:
    asked = [
        (form, name, params)
        for form, name in operations.names()
        if (form, name) not in OPEN_TO_MEMBERS and not name.startswith("toy.")
        for params in HOSTILE
    ]
    asked += [("receive", name, {}) for name in ("../keys/log.key", "access", "fetch", "0" * 26)]
    refused = {"UsageError", "Denied", "NotFound", "FormatError"}
    assert {key: a for key, a in ask(running, asked).items() if a not in refused} == {}


OPEN = """
import sys
from pathlib import Path
from cli.service import open_desk
from cli.invocation import Invocation
try:
    with open_desk(Invocation(Path(sys.argv[1]))) as desk:
        print(type(desk).__name__)
except Exception as error:
    print(type(error).__name__, error)
"""


def opened(running: Running, uid: int, home: Path, *, group: bool = False) -> str:
    python = running.place["command"][0]
    return run_as(uid, [python, "-c", OPEN, str(home)], group=group).stdout.strip()


def test_commands_find_the_service_or_say_why_not(running: Running, tmp_path: Path) -> None:
    assert opened(running, MEMBER, running.home, group=True) == "SocketDesk"
    assert opened(running, OUTSIDER, running.home).startswith("Denied This account may not use")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        home = Path(name)
        home.chmod(0o711)
        (home / "run").mkdir(mode=0o755)
        (home / "cunzheng.toml").touch(0o600)
        assert opened(running, OUTSIDER, home) == (
            "Unreachable The service does not run, and this account cannot open the archive itself."
        )


LISTEN = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
listener.listen()
print("listening", flush=True)
listener.accept()
"""


def test_an_impostor_is_not_believed(running: Running) -> None:
    """Whoever listens must be the owner of run/, or root."""
    python = running.place["command"][0]
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        home = Path(name)
        home.chmod(0o755)
        (home / "run").mkdir()
        (home / "run").chmod(0o777)
        os.chown(home / "run", SERVICE, SERVICE)
        with subprocess.Popen(
            [python, "-c", LISTEN, str(home / "run/cunzheng.sock")],
            user=OUTSIDER,
            group=OUTSIDER,
            extra_groups=[],
            stdout=subprocess.PIPE,
        ) as impostor:
            assert impostor.stdout is not None
            assert impostor.stdout.readline()
            assert "is not the service of this archive" in opened(running, MEMBER, home)
            impostor.kill()


def test_a_linked_run_folder_is_not_followed(running: Running) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        home = Path(name)
        home.chmod(0o755)
        (home / "run").symlink_to(running.home / "run")
        assert opened(running, MEMBER, home, group=True).startswith("UsageError There is no")
