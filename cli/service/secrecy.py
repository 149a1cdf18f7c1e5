"""Keeps the memory of a process with opened keys from other processes of the machine."""

import ctypes
import os
import resource

from archive.errors import Unreachable

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """No core files, and no access through ptrace(2) or /proc but for root; see prctl(2)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise Unreachable(f"The memory of this process cannot be kept private: {reason}.")
