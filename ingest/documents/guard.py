"""Gives up system calls that a reader of documents never needs.

Network, programs, processes, signals, and every change to a file. seccomp(2) with a short filter:
the calls fail with EPERM. It needs no privileges. Where the kernel or the machine does not offer
it, the limits of memory, time and files hold all the same.
"""

import ctypes
import errno
import os
import platform
import struct

from ingest.documents.forbidden import (
    FORBIDDEN,
    NEWER,
    NEWER_ALLOWED,
    OPENAT,
    PRLIMIT64,
)

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Where a machine's numbers stand (ingest.documents.forbidden), and its mark (linux/audit.h)."""
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_YES = (_RETURN, 0, 0, 0x7FFF0000)
_NO = (_RETURN, 0, 0, 0x00050000 | errno.EPERM)
_NUMBER, _MARK, _FIRST, _THIRD = 0, 4, 16, 32
"""Where the number of the call, the machine's mark, the first and third argument stand."""
_OTHER_ABI = 0x40000000
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forbid_calls() -> bool:
    """Whether the calls are forbidden from now on, for this process and all that comes of it."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    program = _program(*machine)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    holder = _Program(len(program) // 8, program)
    return bool(libc.prctl(_SECCOMP, _FILTER, ctypes.byref(holder), 0, 0) == 0)


def _program(column: int, mark: int) -> bytes:
    """The filter: calls of another kind of machine fail, and files are opened for reading only."""
    calls = [number for numbers in FORBIDDEN.values() if (number := numbers[column]) is not None]
    openat, prlimit = OPENAT[column], PRLIMIT64[column]
    allowed = sorted(NEWER_ALLOWED.values())
    steps = [
        (_LOAD, 0, 0, _MARK),
        (_EQUAL, 1, 0, mark),
        _NO,
        (_LOAD, 0, 0, _NUMBER),
        # x32, and the numbers of calls that are not known here.
        (_AT_LEAST, 0, 1, _OTHER_ABI),
        _NO,
        (_AT_LEAST, 0, len(allowed) + 2, NEWER),
        *((_EQUAL, len(allowed) - place, 0, call) for place, call in enumerate(allowed)),
        _NO,
        _YES,
        *(step for call in calls for step in ((_EQUAL, 0, 1, call), _NO)),
        (_EQUAL, 0, 4, openat),
        (_LOAD, 0, 0, _THIRD),
        (_ANY_BIT, 0, 1, _CHANGES),
        _NO,
        _YES,
        (_EQUAL, 0, 3, prlimit),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 1, 0, 0),
        _NO,
        _YES,
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
