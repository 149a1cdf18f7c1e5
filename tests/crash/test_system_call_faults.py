"""Faults put into system calls from outside, by strace: EIO, ENOSPC, and kill -9 at any call.

The command runs as it is shipped, in its own interpreter. Afterwards an ordinary run drains, every
drop is receipted and sealed exactly once, and verification passes.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import crash_intake
import pytest
from crash_driver import ROOT, Driver
from crash_intake import ENVIRONMENT, PASSPHRASE
from crash_table import fast_folder
from scale import size

pytestmark = pytest.mark.full

_KINDS = ("note-0.txt", "note-1.txt", "scene.wav", "photo.jpg", "earlier.txt")
DROPS = [drop for drop in crash_intake.small_drops() if os.fsdecode(drop.name) in _KINDS]
_ONCE = "from cli.main import main; main()"
_WANTED = r"trace=%s"


@pytest.fixture(scope="module")
def prepared() -> Iterator[tuple[Driver, Path, Path]]:
    if shutil.which("strace") is None:
        pytest.skip("NOT RUN: needs strace")
    with pytest.MonkeyPatch.context() as patch, fast_folder() as folder, Driver() as driver:
        patch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
        home = Path(folder) / "home"
        yield driver, home, crash_intake.prepare(driver, home)


def traced(home: Path, call: str, inject: str | None) -> "subprocess.CompletedProcess[str]":
    """One `watch --once` under strace, which looks only at this call and at paths of the home."""
    log = home.with_name("strace.log")
    inject_it = ["-e", f"inject={call}:{inject}"] if inject else []
    command = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        str(log),
        "-e",
        _WANTED % call,
        *inject_it,
    ]
    command += [sys.executable, "-c", _ONCE, "--home", str(home), "watch", "--once"]
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )


def own_calls(home: Path, call: str) -> list[int]:
    """Numbers (from 1, in its thread, as strace counts) of the calls below the home."""
    traced(home, call, None)
    made: Counter[str] = Counter()
    numbers = set()
    for line in home.with_name("strace.log").read_text(errors="replace").splitlines():
        thread, _, rest = line.partition(" ")
        if rest.lstrip().startswith(f"{call}("):
            made[thread] += 1
            if "/" not in rest or str(home) in rest:
                numbers.add(made[thread])
    assert numbers, f"{call} is never called"
    return sorted(numbers)


def chosen(numbers: list[int], count: int) -> list[int]:
    """Some of them, spread from the first to the last."""
    if len(numbers) <= count:
        return numbers
    return [numbers[i * (len(numbers) - 1) // (count - 1)] for i in range(count)]


def check_one(
    prepared: tuple[Driver, Path, Path], call: str, inject: str, codes: tuple[int, ...]
) -> None:
    driver, home, template = prepared
    crash_intake.fresh(template, home, DROPS)
    ended = traced(home, call, inject)
    told = f"{call}:{inject}: {ended.returncode}: {ended.stdout}{ended.stderr}"
    assert ended.returncode in codes, told
    torn = 1 if call == "write" else 0
    crash_intake.check_after_kill(home, DROPS, home / "inbox", torn=torn)
    again = crash_intake.run(driver, home, "watch", "--once")
    assert again.code == 0, f"{told}\nafterwards: {again.output}"
    crash_intake.check_drained(home, DROPS, torn=torn)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("fsync", "EIO"),
        ("fdatasync", "EIO"),
        ("syncfs", "EIO"),
        ("write", "ENOSPC"),
        ("pwrite64", "EIO"),
        ("rename", "EIO"),
        ("linkat", "EIO"),
    ],
)
def test_an_error_of_a_call_loses_nothing(
    prepared: tuple[Driver, Path, Path], call: str, error: str
) -> None:
    _, home, template = prepared
    crash_intake.fresh(template, home, DROPS)
    numbers = own_calls(home, call)
    for number in chosen(numbers, size(2, 5)):
        # 0 where the failed call was of no weight, such as a read cache or a hint.
        check_one(prepared, call, f"error={error}:when={number}", (0, 3))


@pytest.mark.parametrize(
    "call",
    ["openat", "linkat", "rename", "fsync", "syncfs", "fdatasync", "write", "unlink"],
)
def test_a_kill_at_a_call_loses_nothing(prepared: tuple[Driver, Path, Path], call: str) -> None:
    _, home, template = prepared
    crash_intake.fresh(template, home, DROPS)
    numbers = own_calls(home, call)
    for number in chosen(numbers, size(2, 5)):
        check_one(prepared, call, f"signal=KILL:when={number}", (-9, 137, 0))
