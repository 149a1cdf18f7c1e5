"""Work in the background: a thread beside the watcher that stands back while drops are taken.

    with background("media", work, busy, pause, trouble):
        …                       # work(turn) is done over and over while nothing is received

Trouble is told once and tried again ever more seldom; a state that is not known ends the work.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archive.errors import StateUnknown
from cli.exits import sentence

_TURN_SECONDS = 0.2
_BACK_OFF_SECONDS = (5.0, 15.0, 60.0, 300.0)
Tell = Callable[[str], None]


class Turn:
    """Whether the work goes on, see ingest.media.originals."""

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self.stop = threading.Event()

    def __call__(self) -> bool:
        """False at the end."""
        return not self.stop.is_set()

    def rest(self) -> bool:
        """Wait while drops are taken; False at the end."""
        while self._busy() and not self.stop.is_set():
            self.stop.wait(_TURN_SECONDS)
        return not self.stop.is_set()


Work = Callable[[Turn], None]
"""One round: everything that waits now."""


@contextmanager
def background(
    name: str, work: Work, busy: Callable[[], bool], pause: float, trouble: Tell
) -> Iterator[None]:
    """Work in a thread as long as this lasts, with so many seconds between two rounds.

    `busy` says whether drops are being taken; `trouble` is told why a round failed.
    """
    turn = Turn(busy)
    thread = threading.Thread(
        target=_rounds, args=(work, turn, pause, trouble), name=name, daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        turn.stop.set()
        thread.join()


def _rounds(work: Work, turn: Turn, pause: float, trouble: Tell) -> None:
    """Round after round, until `stop`."""
    failures, wait, told = 0, 0.0, ""
    while not turn.stop.wait(wait):
        try:
            work(turn)
        except Exception as error:  # nothing else of the archive ends for it
            text = sentence(error)
            if text != told:
                told = text
                trouble(text)
            if isinstance(error, StateUnknown):
                return
            wait = _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]
            failures += 1
        else:
            failures, wait, told = 0, pause, ""
