"""The operator's registers held against the replay: who may do what follows from the ledger alone.

A row that was edited would let people do what the ledger forbids, and every act that came of it
would be found unlawful later. It is found here before anybody uses it.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from archive.errors import ArchiveError
from archive.report import Report
from archive.verify.index import Index
from archive.verify.ledger import Database

_CODE = "DATABASE_DIFFERS"
_MOST = 100
_Row = tuple[tuple[str, str], Any]


def compare_registers(
    index: Index, report: Report, database: Database, sizes: Mapping[str, int]
) -> None:
    """Report register rows that are not what the ledger gives; `sizes` is how far logs were read.

    Nothing is said while entries wait or have come since: what they change is in the database
    already. The replay must have come to its end.
    """
    try:
        if not database.at_rest(sizes):
            return
        theirs = ((row[:2], _decoded(row[2])) for row in database.registers())
        found = list(islice(_differences(_replayed(index), theirs), _MOST))
        if found and database.at_rest(sizes):
            for (shelf, key), reason in found:
                report.add(_CODE, f"{shelf} {key}", reason=reason)
    except (ArchiveError, OSError) as error:
        report.add("STORE_UNREADABLE", "the database", reason=str(error))


def _replayed(index: Index) -> Iterator[_Row]:
    rows = index.rows("SELECT name, key, value FROM shelf ORDER BY name, key")
    return (((name, key), json.loads(value)) for name, key, value in rows)


def _decoded(value: object) -> Any:
    try:
        return json.loads(value) if isinstance(value, bytes | str) else None
    except ValueError:
        return None


def _differences(ours: Iterator[_Row], theirs: Iterator[_Row]) -> Iterator[tuple[Any, str]]:
    """Both in the order of their places, by code point."""
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None  # noqa: S101 - one of both is there
            yield one[0], "the database does not have it"
            one = next(ours, None)
        elif one is None or other[0] < one[0]:
            yield other[0], "the ledger does not give it"
            other = next(theirs, None)
        else:
            if _plain(*one) != _plain(*other):
                yield one[0], "the database has another value"
            one, other = next(ours, None), next(theirs, None)


def _plain(place: tuple[str, str], value: Any) -> Any:
    """When a concealed access began is known to the ledger only once it is opened."""
    if place[0] == "access" and isinstance(value, dict) and value.get("concealed"):
        return {name: part for name, part in value.items() if name != "at"}
    return value
