"""Runs a program on a file that may be hostile: within limits, without surroundings, to its end.

The program has its own session and is ended with all it started; its environment is empty, its
working folder `/`, its standard input closed, and it inherits no descriptor but those it is given.
Its output is taken in bounded memory. What it may open is decided by `source` and `INPUT`: of all
that ffmpeg can read, only formats that never refer to another file, and no network protocol.

There is no sandbox of the system around it (that would take privileges or a helper program): a
fault in ffmpeg that lets a file run code of its own has the rights of the archive's user.
"""

import errno
import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import ffmpeg

from ingest.media.limits import CHECK, DECODE, MAKE, PROBE, Limits, confined, stand_back
from ingest.media.listening import Ended, Listening
from ingest.media.tools import Program

__all__ = [
    "CHECK", "DECODE", "INPUT", "MAKE", "PROBE", "Limits", "Outcome", "Source", "ffmpeg_argv",
    "run", "source", "source_url",
]  # fmt: skip


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
    peak: int = 0
    """Bytes of memory it had at most; never less than this process had when it was started."""


FORMATS = (
    *("mov", "matroska", "avi", "mpegts", "mpeg", "h264", "hevc", "m4v", "mpegvideo", "h261"),
    *("h263", "wav", "w64", "aac", "amr", "amrnb", "amrwb", "flac", "mp3", "ogg", "asf", "flv"),
    *("dhav", "aiff", "au", "caf", "ac3", "mjpeg", "ivf", "av1", "obu", "mxf", "3gp"),
    *("jpeg_pipe", "png_pipe", "bmp_pipe", "tiff_pipe", "webp_pipe", "gif", "apng"),
)
"""Demuxers that may open a file: none follows a reference in it to another one. Left out with
reason: hls, concat, dash, image2, sdp, rtsp, vobsub, imf and every text of subtitles."""

THREADS = 2
"""Threads of a decoder: by default ffmpeg takes one per core, and memory for each of them."""

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
    a pattern (`100%d.jpg`). Raises OSError where the file cannot be opened or is no regular one:
    a pipe has no end.
    """
    path = f"/proc/self/fd/{file}" if isinstance(file, int) else file
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        options = {
            "protocol_whitelist": "fd", "format_whitelist": ",".join(FORMATS),
            "fd": descriptor, "threads": THREADS,
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
    comes, which is then not kept. `argv[0]` is a path. Raises OSError if it cannot be started.
    """
    if not os.access(argv[0], os.X_OK):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), argv[0])
    process = subprocess.Popen(
        confined(argv, limits),
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
        stand_back(process.pid, limits.nice)
        reading = Listening(process, limits, watch, sink)
        reading.to_the_end()
    finally:
        peak = _end(process)
    code, err = process.returncode, reading.err.text()
    return Outcome(code, bytes(reading.out), err, reading.cut or _judge(code, err), peak)


def _end(process: subprocess.Popen[bytes]) -> int:
    """End the whole session, also what outlived the program itself; bytes of memory it had."""
    # The program is not yet waited for, so its number is still its own.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss << 10


_NO_MEMORY = 256 - errno.ENOMEM
_LOAN_USED = f"received signal {signal.SIGXCPU.value}"


def _judge(code: int, err: str) -> Ended:
    if code == 0:
        return "ok"
    if code == -signal.SIGXCPU or (code == 255 and _LOAN_USED in err):
        return "stopped"  # not the limit but the loan: this process stood still
    if code in (-signal.SIGKILL, -signal.SIGXFSZ):
        return "limit"
    if code < 0:
        return "crashed"
    return "limit" if code == _NO_MEMORY or "Cannot allocate memory" in err else "failed"
