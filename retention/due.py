"""What may be destroyed by now, from the catalog: candidates by date, judged by the registers.

found = due_now(connection, law, now)             # -> Appraisal
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.desk.db_shelf import DbShelf
from archive.registers.appraisal import Appraisal, appraise
from archive.registers.keeping import Law


def due_now(
    connection: Connection, law: Law, now: datetime, records: Sequence[str] | None = None
) -> Appraisal:
    """Everything whose keeping has ended; of `records` alone where they are named."""
    wanted = _ended(connection, now) if records is None else iter(sorted(records))
    return appraise(DbShelf(connection), law, wanted, now)


def _ended(connection: Connection, now: datetime) -> Iterator[str]:
    """Records that may have ended by what was set, oldest end first."""
    query = (
        select(RECORD.c.id)
        .where(
            RECORD.c.retain_until <= now,
            RECORD.c.permanent.is_(False),
            RECORD.c.destroyed.is_(False),
        )
        .order_by(RECORD.c.retain_until, RECORD.c.id)
    )
    yield from list(connection.execute(query).scalars())
