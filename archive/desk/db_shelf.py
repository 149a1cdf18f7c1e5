"""The registers in the database, inside one transaction."""

import json
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive import looking, spilled_rows
from archive.catalog import RECORD
from archive.desk import indexed, keeping
from archive.entry import Entry
from archive.ledger import ENTRY
from archive.registers.shelf import Value
from archive.tables import RegisterRow
from archive.times import format_time

_AT_ONCE = 500
REGISTER = RegisterRow.__table__  # type: ignore[attr-defined]


class DbShelf:
    """A `Shelf` over the table `register`; values are read once per transaction.

    `record` comes from the catalog and is therefore in the ledger: an urgent entry that relies on
    a record can never be appended before it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[tuple[str, str], Value | None] = {}
        self._of_catalog = {"record": self._record, "record_pack": self._packed, "pack": self._pack}

    def get(self, shelf: str, key: str) -> Value | None:
        """A value, or None."""
        place = (shelf, key)
        if place not in self._seen:
            read = self._of_catalog.get(shelf)
            self._seen[place] = read(key) if read else self._load(shelf, key)
        return self._seen[place]

    def put(self, shelf: str, key: str, value: Value) -> None:
        """Set a value; records and packs are read only."""
        if shelf in self._of_catalog:
            raise ValueError("records are not put into the registers")
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        before = self.get(shelf, key)
        if before is None:
            row = {"shelf": shelf, "key": key, "value": data}
            self._connection.execute(insert(REGISTER), [row])
        else:
            here = (REGISTER.c.shelf == shelf) & (REGISTER.c.key == key)
            self._connection.execute(update(REGISTER).where(here).values(value=data))
        self._seen[shelf, key] = value
        if shelf in keeping.FOLLOWED:
            keeping.follow(self._connection, self, shelf, key, before)
        if shelf in indexed.FOLLOWED:
            indexed.follow(self._connection, shelf, key, before, value)
        if shelf == "destroyed":
            # What may still be known of it: the list that people signed (docs/formats.md §12).
            gone = update(RECORD).where(RECORD.c.id == key)
            self._connection.execute(gone.values(destroyed=True, **GONE))
            looking.forget(self._connection, [key])
        if shelf == "spilled":
            spilled_rows.forget(self._connection, key)

    def warm(self, names: Sequence[str], keys: Sequence[str]) -> None:
        """Read values of many keys at once (registers, and `record`); later gets find them."""
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            found: dict[tuple[str, str], Value | None] = dict.fromkeys(product(names, part))
            here = REGISTER.c.shelf.in_(names) & REGISTER.c.key.in_(part)
            for row in self._connection.execute(select(REGISTER).where(here)):
                found[row.shelf, row.key] = json.loads(row.value)
            if "record" in names:
                query = select(RECORD.c.id, *SHOWN).where(RECORD.c.id.in_(part))
                for row in self._connection.execute(query).all():
                    found["record", row.id] = record_value(self._connection, row)
            self._seen = {**found, **self._seen}

    def every(self, shelf: str) -> Iterator[tuple[str, Value]]:
        """All keys and values of one name, by key, as they stand in the database."""
        query = select(REGISTER.c.key, REGISTER.c.value).where(REGISTER.c.shelf == shelf)
        for row in self._connection.execute(query.order_by(REGISTER.c.key)):
            yield row.key, json.loads(row.value)

    def many(self, shelf: str, keys: Sequence[str]) -> dict[str, Value]:
        """Those of some values that there are, as they stand in the database."""
        here = (REGISTER.c.shelf == shelf) & REGISTER.c.key.in_(keys)
        query = select(REGISTER.c.key, REGISTER.c.value).where(here)
        return {row.key: json.loads(row.value) for row in self._connection.execute(query)}

    def _load(self, shelf: str, key: str) -> Value | None:
        query = select(REGISTER.c.value).where(REGISTER.c.shelf == shelf, REGISTER.c.key == key)
        data = self._connection.execute(query).scalar()
        return None if data is None else json.loads(data)

    def _packed(self, record: str) -> Value | None:
        query = select(RECORD.c.pack).where(RECORD.c.id == record)
        pack = self._connection.execute(query).scalar()
        return None if pack is None else {"pack": pack}

    def _pack(self, pack: str) -> Value | None:
        query = select(RECORD.c.id).where(RECORD.c.pack == pack).order_by(RECORD.c.id)
        members = list(self._connection.execute(query).scalars())
        return {"members": members} if members else None

    def _record(self, record: str) -> Value | None:
        row = self._connection.execute(select(*SHOWN).where(RECORD.c.id == record)).first()
        return None if row is None else record_value(self._connection, row)


GONE = {
    "folder": "",
    "folder_raw": b"",
    "sidecar_sha256": None,
    "stage": None,
    "unit": None,
    "officers": None,
    "captured_start": None,
    "captured_end": None,
    "preview": None,
    "item": None,
    "device": None,
    "segment": None,
    "duration_ms": None,
    "condition": None,
}
"""Columns of the catalog that a destroyed record has no more."""
SHOWN = (
    RECORD.c.source,
    RECORD.c.size,
    RECORD.c.sha256,
    RECORD.c.received_at,
    RECORD.c.first_lock,
    RECORD.c.tags,
    RECORD.c.log,
    RECORD.c.idx,
)
"""Columns of the catalog that `record_value` needs."""


def record_value(connection: Connection, row: Any) -> Value:
    """What the registers know of a record, from its line in the catalog.

    Its tags are those of its accession; the catalog has those of a later sidecar too.
    """
    return {
        "source": row.source,
        "size": row.size,
        "sha256": row.sha256.hex(),
        "received_at": format_time(row.received_at),
        "retain_until": format_time(row.first_lock) if row.first_lock else None,
        "tags": _tags(connection, row.log, row.idx) if row.tags else [],
    }


def _tags(connection: Connection, log: str, index: int) -> list[str]:
    here = (ENTRY.c.log == log) & (ENTRY.c.idx == index)
    data = connection.execute(select(ENTRY.c.data).where(here)).scalar()
    return list(Entry.parse(data).body.get("tags", ())) if data is not None else []
