"""What a program may use at most, and how that is laid upon it.

Limits are set by the shell that then becomes the program, so that they hold from its first
instruction. Code of our own between fork and exec is not safe in a process with threads; limits
set from outside after the start come too late on a busy machine: the file is being read by then.
A start takes some 2.5 ms with the shell, 1.5 ms without, and 17 ms through Python.
"""

import os
import resource
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MiB = 1 << 20
GiB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use; `dataclasses.replace` makes others."""

    seconds: float
    """Seconds by the clock."""
    cpu_seconds: int
    """Seconds of processor time, over all threads."""
    memory: int
    """Bytes of address space."""
    output: int
    """Bytes of standard output."""
    files: int = 0
    """Bytes of the largest file it may write; 0 lets it write none."""
    nice: int = 10
    """How far it stands back for others, 0 to 19."""


PROBE = Limits(seconds=30, cpu_seconds=3, memory=512 * MiB, output=8 * MiB, nice=0)
"""Reading headers, before the seal: 10 ms for what is sound; the clock is for a busy machine.

It does not stand back: a drop and whoever brought it wait for it.
"""
CHECK = Limits(seconds=600, cpu_seconds=60, memory=512 * MiB, output=64 * MiB)
"""Walking through all packets without decoding."""
DECODE = Limits(seconds=6 * 3600, cpu_seconds=6 * 3600, memory=1 * GiB, output=64 * MiB, nice=19)
"""Decoding a whole film, behind the seal."""
MAKE = Limits(
    seconds=6 * 3600,
    cpu_seconds=12 * 3600,
    memory=2 * GiB,
    output=256 * MiB,
    files=16 * GiB,
    nice=15,
)
"""Making a picture or a copy."""


_LENT = 300
_CORES = os.cpu_count() or 1


def confined(argv: Sequence[str], limits: Limits) -> list[str]:
    """The same program with its limits; only numbers get into the text of the shell."""
    words = (
        "-c 0",
        "-n 64",
        f"-f {limits.files >> 9:d}",
        f"-v {limits.memory >> 10:d}",
        f"-S -t {min(limits.cpu_seconds, _LENT):d}",
        f"-H -t {limits.cpu_seconds:d}",
    )
    script = "".join(f"ulimit {word} && " for word in words) + 'exec "$@"'
    return ["/bin/sh", "-c", script, "sh", *argv]


def stand_back(pid: int, nice: int) -> None:
    """Let others go first, in its own session and between sessions.

    Where Linux groups processes by session (sched(7), autogroup), niceness counts only inside a
    group: a new session would take half of the processor from whoever receives drops.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, nice)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice), encoding="ascii")


def lend(pid: int, limits: Limits, elapsed: float) -> None:
    """Lend processor time anew: a program whose parent was killed ends when its loan is used up."""
    loan = min(limits.cpu_seconds, _LENT + int(elapsed + 1) * _CORES)
    with suppress(ProcessLookupError, PermissionError):
        resource.prlimit(pid, resource.RLIMIT_CPU, (loan, limits.cpu_seconds))
