"""Asking: which records are meant, in which capacity, and what that takes.

    found = explain(shelf, "li", "view", records, case)     # -> Asking
    found.explanation.approvers

A letter that is sealed, and what a request says of itself, are seen by `view_of` for those whom
`may_see` lets: who asked, who may decide, archivists and inspectors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from archive import catalog, layout
from archive.column_types import place_of_bytes
from archive.desk.db_shelf import REGISTER, DbShelf
from archive.desk.reading import Reader
from archive.detail import Detail
from archive.errors import ArchiveError, NotFound, UsageError
from archive.ids import check_ulid
from archive.matrix import AccessRules, Explanation, explain
from archive.ports import ObjectStore, read_all
from archive.registers import asking
from archive.registers.asking import Needed
from archive.registers.decisions import deciders
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import enrolled
from archive.statements.kinds import MOST_RECORDS

_DETAIL_LIMIT = 1 << 20
_FULL_VIEW = ("archivist", "inspector.internal", "inspector.judicial")
_INSPECTORS = {
    "inspector.judicial": "judicial_bureau",
    "inspector.internal": "internal_supervision",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request of these records would take; `needed` are its approvals."""

    capacity: str
    explanation: Explanation
    needed: Sequence[Needed]
    conceal: bool


def record_ids(connection: Connection, named: Sequence[str]) -> list[str]:
    """Records by identifier or its unique beginning, in order, none twice.

    Raises NotFound, UsageError for none or more than 1,000.
    """
    found = sorted({catalog.find_record(connection, text).id for text in named})
    if not 1 <= len(found) <= MOST_RECORDS:
        raise UsageError(f"A request names 1 to {MOST_RECORDS} records, not {len(found)}.")
    return found


def explained(
    shelf: Shelf,
    person: str,
    action: str,
    records: Sequence[str],
    case: str | None,
    capacity: str | None = None,
) -> Asking:
    """What it takes; in the capacity that fits where none is named. Denied, UsageError."""
    chosen = capacity or fitting_capacity(shelf, person, records, case)
    rules: AccessRules = asking.rules_in_force(shelf)
    need = asking.requirement_of(shelf, chosen, action, records)
    needed = asking.needed_approvals(shelf, need, records)
    return Asking(chosen, explain(rules, need), needed, need.conceal)


def fitting_capacity(shelf: Shelf, person: str, records: Sequence[str], case: str | None) -> str:
    """The capacity that somebody most probably asks in; Denied for nobody.

    Who asks for others has to say in which capacity.
    """
    known = enrolled(shelf, person)
    for role, capacity in _INSPECTORS.items():
        if role in known["roles"]:
            return capacity
    found = shelf.get("case", case) if case else None
    attached = all(case in asking.cases_of(shelf, record) for record in records)
    if found is not None and attached and person in found["handlers"]:
        return "own_case"
    own = all(known["unit"] in asking.units_of(shelf, record) for record in records)
    return "same_unit" if own else "other_unit"


def may_see(reader: Reader, people: Sequence[Value], request: Value) -> bool:
    """Whether a reader may see a request; `people` are the register's values of `reader.people`."""
    if reader.holder or request["person"] in reader.people:
        return True
    if not reader.roles.isdisjoint(_FULL_VIEW):
        return True
    return any(deciders(request["needed"], person) for person in people)


def requests_of(
    connection: Connection, reader: Reader, *, unfinished: bool
) -> list[tuple[str, Value]]:
    """All requests that the reader may see, newest first; or those that are not closed."""
    shelf = DbShelf(connection)
    people = people_of(shelf, reader)
    found = unclosed(connection) if unfinished else shelf.every("request")
    seen = [(key, value) for key, value in found if may_see(reader, people, value)]
    return sorted(seen, reverse=True)


def unclosed(connection: Connection) -> list[tuple[str, Value]]:
    """Requests of which something may still come."""
    shelf = DbShelf(connection)
    closed = place_of_bytes(REGISTER.c.value, b'"state":"closed"')
    query = select(REGISTER.c.key).where(REGISTER.c.shelf == "request", closed == 0)
    keys = connection.execute(query).scalars().all()
    values = [(key, shelf.get("request", key)) for key in keys]
    return [(key, value) for key, value in values if value is not None]


def people_of(shelf: Shelf, reader: Reader) -> list[Value]:
    """The register's values of the people that a reader is."""
    values = (shelf.get("person", person) for person in reader.people)
    return [value for value in values if value is not None]


def find_request(connection: Connection, reader: Reader, named: str) -> tuple[str, Value]:
    """A request by identifier or its unique beginning; NotFound also where it is not shown."""
    shelf = DbShelf(connection)
    wanted = named.strip().upper()
    found = REGISTER.c.key.startswith(wanted, autoescape=True)
    query = select(REGISTER.c.key).where(REGISTER.c.shelf == "request", found).limit(2)
    keys = connection.execute(query).scalars().all()
    if len(keys) == 1:
        value = shelf.get("request", keys[0])
        if value is not None and may_see(reader, people_of(shelf, reader), value):
            return keys[0], value
    if len(keys) > 1:
        raise NotFound(f"Several requests begin with {wanted[:26]}; give more of the id.")
    raise NotFound(f"There is no request {wanted[:26]}.")


def accesses_of(connection: Connection, request: str) -> list[tuple[str, Value]]:
    """The accesses under a request, oldest first."""
    here = place_of_bytes(REGISTER.c.value, request.encode())
    query = select(REGISTER.c.key).where(REGISTER.c.shelf == "access", here > 0)
    shelf = DbShelf(connection)
    keys = sorted(connection.execute(query).scalars())
    found = [(key, shelf.get("access", key)) for key in keys]
    return [(key, value) for key, value in found if value and value["request"] == request]


def sizes_of(connection: Connection, records: Sequence[str]) -> list[int | None]:
    """Bytes of each record; None for one that the registers do not know."""
    shelf = DbShelf(connection)
    values = (shelf.get("record", record) for record in records)
    return [None if value is None else value["size"] for value in values]


def words(evidence: ObjectStore, detail_id: str | None) -> Mapping[str, Any] | None:
    """The data of a stored detail, as it is; None where there is none or it cannot be had."""
    if detail_id is None:
        return None
    check_ulid(detail_id)
    try:
        data = read_all(evidence, layout.detail_key(detail_id), _DETAIL_LIMIT)
        return Detail.parse(data).data
    except ArchiveError:
        return None
