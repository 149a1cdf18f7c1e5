"""Why a request is sent to a store: carried along with the work, and shown to the server.

Whoever starts work that reads or writes a bucket names its cause; the S3 store appends it to the
user agent of every request, so that the server's access log can be held against the ledger line by
line. It is a claim of ours, for matching, and never evidence by itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

PRODUCT = "cunzheng-cause"
_LIMIT = 128
_CAUSE: ContextVar[str] = ContextVar("cause", default="")

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def cause(text: str) -> Iterator[None]:
    """Name the cause of what is done inside: `entry main-2026#12`, `verify`, `probe`, …"""
    token = _CAUSE.set(text)
    try:
        yield
    finally:
        _CAUSE.reset(token)


def current() -> str:
    """The cause in force, "" if nobody named one."""
    return _CAUSE.get()


def agent_suffix(otherwise: str = "") -> str:
    """The cause as it stands in a user agent: `cunzheng-cause/entry:main-2026:12`; "" for none.

    `otherwise` is the cause where nobody named one.
    """
    text = re.sub(r"[ #]+", ":", _CAUSE.get().strip() or otherwise)
    text = re.sub(r"[^A-Za-z0-9:._-]", "_", text)[:_LIMIT]
    return f"{PRODUCT}/{text}" if text else ""


def within(text: str, items: Iterable[T]) -> Iterator[T]:
    """The same items, each made with this cause; who takes them keeps his own."""
    made = iter(items)
    while True:
        with cause(text):
            try:
                item = next(made)
            except StopIteration:
                return
        yield item


def carried(function: Callable[P, T]) -> Callable[P, T]:
    """The same function for another thread: it runs with the cause that is in force here, now."""
    context = copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        # One context cannot be entered by two threads at once.
        return context.copy().run(function, *args, **kwargs)

    return run
