"""What waits to be copied to a second store: a queue in the database, filled by publishing seals.

A row comes in the transaction that publishes its seal and goes when its object was read back from
the second store, so nothing is forgotten by a crash between. Rows are in the order of the seals.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from archive.errors import LedgerForked
from archive.layout import detail_key, note_key, pack_key, record_prefix
from archive.ledger import NewObject
from archive.rows import batched
from archive.seals import SEAL
from archive.tables import ReplicationRow
from archive.times import parse_time

REPLICATION = ReplicationRow.__table__  # type: ignore[attr-defined]
_AFTER_SLASH = "0"
"""The sign that follows `/`: a key below a folder lies between the two."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One object to copy. `since` is when it was queued; see tables.ReplicationRow."""

    id: int
    key: str
    since: datetime
    sha256: bytes | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a second store is behind: objects, since when, and how many need a person."""

    count: int
    oldest: datetime | None
    problems: int


def queue(
    connection: Connection, stores: Sequence[str], objects: Iterable[NewObject], now: datetime
) -> None:
    """Queue objects that are stored and read back in the first store."""
    rows = [
        {"store": store, "key": new.key, "since": now, "sha256": new.sha256}
        | {"until": new.retain_until}
        for new in objects
        for store in stores
    ]
    if rows:
        connection.execute(insert(REPLICATION), rows)


def queue_once(
    connection: Connection, stores: Sequence[str], objects: Sequence[NewObject], now: datetime
) -> None:
    """The same for objects that may be queued already."""
    for store in stores:
        known = queued_keys(connection, store, [new.key for new in objects])
        queue(connection, [store], [new for new in objects if new.key not in known], now)


def queue_keys(connection: Connection, store: str, keys: Sequence[str], now: datetime) -> None:
    """Queue objects of which only the key is known; their lock follows from the catalog."""
    if keys:
        rows = [{"store": store, "key": key, "since": now} for key in keys]
        connection.execute(insert(REPLICATION), rows)


def queued_keys(connection: Connection, store: str, keys: Sequence[str]) -> set[str]:
    """Those of some keys that are queued."""
    found: set[str] = set()
    for part in batched(keys):
        query = select(REPLICATION.c.key).where(
            REPLICATION.c.store == store, REPLICATION.c.key.in_(part)
        )
        found.update(row.key for row in connection.execute(query))
    return found


def waiting(connection: Connection, store: str, after: int, limit: int) -> list[Waiting]:
    """The next objects to copy, oldest first, without those that wait for a person."""
    query = (
        select(REPLICATION)
        .where(
            REPLICATION.c.store == store,
            REPLICATION.c.id > after,
            REPLICATION.c.problem.is_(None),
        )
        .order_by(REPLICATION.c.id)
        .limit(limit)
    )
    return [
        Waiting(row.id, row.key, row.since, row.sha256, row.until)
        for row in connection.execute(query)
    ]


def done(connection: Connection, rows: Sequence[Waiting]) -> None:
    """Forget what was read back.

    By number and key: if others took a row out meanwhile, another object may have its number.
    """
    for part in batched(rows):
        mine = REPLICATION.c.id.in_([row.id for row in part])
        same = REPLICATION.c.key.in_([row.key for row in part])
        connection.execute(delete(REPLICATION).where(mine, same))


def set_problem(connection: Connection, row: Waiting, problem: str) -> None:
    """Put a row aside until a person has looked at it."""
    where = (REPLICATION.c.id == row.id) & (REPLICATION.c.key == row.key)
    connection.execute(update(REPLICATION).where(where).values(problem=problem))


def try_again(connection: Connection, store: str) -> None:
    """Take up again what was put aside."""
    where = REPLICATION.c.store == store
    connection.execute(update(REPLICATION).where(where).values(problem=None))


def forget_all(connection: Connection, store: str) -> None:
    """Empty the queue of a store that is not copied to any more."""
    connection.execute(delete(REPLICATION).where(REPLICATION.c.store == store))


def lag(connection: Connection, store: str) -> Lag:
    """How far a store is behind."""
    mine = REPLICATION.c.store == store
    count, oldest = connection.execute(
        select(func.count(), func.min(REPLICATION.c.since)).where(mine)
    ).one()
    problems = select(func.count()).where(mine, REPLICATION.c.problem.is_not(None))
    return Lag(count, oldest, int(connection.execute(problems).scalar_one()))


def is_empty(connection: Connection, store: str) -> bool:
    """Whether everything that was published is copied."""
    query = select(REPLICATION.c.id).where(REPLICATION.c.store == store).limit(1)
    return connection.execute(query).first() is None


class Sealed(NamedTuple):
    """A published entry and its place in the ledger."""

    entry: bytes
    log: str
    place: int


def copied(connection: Connection, store: str, entries: Sequence[Sealed]) -> list[bool]:
    """Of each entry, whether all that it names stands in a store, with the seal over it.

    Seals are asked first and at once: of those that were not copied nothing else is asked. Raises
    LedgerForked where the seal over an entry is gone from the database.
    """
    notes = _notes(connection, entries)
    files = {note: [note, f"{note}.p7s", f"{note}.p7s.tst"] for note in {*notes}}
    queued = queued_keys(connection, store, [key for keys in files.values() for key in keys])
    missing = {note for note, keys in files.items() if not queued.isdisjoint(keys)}
    return [
        note not in missing and _is_copied(connection, store, one.entry)
        for one, note in zip(entries, notes, strict=True)
    ]


def _notes(connection: Connection, entries: Sequence[Sealed]) -> list[str]:
    """The key of the note over each entry."""
    sizes: dict[str, list[int]] = {}
    for log in {one.log for one in entries}:
        places = [one.place for one in entries if one.log == log]
        over = (SEAL.c.size > min(places)) & (SEAL.c.previous <= max(places))
        query = select(SEAL.c.size).where(SEAL.c.log == log, over).order_by(SEAL.c.size)
        sizes[log] = list(connection.execute(query).scalars())
    notes = []
    for one in entries:
        after = bisect_right(sizes[one.log], one.place)
        if after == len(sizes[one.log]):
            raise LedgerForked(f"The seal over entry {one.place} of {one.log} is gone.")
        notes.append(note_key(one.log, sizes[one.log][after]))
    return notes


def _is_copied(connection: Connection, store: str, entry: bytes) -> bool:
    said = json.loads(entry)
    record, pack, detail = said["subject"], said["body"].get("pack"), said["body"].get("detail_id")
    if record is not None and _any_below(connection, store, record_prefix(record)):
        return False
    keys = [] if pack is None else [pack_key(pack["id"], parse_time(said["at"]))]
    keys += [] if detail is None else [detail_key(detail)]
    return not queued_keys(connection, store, keys)


def _any_below(connection: Connection, store: str, folder: str) -> bool:
    key = REPLICATION.c.key
    end = folder.removesuffix("/") + _AFTER_SLASH
    query = select(key).where(REPLICATION.c.store == store, key >= folder, key < end).limit(1)
    return connection.execute(query).first() is not None
