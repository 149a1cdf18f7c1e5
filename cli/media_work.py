"""Work on sealed media in the background: beside the watcher, or by a command to its end.

    with media_work(bench, busy, tell):
        …                       # what is sealed here is examined while nothing is received

One process of an archive does it at a time. It stands back while drops are taken: nothing new is
begun, and programs that run have the lowest priority.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from archive import looking, unexamined
from archive.errors import Unreachable
from archive.seal import Sealer
from cli.background import Tell, Turn, background
from cli.language import say
from cli.one_at_a_time import one_at_a_time
from cli.wiring_derive import deriver_of
from cli.wiring_media import MediaBench, examiner_of
from cli.wiring_signatures import signatures_of
from ingest.media.queue_step import NO_ROOM

_PAUSE_SECONDS = 2.0
_SEAL_AFTER, _SEAL_SECONDS = 50, 60.0
GoOn = Callable[[], bool]
Step = Callable[[GoOn], bool]
"""Does one thing; False where nothing is left, or it was told to stop."""


class SealingBench(MediaBench, Protocol):
    """A workbench that can seal."""

    @property
    def sealer(self) -> Sealer:
        """Needs the passphrase."""


def steps_of(bench: SealingBench) -> Sequence[Step]:
    """What is done about sealed media, in the order of `looking.TASKS`."""
    deriver = deriver_of(bench)
    return (deriver.step, deriver.wished, examiner_of(bench).step, signatures_of(bench).step)


def drain(
    bench: SealingBench,
    progress: Callable[[int, int], None],
    go_on: GoOn = lambda: True,
    about: Callable[[str], None] = lambda _: None,
) -> int:
    """Do everything that waits, also what was put aside, and seal it; returns how many things.

    `progress` is told how many are done and how many there are, `about` of which record the next
    one is. What is done is sealed every minute. Raises UsageError where the programs are missing,
    Unreachable where a store does not answer or another process is at it.
    """
    with one_at_a_time(bench.folder("locks") / "media") as mine:
        if not mine:
            raise Unreachable(
                say(
                    "Another process of this archive works on media at this moment.",
                    "该存证库的另一进程正在处理音像资料。",
                )
            )
        again(bench)
        count = 0
        sealing = _Sealing(bench, time.monotonic)
        for task, step in zip(looking.TASKS, steps_of(bench), strict=True):
            while go_on():
                about(_next(bench, task))
                if not step(go_on):
                    break
                count += 1
                progress(count, count + _waiting(bench))
                sealing.done()
        bench.sealer.drain()
        return count


class _Sealing:
    """Seals after so many things or so much time: what took hours does not wait for the rest."""

    def __init__(self, bench: SealingBench, clock: Callable[[], float]) -> None:
        self._bench = bench
        self._clock = clock
        self._begin()

    def done(self) -> None:
        """One thing more."""
        self._count += 1
        if self._count >= _SEAL_AFTER or self._clock() - self._since >= _SEAL_SECONDS:
            self._bench.sealer.drain()
            self._begin()

    def _begin(self) -> None:
        self._count, self._since = 0, self._clock()


def again(bench: MediaBench) -> None:
    """Take up again everything that was put aside, or was lost from the queue.

    For who works on media alone.
    """
    unexamined.put_back(bench.database)
    take_up(bench)


def take_up(bench: MediaBench) -> None:
    """Take up again what was put aside."""
    with bench.database.write() as connection:
        for task in looking.TASKS:
            looking.try_again(connection, task)


def _next(bench: MediaBench, task: str) -> str:
    with bench.database.read() as connection:
        row = looking.next_of(connection, task)
    return row.record if row else ""


def _waiting(bench: MediaBench) -> int:
    with bench.database.read() as connection:
        found = looking.lag(connection)
    return found.count - found.problems


@contextmanager
def media_work(bench: SealingBench, busy: Callable[[], bool], tell: Tell) -> Iterator[None]:
    """Work in a thread as long as this lasts; `busy` says whether drops are being taken."""
    if not bench.settings.media_examine:
        yield
        return

    def trouble(text: str) -> None:
        tell(say(f"Sealed media wait to be examined: {text}", f"已封存的音像等待检验：{text}"))

    with background("media", _Rounds(bench), busy, _PAUSE_SECONDS, trouble):
        yield


class _Rounds:
    """What the thread does; the first time there may be room again for what had none."""

    def __init__(self, bench: SealingBench) -> None:
        self._bench = bench
        self._begun = False

    def __call__(self, turn: Turn) -> None:
        """Everything that waits now."""
        if not self._begun:
            self._begin()
            self._begun = True
        if not _waiting(self._bench):
            return
        with one_at_a_time(self._bench.folder("locks") / "media") as mine:
            if not mine:
                return
            steps = steps_of(self._bench)
            while turn.rest() and any(step(turn) for step in steps):
                pass

    def _begin(self) -> None:
        with self._bench.database.write() as connection:
            for task in looking.TASKS:
                looking.try_again(connection, task, NO_ROOM)
