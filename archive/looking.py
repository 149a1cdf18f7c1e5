"""The queue of media that are sealed and still to be looked at: decoded, and shown in pictures.

    queue(connection, rows)                     # with the catalog's lines, in one transaction
    row = next_of(connection, EXAMINE)
    begin(connection, row)                      # before the work: a crash counts as a try
    done(connection, row.record, EXAMINE)       # in the transaction that submits what was found

A row leaves the queue only with its result, so a kill at any point costs a try and nothing else.
After `MOST_TRIES`, or where trying again helps nothing, it stays with its `problem` until a person
asks for it again. What waits is rebuilt from the ledger: media without an amendment. What somebody
wished for (`WISH`) is in no ledger, and has to be wished for again after a rebuild.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from archive.rows import insert_rows
from archive.tables import LookingRow

LOOKING = LookingRow.__table__  # type: ignore[attr-defined]
EXAMINE, DERIVE, WISH, SIGNATURES = "examine", "derive", "wish", "signatures"
TASKS = (DERIVE, WISH, EXAMINE, SIGNATURES)
"""The most urgent first: people wait for pictures."""
MOST_TRIES = 3
GIVEN_UP = "GIVEN_UP"
"""Problem of a row that was begun so many times and never ended."""

_MEDIA = ("video/", "audio/", "image/")
_DOCUMENTS = frozenset(
    (
        "application/pdf",
        "application/msword",
        "application/rtf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    )
)
_COLUMNS = ("record", "task", "since", "tries")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the queue; `tries` were begun before this one."""

    id: int
    record: str
    task: str
    since: datetime
    tries: int
    wish: str = ""


@dataclass(frozen=True, slots=True)
class Lag:
    """What waits: rows, since when the oldest, and those that wait for a person."""

    count: int
    oldest: datetime | None
    problems: int


NOTHING = Lag(0, None, 0)


def tasks_of(description: Mapping[str, Any]) -> tuple[str, ...]:
    """What is to be done about a record, by its record.json.

    Nothing is decoded that was sealed without having been looked at.
    """
    media: str = description["media"]["type"]
    if media.startswith(_MEDIA):
        return (EXAMINE, DERIVE) if description.get("technical") else (DERIVE,)
    pictures = (DERIVE,) if media in _DOCUMENTS else ()
    document = description.get("document")
    return (*pictures, SIGNATURES) if document and document.get("signatures") else pictures


def queue(connection: Connection, rows: Sequence[tuple[str, str, datetime]]) -> None:
    """Add (record, task, since)."""
    insert_rows(connection, LOOKING, _COLUMNS, [[*row, 0] for row in rows])


def wish(connection: Connection, record: str, text: str, since: datetime) -> bool:
    """Let a record wait for what somebody asks for; False where the same waits already.

    One that was put aside is taken up again.
    """
    here = (LOOKING.c.record == record) & (LOOKING.c.task == WISH) & (LOOKING.c.wish == text)
    again = update(LOOKING).where(here).values(problem=None, tries=0)
    if connection.execute(again).rowcount:
        return False
    insert_rows(connection, LOOKING, (*_COLUMNS, "wish"), [[record, WISH, since, 0, text]])
    return True


def next_of(connection: Connection, task: str) -> Waiting | None:
    """The oldest row of a task that has no problem."""
    here = (LOOKING.c.task == task) & LOOKING.c.problem.is_(None)
    row = connection.execute(select(LOOKING).where(here).order_by(LOOKING.c.id).limit(1)).first()
    if row is None:
        return None
    return Waiting(row.id, row.record, row.task, row.since, row.tries, row.wish or "")


def begin(connection: Connection, row: Waiting) -> bool:
    """Count a try; False where it was the last one before, or the row is gone."""
    here = (LOOKING.c.id == row.id) & (LOOKING.c.record == row.record)
    if row.tries >= MOST_TRIES:
        connection.execute(update(LOOKING).where(here).values(problem=GIVEN_UP))
        return False
    counted = update(LOOKING).where(here).values(tries=LOOKING.c.tries + 1)
    return connection.execute(counted).rowcount == 1


def give_back(connection: Connection, row: Waiting) -> None:
    """The work was stopped from outside: that was no try."""
    here = (LOOKING.c.id == row.id) & (LOOKING.c.record == row.record)
    connection.execute(update(LOOKING).where(here).values(tries=row.tries))


def set_problem(connection: Connection, row: Waiting, problem: str) -> None:
    """Put a row aside until somebody asks for it again."""
    here = (LOOKING.c.id == row.id) & (LOOKING.c.record == row.record)
    connection.execute(update(LOOKING).where(here).values(problem=problem))


def granted(connection: Connection, row: Waiting) -> None:
    """Take one wish out of the queue."""
    here = (LOOKING.c.id == row.id) & (LOOKING.c.record == row.record)
    connection.execute(delete(LOOKING).where(here))


def done(connection: Connection, record: str, task: str) -> bool:
    """Take a record's row out of the queue; False if it had none, so that nothing is done twice."""
    here = (LOOKING.c.record == record) & (LOOKING.c.task == task)
    return connection.execute(delete(LOOKING).where(here)).rowcount > 0


def since_when(connection: Connection, record: str, task: str) -> datetime | None:
    """Since when a record waits for a task; None where it does not."""
    here = (LOOKING.c.record == record) & (LOOKING.c.task == task)
    row = connection.execute(select(LOOKING.c.since).where(here)).first()
    return row.since if row else None


def put_back(connection: Connection, record: str, task: str, since: datetime) -> None:
    """Let a record wait again, if it does not."""
    if since_when(connection, record, task) is None:
        queue(connection, [(record, task, since)])


def forget(connection: Connection, records: Sequence[str]) -> None:
    """Records that are lost or destroyed: there is nothing left to look at."""
    if records:
        connection.execute(delete(LOOKING).where(LOOKING.c.record.in_(records)))


def try_again(connection: Connection, task: str, problem: str | None = None) -> None:
    """Take up again what was put aside, for one problem or for any."""
    why = LOOKING.c.problem.is_not(None) if problem is None else LOOKING.c.problem == problem
    here = (LOOKING.c.task == task) & why
    connection.execute(update(LOOKING).where(here).values(problem=None, tries=0))


def lag(connection: Connection, task: str | None = None) -> Lag:
    """How much waits, of one task or of all."""
    where = () if task is None else (LOOKING.c.task == task,)
    query = select(func.count(), func.min(LOOKING.c.since), func.count(LOOKING.c.problem)).where(
        *where
    )
    count, oldest, problems = connection.execute(query).one()
    return Lag(count, oldest, problems)
