"""How an archive stands: queue, ledger, last seal, what is open. Read from the database alone.

What is worth a warning is decided here too, by pure functions over values that the caller brings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from archive import looking
from archive.desk import spills
from archive.ledger import HEAD, PENDING, current_head
from archive.looking import NOTHING, Lag
from archive.seals import SEAL, tokens_missing
from archive.source_terms import LETTERS
from archive.system_entries import OUTAGE
from archive.tables import AccessRow, DestroyingRow, IntakeRow, KeepingRow, RecordRow, SourceRow

ACCESS = AccessRow.__table__  # type: ignore[attr-defined]
INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
DESTROYING = DestroyingRow.__table__  # type: ignore[attr-defined]
KEEPING = KeepingRow.__table__  # type: ignore[attr-defined]
RECORD = RecordRow.__table__  # type: ignore[attr-defined]
SOURCE = SourceRow.__table__  # type: ignore[attr-defined]

CLOCK_TOLERANCE = timedelta(seconds=2)
OLD_SEAL = timedelta(hours=2)
OLD_PENDING = timedelta(minutes=10)
OLD_ACCESS = timedelta(days=1)
OLD_COPY = timedelta(minutes=10)
OLD_QUARANTINE = timedelta(days=7)
LOW_DISK_SHARE = 0.05
LOW_DISK_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class LastSeal:
    """The newest published seal; `gen_time` is None while its token is missing."""

    log: str
    size: int
    gen_time: datetime | None


@dataclass(frozen=True, slots=True)
class OpenOutage:
    """An outage that has not ended."""

    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """What the database says; counts are of rows, `entries` is over all logs.

    `unpublished` entries have their place in the ledger but are not yet signed, stored and read
    back; `pending` ones have no place yet.
    """

    log: str | None
    entries: int
    unpublished: int
    pending: int
    oldest_pending: datetime | None
    records: int
    lost: int
    half_destroyed: int
    """Records whose deletion has begun and is not on the ledger."""
    locks_waiting: int
    locks_refused: int
    """Of these, locks that a store did not confirm at the last try."""
    intake: Mapping[str, int]
    seal: LastSeal | None
    last_time: datetime | None
    tokens_missing: int
    outages: tuple[OpenOutage, ...]
    open_accesses: int
    oldest_access: datetime | None
    sources: int
    unconfirmed: int
    """Our own source of letters is nobody's to confirm and does not count."""
    looking: Lag = NOTHING
    """Media that are still to be decoded, or shown in pictures: both count."""
    to_examine: int = 0
    """Of these, media to be decoded."""
    unread: int = 0
    """Records without text that could be read: nobody looked whether they bear a mark."""
    to_check: int = 0
    """Of these, documents whose signatures are to be checked."""
    spilled: int = 0
    """Records that are blocked as secrets and stored still."""
    spilled_first: str | None = None
    """When the first of their locks ends; None where none does, or none stands."""


@dataclass(frozen=True, slots=True)
class DropsStatus:
    """What lies in the folders: drops that wait, refused ones still there, quarantined ones.

    `late_sidecars` came after their files were taken, `passed_over` are temporary and hidden names
    that have rested for an hour, `purge_leftovers` files in purge/ that the database knows nothing
    of (it was rebuilt), so that nobody can compare them with what was sealed: they stay.
    """

    waiting: int
    refused: int
    quarantined: int
    oldest_quarantine: datetime | None
    late_sidecars: int = 0
    passed_over: int = 0
    purge_leftovers: int = 0
    quarantine_missing: int = 0
    """Rejected drops that nobody has resolved and whose files are gone."""
    quarantine_unknown: int = 0
    """Folders in quarantine of which the ledger has no rejected drop."""
    quarantine_altered: int = 0
    """Rejected drops whose files have not the sizes that were sealed."""
    too_long: int = 0
    """Files and folders whose paths are too long to be opened: nothing in them is taken."""


@dataclass(frozen=True, slots=True)
class DiskStatus:
    """Free and total bytes of the file system the store is on, and the protection reached."""

    free: int
    total: int
    level: str


@dataclass(frozen=True, slots=True)
class CopyStatus:
    """How far the second copy is behind: objects, since when, and those that wait for a person.

    `begun`: the ledger knows a second copy. Before, nothing is queued, and nothing is there.
    """

    place: str
    count: int
    oldest: datetime | None
    problems: int
    begun: bool = True


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning: a stable code and the values for its sentence."""

    code: str
    values: Mapping[str, object]


def read_status(connection: Connection) -> LedgerStatus:
    """Read it all in one consistent view."""
    head = current_head(connection)
    sizes = connection.execute(
        select(func.sum(HEAD.c.size), func.sum(HEAD.c.size - HEAD.c.published))
    ).one()
    pending = connection.execute(select(func.count(), func.min(PENDING.c.at))).one()
    open_ = select(func.count(), func.min(ACCESS.c.at)).where(ACCESS.c.open)
    accesses = connection.execute(open_).one()
    outages = connection.execute(select(OUTAGE).where(OUTAGE.c.until.is_(None)))
    states = select(INTAKE.c.state, func.count()).group_by(INTAKE.c.state)
    return LedgerStatus(
        log=head.log if head else None,
        entries=int(sizes[0] or 0),
        unpublished=int(sizes[1] or 0),
        pending=pending[0],
        oldest_pending=pending[1],
        records=_count(connection, RECORD),
        lost=_count(connection, RECORD, RECORD.c.lost),
        half_destroyed=_count(connection, DESTROYING),
        locks_waiting=_count(connection, KEEPING),
        locks_refused=_count(connection, KEEPING, KEEPING.c.problem.is_not(None)),
        intake={row[0]: row[1] for row in connection.execute(states)},
        seal=_last_seal(connection),
        last_time=_last_time(connection),
        tokens_missing=len(tokens_missing(connection)),
        outages=tuple(OpenOutage(row.reason, row.since) for row in outages),
        open_accesses=accesses[0],
        oldest_access=accesses[1],
        sources=_count(connection, SOURCE),
        unconfirmed=_count(
            connection, SOURCE, SOURCE.c.state == "unconfirmed", SOURCE.c.id != LETTERS
        ),
        looking=looking.lag(connection),
        to_examine=looking.lag(connection, looking.EXAMINE).count,
        unread=_count(connection, RECORD, RECORD.c.readable.is_(False), ~RECORD.c.destroyed),
        to_check=looking.lag(connection, looking.SIGNATURES).count,
        **_spilled(connection),
    )


def _spilled(connection: Connection) -> Mapping[str, Any]:
    left = list(spills.pending(connection))
    ends = [end for one in left for end in one.locked.values() if end[:1].isdigit()]
    return {"spilled": len(left), "spilled_first": min(ends, default=None)}


def _count(connection: Connection, table: object, *where: object) -> int:
    query = select(func.count()).select_from(table).where(*where)  # type: ignore[arg-type]
    return int(connection.execute(query).scalar_one())


def _last_seal(connection: Connection) -> LastSeal | None:
    query = (
        select(SEAL.c.log, SEAL.c.size, SEAL.c.gen_time)
        .join(HEAD, HEAD.c.log == SEAL.c.log)
        .where(SEAL.c.size <= HEAD.c.published)
        .order_by(HEAD.c.year.desc(), SEAL.c.size.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return LastSeal(row.log, row.size, row.gen_time) if row else None


def _last_time(connection: Connection) -> datetime | None:
    found = connection.execute(select(func.max(SEAL.c.gen_time))).scalar()
    return found if isinstance(found, datetime) else None


def warnings(
    status: LedgerStatus,
    drops: DropsStatus,
    disk: DiskStatus,
    now: datetime,
    copy: CopyStatus | None = None,
) -> tuple[Warned, ...]:
    """What somebody should look at, most urgent first; `copy` None where there is no second one."""
    found = [*_of_the_clock(status, now), *_of_the_queue(status, now), *_of_the_disk(disk)]
    found += _of_the_copy(copy, now) if copy else []
    if status.lost:
        found.append(Warned("RECORDS_LOST", {"count": status.lost}))
    if status.half_destroyed:
        found.append(Warned("HALF_DESTROYED", {"count": status.half_destroyed}))
    if status.spilled:
        found.append(
            Warned("SPILL_LEFT", {"count": status.spilled, "first": status.spilled_first or "—"})
        )
    if status.locks_refused:
        found.append(Warned("LOCKS_REFUSED", {"count": status.locks_refused}))
    if status.open_accesses and _older(status.oldest_access, now, OLD_ACCESS):
        found.append(Warned("ACCESS_WITHOUT_END", {"count": status.open_accesses}))
    if status.looking.problems:
        found.append(Warned("NOT_LOOKED_AT", {"count": status.looking.problems}))
    if drops.refused:
        found.append(Warned("REFUSED_STILL_THERE", {"count": drops.refused}))
    if _older(drops.oldest_quarantine, now, OLD_QUARANTINE):
        found.append(Warned("QUARANTINE_OLD", {"count": drops.quarantined}))
    rest = {
        "PATH_TOO_LONG": drops.too_long,
        "LATE_SIDECARS": drops.late_sidecars,
        "PASSED_OVER": drops.passed_over,
        "PURGE_LEFTOVERS": drops.purge_leftovers,
        "QUARANTINE_MISSING": drops.quarantine_missing,
        "QUARANTINE_ALTERED": drops.quarantine_altered,
        "QUARANTINE_UNKNOWN": drops.quarantine_unknown,
    }
    found += [Warned(code, {"count": count}) for code, count in rest.items() if count]
    if status.unconfirmed:
        found.append(Warned("SOURCES_UNCONFIRMED", {"count": status.unconfirmed}))
    return tuple(found)


def _of_the_clock(status: LedgerStatus, now: datetime) -> list[Warned]:
    if status.last_time is None:
        return [Warned("NEVER_SEALED", {})]
    if now < status.last_time - CLOCK_TOLERANCE:
        behind = round((status.last_time - now).total_seconds())
        return [Warned("CLOCK_BEHIND", {"seconds": behind})]
    if now - status.last_time > OLD_SEAL:
        return [Warned("SEAL_OLD", {"since": status.last_time})]
    return []


def _of_the_queue(status: LedgerStatus, now: datetime) -> list[Warned]:
    found = [Warned("OUTAGE", {"reason": o.reason, "since": o.since}) for o in status.outages]
    if status.tokens_missing:
        found.append(Warned("TOKENS_MISSING", {"count": status.tokens_missing}))
    if status.unpublished:
        found.append(Warned("UNPUBLISHED", {"count": status.unpublished}))
    if _older(status.oldest_pending, now, OLD_PENDING):
        found.append(Warned("PENDING_OLD", {"count": status.pending}))
    return found


def _of_the_copy(copy: CopyStatus, now: datetime) -> list[Warned]:
    found = []
    if not copy.begun:
        found.append(Warned("COPY_NOT_BEGUN", {}))
    if copy.problems:
        found.append(Warned("COPY_PROBLEM", {"count": copy.problems}))
    if _older(copy.oldest, now, OLD_COPY):
        found.append(Warned("COPY_BEHIND", {"count": copy.count, "since": copy.oldest}))
    return found


def _of_the_disk(disk: DiskStatus) -> list[Warned]:
    low = disk.free < LOW_DISK_BYTES or disk.free < disk.total * LOW_DISK_SHARE
    return [Warned("DISK_LOW", {"free": disk.free})] if low else []


def _older(moment: datetime | None, now: datetime, limit: timedelta) -> bool:
    return moment is not None and now - moment > limit
