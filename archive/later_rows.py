"""Entries that add to what is there already: amendments of records, resolved quarantine.

later.take(connection, entry, description)      # False for every other kind
later.save(connection, lost)                    # after the lines of new records
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from archive import late_rows, late_sidecar, layout, looking, resolved
from archive.media_rows import MediaRows

_AMENDED = "record.amended"


class LaterRows:
    """Collects what the entries of one batch add; `media` is what they say of media."""

    def __init__(self) -> None:
        self.media = MediaRows()
        self._late: list[tuple[str, str, bytes | None]] = []

    def take(
        self,
        connection: Connection,
        entry: Mapping[str, Any],
        description: Callable[[str], bytes | None],
    ) -> bool:
        """Take an entry, if it is of these kinds."""
        if entry["kind"] == resolved.KIND:
            resolved.follow(connection, entry)
            return True
        if entry["kind"] != _AMENDED:
            return False
        record, what = entry["subject"], entry["body"]["what"]
        detail = description(layout.detail_key(entry["body"]["detail_id"]))
        if what == "media":
            self.media.amended(record, detail)
        elif what == looking.SIGNATURES:
            self.media.checked(record)
        elif what == late_sidecar.WHAT:
            self._late.append((record, entry["body"]["detail_id"], detail))
        return True

    def save(self, connection: Connection, lost: list[str]) -> None:
        """Write it all; nothing waits for records that are lost."""
        self.media.save(connection, lost)
        if self._late:
            late_rows.add(connection, self._late)
