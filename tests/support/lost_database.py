"""An archive of tests that loses its database, and what a rebuild makes of it.

again, found = lose_database(office)
assert rows(again) == before
"""

import sqlite3
from typing import Any

from archive_fixture import policy_of
from disposal_office import DisposalOffice
from toy_law import ToyLaw

from archive.lease import Lease
from archive.rebuild import Rebuilt, rebuild

TABLES = ("record", "register", "destroying")


def rows(office: DisposalOffice) -> dict[str, list[Any]]:
    with sqlite3.connect(office.archive.home / "cunzheng.db") as connection:
        connection.row_factory = sqlite3.Row
        return {
            name: sorted(
                (dict(row) for row in connection.execute(f"SELECT * FROM {name}")), key=repr
            )
            for name in TABLES
        }


def lose_database(office: DisposalOffice) -> tuple[DisposalOffice, Rebuilt]:
    archive = office.archive
    archive.db.close()
    for file in archive.home.glob("cunzheng.db*"):
        file.unlink()
    lease = Lease(archive.home / "seal.lock")
    found = rebuild(
        archive.db,
        archive.places,
        archive.identity,
        lease,
        archive.clock,
        archive.fs,
        policy_of(archive),
        law=ToyLaw(),
    )
    return office.reopened(), found
