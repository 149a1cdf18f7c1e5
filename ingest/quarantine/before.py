"""Of which source a drop was that an earlier version put into quarantine: its `reason.json` has
only the sentences, but the ledger knows the rest.
"""

import base64
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import select

from archive.database import Database
from archive.desk.registry import read_words
from archive.ports import ObjectStore
from archive.tables import EntryRow
from archive.times import parse_time
from ingest.reason import Reason

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
_KIND = b'"kind":"drop.rejected"'


class Before:
    """Looks through the ledger once, and only when there is such a drop."""

    def __init__(self, database: Database, evidence: ObjectStore) -> None:
        self._db = database
        self._evidence = evidence

    def completed(self, number: str, reason: Reason) -> Reason:
        """The reason with what `drop.rejected` says of the drop; as it is where nothing does."""
        found = self._rejected.get(number)
        if found is None:
            return reason
        body, said = found
        names = [_name(one) for one in (said, *said["files"])]
        return reason._replace(
            source=body["source"],
            received_at=parse_time(body["received_at"]),
            name=names[0],
            folder=_bytes(said["folder"], said["folder_b64"]),
            sidecar=names[2] if len(names) > 2 else None,
        )

    @cached_property
    def _rejected(self) -> Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Bodies and details of all rejected drops, by the id they have in quarantine."""
        found = {}
        with self._db.read() as connection:
            for data in connection.execute(select(ENTRY.c.data)).scalars():
                if _KIND not in data:
                    continue
                body = json.loads(data)["body"]
                said = read_words(self._evidence, body)
                if said is not None and said.get("quarantine"):
                    found[str(said["quarantine"])] = (body, said)
        return found


def _name(said: Mapping[str, Any]) -> bytes:
    return _bytes(said["name"], said["name_b64"])


def _bytes(text: str, encoded: str | None) -> bytes:
    return text.encode() if encoded is None else base64.b64decode(encoded)
