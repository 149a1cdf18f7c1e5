"""The entry of a sidecar that came later: `record.amended` with `what` = `sidecar`.

Entry, the drop's row and the row of the sidecar's own file are one commit, and the drop's row is
changed only while it has no sidecar and no late one has amended its record through another drop: so
a record is amended once, however often this is killed. The sidecar's bytes stand in the detail; its
own row lets go of its file once the entry is stored and read back.
"""

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from archive import ledger
from archive.late_rows import first_details
from archive.late_sidecar import WHAT, check_late_sidecar
from archive.ledger import NewEntry
from archive.rows import insert_rows
from archive.tables import IntakeRow
from ingest.amending import amendment
from ingest.found import Found
from ingest.names import decode_name
from ingest.register import ACTOR, Maker
from ingest.remarks import remarks_on
from ingest.sidecar import Sidecar
from signing.digest import Digest

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
UNCHECKED = "CLAIMED_DIGEST_UNCHECKED"
COLUMNS = (
    *("id", "source", "path", "dev", "ino", "size", "mtime_ns", "ctime_ns"),
    *("sha256", "sidecar_sha256", "state", "record", "pending", "release", "at"),
    *("beside", "sidecar_path"),
)
"""Columns of the table `intake` in the order of the rows that are made for it."""


class Whole(NamedTuple):
    """A late sidecar that was read; `file` is its own, where it has one."""

    name: bytes
    file: Found | None
    sidecar: Sidecar
    data: bytes


class Amendment(NamedTuple):
    """What one commit does, for the drop of the row `intake`, while that has no sidecar."""

    intake: str
    record: str
    sha256: bytes
    entry: NewEntry
    file: Found | None


class LateEntries:
    """Makes the entries."""

    def __init__(self, maker: Maker, digests: Sequence[str]) -> None:
        self._maker = maker
        self._digests = digests

    def amendment(self, row: Any, late: Whole, now: datetime) -> Amendment:
        """Of the drop with a row of the table `intake`."""
        name, found = decode_name(late.name), late.sidecar
        odd = (*remarks_on(found.claims), *_unchecked(found))
        said: dict[str, Any] = {
            "claims": dict(found.claims),
            "digests": [str(Digest.of(algorithm, late.data)) for algorithm in self._digests],
            "findings": [{"code": code, "note": note} for code, note in odd],
            "name": name.text,
            "name_b64": name.b64,
            "sidecar": base64.b64encode(late.data).decode("ascii"),
            "size": len(late.data),
        }
        check_late_sidecar(said)
        entry = amendment(self._maker, now, row.record, ACTOR, WHAT, said)
        return Amendment(row.id, row.record, Digest.of("sha256", late.data).value, entry, late.file)


def _unchecked(found: Sidecar) -> Iterator[tuple[str, str]]:
    """Digests that nobody can compare any more: the file was read before they were claimed."""
    for algorithm in sorted(found.digests.keys() - {"sha256"}):
        yield UNCHECKED, f"the sidecar claims {algorithm}:{found.digests[algorithm]}"


def submit_amendments(
    connection: Connection, amendments: Sequence[Amendment], release: str, now: datetime
) -> None:
    """Submit them, each for a drop that has no sidecar by now; another one would be its second."""
    made = [one for one in amendments if _mark(connection, one)]
    if not made:
        return
    ledger.submit(connection, [one.entry for one in made])
    rows = [_own_row(one.file, one, release, now) for one in made if one.file is not None]
    if rows:
        insert_rows(connection, INTAKE, COLUMNS, rows)


def amended_among(connection: Connection, records: Sequence[str]) -> set[str]:
    """Those records that a late sidecar has amended, by whatever drop it came."""
    c = INTAKE.c
    marked = (c.sidecar_sha256.is_not(None)) & (c.sidecar_path == b"")
    query = select(c.record).where(c.record.in_(records), marked)
    return {row[0] for row in connection.execute(query)} | first_details(connection, records).keys()


def _mark(connection: Connection, amendment: Amendment) -> bool:
    """Give the drop's row its sidecar; False where it has one, or its record was amended."""
    if amended_among(connection, [amendment.record]):
        return False
    change = (
        update(INTAKE)
        .where(INTAKE.c.id == amendment.intake, INTAKE.c.sidecar_sha256.is_(None))
        .values(sidecar_sha256=amendment.sha256, sidecar_path=b"")
    )
    return connection.execute(change).rowcount == 1


def _own_row(found: Found, made: Amendment, release: str, now: datetime) -> list[Any]:
    """The line by which the sidecar's own file is let go of; without a record, so no receipt."""
    number = made.entry.id
    ours = ("staged", None, number, release, now, None, None)
    return [number, found.source, found.path, *found.key, made.sha256, None, *ours]
