"""Work on the index in the background: beside the watcher, or by a command to its end.

    with index_work(bench, busy, tell):
        …                       # what is sealed here is indexed while nothing is received

One process of an archive does it at a time. It stands back while drops are taken.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archive.errors import StateUnknown, Unreachable
from archive.index import lookup, places
from cli.exits import sentence
from cli.language import say
from cli.wiring_index import indexing
from cli.wiring_media import MediaBench

_PAUSE_SECONDS = 1.0
_TURN_SECONDS = 0.2
_BACK_OFF_SECONDS = (5.0, 15.0, 60.0, 300.0)
Tell = Callable[[str], None]


def drain(
    bench: MediaBench,
    progress: Callable[[int], None],
    *,
    anew: bool = False,
) -> int:
    """Index everything that waits, also what could not be read before; returns how many records.

    `anew` forgets the index first. `progress` is told how many more are done. Raises Unreachable
    where a store does not answer or another process is at it.
    """
    with indexing(bench) as indexer:
        if indexer is None:
            raise Unreachable(
                say(
                    "Another process of this archive is indexing at this moment.",
                    "该存证库的另一进程正在建立索引。",
                )
            )
        if anew:
            indexer.restart()
        else:
            indexer.mend()
            indexer.try_again()
        count = 0
        while done := indexer.step():
            count += done
            progress(done)
        return count


@contextmanager
def index_work(bench: MediaBench, busy: Callable[[], bool], tell: Tell) -> Iterator[None]:
    """Work in a thread as long as this lasts; `busy` says whether drops are being taken."""
    if not bench.settings.index:
        yield
        return
    worker = _Worker(bench, busy, tell)
    thread = threading.Thread(target=worker.run, name="index", daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.stop.set()
        thread.join()


class _Worker:
    """What the thread does; trouble is told once and tried again ever more seldom."""

    def __init__(self, bench: MediaBench, busy: Callable[[], bool], tell: Tell) -> None:
        self._bench = bench
        self._busy = busy
        self._tell = tell
        self._told = ""
        self._mended = False
        self.stop = threading.Event()

    def run(self) -> None:
        """Round after round, until `stop`."""
        failures, pause = 0, 0.0
        while not self.stop.wait(pause):
            try:
                self._round()
            except StateUnknown as error:
                self._say(error)
                return
            except Exception as error:  # nothing else of the archive ends for it
                self._say(error)
                pause = _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]
                failures += 1
            else:
                failures, pause, self._told = 0, _PAUSE_SECONDS, ""

    def _round(self) -> None:
        """Everything that waits now; the first time the index is compared with the catalog."""
        if self._mended and not self._waits():
            return
        with indexing(self._bench) as indexer:
            if indexer is None:
                return
            if not self._mended:
                indexer.mend()
                self._mended = True
            while self._rested() and indexer.step(self._goes_on):
                pass

    def _waits(self) -> bool:
        with self._bench.database.read() as connection:
            return lookup.waiting(connection) > 0 or places.has_traces(connection)

    def _goes_on(self) -> bool:
        return not self.stop.is_set()

    def _rested(self) -> bool:
        """Wait while drops are taken; False at the end."""
        while self._busy() and not self.stop.is_set():
            self.stop.wait(_TURN_SECONDS)
        return not self.stop.is_set()

    def _say(self, error: Exception) -> None:
        text = sentence(error)
        if text != self._told:
            self._told = text
            self._tell(
                say(f"Sealed records wait to be indexed: {text}", f"已封存内容等待建立索引：{text}")
            )
