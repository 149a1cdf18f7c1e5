"""Two places object by object: the same keys, and the same bytes, read from both."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

from archive.cause import carried
from archive.errors import ArchiveError
from archive.ports import ObjectInfo, ObjectStore
from archive.storage_check.place import Found

_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Pair:
    """The first place and its copy.

    `queued` says that a key waits to be copied, `young` that an object was written only now.
    """

    first: ObjectStore
    copy: ObjectStore
    queued: Callable[[str], bool]
    young: Callable[[datetime], bool]
    threads: int = 4


def compare(pair: Pair) -> Iterator[tuple[int, Found]]:
    """How many objects were compared at a time, and how they differ.

    What only the copy has is judged where the copy is, by the ledger.
    """
    with ThreadPoolExecutor(pair.threads) as threads:
        both: list[str] = []
        for mine, copied in _beside(pair):
            if not copied:
                yield 0, _absent(pair, mine)
                continue
            both.append(mine.key)
            if len(both) == _AT_ONCE:
                yield len(both), _differing(pair, both, threads)
                both = []
        yield len(both), _differing(pair, both, threads)


def _beside(pair: Pair) -> Iterator[tuple[ObjectInfo, bool]]:
    """Every object of the first place, and whether the copy lists it with the same size."""
    copies = pair.copy.list("")
    other = next(copies, None)
    for mine in pair.first.list(""):
        while other is not None and other.key < mine.key:
            other = next(copies, None)
        yield mine, other is not None and other.key == mine.key


def _absent(pair: Pair, mine: ObjectInfo) -> Found:
    waits = pair.queued(mine.key) or pair.young(mine.modified)
    # It may have been copied since the listing.
    if not waits and pair.copy.stat(mine.key) is not None:
        return []
    return [("REPLICA_BEHIND" if waits else "REPLICA_MISSING", mine.key, {})]


def _differing(pair: Pair, keys: list[str], threads: ThreadPoolExecutor) -> Found:
    found: Found = []
    for key, reason in zip(
        keys, threads.map(carried(partial(_difference, pair)), keys), strict=True
    ):
        if reason is None:
            continue
        code = "REPLICA_DIFFERS" if reason == "" else "STORE_UNREADABLE"
        found.append((code, key, {"reason": reason} if reason else {}))
    return found


def _difference(pair: Pair, key: str) -> str | None:
    """None for the same bytes, an empty text for others, else why it could not be read."""
    try:
        return None if digest_of(pair.first, key) == digest_of(pair.copy, key) else ""
    except (ArchiveError, OSError) as error:
        return str(error)


def digest_of(store: ObjectStore, key: str) -> bytes:
    """SHA-256 of an object's bytes as they are read now."""
    total = sha256()
    for chunk in store.read(key):
        total.update(chunk)
    return total.digest()
