"""The table `derived`: which derivative of each role counts for a record (docs/formats.md §13).

It follows the ledger when a batch is published and when everything is rebuilt. A record that has
one waits no longer for its pictures.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from archive import fields, looking, vocabulary
from archive.ledger import ENTRY, HEAD, PENDING
from archive.tables import DerivedRow

DERIVED = DerivedRow.__table__  # type: ignore[attr-defined]
MADE = "derived.made"
_FOLLOWED = (MADE, "record.destroyed", "record.cleared")

Said = tuple[int, Mapping[str, Any]]
"""The index of an entry in its log, and what it says."""


def is_followed(kind: str) -> bool:
    """Whether an entry of this kind changes the table."""
    return kind in _FOLLOWED


def follow(connection: Connection, log: str, entries: Iterable[Said]) -> None:
    """Take over entries in their order; what a record's destruction takes away goes too."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for index, entry in entries:
        record = entry["subject"]
        if entry["kind"] != MADE:
            last = {place: row for place, row in last.items() if place[0] != record}
            connection.execute(delete(DERIVED).where(DERIVED.c.record == record))
        elif entry["body"]["key"] and entry["body"]["role"] not in vocabulary.FOR_ONE_ACCESS:
            last[record, entry["body"]["role"]] = _row(log, index, entry)
            looking.done(connection, record, looking.DERIVE)
    for record, role in last:
        same = (DERIVED.c.record == record) & (DERIVED.c.role == role)
        connection.execute(delete(DERIVED).where(same))
    if last:
        connection.execute(insert(DERIVED), [*last.values()])


def _row(log: str, index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    body = entry["body"]
    return {
        "record": entry["subject"],
        "role": body["role"],
        "key": body["key"],
        "digest": fields.sha256_digest(body["digest"]).value,
        "size": body["size"],
        "recipe": body["recipe"],
        "made_at": datetime.fromisoformat(entry["at"]),
        "log": log,
        "idx": index,
    }


def of_record(connection: Connection, record: str) -> dict[str, DerivedRow]:
    """What counts for a record, by role."""
    rows = connection.execute(select(DERIVED).where(DERIVED.c.record == record)).mappings()
    return {row["role"]: DerivedRow(**row) for row in rows}


UNSEALED = (
    select(PENDING.c.body).where(PENDING.c.kind == MADE),
    select(ENTRY.c.data)
    .join(HEAD, HEAD.c.log == ENTRY.c.log)
    .where(ENTRY.c.stream == "registry", ENTRY.c.idx >= HEAD.c.published),
)
"""Queries for what may name derivatives and is not durable yet, for `keys_in`."""


def unsealed_keys(connection: Connection) -> frozenset[str]:
    """Keys in live whose entries are submitted and not yet durable."""
    return keys_in(row[0] for query in UNSEALED for row in connection.execute(query))


def keys_in(found: Iterable[bytes]) -> frozenset[str]:
    """The keys that entries of this kind, or their bodies, name; whatever else it is names none."""
    keys = set()
    for data in found:
        try:
            value = json.loads(data)
            body = value["body"] if value.get("kind") == MADE else value
            keys |= {str(body["key"])} if body["key"] else set()
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return frozenset(keys)
