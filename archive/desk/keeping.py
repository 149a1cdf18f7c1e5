"""What a change of the registers means for the catalog's terms, and for the locks in the stores.

Whoever changes a register leaves a line in the table `keeping`, in the same transaction; what
`retention.locks` then does in the stores follows from the registers as they are by then. So a
record is protected in the catalog at once, and a kill between the two loses nothing.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, insert, or_, update

from archive.catalog import RECORD
from archive.registers.shelf import Shelf, Value
from archive.tables import KeepingRow
from archive.times import parse_time

KEEPING = KeepingRow.__table__  # type: ignore[attr-defined]
FOLLOWED = frozenset(("term", "record_holds", "case_holds", "record_cases", "spilled", "split"))


def follow(connection: Connection, shelf: Shelf, name: str, key: str, before: Value | None) -> None:
    """Note what a value that was just put means for locks; `before` is what stood there."""
    match name:
        case "term":
            if _show_term(connection, shelf, key):
                note(connection, "record", key)
        case "record_cases":
            if _holds_differ(shelf, before, shelf.get(name, key)):
                note(connection, "record", key)
        case "case_holds":
            note(connection, "case", key)
        case _:
            note(connection, "record", key)


def note(connection: Connection, kind: str, key: str) -> None:
    """Have the locks of a record, or of all records of a case, looked at."""
    connection.execute(insert(KEEPING), [{"kind": kind, "key": key, "problem": None}])


_HERE = RECORD.c.id == bindparam("record")
_UNTIL: BindParameter[Any] = bindparam("until")
_EVER: BindParameter[Any] = bindparam("ever")
_SHOW = (
    update(RECORD)
    .where(_HERE, or_(RECORD.c.retain_until.is_distinct_from(_UNTIL), RECORD.c.permanent != _EVER))
    .values(retain_until=_UNTIL, permanent=_EVER)
)
"""Made once: it runs for every record of every term."""


def _show_term(connection: Connection, shelf: Shelf, record: str) -> bool:
    """Set the catalog's columns, by which people look for what ends; whether they changed."""
    known, term = shelf.get("record", record), shelf.get("term", record)
    if known is None or term is None:
        return False
    said = [text for text in (known["retain_until"], term["until"]) if text is not None]
    until = parse_time(max(said)) if said else None
    values = {"record": record, "until": until, "ever": term["permanent"]}
    return connection.execute(_SHOW, values).rowcount > 0


def _holds_differ(shelf: Shelf, before: Value | None, after: Value | None) -> bool:
    """Whether a record came to a case that is or was under a hold, or left one."""
    cases = _cases(before) ^ _cases(after)
    return any(shelf.get("case_holds", case) is not None for case in cases)


def _cases(value: Mapping[str, object] | None) -> set[str]:
    found = value["cases"] if value else ()
    return set(found) if isinstance(found, list | tuple) else set()
