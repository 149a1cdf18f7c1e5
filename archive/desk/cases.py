"""Use cases of cases: opening one links the records whose sidecars claim its number.

A record that arrives later is linked by `link_claims`, which the service does every minute; a
person's attaching or detaching of a record is never undone by it. What another unit's source
brought waits for an archivist to attach it, whatever number it claims.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import Connection, func, select

from archive.catalog import RECORD
from archive.desk.db_shelf import REGISTER, DbShelf
from archive.desk.people import REGISTRAR
from archive.desk.reading import Reader
from archive.desk.submit import Accepted, Desk
from archive.detail import Detail
from archive.errors import FormatError, NotFound
from archive.ids import check_ulid
from archive.ledger import ENTRY, NewEntry
from archive.registers.cases import claim_counts, plain_number
from archive.registers.shelf import Value
from archive.statements.kinds import MOST_RECORDS
from archive.statements.statement import Signed

_MOST_AT_ONCE = 10_000
_NUMBERS = "case_number"


def open_case(
    desk: Desk, statements: Sequence[Signed], detail: Detail | None, account: str
) -> Accepted:
    """Open a case and link what claims its number; raises Denied, FormatError."""

    def link(connection: Connection, entry: NewEntry) -> Sequence[NewEntry]:
        case = DbShelf(connection).get("case", entry.subject or "")
        number = case["number"] if case else None
        if number is None:
            return ()
        query = select(RECORD.c.id).where(RECORD.c.case_no == number).order_by(RECORD.c.id)
        claiming = connection.execute(query).scalars().all()
        return _link(desk, connection, entry.subject or "", claiming)

    return desk.submit(statements, detail, account, after=link)


def claims_waiting(connection: Connection) -> bool:
    """Whether `link_claims` has anything to do."""
    return bool(_claims(connection, most=1))


def claims_mark(connection: Connection) -> tuple[int, int]:
    """Changes whenever a record or anything of the registry is added: nothing new waits else."""
    said = select(func.max(ENTRY.c.seq)).where(ENTRY.c.stream == "registry")
    records = select(func.count()).select_from(RECORD)
    return connection.execute(records).scalar_one(), connection.execute(said).scalar_one() or 0


def link_claims(desk: Desk) -> list[NewEntry]:
    """Link records that no case has yet and whose claimed number a case has. Not durable yet."""
    with desk.database.read() as connection:
        if not claims_waiting(connection):
            return []
    with desk.database.write() as connection:
        by_case: dict[str, list[str]] = {}
        for record, case in _claims(connection):
            by_case.setdefault(case, []).append(record)
        made: list[NewEntry] = []
        for case, records in sorted(by_case.items()):
            made += _link(desk, connection, case, records)
    return made


def claims_left(connection: Connection, case: str, value: Value) -> int:
    """How many records claim a case's number, are not attached to it and never were."""
    if value["number"] is None:
        return 0
    shelf = DbShelf(connection)
    query = select(RECORD.c.id).where(RECORD.c.case_no == value["number"])
    claiming = connection.execute(query).scalars()
    return sum(_is_unsaid(shelf, record, case) for record in claiming)


def find_case(connection: Connection, text: str) -> tuple[str, Value]:
    """A case by its number, its id or a unique beginning of its id; raises NotFound."""
    shelf = DbShelf(connection)
    named = shelf.get(_NUMBERS, plain_number(text))
    found = shelf.get("case", named["case"]) if named else None
    if named is not None and found is not None:
        return named["case"], found
    wanted = text.strip().upper()
    here = (REGISTER.c.shelf == "case") & REGISTER.c.key.startswith(wanted, autoescape=True)
    keys = connection.execute(select(REGISTER.c.key).where(here).limit(2)).scalars().all()
    if len(keys) > 1 and not _is_id(wanted):
        raise NotFound(f"Several cases begin with {wanted}; give more of the id.")
    found = shelf.get("case", keys[0]) if keys and wanted else None
    if found is None:
        raise NotFound(f"There is no case {text[:40]}.")
    return keys[0], found


def find_shown(connection: Connection, reader: Reader, text: str) -> tuple[str, Value]:
    """As `find_case`; what the reader may not see is not there for him."""
    case, value = find_case(connection, text)
    if not shown_to(reader, value):
        raise NotFound(f"There is no case {text[:40]}.")
    return case, value


def shown_to(reader: Reader, case: Value) -> bool:
    """Whether a reader sees a case: everybody but handlers and administrators all of them."""
    if reader.sees_everything:
        return True
    own = case["unit"] in reader.units or not set(reader.people).isdisjoint(case["handlers"])
    return reader.sees_records and own


def records_of(connection: Connection, case: str) -> list[str]:
    """Ids of the records that are attached to a case."""
    query = select(REGISTER.c.key, REGISTER.c.value).where(REGISTER.c.shelf == "record_cases")
    named = f'"{case}"'.encode()
    rows = connection.execute(query.order_by(REGISTER.c.key))
    # Most values are not of this case; only those that name it are decoded.
    values = ((row.key, json.loads(row.value)) for row in rows if named in row.value)
    return [key for key, value in values if case in value["cases"]]


def _is_id(text: str) -> bool:
    try:
        check_ulid(text)
    except FormatError:
        return False
    return True


def _claims(connection: Connection, most: int = _MOST_AT_ONCE) -> list[tuple[str, str]]:
    """Records whose claim names a case, with its id, and about which nothing was said yet."""
    number, said = REGISTER.alias("number"), REGISTER.alias("said")
    query = (
        select(RECORD.c.id, RECORD.c.case_no)
        .join(number, (number.c.shelf == _NUMBERS) & (number.c.key == RECORD.c.case_no))
        .outerjoin(said, (said.c.shelf == "record_cases") & (said.c.key == RECORD.c.id))
        .where(said.c.key.is_(None))
        .order_by(RECORD.c.id)
    )
    shelf = DbShelf(connection)
    found = (
        (record, named["case"])
        for record, claimed in connection.execute(query)
        if (named := shelf.get(_NUMBERS, claimed)) and _is_free(shelf, record, named["case"])
    )
    return list(islice(found, most))


def _link(desk: Desk, connection: Connection, case: str, records: Iterable[str]) -> list[NewEntry]:
    shelf = DbShelf(connection)
    free = iter(record for record in sorted(records) if _is_free(shelf, record, case))
    made = []
    while part := list(islice(free, MOST_RECORDS)):
        body = {"records": part}
        made.append(desk.submit_own(connection, "case.linked", "registry", case, body, REGISTRAR))
    return made


def _is_free(shelf: DbShelf, record: str, case: str) -> bool:
    known = shelf.get("case", case)
    counts = known is not None and claim_counts(shelf, record, known)
    return counts and _is_unsaid(shelf, record, case)


def _is_unsaid(shelf: DbShelf, record: str, case: str) -> bool:
    found = shelf.get("record_cases", record)
    return found is None or case not in (*found["cases"], *found["detached"])
