"""Times as the ledger writes them: RFC 3339, UTC, six decimals (docs/formats.md §1)."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from archive.errors import FormatError

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one zone without daylight saving since 1991; sealing years are counted in it."""

_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def format_time(moment: datetime) -> str:
    """Write an aware datetime, for example `2026-11-22T04:05:06.123456Z`."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    there = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return there.isoformat(timespec="microseconds")[:-6] + "Z"


def parse_time(text: object) -> datetime:
    """Read what `format_time` writes, nothing else; raises FormatError."""
    if not isinstance(text, str):
        raise FormatError(f"not a time of the ledger: {str(text)[:40]!r}")
    return _parse(text)


@lru_cache(maxsize=512)
def _parse(text: str) -> datetime:
    # One time stands in an entry, in its record.json and in its neighbours.
    if not _FORM.fullmatch(text):
        raise FormatError(f"not a time of the ledger: {text[:40]!r}")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FormatError(f"no such moment: {text}") from error


_FIRST, _LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


def claimed_time(text: object) -> datetime | None:
    """A time that somebody claims in what is sealed, with its zone; None where there is none.

    None too for one at the very ends of the calendar, which cannot be said in every zone: sealed is
    sealed, and what is made from it must never fail.
    """
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if found is None or found.tzinfo is None:
        return None
    return found if _FIRST <= found < _LAST else None


def sealing_year(moment: datetime) -> int:
    """The year that names the log (design: year of sealing in Asia/Shanghai)."""
    return moment.astimezone(SHANGHAI).year


def film_clock(milliseconds: int) -> str:
    """A time within a film, as `hh:mm:ss.mmm`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
