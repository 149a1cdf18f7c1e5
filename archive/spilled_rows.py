"""What the database forgets of a spilled record: every column that says something of its content.

Called wherever the registers learn of a spill, at work and while rebuilding, in that transaction.
"""

from typing import Any

from sqlalchemy import Connection, delete, update

from archive import looking
from archive.catalog import RECORD
from archive.derived_rows import DERIVED
from archive.tables import ReplicationRow

REPLICATION = ReplicationRow.__table__  # type: ignore[attr-defined]
_KEPT = frozenset(
    (
        *("id", "log", "idx", "source", "size", "sha256", "received_at", "lost"),
        *("pack", "pack_place", "first_lock", "retain_until", "permanent", "destroyed"),
    )
)
"""What identifies it and says how long it is locked; any other column is made empty."""
EMPTY: dict[str, Any] = {
    **{one.name: None for one in RECORD.c if one.nullable and one.name not in _KEPT},
    "name": "",
    "name_raw": b"",
    "folder": "",
    "folder_raw": b"",
    "media_type": "",
    "spilled": True,
}


def forget(connection: Connection, record: str) -> None:
    """Empty its line, and take it out of every queue and list."""
    connection.execute(update(RECORD).where(RECORD.c.id == record).values(**EMPTY))
    connection.execute(delete(DERIVED).where(DERIVED.c.record == record))
    looking.forget(connection, [record])
    own = REPLICATION.c.key.startswith(f"records/{record[-2:]}/{record}/", autoescape=True)
    connection.execute(delete(REPLICATION).where(own))
