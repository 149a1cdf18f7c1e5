"""The catalog's lines of recordings, device by device in the order of time.

One pass of the database, in portions: memory does not grow with the archive.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from archive.catalog import RECORD, SOURCE
from archive.gaps.segments import Taken

_ROWS_AT_ONCE = 1000
_TAKEN = (
    *(RECORD.c.id, RECORD.c.device, RECORD.c.segment, RECORD.c.sha256, RECORD.c.media_type),
    *(RECORD.c.captured_start, RECORD.c.captured_end, RECORD.c.duration_ms),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is about. `until` is not included.

    `unit` is that of the source where a person confirmed it, else the one that the sidecar claims.
    """

    since: datetime | None = None
    until: datetime | None = None
    device: str | None = None
    unit: str | None = None


def taken(connection: Connection, wanted: Wanted) -> Iterator[Taken]:
    """Recordings with a device and a time, ordered as `find_gaps` takes them.

    Destroyed ones were there. Photographs have no length and belong to no row of segments.
    """
    query = _recordings(select(*_TAKEN), wanted)
    if wanted.since is not None:
        query = query.where(RECORD.c.captured_start >= wanted.since)
    if wanted.until is not None:
        query = query.where(RECORD.c.captured_start < wanted.until)
    query = query.order_by(RECORD.c.device, RECORD.c.captured_start, RECORD.c.segment, RECORD.c.id)
    for row in connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield _taken(row)


def last_number(connection: Connection, device: str, before: datetime | None) -> int | None:
    """The number of a device's last numbered recording before a moment; None without one."""
    if before is None:
        return None
    query = _recordings(select(RECORD.c.segment), Wanted(until=before, device=device))
    query = query.where(RECORD.c.segment.is_not(None), RECORD.c.captured_start < before)
    query = query.order_by(RECORD.c.captured_start.desc(), RECORD.c.segment.desc()).limit(1)
    found = connection.execute(query).first()
    return None if found is None else int(found[0])


def undated(connection: Connection, wanted: Wanted) -> int:
    """How many recordings of devices say no time, so that nothing can be judged by them."""
    query = of_unit(select(func.count()).select_from(RECORD), wanted.unit)
    query = query.where(
        RECORD.c.device.is_not(None),
        RECORD.c.captured_start.is_(None),
        or_(*(RECORD.c.media_type.like(f"{kind}/%") for kind in ("video", "audio"))),
    )
    if wanted.device is not None:
        query = query.where(RECORD.c.device == wanted.device)
    return int(connection.execute(query).scalar_one())


def of_unit(query: Select[Any], unit: str | None) -> Select[Any]:
    """The query for one unit's records only, or as it is."""
    if unit is None:
        return query
    query = query.outerjoin(SOURCE, SOURCE.c.id == RECORD.c.source)
    return query.where(func.coalesce(SOURCE.c.unit, RECORD.c.unit) == unit)


def aware(moment: datetime) -> datetime:
    """A moment of the catalog with its zone; SQLite keeps none and means UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _recordings(query: Select[Any], wanted: Wanted) -> Select[Any]:
    query = of_unit(query.select_from(RECORD), wanted.unit).where(
        RECORD.c.device.is_not(None),
        RECORD.c.captured_start.is_not(None),
        or_(
            RECORD.c.media_type.like("video/%"),
            RECORD.c.media_type.like("audio/%"),
            # Of makers' own formats the type may be unknown; the name still has a number.
            and_(RECORD.c.segment.is_not(None), RECORD.c.media_type.not_like("image/%")),
        ),
    )
    return query if wanted.device is None else query.where(RECORD.c.device == wanted.device)


def _taken(row: Any) -> Taken:
    start = aware(row.captured_start)
    end = aware(row.captured_end) if row.captured_end else None
    if end is None and row.duration_ms is not None:
        with suppress(OverflowError):  # a file may claim any length
            end = start + timedelta(milliseconds=row.duration_ms)
    return Taken(
        record=row.id,
        device=row.device,
        start=start,
        end=end if end and end >= start else None,
        number=row.segment,
        kind=row.media_type.partition("/")[0],
        sha256=bytes(row.sha256),
    )
