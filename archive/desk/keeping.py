"""What a change of the registers means for the catalog's terms, and for the locks in the stores.

Whoever changes a register leaves a line in the table `keeping`, in the same transaction; what
`retention.locks` then does in the stores follows from the registers as they are by then. So a
record is protected in the catalog at once, and a kill between the two loses nothing.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select, update

from archive.catalog import RECORD
from archive.registers.shelf import Shelf, Value
from archive.tables import KeepingRow
from archive.times import parse_time

KEEPING = KeepingRow.__table__  # type: ignore[attr-defined]
FOLLOWED = frozenset(("term", "record_holds", "case_holds", "record_cases", "split"))


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


def _show_term(connection: Connection, shelf: Shelf, record: str) -> bool:
    """Set the catalog's columns, by which people look for what ends; whether they changed."""
    here = RECORD.c.id == record
    columns = select(RECORD.c.first_lock, RECORD.c.retain_until, RECORD.c.permanent)
    row = connection.execute(columns.where(here)).first()
    term = shelf.get("term", record)
    if row is None or term is None:
        return False
    said = [row.first_lock, parse_time(term["until"]) if term["until"] else None]
    until = max((moment for moment in said if moment is not None), default=None)
    if (row.retain_until, row.permanent) == (until, term["permanent"]):
        return False
    shown = update(RECORD).where(here)
    connection.execute(shown.values(retain_until=until, permanent=term["permanent"]))
    return True


def _holds_differ(shelf: Shelf, before: Value | None, after: Value | None) -> bool:
    """Whether a record came to a case that is or was under a hold, or left one."""
    cases = _cases(before) ^ _cases(after)
    return any(shelf.get("case_holds", case) is not None for case in cases)


def _cases(value: Mapping[str, object] | None) -> set[str]:
    found = value["cases"] if value else ()
    return set(found) if isinstance(found, list | tuple) else set()
