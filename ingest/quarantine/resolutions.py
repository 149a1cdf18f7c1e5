"""Who ended quarantined drops, when and why: by the ledger's `drop.resolved` alone.

    resolutions(connection, evidence, {"01KAN…"})["01KAN…"].person

One that is not on the ledger yet, for it waits to be sealed, is not found.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from archive import resolved
from archive.desk.registry import read_words
from archive.ledger import ENTRY
from archive.ports import ObjectStore
from archive.times import parse_time

_KIND = f'"kind":"{resolved.KIND}"'.encode()
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the last entry about a drop says; nobody signed, so `actor` is all it vouches for."""

    log: str
    index: int
    at: datetime
    actor: str
    person: str | None
    """Who was said to be there; None where the entry's detail cannot be read."""
    reason: str | None
    """None where none was given, too."""


def resolutions(
    connection: Connection, evidence: ObjectStore, numbers: Collection[str]
) -> dict[str, Resolution]:
    """Of these drops, by their ids in quarantine: newest first, until all are found."""
    left, found = set(numbers), dict[str, Resolution]()
    query = select(ENTRY.c.log, ENTRY.c.idx, ENTRY.c.data).where(ENTRY.c.stream == "registry")
    newest = query.order_by(ENTRY.c.seq.desc()).execution_options(yield_per=_ROWS_AT_ONCE)
    for row in connection.execute(newest) if left else ():
        if _KIND not in row.data:
            continue
        entry = json.loads(row.data)
        number = entry["body"]["quarantine"]
        if number in left:
            left.remove(number)
            found[number] = _resolution(evidence, row, entry)
        if not left:
            break
    return found


def _resolution(evidence: ObjectStore, row: Any, entry: dict[str, Any]) -> Resolution:
    said = read_words(evidence, entry["body"]) or {}
    at, actor = parse_time(entry["at"]), entry["actor"]
    return Resolution(row.log, row.idx, at, actor, said.get("person"), said.get("reason"))
