"""How fast this machine is now, for tests that hold a piece of work to some processor time."""

from __future__ import annotations

import time

_USUAL = 0.24
"""Seconds that the loop takes on the machine where the tests' limits were chosen."""


def within(took: float, seconds: float) -> bool:
    """Whether it took less than so many seconds, or than a slower machine takes in their place."""
    return took < seconds or took < seconds * _times_slower()


def _times_slower() -> float:
    began = time.process_time()
    sum(number * number for number in range(3_000_000))
    return (time.process_time() - began) / _USUAL
