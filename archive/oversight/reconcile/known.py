"""What the ledger says that could explain a request, in a database of its own on disk.

It is made from the entries in the store, which have the roots that the archive's key signed: a line
that somebody added to the archive's own database explains nothing.
"""

import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archive import layout
from archive.oversight.lines import Line
from archive.parts import CONTENT, part_of

_SCHEMA = """
CREATE TABLE access (log TEXT, idx INTEGER, id TEXT UNIQUE, record TEXT, at TEXT, ended TEXT,
                     seen INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (log, idx)) WITHOUT ROWID;
CREATE TABLE record (id TEXT PRIMARY KEY, pack TEXT, at TEXT) WITHOUT ROWID;
CREATE TABLE object (key TEXT PRIMARY KEY, at TEXT) WITHOUT ROWID;
CREATE TABLE disposition (id TEXT PRIMARY KEY, at TEXT) WITHOUT ROWID;
CREATE TABLE disposed (id TEXT, record TEXT, PRIMARY KEY (id, record)) WITHOUT ROWID;
CREATE TABLE written (key TEXT PRIMARY KEY, at TEXT) WITHOUT ROWID;
CREATE TABLE log (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_RECORD_KEY = re.compile(
    r"records/[0-9A-Z]{2}/([0-9A-Z]{26})/(content|record\.json|sidecar|pieces)"
)
_LOG_KEY = re.compile(r"log/([a-z0-9]{1,16}-\d{4})/(?:seals|tile)/[0-9a-z./]+", re.ASCII)
_OPEN_ENDED = ("access.completed", "access.aborted", "access.concealed_end")


@dataclass(frozen=True, slots=True)
class Access:
    """An access of the ledger; `record` is None for a concealed one, `ended` while it is open."""

    id: str
    record: str | None
    at: datetime
    ended: datetime | None


class Known:
    """The index; `path` is a new file, or ":memory:". Close it when done."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def take(self, lines: Iterable[Line]) -> int:
        """Note every entry; returns how many there were."""
        count = 0
        for line in lines:
            self._note(line)
            count += 1
        self._db.commit()
        return count

    def _note(self, line: Line) -> None:
        value, body = line.value, line.value["body"]
        kind, at = value["kind"], value["at"]
        self._run("INSERT OR IGNORE INTO log VALUES (?)", line.place.log)
        if detail := body.get("detail_id"):
            self._object(layout.detail_key(detail), at)
        for name, ending in (("certificates", "crt"), ("crls", "crl")):
            for digest in body.get(name) or ():
                self._object(layout.pki_key(digest.partition(":")[2], ending), at)
        if kind == "record.accessioned":
            self._accessioned(value, at)
        elif kind == "access.started":
            said = body["statements"][0]["statement"]["payload"]
            self._access(line, said["access"], said["record"])
        elif kind == "access.concealed":
            self._access(line, body["access"], None)
        elif kind in _OPEN_ENDED:
            self._run("UPDATE access SET ended=? WHERE id=?", at, body["access"])
        elif kind == "record.spilled":
            self._spilled(body["statements"][0]["statement"]["payload"], at)
        elif kind.startswith("disposition."):
            self._disposition(kind, body["statements"][0]["statement"]["payload"], at)

    def _accessioned(self, value: Mapping[str, Any], at: str) -> None:
        record = value["subject"]
        part = part_of(record, value["body"], datetime.fromisoformat(at), CONTENT)
        self._run("INSERT OR IGNORE INTO record VALUES (?,?,?)", record, part.pack, at)
        if part.pack:
            self._object(part.pack, at)

    def _access(self, line: Line, access: str, record: str | None) -> None:
        place, at = line.place, line.value["at"]
        row = (place.log, place.index, access, record, at)
        self._run("INSERT OR IGNORE INTO access VALUES (?,?,?,?,?,NULL,0)", *row)

    def _disposition(self, kind: str, said: Mapping[str, Any], at: str) -> None:
        number = said["disposition"]
        if kind == "disposition.proposed":
            rows = [(number, record) for record in said["records"]]
            self._db.executemany("INSERT OR IGNORE INTO disposed VALUES (?,?)", rows)
        elif kind == "disposition.executed":
            self._run("INSERT OR IGNORE INTO disposition VALUES (?,?)", number, at)

    def _spilled(self, said: Mapping[str, Any], at: str) -> None:
        """What is blocked as a secret goes too, from that moment on."""
        rows = [(said["spill"], record) for record in said["records"]]
        self._db.executemany("INSERT OR IGNORE INTO disposed VALUES (?,?)", rows)
        self._run("INSERT OR IGNORE INTO disposition VALUES (?,?)", said["spill"], at)

    def _object(self, key: str, at: str) -> None:
        self._run("INSERT OR IGNORE INTO object VALUES (?,?)", key, at)

    # --- questions

    def access(self, log: str, index: int) -> Access | None:
        """The access that began with an entry; None if none did."""
        row = self._one(
            "SELECT id, record, at, ended FROM access WHERE log=? AND idx=?", log, index
        )
        if row is None:
            return None
        ended = datetime.fromisoformat(row[3]) if row[3] else None
        return Access(row[0], row[1], datetime.fromisoformat(row[2]), ended)

    def saw(self, access: str) -> None:
        """Note that the log shows something of an access."""
        self._run("UPDATE access SET seen=1 WHERE id=?", access)

    def unseen(self, since: datetime, until: datetime) -> int:
        """How many accesses of a time the log shows nothing of."""
        between = "SELECT count(*) FROM access WHERE seen=0 AND at>=? AND at<=?"
        row = self._one(between, _text(since), _text(until))
        return int(row[0]) if row else 0

    def written_since(self, key: str) -> datetime | None:
        """Time of the entry that an object was first named by; None for a key nobody names."""
        if match := _RECORD_KEY.fullmatch(key):
            row = self._one("SELECT at FROM record WHERE id=?", match[1])
        elif match := _LOG_KEY.fullmatch(key):
            row = self._one("SELECT '1970-01-01T00:00:00+00:00' FROM log WHERE name=?", match[1])
        else:
            row = self._one("SELECT at FROM object WHERE key=?", key)
        return datetime.fromisoformat(row[0]) if row else None

    def is_of(self, key: str, record: str) -> bool:
        """Whether an object holds something of a record: its own, or the pack that it is in."""
        if match := _RECORD_KEY.fullmatch(key):
            return bool(match[1] == record)
        row = self._one("SELECT 1 FROM record WHERE id=? AND pack=?", record, key)
        return row is not None

    def going_on(self, key: str, at: datetime, tolerance: timedelta) -> bool:
        """Whether an access was going on to a record of which the object holds something."""
        match = _RECORD_KEY.fullmatch(key)
        which = "a.record=?" if match else "a.record IN (SELECT id FROM record WHERE pack=?)"
        row = self._one(
            f"SELECT a.id FROM access a WHERE {which} AND a.at<=? AND"  # noqa: S608 - one of two
            " (a.ended IS NULL OR a.ended>=?)",
            match[1] if match else key,
            _text(at + tolerance),
            _text(at - tolerance),
        )
        if row is not None:
            self.saw(row[0])
        return row is not None

    def disposed_of(self, disposition: str | None, key: str) -> datetime | None:
        """When the destruction of what an object holds was ordered; None if it was not.

        `disposition` None asks about any of them.
        """
        match = _RECORD_KEY.fullmatch(key)
        which = "r.record=?" if match else "r.record IN (SELECT id FROM record WHERE pack=?)"
        table = "disposition d JOIN disposed r ON r.id=d.id"
        query = f"SELECT min(d.at) FROM {table} WHERE {which} AND (d.id=? OR ? IS NULL)"  # noqa: S608
        row = self._one(query, match[1] if match else key, disposition, disposition)
        return datetime.fromisoformat(row[0]) if row and row[0] else None

    def wrote(self, key: str, at: datetime) -> datetime | None:
        """Note that an object was made; returns when the log showed that before, if it did."""
        before = self.last_written(key)
        if before is None:
            self._run("INSERT INTO written VALUES (?,?)", key, _text(at))
        return before

    def last_written(self, key: str) -> datetime | None:
        """When the log showed that an object was made."""
        row = self._one("SELECT at FROM written WHERE key=?", key)
        return datetime.fromisoformat(row[0]) if row else None

    def _run(self, statement: str, *values: object) -> None:
        self._db.execute(statement, values)

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
        return row


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
