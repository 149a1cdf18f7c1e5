"""What new entries mean for media in the database: the queue of what is still to be looked at, and
the condition that people search by.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from archive import looking
from archive.detail import Detail
from archive.errors import FormatError
from archive.tables import RecordRow
from archive.technical import verdict_of

RECORD = RecordRow.__table__  # type: ignore[attr-defined]


class MediaRows:
    """Collects what one batch says of media; `save` writes it, after the catalog's own lines."""

    def __init__(self) -> None:
        self._queued: list[tuple[str, str, datetime]] = []
        self._amended: dict[str, str | None] = {}
        self._checked: list[str] = []

    def accessioned(self, entry: Mapping[str, Any], description: Mapping[str, Any]) -> None:
        """A record, by its accession and its record.json."""
        if tasks := looking.tasks_of(description):
            at = datetime.fromisoformat(entry["at"])
            self._queued.extend((entry["subject"], task, at) for task in tasks)

    def amended(self, record: str, detail: bytes | None) -> None:
        """What was found behind the seal; its detail is None where it cannot be had."""
        try:
            said = None if detail is None else Detail.parse(detail).data
        except FormatError:
            said = None
        self._amended[record] = verdict_of(said)

    def checked(self, record: str) -> None:
        """Its electronic signatures were checked."""
        self._checked.append(record)

    def save(self, connection: Connection, lost: list[str]) -> None:
        """Write it all; nothing waits for records that are lost."""
        looking.queue(connection, self._queued)
        looking.forget(connection, lost)
        for record in self._checked:
            looking.done(connection, record, looking.SIGNATURES)
        for record, verdict in self._amended.items():
            looking.done(connection, record, looking.EXAMINE)
            if verdict is not None:
                here = (RECORD.c.id == record) & ~RECORD.c.destroyed & ~RECORD.c.spilled
                connection.execute(update(RECORD).where(here).values(condition=verdict))
