"""Drops whose release a power cut undid: the rename is lost, the database knows of it.

Nothing is synced for a release, so a released drop may stand in the inbox again. It is still the
same file to the nanosecond of its change time, which a rename sets; so it is not a new drop, and
is only released once more.
"""

from collections.abc import Iterable

from sqlalchemy import select, update

from archive.database import Database
from archive.tables import IntakeRow

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
Key = tuple[bytes, tuple[int, ...]]
"""Path, and device, inode, size, mtime and ctime in nanoseconds."""


def release_again(
    database: Database, sources: Iterable[str], paths: Iterable[bytes], present: set[Key]
) -> None:
    """Set released drops that are present again back to `receipted`."""
    c = INTAKE.c
    query = select(c.id, c.path, c.dev, c.ino, c.size, c.mtime_ns, c.ctime_ns).where(
        c.source.in_(set(sources)), c.path.in_(list(paths)), c.state.in_(("released", "purged"))
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    back = [row.id for row in rows if (row.path, tuple(row[2:])) in present]
    if not back:
        return
    change = {"state": "receipted", "moved_to": None, "sidecar_moved_to": None}
    with database.write() as connection:
        connection.execute(update(INTAKE).where(c.id.in_(back)).values(**change))
