"""Identifiers: ULIDs, 48 bits of milliseconds and 80 random bits in Crockford base 32."""

import re
from base64 import b32hexencode
from datetime import datetime

from archive.errors import FormatError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", _ALPHABET.encode())
_FORM = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)
RANDOM_BYTES = 10


def new_ulid(at: datetime, random: bytes) -> str:
    """Make a ULID for an aware time and 10 random bytes; 26 characters."""
    if len(random) != RANDOM_BYTES:
        raise ValueError("a ULID takes 10 random bytes")
    number = int(at.timestamp() * 1000) << 80 | int.from_bytes(random, "big")
    return b32hexencode(number.to_bytes(20, "big"))[-26:].translate(_CROCKFORD).decode()


def check_ulid(text: object) -> str:
    """Return the text if it is a ULID; raises FormatError."""
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        raise FormatError(f"not an identifier (ULID): {str(text)[:40]!r}")
    return text
