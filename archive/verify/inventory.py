"""What the ledger names against what the store holds, side by side in the order of the keys.

Both sides are streamed and sorted, so memory is flat. An object that nothing names becomes a
suspect, not yet a finding: a running sealer stores objects before the entry is sealed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from archive.errors import FormatError, Unreachable
from archive.ids import check_ulid
from archive.layout import record_prefix
from archive.ports import ObjectInfo
from archive.report import Report
from archive.verify.context import Context
from archive.verify.details import DetailJob
from archive.verify.disposals import excuse
from archive.verify.index import Index
from archive.verify.records import FILES, RecordJob
from archive.verify.scope import Everything, Scope

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ALONE = """
SELECT r.id, r.log, r.idx, r.body, r.pack IS NOT NULL,
  EXISTS(SELECT 1 FROM lost WHERE lost.id=r.id), EXISTS(SELECT 1 FROM destroyed d WHERE d.id=r.id)
  OR EXISTS(SELECT 1 FROM cleared c WHERE c.id=r.id AND c.store=?1)
FROM record r {join}WHERE r.pack IS NULL OR r.id IN (SELECT id FROM split)
ORDER BY substr(r.id, 25), r.id, r.log, r.idx
"""
_TWICE = """
SELECT id, log, idx FROM record WHERE id IN (SELECT id FROM record GROUP BY id HAVING count(*)>1)
ORDER BY id, log, idx
"""

Suspect = Callable[[str, datetime, str, str], None]
"""Notes an object that nothing names: key, time of writing, kind, and the id that may name it."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The objects of one record: sizes by name, and the time of the newest."""

    record: str
    objects: dict[str, int]
    modified: datetime


class Inventory:
    """Jobs for records and details; objects that nothing names go to the index as suspects."""

    def __init__(self, context: Context, index: Index, report: Report, scope: Scope) -> None:
        self._context = context
        self._index = index
        self._report = report
        self._whole = isinstance(scope, Everything)

    # ── records ──

    def records(self) -> Iterator[RecordJob]:
        """Every record in scope that stands alone, with the objects that are stored for it.

        A packed one stands alone too once it was split off.
        """
        self._index.run("CREATE INDEX IF NOT EXISTS record_id ON record(id)")
        self._report_twice()
        join = "" if self._whole else "JOIN selected USING(id) "
        rows = self._index.rows(_ALONE.format(join=join), self._index.store)
        unique = (next(same) for _, same in groupby(rows, key=lambda row: row[0]))
        pairs = self._beside(unique) if self._whole else self._one_by_one(unique)
        for (record, log, index, body, packed, lost, destroyed), folder in pairs:
            if not packed:
                self._report.count("records")
            place = f"{log}#{index}"
            if lost and not packed:
                self._report.add("CONTENT_LOST", record, entry=place)
            objects = folder.objects if folder else {}
            if destroyed and objects:
                self._report.add("DESTROYED_STILL_THERE", record, objects=sorted(objects))
            if lost or destroyed:
                continue
            if "content" in objects or not excuse(self._index, self._report, record):
                yield RecordJob(record, place, body, objects)

    def _report_twice(self) -> None:
        """A record has one accession, in a pack or not."""
        rows = self._index.rows(_TWICE)
        for record, same in groupby(rows, key=lambda row: row[0]):
            _, *others = same
            again = [f"{row[1]}#{row[2]}" for row in others[:10]]
            if self._whole or self._index.one("SELECT 1 FROM selected WHERE id=?", record):
                self._report.add("RECORD_TWICE", record, again=again)

    def _one_by_one(self, rows: Iterator[Any]) -> Iterator[tuple[Any, Folder | None]]:
        for row in rows:
            listed = self._context.evidence.list(record_prefix(row[0]))
            yield row, next(self._folders(listed), None)

    def _beside(self, rows: Iterator[Any]) -> Iterator[tuple[Any, Folder | None]]:
        """Merge the ledger's records with the store's, both in order of their keys."""
        folders = self._folders(self._context.evidence.list("records/"))
        folder = next(folders, None)
        for row in rows:
            mine = record_prefix(row[0])
            while folder is not None and record_prefix(folder.record) < mine:
                self._suspect_folder(folder)
                folder = next(folders, None)
            if folder is not None and folder.record == row[0]:
                yield row, folder
                folder = next(folders, None)
            else:
                yield row, None
        while folder is not None:
            self._suspect_folder(folder)
            folder = next(folders, None)

    def _folders(self, listed: Iterator[ObjectInfo]) -> Iterator[Folder]:
        """The listing record by record; keys that belong to no record are suspects."""
        folder: Folder | None = None
        for info in in_order(listed):
            record, name = _record_of(info.key)
            if not record:
                self.suspect(info.key, info.modified, "other", "")
                continue
            if folder is None or folder.record != record:
                if folder is not None:
                    yield folder
                folder = Folder(record, {}, _LONG_AGO)
            folder.objects[name] = info.size
            folder = Folder(record, folder.objects, max(folder.modified, info.modified))
        if folder is not None:
            yield folder

    def _suspect_folder(self, folder: Folder) -> None:
        """Objects of a record that no entry names, or of a packed one that was not split off."""
        packed = self._index.one("SELECT 1 FROM record WHERE id=?", folder.record)
        kind = "split" if packed else "record"
        for name in folder.objects:
            key = record_prefix(folder.record) + name
            self.suspect(key, folder.modified, kind, folder.record)

    # ── details ──

    def details(self) -> Iterator[DetailJob]:
        """Every detail in scope; those that are stored and not named become suspects."""
        if self._whole:
            self._check_stored_details()
        where = "" if self._whole else "JOIN selected ON selected.id IN (detail.id, subject) "
        rows = self._index.rows(
            f"SELECT DISTINCT detail.id, digest, kind, place FROM detail {where}"  # noqa: S608
            "ORDER BY substr(detail.id, 25), detail.id"
        )
        for row in rows:
            self._report.count("details")
            yield DetailJob(*row)

    def _check_stored_details(self) -> None:
        named = self._index.rows("SELECT DISTINCT id FROM detail ORDER BY substr(id, 25), id")
        wanted = next(named, (None,))[0]
        for info in in_order(self._context.evidence.list("details/")):
            found = _detail_of(info.key)
            if not found:
                self.suspect(info.key, info.modified, "other", "")
                continue
            rank = (found[-2:], found)
            while wanted is not None and (wanted[-2:], wanted) < rank:
                wanted = next(named, (None,))[0]
            if wanted != found:
                self.suspect(info.key, info.modified, "detail", found)

    def suspect(self, key: str, modified: datetime, kind: str, identifier: str) -> None:
        """Note an object that no entry names, as far as the ledger was read."""
        safe = key.encode("utf-8", "backslashreplace").decode()
        self._index.add("suspect", [(safe, kind, identifier, self._context.young(modified))])


def in_order(listed: Iterator[ObjectInfo]) -> Iterator[ObjectInfo]:
    """A listing whose keys must rise, because it is compared with another side by side."""
    last = ""
    for info in listed:
        if info.key <= last:
            raise Unreachable(f"the store's listing is not in order at {info.key}")
        last = info.key
        yield info


def _record_of(key: str) -> tuple[str, str]:
    """Record and file name of a key, or two empty texts."""
    parts = key.split("/")
    if len(parts) == 4 and parts[1] == parts[2][-2:] and parts[3] in FILES and _ulid(parts[2]):
        return parts[2], parts[3]
    return "", ""


def _detail_of(key: str) -> str:
    """Identifier of a detail's key, or an empty text."""
    parts = key.split("/")
    name = parts[-1].removesuffix(".json")
    if len(parts) == 3 and parts[2] == f"{name}.json" and parts[1] == name[-2:] and _ulid(name):
        return name
    return ""


def _ulid(text: str) -> bool:
    try:
        check_ulid(text)
    except FormatError:
        return False
    return True
