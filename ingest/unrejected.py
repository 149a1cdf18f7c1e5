"""Folders of quarantine whose drops were not rejected after all.

Copies are made before the commit by which a drop is rejected. Where that does not come, because the
file changed or the batch was given back, the drop is still in the inbox, and nobody needs the copy.
"""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from archive.database import Database
from archive.durable import FileSystem
from archive.errors import Unreachable
from archive.tables import ResolvedRow

RESOLVED = ResolvedRow.__table__  # type: ignore[attr-defined]


def discard(fs: FileSystem, database: Database, made: list[Path]) -> None:
    """Remove those of which the database knows nothing, and forget all; none is ever in doubt."""
    if not made:
        return
    folders = {folder.name: folder for folder in made}
    made.clear()
    with suppress(Unreachable, OSError):
        wanted = select(RESOLVED.c.quarantine).where(RESOLVED.c.quarantine.in_([*folders]))
        with database.read() as connection:
            known = {*connection.execute(wanted).scalars()}
        for number in folders.keys() - known:
            for path in folders[number].iterdir():
                fs.unlink(path)
            folders[number].rmdir()
