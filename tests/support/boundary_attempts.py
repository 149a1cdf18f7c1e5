"""What somebody with a shell but without the service's account tries; run as that somebody.

    python boundary_attempts.py '{"home": …, "pid": …, "record": …}' [NAME…]

prints one JSON object: each attempt with the name of the error that refused it, or what it got.
Needs nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ATTEMPTS: dict[str, Callable[[Place], object]] = {}
_LIBC = ctypes.CDLL(None, use_errno=True)
_PTRACE_ATTACH = 16
_CLONE_NEWUSER = 0x10000000


class Place:
    """Where the archive is, by what any account of the machine can know."""

    def __init__(self, text: str) -> None:
        values = json.loads(text)
        self.home = Path(values["home"])
        self.pid = int(values["pid"])
        self.record = values["record"]
        self.credential = Path(values["credential"])
        self.own = Path(values["own"])
        self.command = values["command"]
        self.socket = self.home / "run" / "cunzheng.sock"
        self.proc = Path("/proc") / str(self.pid)


def attempt(what: str) -> Callable[[Callable[[Place], object]], Callable[[Place], object]]:
    def add(function: Callable[[Place], object]) -> Callable[[Place], object]:
        ATTEMPTS[what] = function
        return function

    return add


def checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def rooted(place: Place) -> Path:
    return place.proc / "root" / of_record(place).relative_to("/")


def reading(what: str, place_of: Callable[[Place], Path]) -> None:
    ATTEMPTS[what] = lambda place: place_of(place).read_bytes()[:20].hex()


def listing(what: str, place_of: Callable[[Place], Path]) -> None:
    ATTEMPTS[what] = lambda place: os.listdir(place_of(place))


def of_record(place: Place) -> Path:
    return place.home / "store/evidence/records" / place.record[-2:] / place.record


reading("read a record", lambda p: of_record(p) / "content")
reading("read its description", lambda p: of_record(p) / "record.json")
reading("read the log key", lambda p: p.home / "keys/log.key")
reading("read the sealing key", lambda p: p.home / "keys/seal.key")
reading("read the database", lambda p: p.home / "cunzheng.db")
reading("read the write-ahead log", lambda p: p.home / "cunzheng.db-wal")
reading("read the settings", lambda p: p.home / "cunzheng.toml")
reading("read the credential file", lambda p: p.credential)
reading("read the server's environment", lambda p: p.proc / "environ")
reading("read the server's memory map", lambda p: p.proc / "maps")
reading("read a record from within /proc", lambda p: rooted(p) / "content")
listing("list the server's open files", lambda p: p.proc / "fd")
listing("list the archive", lambda p: p.home)
listing("list the details", lambda p: p.home / "store/evidence/details")
listing("list the checkpoints", lambda p: p.home / "store/live/log")
for name in ("staging", "quarantine", "outbox", "purge", "taken", "scratch", "locks"):
    listing(f"list {name}", lambda p, name=name: p.home / name)


@attempt("read the server's memory")
def _memory(place: Place) -> object:
    with open(place.proc / "mem", "rb") as file:
        file.seek(0x400000)
        return file.read(16).hex()


@attempt("trace the server")
def _trace(place: Place) -> object:
    return checked(_LIBC.ptrace(_PTRACE_ATTACH, place.pid, None, None))


@attempt("read the server's memory from aside")
def _vm_read(place: Place) -> object:
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    buffer = ctypes.create_string_buffer(16)
    ours = Part(ctypes.cast(buffer, ctypes.c_void_p), 16)
    theirs = Part(0x400000, 16)
    return checked(
        _LIBC.process_vm_readv(place.pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
    )


@attempt("take an open file of the server")
def _take_file(place: Place) -> object:
    pidfd = os.pidfd_open(place.pid)
    return checked(_LIBC.syscall(438, pidfd, 3, 0))  # pidfd_getfd


@attempt("make the server dump its memory")
def _dump(place: Place) -> object:
    return os.kill(place.pid, signal.SIGSEGV)


@attempt("end the server")
def _end(place: Place) -> object:
    return os.kill(place.pid, signal.SIGKILL)


@attempt("a hard link to the database")
def _hard_link(place: Place) -> object:
    os.link(place.home / "cunzheng.db", place.own / "mine.db")
    return (place.own / "mine.db").read_bytes()[:16].hex()


@attempt("a name of one's own in run/")
def _name_in_run(place: Place) -> object:
    return os.symlink("/etc/passwd", place.home / "run" / "link")


@attempt("take the socket away")
def _unlink_socket(place: Place) -> object:
    return os.unlink(place.socket)


@attempt("another socket in its place")
def _replace_socket(place: Place) -> object:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place.own / "other.sock"))
        return (place.own / "other.sock").rename(place.socket)


@attempt("another folder in place of run/")
def _replace_run(place: Place) -> object:
    (place.own / "run").mkdir()
    return (place.own / "run").rename(place.home / "run")


@attempt("open the socket to all")
def _chmod_socket(place: Place) -> object:
    return os.chmod(place.socket, 0o666)


@attempt("block the archive's lock")
def _lock(place: Place) -> object:
    with open(place.home / "locks/home", "rb") as file:
        return fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


@attempt("write into the database")
def _write_database(place: Place) -> object:
    return os.open(place.home / "cunzheng.db", os.O_WRONLY)


@attempt("plant a record")
def _plant(place: Place) -> object:
    return os.mkdir(place.home / "store/evidence/records/ZZ")


@attempt("watch the archive's files")
def _inotify(place: Place) -> object:
    fd = checked(_LIBC.inotify_init1(0))
    return checked(_LIBC.inotify_add_watch(fd, os.fsencode(place.home / "staging"), 0xFFF))


@attempt("be root in a world of one's own")
def _namespace(place: Place) -> object:
    child = os.fork()
    if child == 0:
        try:
            checked(_LIBC.unshare(_CLONE_NEWUSER))
            Path("/proc/self/setgroups").write_text("deny")
            (of_record(place) / "content").read_bytes()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 255)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, "refused")
    return "content"


@attempt("read the disk below the files")
def _disk(place: Place) -> object:
    device = place.own.stat().st_dev
    node = Path(f"/dev/block/{os.major(device)}:{os.minor(device)}")
    if not node.exists():
        uevent = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/uevent").read_text()
        names = [line[8:] for line in uevent.splitlines() if line.startswith("DEVNAME=")]
        node = Path("/dev") / names[0]
    return node.open("rb").read(16).hex()


@attempt("code of one's own in a command")
def _preload(place: Place) -> object:
    """The command runs with the rights of who calls it, so its rights are one's own."""
    (place.own / "sitecustomize.py").write_text(
        f"import sys\ntry:\n    open({str(place.home / 'cunzheng.db')!r}, 'rb').read(1)\n"
        "except OSError as error:\n    sys.stderr.write(f'<{error.errno}>')\n"
        "else:\n    sys.stderr.write('<got>')\n"
    )
    environment = {"PYTHONPATH": str(place.own), "CUNZHENG_HOME": str(place.home), "LANG": "C"}
    done = subprocess.run(
        [*place.command, "search"], env=environment, capture_output=True, text=True, check=False
    )
    code = done.stderr[1 : done.stderr.index(">")]
    if code.isdigit() and done.returncode != 0 and not done.stdout:
        raise OSError(int(code), "refused")
    return done.stdout + done.stderr


@attempt("connect to the socket")
def _connect(place: Place) -> object:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(place.socket))
        return "connected"


def outcome(function: Callable[[Place], object], place: Place) -> str:
    try:
        return f"got {function(place)!r}"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def main() -> None:
    place = Place(sys.argv[1])
    chosen = sys.argv[2:] or list(ATTEMPTS)
    print(json.dumps({what: outcome(ATTEMPTS[what], place) for what in chosen}))


if __name__ == "__main__":
    main()
