"""One step through the queue of what is sealed and still to be looked at, whatever the task.

    step = QueueStep(database, DERIVE, work)
    step(go_on)        # one row; False where none waits

`work` takes the row out of the queue itself, in the transaction that submits its result. What it
raises says what becomes of the row otherwise: it stays and is tried again where the cause lies
outside the file, and is put aside where the cause is the file or a fault of ours, so that nothing
stops what waits behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from archive import looking
from archive.database import Database
from archive.errors import ArchiveError, ContentAltered, FormatError, NotFound, ObjectMissing
from archive.looking import Waiting
from ingest.media.originals import GoOn, NoRoom, Stopped

ALTERED, MISSING, NO_ROOM = "CONTENT_ALTERED", "CONTENT_MISSING", "NO_ROOM"
UNEXPECTED = "UNEXPECTED"
"""Problems of a row: the first two verification reports too, want of room passes."""


@dataclass(frozen=True, slots=True)
class QueueStep:
    """Takes the rows of one task, one at a time."""

    database: Database
    task: str
    work: Callable[[Waiting, GoOn], object]

    def __call__(self, go_on: GoOn = lambda: True) -> bool:
        """Work on the next row; False where none waits, or `go_on` says to stop.

        Raises UsageError where the programs are missing, and Unreachable where the store does not
        answer: what waits stays.
        """
        with self.database.read() as connection:
            row = looking.next_of(connection, self.task)
        if row is None or not go_on():
            return False
        with self.database.write() as connection:
            begun = looking.begin(connection, row)
        if not begun:
            return True
        try:
            self._take(row, go_on)
        except Stopped:
            return False
        return True

    def _take(self, row: Waiting, go_on: GoOn) -> None:
        try:
            self.work(row, go_on)
        except ObjectMissing:
            self._put_aside(row, MISSING)
        except NotFound:
            self._change(lambda connection: looking.forget(connection, [row.record]))
        except NoRoom:
            self._put_aside(row, NO_ROOM)
        except ContentAltered:
            self._put_aside(row, ALTERED)
        except FormatError as error:
            self._put_aside(row, _unexpected(error))
        except (Stopped, ArchiveError, OSError, SQLAlchemyError):
            # Not for what the file is: it stays, and is tried again.
            self._change(lambda connection: looking.give_back(connection, row))
            raise
        except Exception as error:  # what waits behind this one is done all the same
            self._put_aside(row, _unexpected(error))

    def _put_aside(self, row: Waiting, problem: str) -> None:
        self._change(lambda connection: looking.set_problem(connection, row, problem))

    def _change(self, change: Callable[[Connection], None]) -> None:
        with self.database.write() as connection:
            change(connection)


def _unexpected(error: Exception) -> str:
    return f"{UNEXPECTED} {type(error).__name__}"
