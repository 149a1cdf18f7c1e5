"""What may be a key in any store: plain names and `/`, nothing that means more to a file system."""

import re

_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_KEY = re.compile(rf"{_NAME}(?:/{_NAME})*", re.ASCII)


def check_key(key: str) -> str:
    """Return the key; raises ValueError for what is none (`..`, leading dots, other signs)."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")
    return key
