"""What the ledger says of quarantined drops. The folder is nobody's word: of a drop only its
`drop.rejected` counts, and the detail that this commits to.

    Rejections(database, evidence).find("01KAN…")
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import select

from archive import resolved
from archive.database import Database
from archive.desk.registry import read_words
from archive.ports import ObjectStore
from archive.tables import EntryRow
from archive.times import parse_time
from ingest.claim import JSON
from ingest.reason import Reason

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
CONTENT, SIDECAR = "content", "sidecar"
_KIND = b'"kind":"drop.rejected"'


class Sealed(NamedTuple):
    """A file of a rejected drop as it was sealed; `role` is its name in quarantine."""

    role: str
    name: bytes
    size: int
    sha256: str


class Rejection(NamedTuple):
    """What `drop.rejected` says; `reason` has its English sentence in both languages."""

    reason: Reason
    received_at: datetime
    files: tuple[Sealed, ...]


class Rejections:
    """Finds them by the id that a drop has in quarantine."""

    def __init__(self, database: Database, evidence: ObjectStore) -> None:
        self._db = database
        self._evidence = evidence

    def find(self, number: str) -> Rejection | None:
        """None where the ledger rejected nothing under this id, or its detail cannot be read."""
        with self._db.read() as connection:
            here = select(ENTRY.c.data).where(ENTRY.c.pending == number)
            data = connection.execute(here).scalar()
        # After a rebuild nobody knows any more under which id an entry was submitted.
        found = self._before.get(number) if data is None else self._read(data)
        if found is None or found[0] != number:
            return None
        return found[1]

    def open(self) -> Mapping[str, Any]:
        """Lines of those that nobody has resolved, by id."""
        with self._db.read() as connection:
            return resolved.waiting(connection)

    def ended(self) -> Mapping[str, Any]:
        """Lines of those that somebody has resolved, by id."""
        with self._db.read() as connection:
            return resolved.resolved(connection)

    def _read(self, data: bytes) -> tuple[str, Rejection] | None:
        if _KIND not in data:
            return None
        body = json.loads(data)["body"]
        said = read_words(self._evidence, body)
        if said is None or not said.get("quarantine"):
            return None
        return str(said["quarantine"]), _rejection(body, said)

    @cached_property
    def _before(self) -> Mapping[str, tuple[str, Rejection]]:
        """All of them, from the whole ledger; what is missing in the database's lines is put in."""
        with self._db.read() as connection:
            entries = [d for d in connection.execute(select(ENTRY.c.data)).scalars() if _KIND in d]
        found = {one[0]: one for data in entries if (one := self._read(data)) is not None}
        with self._db.write() as connection:
            for number, (_, said) in found.items():
                source = str(said.reason.source)
                resolved.wait(connection, number, source, said.received_at)
        return found


def _rejection(body: Mapping[str, Any], said: Mapping[str, Any]) -> Rejection:
    late, claim = said.get("late"), said.get("claim") or {}
    roles = (SIDECAR,) if late else (CONTENT, SIDECAR)
    files = tuple(
        Sealed(role, _name(one), one["size"], _sha256(one["digests"]))
        for role, one in zip(roles, said["files"], strict=False)
    )
    at = parse_time(body["received_at"])
    reason = Reason(
        body["code"],
        said["sentence"],
        said["sentence"],
        source=body["source"],
        name=_name(said),
        folder=_bytes(said["folder"], said["folder_b64"]),
        received_at=at,
        sidecar=files[1].name if len(files) > 1 else None,
        mapping=claim.get("mapping", JSON),
        kind=claim.get("kind", ""),
        number=claim.get("number", 0),
        late=late,
    )
    return Rejection(reason, at, files)


def _sha256(digests: list[str]) -> str:
    return next((one for one in digests if one.startswith("sha256:")), "")


def _name(said: Mapping[str, Any]) -> bytes:
    return _bytes(said["name"], said["name_b64"])


def _bytes(text: str, encoded: str | None) -> bytes:
    return text.encode() if encoded is None else base64.b64decode(encoded)
