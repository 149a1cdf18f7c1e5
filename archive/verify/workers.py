"""All cores for one verification: jobs go out in order and come back in order, a bounded number
at a time, so memory stays flat however many jobs there are.

Processes are forked, so the context needs no pickling and every worker has its own caches.
"""

import gc
import itertools
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Generic, Self, TypeVar

from archive.verify.context import Context

J = TypeVar("J")
R = TypeVar("R")

C = TypeVar("C")

_CONTEXTS: dict[int, Any] = {}
_NEXT = itertools.count()


def _run(number: int, function: Callable[[Any, Any], Any], job: Any) -> Any:
    return function(_CONTEXTS[number], job)


def _begin() -> None:
    """What was there before the fork is not looked at again; what JSON leaves has no cycles."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


class Pool(Generic[C]):
    """Processes with one context; with `count` 1 everything runs in this process."""

    def __init__(self, context: C, count: int) -> None:
        self._context = context
        self._number = next(_NEXT)
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        if count > 1:
            _CONTEXTS[self._number] = context
            fork = multiprocessing.get_context("fork")
            self._pool = ProcessPoolExecutor(count, mp_context=fork, initializer=_begin)

    def map(self, function: Callable[[C, J], R], jobs: Iterable[J]) -> Iterator[R]:
        """Results in the order of the jobs; `function` is a module's function."""
        if self._pool is None:
            for job in jobs:
                yield function(self._context, job)
            return
        waiting: deque[Future[R]] = deque()
        for job in jobs:
            waiting.append(self._pool.submit(_run, self._number, function, job))
            if len(waiting) >= 3 * self._count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            _CONTEXTS.pop(self._number, None)


class Workers(Pool[Context]):
    """The pool of one verification."""
