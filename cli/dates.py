"""Days as people write them on the command line (YYYY-MM-DD in Asia/Shanghai), times in answers."""

import re
from datetime import UTC, date, datetime, time, timedelta

from archive.errors import UsageError
from archive.times import SHANGHAI, parse_time
from cli.language import say
from cli.output import show_time

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST = datetime.min.replace(tzinfo=UTC).astimezone(SHANGHAI)
_LAST = datetime.max.replace(tzinfo=SHANGHAI)


def day_start(text: str) -> datetime:
    """The first moment of a day; raises UsageError for anything but a date.

    Of the calendar's very first day the first one that can be said in UTC.
    """
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        return max(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI), _FIRST)
    except ValueError:
        raise UsageError(
            say(
                f"{text[:40]!r} is not a date; write it as YYYY-MM-DD.",
                f"{text[:40]!r} 不是日期，请写作 年-月-日，如 2026-11-22。",
            )
        ) from None


def day_end(text: str) -> datetime:
    """The first moment after a day; the last one that there is after the calendar's last day."""
    start = day_start(text)
    return _LAST if start.date() == date.max else start + timedelta(days=1)


def last_day(end: datetime) -> str:
    """An end as people read it: `2026-11-22` for its midnight, else the moment itself."""
    local = end.astimezone(SHANGHAI)
    if local.time() == time():
        return (local - timedelta(days=1)).date().isoformat()
    return show_time(end)


def end_day(text: str | None) -> str | None:
    """An end of an answer, as `last_day` has it; raises FormatError."""
    return None if text is None else last_day(parse_time(text))


def exact_moment(text: str) -> datetime:
    """`YYYY-MM-DD HH:MM` in Asia/Shanghai, seconds if need be; raises UsageError."""
    try:
        found = datetime.fromisoformat(text.strip().replace(" ", "T"))
    except ValueError:
        raise UsageError(
            say(
                f"{text[:40]!r} is not a time; write it as YYYY-MM-DD HH:MM.",
                f"{text[:40]!r} 不是时间，请写作 年-月-日 时:分。",
            )
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def moment(text: str | None) -> datetime | None:
    """A time of an answer, as it is to be shown; raises FormatError."""
    return None if text is None else parse_time(text)
