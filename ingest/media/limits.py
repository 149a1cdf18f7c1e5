"""What a program may use at most, and how that is laid upon it.

Limits are set by prlimit(2) right after the start, some 0.1 ms late. Code between fork and exec is
not safe in a process with threads, and a launcher costs more than the program (a start through
Python 17 ms instead of 1.4). Nothing that a file says is read in that time: making its own
parts ready takes ffmpeg 1 ms and more.
"""

import os
import resource
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


PROBE = Limits(seconds=30, cpu_seconds=3, memory=512 * MiB, output=8 * MiB, nice=5)
"""Reading headers, before the seal: 10 ms for what is sound; the clock is for a busy machine."""
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


def confine(pid: int, limits: Limits) -> None:
    """Lay the limits upon a process that was just started; one that has ended needs none."""
    most = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_FSIZE: limits.files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    with suppress(ProcessLookupError, PermissionError):
        for what, amount in most.items():
            resource.prlimit(pid, what, (amount, amount))
        os.setpriority(os.PRIO_PROCESS, pid, limits.nice)
    _stand_back(pid, limits.nice)
    lend(pid, limits, 0)


def _stand_back(pid: int, nice: int) -> None:
    """Where Linux groups processes by session (sched(7), autogroup), niceness counts only inside a
    group: a new session would take half of the processor from whoever receives drops.
    """
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice), encoding="ascii")


_LENT = 300
_CORES = os.cpu_count() or 1


def lend(pid: int, limits: Limits, elapsed: float) -> None:
    """Lend processor time anew: a program whose parent was killed ends when its loan is used up."""
    loan = min(limits.cpu_seconds, _LENT + int(elapsed + 1) * _CORES)
    with suppress(ProcessLookupError, PermissionError):
        resource.prlimit(pid, resource.RLIMIT_CPU, (loan, limits.cpu_seconds))
