"""Objects that wait with their entries until they are stored and read back."""

from sqlalchemy import Connection, delete, select, update

from archive.errors import StateUnknown
from archive.ledger import ENTRY, UNSTORED


def rename_object(connection: Connection, pending: str, key: str, new: str) -> None:
    """Give an object that waits with its entry its true key.

    Raises StateUnknown if there is none: the database was edited.
    """
    mine = (UNSTORED.c.pending == pending) & (UNSTORED.c.key == key)
    renamed = connection.execute(update(UNSTORED).where(mine).values(key=new))
    if renamed.rowcount != 1:
        raise StateUnknown(f"The object {key} of a submitted entry is gone from the database.")


def forget_stored(connection: Connection, log: str, start: int, end: int) -> None:
    """The objects of the entries [start, end) are stored and read back."""
    done = select(ENTRY.c.pending).where(
        ENTRY.c.log == log, ENTRY.c.idx >= start, ENTRY.c.idx < end
    )
    connection.execute(delete(UNSTORED).where(UNSTORED.c.pending.in_(done)))
