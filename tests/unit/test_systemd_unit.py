"""The unit for systemd: its hardening is there, systemd accepts it, the service lives within it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from cli.passphrase import CREDENTIAL

UNIT = Path(__file__).parents[2] / "config" / "systemd" / "cunzheng.service"


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, value = line.split("=", 1)
            found[name].append(value)
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("User", "cunzheng"),
        ("UMask", "0077"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("ProtectProc", "invisible"),
        ("MemoryDenyWriteExecute", "yes"),
        ("CapabilityBoundingSet", ""),
        ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6"),
        ("LimitCORE", "0"),
    ],
)
def test_the_hardening_is_there(name: str, value: str) -> None:
    assert settings()[name] == [value]


def test_the_only_writable_place_is_the_archive() -> None:
    found = settings()
    home = found["Environment"][0].removeprefix("CUNZHENG_HOME=")
    assert found["ReadWritePaths"] == [home]
    assert found["ExecStart"][0].endswith("/cunzheng serve")


def test_the_passphrase_is_a_credential() -> None:
    assert settings()["LoadCredential"][0].startswith(f"{CREDENTIAL}:")
    assert "PASSPHRASE" not in UNIT.read_text(encoding="utf-8")


@pytest.mark.full
def test_systemd_accepts_it(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("NOT RUN: needs systemd-analyze")
    text = UNIT.read_text(encoding="utf-8")
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub("ExecStart=/opt/[^ ]*", "ExecStart=/bin/true", text), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def allowed_calls() -> set[str]:
    """System calls that the unit's filters leave, in their order; as systemd expands them."""
    calls: set[str] = set()
    for group in settings()["SystemCallFilter"]:
        names = expand(group.lstrip("~"))
        calls = calls - names if group.startswith("~") else calls | names
    return calls | expand("@default")


def expand(group: str) -> set[str]:
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True
    )
    lines = [line.strip() for line in done.stdout.splitlines()[1:]]
    words = [line for line in lines if line and not line.startswith("#")]
    return {call for word in words for call in (expand(word) if word[0] == "@" else {word})}


_WITHOUT_WRITABLE_CODE = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE, what MemoryDenyWriteExecute= asks for
os.execv(sys.argv[1], sys.argv[1:])
"""


def answers(home: Path) -> bool:
    """Wait until the service answers: its socket has a name before anybody listens."""
    from cli.service.client import SocketDesk

    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            return SocketDesk(home).hello()["host"] == "service"
        except (ConnectionRefusedError, FileNotFoundError):
            time.sleep(0.1)
    return False


@pytest.mark.full
def test_the_service_lives_within_it(tmp_path: Path) -> None:
    """Every system call of founding, taking a drop, answering and ending is one that is allowed."""
    if shutil.which("systemd-analyze") is None or shutil.which("strace") is None:
        pytest.skip("NOT RUN: needs systemd-analyze and strace")
    from service_driver import PASSPHRASE, ROOT, wait_for

    home, log = tmp_path / "home", tmp_path / "calls"
    command = [sys.executable, "-c", "from cli.main import main; main()", "--home", str(home)]
    environment = {"CUNZHENG_PASSPHRASE": PASSPHRASE, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    subprocess.run([*command, "init"], env=environment, capture_output=True, check=True)
    strace = ("strace", "-f", "-qq", "-o", str(log))
    with subprocess.Popen(
        [*strace, sys.executable, "-c", _WITHOUT_WRITABLE_CODE, *command, "serve"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert answers(home)
        (home / "inbox/scanner").mkdir()
        (home / "inbox/scanner/a.txt").write_text("content")
        assert wait_for(home / "outbox/scanner", 300)
        service = next(int(line.split()[0]) for line in log.read_text().splitlines())
        subprocess.run(["kill", f"-{signal.SIGTERM.value}", str(service)], check=True)
        _, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
    used = set(re.findall(r"^\d+ +(\w+)\(", log.read_text(errors="replace"), re.MULTILINE))
    assert {"openat", "accept4", "fsync"} <= used
    assert used - allowed_calls() == set()
