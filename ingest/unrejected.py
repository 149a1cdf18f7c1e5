"""Folders of quarantine whose drops were not rejected after all.

Copies are made before the commit by which a drop is rejected. Where that does not come, because the
file changed, the batch was given back or the process died, the drop is still in the inbox, and
nobody needs the copy. So each is noted in the session's folder of staging until the commit.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from archive.durable import FileSystem, write_new
from archive.errors import Unreachable

if TYPE_CHECKING:
    from archive.database import Database

_NOTE = ".quarantined"


def note(fs: FileSystem, session: Path, number: str) -> None:
    """Say that a folder of quarantine is about to be made for a drop that nobody rejected yet."""
    write_new(fs, session / f"{number}{_NOTE}", ())


def is_note(path: Path) -> bool:
    """Whether a file of a session is such a note; it goes when its folder's fate is known."""
    return path.name.endswith(_NOTE)


def discard(fs: FileSystem, database: "Database", session: Path, quarantine: Path) -> None:
    """Remove the noted ones of which the database knows nothing; none is ever in doubt."""
    notes = {path.name.removesuffix(_NOTE): path for path in session.glob(f"*{_NOTE}")}
    if not notes:
        return
    with suppress(Unreachable, OSError):
        known = _known(database, [*notes])
        for number, path in notes.items():
            if number not in known:
                _remove(fs, quarantine / number)
            fs.unlink(path)


def _known(database: "Database", numbers: list[str]) -> set[str]:
    # Imported late: whoever reads ahead makes notes, and has no database.
    from sqlalchemy import select

    from archive.rows import batched
    from archive.tables import ResolvedRow

    column = ResolvedRow.__table__.c.quarantine  # type: ignore[attr-defined]
    # A server may still be committing what a process asked for that is dead by now: take turns.
    with database.write() as connection:
        return {
            number
            for some in batched(numbers)
            for number in connection.execute(select(column).where(column.in_(some))).scalars()
        }


def _remove(fs: FileSystem, folder: Path) -> None:
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            fs.unlink(path)
        folder.rmdir()
