"""Use cases of disposition: lists that say what shall be destroyed, and the way to its tombstone.

    lines = lines_of(connection, records)            # what people read and sign
    accepted = propose(desk, statements, detail, account)
    begin(desk, name, records)                       # from now on nothing may keep them
    entries = finish(desk, name, records, stores, versions)

Between `begin` and `finish` bytes are deleted (`retention.execute`). What would keep a record is
refused in between, so that no hold comes too late for bytes and too early for the ledger.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from archive.catalog import RECORD
from archive.database import Database
from archive.desk.db_shelf import DbShelf
from archive.desk.destroying import DESTROYING
from archive.desk.submit import Accepted, Desk
from archive.detail import Detail
from archive.errors import UsageError
from archive.ledger import NewEntry
from archive.registers.denials import denied
from archive.registers.disposition import check_disposable, is_destroyed, members_left, pack_of
from archive.registers.keeping import Law
from archive.registers.shelf import Value
from archive.statements.statement import Signed
from archive.tables import LocationRow, ReplicationRow

KEEPER = "system/retention"
"""Who writes `record.destroyed`."""
LOCATION = LocationRow.__table__  # type: ignore[attr-defined]
REPLICATION = ReplicationRow.__table__  # type: ignore[attr-defined]
_ROWS_AT_ONCE = 500


def lines_of(connection: Connection, records: Sequence[str]) -> list[dict[str, Any]]:
    """The list of some records as the catalog has them, in their order; unknown ones are left out.

    It stays readable for ever, so it says what identifies a record and nothing of its content.
    """
    rows = {}
    for start in range(0, len(records), _ROWS_AT_ONCE):
        part = records[start : start + _ROWS_AT_ONCE]
        found = connection.execute(select(RECORD).where(RECORD.c.id.in_(part)))
        rows.update({row.id: row for row in found})
    return [_line(rows[record]) for record in records if record in rows]


def _line(row: Any) -> dict[str, Any]:
    plain = row.name.encode() == row.name_raw
    return {
        "record": row.id,
        "name": row.name,
        "name_b64": None if plain else base64.b64encode(row.name_raw).decode("ascii"),
        "title": row.title,
        "case": row.case_no,
        "category": row.category,
        "media": row.media_type,
    }


def law_of(desk: Desk) -> Law:
    """What reads the retention schedule; UsageError where the desk has none."""
    if desk.law is None:
        raise UsageError("Retention schedules cannot be read here.")
    return desk.law


def propose(
    desk: Desk, statements: Sequence[Signed], detail: Detail | None, account: str
) -> Accepted:
    """Submit a proposal whose list is that of the catalog; raises Denied, FormatError."""
    part = desk.prepare(statements, detail, account)
    with desk.recording(account, part.body), desk.database.write() as connection:
        entry = desk.submit_prepared(connection, part)
        lines = lines_of(connection, part.body.payload["records"])
        if detail is None or list(detail.data["list"]) != lines:
            raise denied("LIST_OTHER")
    return Accepted(entry, part.body)


def left_of(connection: Connection, name: str) -> list[str]:
    """Records of an executed disposition that are not destroyed yet; Denied where it is not."""
    shelf = DbShelf(connection)
    records: Sequence[str] = _executed(shelf, name)["records"]
    return [record for record in records if not is_destroyed(shelf, record)]


def _executed(shelf: DbShelf, name: str) -> Value:
    found = shelf.get("disposition", name)
    if found is None:
        raise denied("DISPOSITION_UNKNOWN", name)
    if found["state"] != "executed":
        raise denied("DISPOSITION_STATE", found["state"])
    return found


def begin(desk: Desk, name: str, records: Sequence[str]) -> None:
    """Check once more and mark records; Denied, marking none, where one of them must be kept.

    Of a pack all members that have nothing else must be among them.
    """
    with desk.database.write() as connection:
        shelf = DbShelf(connection)
        listed = frozenset(_executed(shelf, name)["records"])
        now = desk.clock.now()
        for record in records:
            if record not in listed:
                raise denied("LIST_OTHER", record)
            check_disposable(shelf, law_of(desk), record, now)
            pack = pack_of(shelf, record)
            if pack is not None and not listed.issuperset(members_left(shelf, pack)):
                raise denied("PACK_PART", pack)
        marked = {row.record for row in connection.execute(select(DESTROYING.c.record))}
        rows = [{"record": r, "disposition": name} for r in records if r not in marked]
        if rows:
            connection.execute(insert(DESTROYING), rows)


def give_up(database: Database, records: Sequence[str]) -> None:
    """Take the marks back from records of which nothing was deleted."""
    with database.write() as connection:
        _unmark(connection, records)


def finish(
    desk: Desk, name: str, records: Sequence[str], stores: Sequence[str], versions: int
) -> list[NewEntry]:
    """Submit `record.destroyed` for records that are found gone; not durable yet.

    Of one that another process said so of meanwhile it is not said again.
    """
    with desk.database.write() as connection:
        shelf = DbShelf(connection)
        body = {"disposition": name, "stores": sorted(stores), "versions": versions}
        made = [
            desk.submit_own(connection, "record.destroyed", "registry", record, body, KEEPER)
            for record in records
            if not is_destroyed(shelf, record)
        ]
        _unmark(connection, records)
    return made


def _unmark(connection: Connection, records: Sequence[str]) -> None:
    for start in range(0, len(records), _ROWS_AT_ONCE):
        part = records[start : start + _ROWS_AT_ONCE]
        connection.execute(delete(DESTROYING).where(DESTROYING.c.record.in_(part)))


def forget_objects(database: Database, keys: Iterable[str]) -> None:
    """Nothing is copied or looked for any more under keys that are being deleted."""
    found = sorted(keys)
    with database.write() as connection:
        for start in range(0, len(found), _ROWS_AT_ONCE):
            part = found[start : start + _ROWS_AT_ONCE]
            connection.execute(delete(LOCATION).where(LOCATION.c.key.in_(part)))
            connection.execute(delete(REPLICATION).where(REPLICATION.c.key.in_(part)))
