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
from typing import NamedTuple


class _Machine(NamedTuple):
    """The mark of a machine (linux/audit.h), its openat(2), and calls that are forbidden."""

    mark: int
    openat: int
    calls: tuple[int, ...]


_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        257,
        (
            # socket connect accept sendto bind listen socketpair clone fork vfork execve kill
            *(41, 42, 43, 44, 49, 50, 53, 56, 57, 58, 59, 62),
            # open truncate ftruncate rename mkdir rmdir creat link unlink symlink chmod fchmod
            *(2, 76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91),
            # chown fchown ptrace mknod tkill tgkill mkdirat fchownat unlinkat renameat linkat
            *(92, 93, 101, 133, 200, 234, 258, 260, 263, 264, 265),
            # symlinkat fchmodat utimensat renameat2 execveat io_uring_setup clone3 openat2
            *(266, 268, 280, 316, 322, 425, 435, 437),
        ),
    ),
    "aarch64": _Machine(
        0xC00000B7,
        56,
        (
            # socket socketpair bind listen accept connect sendto clone execve kill ptrace tkill
            *(198, 199, 200, 201, 202, 203, 206, 220, 221, 129, 117, 130, 131),
            # mkdirat unlinkat symlinkat linkat renameat truncate ftruncate fchmod fchmodat
            *(34, 35, 36, 37, 38, 45, 46, 52, 53),
            # fchownat fchown utimensat renameat2 execveat io_uring_setup clone3 openat2
            *(54, 55, 88, 276, 281, 425, 435, 437),
        ),
    ),
}
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000 | errno.EPERM
_NUMBER, _MARK, _THIRD = 0, 4, 32
"""Where the number of the call, the machine's mark and the third argument stand."""
_OTHER_ABI = 0x40000000
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forbid_calls() -> bool:
    """Whether the calls are forbidden from now on, for this process and all that comes of it."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    program = _program(machine)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    holder = _Program(len(program) // 8, program)
    return bool(libc.prctl(_SECCOMP, _FILTER, ctypes.byref(holder), 0, 0) == 0)


def _program(machine: _Machine) -> bytes:
    """The filter: calls of another kind of machine fail, and files are opened for reading only."""
    calls = machine.calls
    steps = [
        (_LOAD, 0, 0, _MARK),
        (_EQUAL, 1, 0, machine.mark),
        (_RETURN, 0, 0, _FAIL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, len(calls) + 3, 0, _OTHER_ABI),
        *((_EQUAL, len(calls) + 2 - place, 0, call) for place, call in enumerate(calls)),
        (_EQUAL, 0, 3, machine.openat),
        (_LOAD, 0, 0, _THIRD),
        (_ANY_BIT, 0, 1, _CHANGES),
        (_RETURN, 0, 0, _FAIL),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
