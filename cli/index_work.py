"""Work on the index in the background: beside the watcher, or by a command to its end.

    with index_work(bench, busy, tell):
        …                       # what is sealed here is indexed while nothing is received

One process of an archive does it at a time. It stands back while drops are taken.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archive.errors import Unreachable
from archive.index import lookup, places
from cli.background import Tell, Turn, background
from cli.language import say
from cli.wiring_index import indexing
from cli.wiring_media import MediaBench

_PAUSE_SECONDS = 1.0


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

    def trouble(text: str) -> None:
        tell(say(f"Sealed records wait to be indexed: {text}", f"已封存内容等待建立索引：{text}"))

    with background("index", _Rounds(bench), busy, _PAUSE_SECONDS, trouble):
        yield


class _Rounds:
    """What the thread does; the first time the index is compared with the catalog."""

    def __init__(self, bench: MediaBench) -> None:
        self._bench = bench
        self._mended = False

    def __call__(self, turn: Turn) -> None:
        """Everything that waits now."""
        if self._mended and not self._waits():
            return
        with indexing(self._bench) as indexer:
            if indexer is None:
                return
            if not self._mended:
                indexer.mend()
                self._mended = True
            while turn.rest() and indexer.step(turn):
                pass

    def _waits(self) -> bool:
        with self._bench.database.read() as connection:
            return lookup.waiting(connection) > 0 or places.has_traces(connection)
