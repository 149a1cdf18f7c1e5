"""The first lock of what arrives: the shortest period of the schedule in force, from the receipt.

    locks = FirstLock(database)
    locks.name()                    # "6m": once for every portion that is taken
    locks.until(received_at)

Only a floor: class and trigger come later, and a time that a device claims never shortens it.
"""

from datetime import date, datetime

from archive.database import Database
from archive.desk.db_shelf import DbShelf
from retention.law import RetentionLaw
from retention.periods import day_of

NONE = "p"
"""Name where there is no schedule: kept for ever until there is one (docs/formats.md §12)."""


class FirstLock:
    """Reads the schedule in force whenever its name is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._law = RetentionLaw()
        self._text: str | None = None
        self._known: dict[date, datetime] = {}

    def name(self) -> str:
        """The shortest period as pack ids have it; looks which schedule is in force."""
        with self._database.read() as connection:
            found = DbShelf(connection).get("rules", "retention")
        text = found["text"] if found else None
        if text != self._text:
            self._text, self._known = text, {}
        return NONE if text is None else self._law.floor_class(text)

    def until(self, received_at: datetime) -> datetime | None:
        """End of the first lock; None where there is no schedule."""
        if self._text is None:
            return None
        day = day_of(received_at)
        if day not in self._known:
            self._known[day] = self._law.floor(self._text, received_at)
        return self._known[day]
