"""Runs a program on a file that may be hostile: within limits, without surroundings, to its end.

The program has its own session and is ended with all it started; its environment is empty, its
working folder `/`, its standard input closed, and it inherits no descriptor but those it is given.
Its output is taken in bounded memory. What it may open is decided by `source` and `INPUT`: of all
that ffmpeg can read, only formats that never refer to another file, and no network protocol.

There is no sandbox of the system around it (that would take privileges or a helper program): a
fault in ffmpeg that lets a file run code of its own has the rights of the archive's user.

Limits are set by prlimit(2) right after the start, some 0.1 ms late, because code between fork and
exec is not safe in a process with threads, and a launcher costs 15 ms a file. Nothing a file says
is read in that time: linking and registering ffmpeg's parts takes it 4 ms.
"""

import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import ffmpeg

from ingest.media.tools import Program

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


PROBE = Limits(seconds=20, cpu_seconds=10, memory=1 * GiB, output=8 * MiB, nice=5)
"""Reading headers, before the seal."""
CHECK = Limits(seconds=120, cpu_seconds=60, memory=1 * GiB, output=64 * MiB)
"""Walking through all packets without decoding."""
DECODE = Limits(seconds=6 * 3600, cpu_seconds=6 * 3600, memory=2 * GiB, output=64 * MiB, nice=19)
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

Ended = Literal["ok", "failed", "timeout", "crashed", "limit", "stopped"]


class Outcome(NamedTuple):
    """How a run ended and what it said."""

    code: int
    """Exit code; negative is the signal that ended it."""
    out: bytes
    err: str
    """Standard error; of much, the beginning and the end."""
    ended: Ended
    """`timeout`: ended by the clock; `limit`: too much output, processor time, memory or writing;
    `crashed`: by a signal of its own; `stopped`: `watch` said so."""


FORMATS = (
    *("mov", "matroska", "avi", "mpegts", "mpeg", "h264", "hevc", "m4v", "mpegvideo", "h261"),
    *("h263", "wav", "w64", "aac", "amr", "amrnb", "amrwb", "flac", "mp3", "ogg", "asf", "flv"),
    *("dhav", "aiff", "au", "caf", "ac3", "mjpeg", "ivf", "av1", "obu", "mxf", "3gp"),
    *("jpeg_pipe", "png_pipe", "bmp_pipe", "tiff_pipe", "webp_pipe", "gif", "apng"),
)
"""Demuxers that may open a file: none follows a reference in it to another one. Left out with
reason: hls, concat, dash, image2, sdp, rtsp, vobsub, imf and every text of subtitles."""

INPUT: tuple[str, ...] = (
    "-protocol_whitelist", "file", "-format_whitelist", ",".join(FORMATS),
)  # fmt: skip
"""Options before `-i` with a `source_url`; `source` gives stricter ones."""


def source_url(path: Path | int) -> str:
    """The URL of a file by its absolute path, or of an open descriptor that the program inherits.

    A name could be taken for an option, a protocol or a pattern; after `file:/` it is none of
    the first two. Prefer `source`, which does not name the file at all.
    """
    if isinstance(path, int):
        return f"file:/proc/self/fd/{path}"
    return f"file:{path.absolute()}"


class Source(NamedTuple):
    """A file as one input of one run."""

    url: str
    options: Mapping[str, Any]
    """For `ffmpeg.input(source.url, **source.options)`."""
    fds: tuple[int, ...]
    """For `run(…, pass_fds=source.fds)`."""

    @property
    def argv(self) -> list[str]:
        """The input as arguments of ffprobe."""
        pairs = (("-" + name, str(value)) for name, value in self.options.items())
        return [*(part for pair in pairs for part in pair), "-i", self.url]


@contextmanager
def source(file: Path | int) -> Iterator[Source]:
    """Open a file, or an open descriptor anew, for one input of one run.

    The program gets the descriptor and no name, and may open nothing else: `fd` is the only
    protocol it may use, so that a reference in the file leads nowhere, and no name is taken for
    a pattern (`100%d.jpg`). Raises OSError where the file cannot be opened.
    """
    path = f"/proc/self/fd/{file}" if isinstance(file, int) else file
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        options = {
            "protocol_whitelist": "fd", "format_whitelist": ",".join(FORMATS), "fd": descriptor,
        }  # fmt: skip
        yield Source("fd:", options, (descriptor,))
    finally:
        os.close(descriptor)


def ffmpeg_argv(program: Program, spec: Any, *more: str) -> list[str]:
    """Arguments for what ffmpeg-python describes; `more` are options for the whole run.

    ffmpeg-python only puts the words in order. Its own `run` has no time limit and can block for
    ever, and it writes a list given for one option (`map=[…]`) as the text of a Python list.
    """
    argv: list[str] = ffmpeg.compile(spec, cmd=str(program.path), overwrite_output=True)
    argv[1:1] = ["-nostdin", "-hide_banner", "-v", "error", *more]
    return argv


def run(
    argv: Sequence[str],
    limits: Limits,
    *,
    pass_fds: Sequence[int] = (),
    watch: Callable[[], bool] | None = None,
    sink: Callable[[bytes], None] | None = None,
) -> Outcome:
    """Run a program to its end; what it does with the file never raises.

    `watch` is asked several times a second whether to go on. `sink` takes standard output as it
    comes, which is then not kept. Raises OSError if the program cannot be started.
    """
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=tuple(pass_fds),
        env={},
        cwd="/",
        bufsize=0,
    )
    try:
        _confine(process.pid, limits)
        reading = _Reading(process, limits, watch, sink)
        reading.to_the_end()
    finally:
        _end(process)
    code = process.returncode
    err = reading.err.text()
    return Outcome(code, bytes(reading.out), err, reading.cut or _judge(code, err))


def _confine(pid: int, limits: Limits) -> None:
    hard = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    with suppress(ProcessLookupError, PermissionError):
        for what, most in hard.items():
            resource.prlimit(pid, what, (most, most))
        os.setpriority(os.PRIO_PROCESS, pid, limits.nice)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole session; also one that outlived the program itself."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    process.wait()


_BY_LIMIT = (signal.SIGXCPU, signal.SIGXFSZ, signal.SIGKILL)
_NO_MEMORY = 256 - 12  # AVERROR(ENOMEM) as an exit code


def _judge(code: int, err: str) -> Ended:
    if code == 0:
        return "ok"
    if code < 0:
        return "limit" if -code in _BY_LIMIT else "crashed"
    return "limit" if code == _NO_MEMORY or "Cannot allocate memory" in err else "failed"


class _Said:
    """Standard error in bounded memory: its beginning and its end."""

    HEAD = 512 << 10
    TAIL = 64 << 10

    def __init__(self) -> None:
        self.head = bytearray()
        self.tail = bytearray()
        self.lost = False

    def add(self, data: bytes) -> None:
        room = self.HEAD - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        if len(self.tail) > 2 * self.TAIL:
            self.lost = True
            del self.tail[: -self.TAIL]

    def text(self) -> str:
        middle = b"\n[...]\n" if self.lost else b""
        return bytes(self.head + middle + self.tail).decode("utf-8", errors="replace")


class _Reading:
    """Takes both outputs of a process until they end, or a bound is reached."""

    TICK = 0.2

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        limits: Limits,
        watch: Callable[[], bool] | None,
        sink: Callable[[bytes], None] | None,
    ) -> None:
        self.process = process
        self.limits = limits
        self.watch = watch
        self.out = bytearray()
        self.take = sink or self.out.extend
        self.err = _Said()
        self.count = 0
        self.cut: Ended | None = None
        self.until = time.monotonic() + limits.seconds

    def to_the_end(self) -> None:
        with selectors.DefaultSelector() as selector:
            assert self.process.stdout is not None  # noqa: S101 - Popen was given PIPE
            assert self.process.stderr is not None  # noqa: S101
            selector.register(self.process.stdout, selectors.EVENT_READ, self._out)
            selector.register(self.process.stderr, selectors.EVENT_READ, self.err.add)
            while selector.get_map() and self.cut is None:
                for key, _ in selector.select(self.TICK):
                    data = os.read(key.fd, 1 << 16)
                    if data:
                        key.data(data)
                    else:
                        selector.unregister(key.fileobj)
                self._bounds()
        if self.cut is None:
            self._wait()

    def _out(self, data: bytes) -> None:
        self.count += len(data)
        if self.count > self.limits.output:
            self.cut = "limit"
        else:
            self.take(data)

    def _bounds(self) -> None:
        if self.cut is None and time.monotonic() > self.until:
            self.cut = "timeout"
        if self.cut is None and self.watch is not None and not self.watch():
            self.cut = "stopped"

    def _wait(self) -> None:
        """Both outputs are closed; the process may still go on for a moment, or on purpose."""
        while self.cut is None:
            try:
                self.process.wait(self.TICK)
            except subprocess.TimeoutExpired:
                self._bounds()
            else:
                return
