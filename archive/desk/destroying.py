"""Records of which perhaps a part is deleted already: whatever would keep them comes too late.

From the first deletion until `record.destroyed` is submitted nothing is accepted that would make
one of them no longer due, or put it under a hold; whoever tries is told why.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from archive.desk.db_shelf import DbShelf
from archive.errors import Denied
from archive.registers.denials import denied
from archive.registers.disposition import check_disposable
from archive.registers.keeping import Law
from archive.registers.spill import is_spilled
from archive.tables import DestroyingRow

DESTROYING = DestroyingRow.__table__  # type: ignore[attr-defined]


def unfinished(connection: Connection) -> Mapping[str, str]:
    """Records whose deletion has begun and is not on the ledger, with their disposition."""
    return {row.record: row.disposition for row in connection.execute(select(DESTROYING))}


def check_not_begun(connection: Connection, law: Law, now: datetime) -> None:
    """Denied where what was just admitted would keep a record that is being destroyed."""
    shelf = DbShelf(connection)
    for record in unfinished(connection):
        if is_spilled(shelf, record):
            continue  # nothing keeps it, and nothing has to
        try:
            check_disposable(shelf, law, record, now)
        except Denied as error:
            raise denied("BEING_DESTROYED", record) from error
