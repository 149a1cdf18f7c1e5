"""What is odd in a good sidecar: findings of the record, never a reason to refuse it.

    remarks_on(claims)      # [("OFFICERS_FEW", "the sidecar names 1 officer")]

A finding's note is English, like every note in record.json; docs/findings.md has both languages.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

FEW_OFFICERS, OUTSIDE, LARGE_OFFSET = "OFFICERS_FEW", "INTERRUPTION_OUTSIDE", "CLOCK_OFFSET_LARGE"
WANTED_OFFICERS = 2
"""行政处罚法 第四十二条: 执法人员不得少于两人."""
LARGEST_OFFSET = timedelta(hours=1)

Remark = tuple[str, str]
_MORE_DECIMALS = re.compile(r"(\.\d{6})\d+")


def moment(text: str) -> datetime:
    """A time of a sidecar, to the microsecond; ValueError for a day that does not exist."""
    return datetime.fromisoformat(_MORE_DECIMALS.sub(r"\1", text))


def remarks_on(claims: Mapping[str, Any]) -> list[Remark]:
    """Code and note of everything that is odd in the claims of a sidecar that kept the rules."""
    return [*_officers(claims), *_interruptions(claims), *_offset(claims)]


def _officers(claims: Mapping[str, Any]) -> Iterator[Remark]:
    officers = claims.get("officers")
    if officers is None:
        return
    count = len({one["number"] for one in officers})
    if count < WANTED_OFFICERS:
        yield FEW_OFFICERS, f"the sidecar names {count} officer"


def _interruptions(claims: Mapping[str, Any]) -> Iterator[Remark]:
    start, end = (
        moment(claims[name]) if name in claims else None
        for name in ("capture_start", "capture_end")
    )
    for number, stretch in enumerate(claims.get("interruptions", ()), 1):
        early = start is not None and moment(stretch["from"]) < start
        late = end is not None and moment(stretch["to"]) > end
        if early or late:
            yield OUTSIDE, f"interruption {number} is not within the time of the recording"


def _offset(claims: Mapping[str, Any]) -> Iterator[Remark]:
    offset = claims.get("clock_offset_ms", 0)
    if abs(offset) > LARGEST_OFFSET / timedelta(milliseconds=1):
        yield LARGE_OFFSET, f"the sidecar says that the device's clock is off by {offset} ms"
