"""How well a place protects what is written: the words, and what a file system can do."""

from archive.vocabulary import LEVELS

NO_LOCKS, READ_ONLY, IMMUTABLE = "none", "read-only", "immutable flag"
GOVERNANCE, COMPLIANCE = "governance", "compliance"
_RANK = {level: number for number, level in enumerate(LEVELS)}


def rank(level: str) -> int:
    """How strong a level is; one that nobody knows protects nothing."""
    return _RANK.get(level, 0)


def is_lower(found: str, stated: str) -> bool:
    """Whether something is less protected than was stated: LOCK_MISSING."""
    return rank(found) < rank(stated)
