"""What of a case is filed: its volumes, what stands in none, and what came late.

found = filing_of(connection, case)
found.volumes, found.unfiled, found.late
lines_of(evidence, found.volumes[0])           # the signed catalogue
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.desk.cases import records_of
from archive.desk.db_shelf import DbShelf
from archive.desk.registry import read_words
from archive.errors import ContentAltered, NotFound
from archive.ledger import ENTRY
from archive.ports import ObjectStore
from archive.registers.shelf import Value
from archive.registers.volumes import volumes_of
from archive.rows import batched

_ROWS_AT_ONCE = 1000
_ADDING = ("case.attached", "case.linked")


@dataclass(frozen=True, slots=True)
class Filing:
    """What of a case is filed.

    `unfiled` are its records that are there still and stand in no volume, `later` all that were
    attached after the first volume was filed.
    """

    volumes: Sequence[Value]
    unfiled: Sequence[str]
    later: frozenset[str]

    @property
    def late(self) -> list[str]:
        """Late additions: attached after a volume was filed, and in none."""
        return [record for record in self.unfiled if record in self.later]

    def volume(self, number: int) -> Value:
        """A volume by its number; NotFound."""
        for one in self.volumes:
            if one["number"] == number:
                return one
        raise NotFound(f"There is no volume {number} of this case.")


def filing_of(connection: Connection, case: str) -> Filing:
    """What of a case is filed, in the order of its records' ids."""
    volumes = volumes_of(DbShelf(connection), case)
    filed = {record for volume in volumes for record in volume["records"]}
    left = [record for record in records_of(connection, case) if record not in filed]
    gone = set(_gone(connection, left))
    unfiled = [record for record in left if record not in gone]
    later = _attached_later(connection, case) if volumes else set()
    return Filing(volumes, unfiled, frozenset(later))


def lines_of(evidence: ObjectStore, volume: Value) -> Mapping[str, Any]:
    """`catalogue` and `note` of a volume as they were signed; ContentAltered."""
    found = read_words(evidence, volume)
    if found is None:
        raise ContentAltered("The catalogue of the volume cannot be read as it was signed.")
    return found


def without_secrets(
    connection: Connection, lines: Sequence[Mapping[str, Any]], hidden: Collection[str]
) -> list[Mapping[str, Any]]:
    """Lines of a signed catalogue, those of blocked records and of `hidden` ones without title."""
    query = select(RECORD.c.id).where(RECORD.c.spilled)
    blocked = {
        record
        for some in batched([line["record"] for line in lines])
        for record in connection.execute(query.where(RECORD.c.id.in_(some))).scalars()
    }
    left_out = blocked.union(hidden)
    return [{**line, "title": "—"} if line["record"] in left_out else line for line in lines]


def _gone(connection: Connection, records: Sequence[str]) -> Iterator[str]:
    """Those that are lost, blocked or destroyed: they are not put into a volume any more."""
    query = select(RECORD.c.id).where(RECORD.c.lost | RECORD.c.destroyed | RECORD.c.spilled)
    for some in batched(records):
        yield from connection.execute(query.where(RECORD.c.id.in_(some))).scalars()


def _attached_later(connection: Connection, case: str) -> set[str]:
    """Records that were attached, or attached again, after a volume was filed."""
    query = select(ENTRY.c.data).where(ENTRY.c.stream == "registry").order_by(ENTRY.c.seq)
    named = f'"subject":"{case}"'.encode()
    later: set[str] = set()
    filed = False
    for data in connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)).scalars():
        if named not in data:
            continue
        entry = json.loads(data)
        if entry["subject"] != case:
            continue
        filed = filed or entry["kind"] == "case.filed"
        if filed and entry["kind"] in _ADDING:
            later.update(_named(entry["body"]))
    return later


def _named(body: Mapping[str, Any]) -> Sequence[str]:
    """Records of an entry that attaches, signed or not."""
    signed = body.get("statements")
    found: Sequence[str] = (signed[0]["statement"]["payload"] if signed else body)["records"]
    return found
