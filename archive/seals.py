"""Seals as the database has them: rows, their files, and which tokens are missing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from archive import layout
from archive.ledger import NewObject
from archive.tables import SealRow

SEAL = SealRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as the database has it; `tst` is None while the token is missing."""

    size: int
    note: bytes
    p7s: bytes
    tst: bytes | None
    gen_time: datetime | None


def seal_at(connection: Connection, log: str, size: int) -> Seal | None:
    """The seal of a log at exactly this size."""
    query = select(SEAL).where(SEAL.c.log == log, SEAL.c.size == size)
    row = connection.execute(query).first()
    return Seal(row.size, row.note, row.p7s, row.tst, row.gen_time) if row else None


def seal_objects(log: str, seal: Seal) -> list[NewObject]:
    """The two or three files of a seal."""
    objects = [
        NewObject.of(layout.note_key(log, seal.size), seal.note),
        NewObject.of(layout.cms_key(log, seal.size), seal.p7s),
    ]
    if seal.tst is not None:
        objects.append(NewObject.of(layout.token_key(log, seal.size), seal.tst))
    return objects


def last_gen_time(connection: Connection) -> datetime | None:
    """genTime of the newest token of the archive (logs follow each other)."""
    query = select(SEAL.c.gen_time).where(SEAL.c.gen_time.is_not(None))
    row = connection.execute(query.order_by(SEAL.c.gen_time.desc()).limit(1)).first()
    return row.gen_time if row else None


def tokens_missing(
    connection: Connection, leave_out: tuple[str, int] | None = None
) -> list[tuple[str, int, bytes]]:
    """Seals whose token is late and missing, oldest first: (log, size, CMS bytes)."""
    query = (
        select(SEAL.c.log, SEAL.c.size, SEAL.c.p7s)
        .where(SEAL.c.tst.is_(None), SEAL.c.late)
        .order_by(SEAL.c.log, SEAL.c.size)
    )
    rows = [(row.log, row.size, row.p7s) for row in connection.execute(query)]
    return [row for row in rows if row[:2] != leave_out]


def late_tokens(connection: Connection) -> list[tuple[str, int, bytes]]:
    """Tokens that came late and that no entry names yet: (log, size, token)."""
    where = (SEAL.c.late, SEAL.c.tst.is_not(None), SEAL.c.token_linked.is_(False))
    query = select(SEAL.c.log, SEAL.c.size, SEAL.c.tst).where(*where)
    query = query.order_by(SEAL.c.log, SEAL.c.size)
    return [(row.log, row.size, row.tst) for row in connection.execute(query)]
