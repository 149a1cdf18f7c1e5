"""What the registers mean for the index: records that leave it, and cases that they belong to."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from archive.index import places
from archive.index.fields import Attached, facet
from archive.registers.shelf import Shelf, Value

FOLLOWED = frozenset(("destroyed", "spilled", "record_cases", "case"))
_OF_CASES = ("unit", "handlers")


def follow(
    connection: Connection, shelf: str, key: str, before: Value | None, value: Value
) -> None:
    """Take over a value that was just put; `before` is what stood there."""
    match shelf:
        case "record_cases":
            places.refresh(connection, [key])
        case "case":
            if before and any(before.get(name) != value.get(name) for name in _OF_CASES):
                places.refresh_marked(connection, facet("a", key))
        case _:
            places.remove(connection, key, traceless=True)


def attached_to(shelf: Shelf, cases: Sequence[str]) -> tuple[Attached, ...]:
    """Cases as the index knows them."""
    found = []
    for case in cases:
        value: Any = shelf.get("case", case)
        if value:
            found.append(Attached(case, value["unit"], tuple(value["handlers"])))
    return tuple(found)
