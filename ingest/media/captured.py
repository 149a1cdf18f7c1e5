"""When something was recorded: every claim, the one that is chosen, and how far they are apart.

    captured = choose([sidecar, name, container], duration_ms=600_000, received_at=now)
    captured.start, captured.by, captured.offset_ms
    captured.value()        # `captured` of record.json (docs/formats.md §13)
    captured.notes          # what people should look at: (code, note)

The order is sidecar, file name, container, EXIF. A sidecar is written by whoever collects, with an
offset that has to be there. A name is written by the recorder's clock at the start and survives
every copy. The time in a container is often missing, is that of the end with some makers, local
time called UTC with others, and is changed by a remux; that of EXIF seldom has a zone.

Nothing is corrected: what the claims differ by is recorded in milliseconds, with the likely reason.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.times import SHANGHAI, format_time
from ingest.media.profiles import Segment

ORDER = ("sidecar", "name", "container", "exif")
SAME = timedelta(seconds=2)
"""Names have whole seconds and FAT has two: what is no farther apart is the same moment."""
AHEAD = timedelta(minutes=10)
"""How far a device's clock may be ahead of the archive's before its claim is unlikely."""
EARLIEST = datetime(2001, 1, 1, tzinfo=UTC)
"""Clocks that lost their battery begin at 1970, 1980 or 2000."""

_EPOCHS_END = datetime(1970, 1, 2, tzinfo=UTC)
_ZONE_STEP = timedelta(minutes=30)
_MOST_ZONES = timedelta(hours=26)
_STATED = re.compile(
    r"(\d{4})[-:](\d\d)[-:](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim about the time of recording; `by` is one of ORDER, times are in UTC.

    `zoned` says that it had a zone; one without was taken as Asia/Shanghai. `paused` is how much of
    the span was not recorded, as it says itself.
    """

    by: str
    start: datetime | None
    end: datetime | None = None
    zoned: bool = True
    paused: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Captured:
    """The time that was chosen, if there was a claim. `offset_ms` is the farthest difference
    between two starts; `notes` are code and sentence of what a person should look at.
    """

    claims: tuple[Claim, ...]
    by: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    offset_ms: int | None = None
    zone_assumed: bool = False
    notes: tuple[tuple[str, str], ...] = ()

    def value(self) -> dict[str, Any]:
        """`captured` of record.json."""
        return {
            "by": self.by,
            "claims": [
                {"by": one.by, "end": _text(one.end), "start": _text(one.start)}
                for one in self.claims
            ],
            "end": _text(self.end),
            "offset_ms": self.offset_ms,
            "start": _text(self.start),
            "zone_assumed": self.zone_assumed,
        }


def claims_of(
    sidecar: Mapping[str, Any] | None,
    segment: Segment | None,
    created_at: str | None,
    created_by: str = "container",
) -> list[Claim]:
    """What a sidecar's claims, a name and the file itself say; times nobody meant are none.

    `created_at` is the text of `technical`, `created_by` `container` or `exif`.
    """
    found = [
        _by_sidecar(sidecar or {}),
        segment and Claim("name", _utc(segment.start), zoned=False),
        _by_file(created_at, created_by),
    ]
    return [one for one in found if one]


def choose(
    claims: Sequence[Claim],
    duration_ms: int | None = None,
    received_at: datetime | None = None,
) -> Captured:
    """Choose by ORDER among the likely claims, or else among the others."""
    ordered = tuple(sorted(claims, key=lambda one: ORDER.index(one.by)))
    dated = [(one, one.start) for one in ordered if one.start]
    likely = [pair for pair in dated if not _unlikely(*pair, received_at)]
    chosen = next(iter(likely or dated), None)
    if chosen is None:
        return Captured(ordered)
    claim, start = chosen
    length = None if duration_ms is None else timedelta(milliseconds=duration_ms)
    starts = [moment for _, moment in dated]
    return Captured(
        claims=ordered,
        by=claim.by,
        start=start,
        end=claim.end or _after(start, length),
        offset_ms=_milliseconds(max(starts) - min(starts)) if len(starts) > 1 else None,
        zone_assumed=not claim.zoned,
        notes=tuple(_notes(dated, claim, length, received_at)),
    )


# --- claims


def _by_sidecar(claims: Mapping[str, Any]) -> Claim | None:
    start, end = (_stated(claims.get(key)) for key in ("capture_start", "capture_end"))
    if start is None and end is None:
        return None
    return Claim("sidecar", start and start[0], end and end[0], paused=_paused(claims))


def _paused(claims: Mapping[str, Any]) -> timedelta:
    total = timedelta()
    for one in claims.get("interruptions") or ():
        start, end = _stated(one["from"]), _stated(one["to"])
        if start and end:
            total += end[0] - start[0]
    return total


def _by_file(text: str | None, by: str) -> Claim | None:
    """A file that counts from 0 of 1904 or 1970 and never set it states nothing."""
    found = _stated(text)
    if found is None or found[0] < _EPOCHS_END:
        return None
    return Claim(by, found[0], zoned=found[1])


def _stated(text: object) -> tuple[datetime, bool] | None:
    """A time of RFC 3339 or EXIF in UTC, and whether it had a zone."""
    found = _STATED.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second, part, zone = found.groups()
    micro = f".{(part or '0')[:6]:0<6}"
    plain = f"{year}-{month}-{day}T{hour}:{minute}:{second}{micro}{zone or ''}"
    try:
        moment = datetime.fromisoformat(plain)
        return (moment.astimezone(UTC) if zone else _utc(moment)), bool(zone)
    except (ValueError, OverflowError):
        return None


def _utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=SHANGHAI).astimezone(UTC)


def _after(start: datetime, length: timedelta | None) -> datetime | None:
    """The end of what has a length; None without one, and beyond the calendar."""
    try:
        return None if length is None else start + length
    except OverflowError:
        return None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


# --- what is odd about them


def _unlikely(claim: Claim, start: datetime, received_at: datetime | None) -> bool:
    """A sidecar may well tell of an old tape; a clock that says so was reset."""
    ahead = received_at is not None and start > received_at + AHEAD
    return ahead or (start < EARLIEST and claim.by != "sidecar")


def _notes(
    dated: Iterable[tuple[Claim, datetime]],
    chosen: Claim,
    length: timedelta | None,
    received_at: datetime | None,
) -> Iterator[tuple[str, str]]:
    for one, start in dated:
        if _unlikely(one, start, received_at):
            yield "CAPTURE_TIME_UNLIKELY", f"{one.by} says {format_time(start)}"
        elif one is not chosen and chosen.start is not None:
            yield from _apart(chosen, one, start - chosen.start, length)
        if one.end and length is not None:
            yield from _span(one, one.end - start, length)


def _span(claim: Claim, claimed: timedelta, length: timedelta) -> Iterator[tuple[str, str]]:
    if not claimed - claim.paused - SAME <= length <= claimed + SAME:
        pauses = f", {_milliseconds(claim.paused)} ms of it interrupted" if claim.paused else ""
        yield (
            "CAPTURE_SPAN_DIFFERS",
            f"{claim.by} claims {_milliseconds(claimed)} ms{pauses};"
            f" the file has {_milliseconds(length)} ms",
        )


def _apart(
    chosen: Claim, other: Claim, apart: timedelta, length: timedelta | None
) -> Iterator[tuple[str, str]]:
    """Tell a question of the zone, or of the end taken for the start, from one of the clock."""
    if abs(apart) <= SAME:
        return
    note = f"{other.by} is {_milliseconds(apart):+d} ms from {chosen.by}"
    if (hours := _zones(apart)) is not None:
        yield "ZONE_QUESTION", f"{note}: {hours:+g} h"
    elif length and abs(apart - length) <= SAME:
        yield "CAPTURE_END_STATED", f"{note}: the file's own length"
    elif length and (hours := _zones(apart - length)) is not None:
        yield "ZONE_QUESTION", f"{note}: {hours:+g} h and the file's own length"
    else:
        yield "CLOCK_OFFSET", note


def _zones(apart: timedelta) -> float | None:
    """The difference in hours where it is a multiple of 30 minutes, as zones are apart."""
    steps = round(apart / _ZONE_STEP)
    if steps == 0 or abs(apart) > _MOST_ZONES + SAME or abs(apart - steps * _ZONE_STEP) > SAME:
        return None
    return steps / 2


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
