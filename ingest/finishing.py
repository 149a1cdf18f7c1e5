"""Where a batch is finished while the next one is staged: in a thread, or in a second process.

Two threads share one interpreter lock, so for many small files a thread saves only the waiting for
the disk. A second process is just that: another process on the same home, which takes the lease
and finishes what stands submitted in the database. If it dies nothing is lost; the next start
takes everything up from there.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol

from archive.errors import StateUnknown
from ingest.ahead import sendable
from ingest.intake import Intake

OnReceipts = Callable[[int], None]


class Finisher(Protocol):
    """Finishes what is submitted, one run at a time."""

    gives_receipts: bool
    """Whether a run writes receipts too; if not, they are for whoever waits for it."""

    def start(self) -> None:
        """Begin a run; the one before must have been waited for."""

    def is_done(self) -> bool:
        """Whether the run is over, so that nobody would have to wait."""

    def wait(self) -> bool:
        """Wait for the run. Returns whether entries wait for the TSA; raises what went wrong."""

    def close(self) -> None:
        """End the thread or process."""


class ThreadFinisher:
    """Finishes in a second thread of this process."""

    gives_receipts = True

    def __init__(self, intake: Intake, on_receipts: OnReceipts) -> None:
        self._intake = intake
        self._on_receipts = on_receipts
        self._threads = ThreadPoolExecutor(1, "finish")
        self._running: Future[bool] | None = None

    def start(self) -> None:
        """See Finisher."""
        self._running = self._threads.submit(self._intake.finish, self._on_receipts)

    def is_done(self) -> bool:
        """See Finisher."""
        return self._running is not None and self._running.done()

    def wait(self) -> bool:
        """See Finisher."""
        assert self._running is not None  # noqa: S101 - start comes before wait
        running, self._running = self._running, None
        return running.result()

    def close(self) -> None:
        """See Finisher."""
        self._threads.shutdown(wait=True)


Work = Callable[[], bool]
Build = Callable[[], Iterator[Work]]
"""Makes, in the second process, the work to be done there; a generator, so that it can tidy up."""


class ProcessFinisher:
    """Seals in a forked process, which builds everything it needs itself.

    The receipts are left to the first process: both have about as much to do.
    Make it before this process has a thread or a database connection: neither survives a fork.
    """

    gives_receipts = False

    def __init__(self, build: Build) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._pipe, build))
        self._process.start()
        theirs.close()

    def start(self) -> None:
        """See Finisher. If the process is gone, `wait` says why."""
        with suppress(OSError):
            self._pipe.send("finish")

    def is_done(self) -> bool:
        """See Finisher."""
        return self._pipe.poll()

    def wait(self) -> bool:
        """See Finisher; raises StateUnknown if the process died."""
        try:
            what, value = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise StateUnknown(_GONE) from error
        if what == "error":
            raise value
        return bool(value)

    def close(self) -> None:
        """See Finisher. Does not cut a run short."""
        self._pipe.close()
        self._process.join()


_GONE = (
    "The process that seals has ended unexpectedly; start again, and it goes on where it stopped."
)


def _serve(pipe: "Connection[Any, Any]", other_end: "Connection[Any, Any]", build: Build) -> None:
    """The second process: one run for each message, until the first one closes the pipe."""
    # A signal to the whole group is for the first process, which then ends this one in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    other_end.close()
    send = _Sender(pipe)
    try:
        with contextmanager(build)() as work:
            while pipe.recv():
                try:
                    waiting = work()
                except Exception as error:
                    send.error(error)
                else:
                    send("done", waiting)
    except (EOFError, BrokenPipeError):
        return
    except Exception as error:
        # Where the first process has ended, it has said what happened, or nobody can be told.
        with suppress(OSError):
            send.error(error)


class _Sender:
    """Sends what happens; nobody may be there to hear it any more."""

    def __init__(self, pipe: "Connection[Any, Any]") -> None:
        self._pipe = pipe

    def __call__(self, what: str, value: object) -> None:
        self._pipe.send((what, value))

    def error(self, error: Exception) -> None:
        self("error", sendable(error))
