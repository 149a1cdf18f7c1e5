"""How much of everything the heavy tests take: less every day, all of it in `make acceptance`."""

import os

ACCEPTANCE = os.environ.get("CUNZHENG_ACCEPTANCE") == "1"


def size(ordinary: int, acceptance: int) -> int:
    """The number to take in this run."""
    return acceptance if ACCEPTANCE else ordinary
