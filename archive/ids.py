"""Identifiers: ULIDs, 48 bits of milliseconds and 80 random bits in Crockford base 32."""

import re
from datetime import datetime
from functools import lru_cache

from archive.errors import FormatError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_FORM = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)
RANDOM_BYTES = 10


def new_ulid(at: datetime, random: bytes) -> str:
    """Make a ULID for an aware time and 10 random bytes; 26 characters."""
    if len(random) != RANDOM_BYTES:
        raise ValueError("a ULID takes 10 random bytes")
    return _time_part(int(at.timestamp() * 1000)) + _pairs(int.from_bytes(random, "big"), 80)


def random_ulid(random: bytes) -> str:
    """Make an identifier of 16 random bytes alone: it says nothing of when it was made."""
    if len(random) != 16:
        raise ValueError("an identifier without a time takes 16 random bytes")
    return _pairs(int.from_bytes(random, "big"), 130)


@lru_cache(maxsize=8)
def _time_part(milliseconds: int) -> str:
    return _pairs(milliseconds, 50)


def _pairs(number: int, bits: int) -> str:
    """Base 32, two characters for every ten bits."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(bits - 10, -1, -10)])


def check_ulid(text: object) -> str:
    """Return the text if it is a ULID; raises FormatError."""
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        raise FormatError(f"not an identifier (ULID): {str(text)[:40]!r}")
    return text
