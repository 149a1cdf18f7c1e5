"""Lines of records whose description is gone: destroyed ones keep what their list says of them.

While the ledger is read nobody knows yet what was destroyed, so every such record gets a bare line
from its accession. A list that people signed fills it; what was lost with its pack keeps it as it
is. What then was neither destroyed nor is being destroyed nor lost is unreadable, and its line is
taken out again.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from archive import catalog
from archive.catalog import RECORD
from archive.desk.db_shelf import DbShelf
from archive.desk.destroying import DESTROYING
from archive.entry import Entry
from archive.kinds import short_kind
from archive.ledger import ENTRY
from archive.parts import CONTENT, find_part, part_of
from archive.ports import ObjectStore

BARE = b"\0"
"""Folder of a bare line; no folder has this name."""


def unknown_row(log: str, index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What an accession alone says, marked as bare."""
    return {**catalog.bare_row(log, index, entry), "folder_raw": BARE}


def fill(connection: Connection, lines: Sequence[Mapping[str, Any]]) -> None:
    """Give bare lines what a list says of their records."""
    for line in lines:
        encoded = line["name_b64"]
        said = {
            "name": line["name"],
            "name_raw": base64.b64decode(encoded) if encoded else line["name"].encode(),
            "title": line["title"],
            "case_no": line["case"],
            "category": line["category"],
            "media_type": line["media"],
            "kind": short_kind(line["media"]) if line["media"] else None,
        }
        here = (RECORD.c.id == line["record"]) & (RECORD.c.folder_raw == BARE)
        connection.execute(update(RECORD).where(here).values(**said))


def close(connection: Connection, evidence: ObjectStore) -> int:
    """Mark what is being destroyed, and take out what is unreadable; how many that are."""
    lost = (RECORD.c.folder_raw == BARE) & RECORD.c.lost
    connection.execute(update(RECORD).where(lost).values(folder_raw=b""))
    begun = _half_deleted(connection, evidence)
    if begun:
        rows = [{"record": record, "disposition": name} for record, name in begun.items()]
        connection.execute(insert(DESTROYING), rows)
    query = select(RECORD.c.id).where(RECORD.c.folder_raw == BARE)
    left = list(connection.execute(query).scalars())
    for record in left:
        here = RECORD.c.id == record
        if record in begun:
            connection.execute(update(RECORD).where(here).values(folder_raw=b""))
        else:
            connection.execute(delete(RECORD).where(here))
    return sum(record not in begun for record in left)


def _half_deleted(connection: Connection, evidence: ObjectStore) -> dict[str, str]:
    """Records of executed dispositions that are not destroyed and whose content is gone."""
    shelf = DbShelf(connection)
    found = {}
    for name, value in shelf.every("disposition"):
        if value["state"] != "executed":
            continue
        for record in value["records"]:
            if shelf.get("destroyed", record) is None and not _has_content(
                connection, evidence, record
            ):
                found[record] = name
    return found


def _has_content(connection: Connection, evidence: ObjectStore, record: str) -> bool:
    query = (
        select(ENTRY.c.data)
        .join(RECORD, (RECORD.c.log == ENTRY.c.log) & (RECORD.c.idx == ENTRY.c.idx))
        .where(RECORD.c.id == record)
    )
    data = connection.execute(query).scalar()
    if data is None:
        return True
    entry = Entry.parse(data)
    return find_part(evidence, part_of(record, entry.body, entry.at, CONTENT))
