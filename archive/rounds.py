"""Threads of one process that want something sealed: one seals, the others wait for its word.

Between processes the sealer's lease decides. Within one, many threads that ask for the lease and
the database again and again would only keep the one that seals from its work.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LONG = 1.0
"""Seconds after which a waiter looks for himself, should a word have been lost with its thread."""


class Rounds:
    """Whose turn it is to seal, and how many batches have become durable so far."""

    def __init__(self) -> None:
        self._word = threading.Condition()
        self._taken = False
        self._count = 0

    @property
    def count(self) -> int:
        """Batches so far; to be read before looking into the database, see `wait`."""
        with self._word:
            return self._count

    @contextmanager
    def turn(self, *, wait: bool) -> Iterator[bool]:
        """Have the turn; yields False at once if another thread has it and `wait` is False."""
        with self._word:
            if wait:
                self._word.wait_for(lambda: not self._taken)
            mine = not self._taken
            self._taken = True
        try:
            yield mine
        finally:
            if mine:
                with self._word:
                    self._taken = False
                    self._word.notify_all()

    def published(self) -> None:
        """Say that a batch is durable."""
        with self._word:
            self._count += 1
            self._word.notify_all()

    def wait(self, count: int, seconds: float) -> None:
        """Wait until there are more batches than `count`, or a thread gives up its turn.

        Where no thread has it another process is at work: then wait no longer than `seconds`.
        """
        with self._word:
            if self._taken:
                self._word.wait_for(lambda: self._count != count or not self._taken, _LONG)
            elif self._count == count:
                self._word.wait(seconds)
