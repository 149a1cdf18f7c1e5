"""First locks by docs/formats.md §12: part of the outside checker, standard library alone."""

import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from checker_disposition import FIVE, day, ends, stamp

Json = dict[str, Any]
DAYS = {"d": 1.0, "m": 365.2425 / 12, "y": 365.2425}


def shortest(text: str) -> str:
    """The shortest period of a schedule, the first by its text where several are as long."""
    periods = [one.get("period", "permanent") for one in tomllib.loads(text)["class"]]
    limited = [period for period in periods if period != "permanent"]
    return min(limited, key=lambda period: (int(period[:-1]) * DAYS[period[-1]], period))


def short_locks(
    accessions: Iterable[tuple[str, Json]], schedules: list[tuple[int, str, str]]
) -> Iterator[tuple[str, str]]:
    """Records whose first lock is too short, with why; all in the order of the ledger.

    A schedule is (how many accessions stood before it, `at` of its entry, text).
    """
    for number, (rid, e) in enumerate(accessions):
        received = e["body"]["received_at"]
        edge = stamp(datetime.fromisoformat(received) - FIVE)
        fitting: list[str] = []
        settled = False
        for before, at, text in reversed(schedules):
            if before > number or settled:
                continue
            fitting.append(ends(shortest(text), day(received)))
            settled = at <= edge
        if settled and e["body"].get("retain_until", "") < min(fitting):
            yield rid, f"kept until {e['body'].get('retain_until')} at first, not {min(fitting)}"
