"""First locks: no accession may say that it is kept for less than the shortest period.

Whoever can write entries could else let the store forget a record before its class is known. The
schedule is that in force at the receipt, or any that came into force before the entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.registers.keeping import Law
from archive.registers.signers import AHEAD
from archive.report import Report
from archive.times import format_time, parse_time
from archive.verify.index import Index

_RECEIVED = "json_extract(body, '$.received_at')"
_UNTIL = "coalesce(json_extract(body, '$.retain_until'), '')"
_HOUR = 13
"""Characters of a time up to its hour: all of an hour is of one day in Asia/Shanghai."""
_HOURS = f"SELECT substr({_RECEIVED}, 1, {_HOUR}) AS hour, min({_UNTIL}) FROM record GROUP BY hour"  # noqa: S608
_RECORDS = f"SELECT id, log, idx, {_RECEIVED}, {_UNTIL} FROM record WHERE substr({_RECEIVED}, 1, {_HOUR})=?"  # noqa: S608, E501


@dataclass(frozen=True, slots=True)
class Adopted:
    """A schedule from where it was adopted on: `place` in the order of the walk."""

    place: tuple[int, int]
    at: datetime
    text: str


class FirstLocks:
    """Collects schedules in the order of the ledger, then looks at every accession."""

    def __init__(self, index: Index, logs: Sequence[str]) -> None:
        self._index = index
        self._order = {log: number for number, log in enumerate(logs)}
        self._schedules: list[Adopted] = []

    def adopted(self, place: tuple[int, int], at: datetime, text: str) -> None:
        """Take a schedule that counts."""
        self._schedules.append(Adopted(place, at, text))

    def check(self, law: Law, report: Report) -> None:
        """Report every record whose first lock is shorter than it may be."""
        if not self._schedules:
            return
        for hour, least in self._index.rows(_HOURS):
            received = parse_time(f"{hour}:00:00.000000Z")
            if least < max(self._floor(law, one, received) for one in self._schedules):
                self._look(law, report, hour)

    def _look(self, law: Law, report: Report, hour: str) -> None:
        for record, log, index, received, until in self._index.rows(_RECORDS, hour):
            if log not in self._order:
                continue
            moment = parse_time(received)
            fits = self._fitting((self._order[log], index), moment)
            if fits and until < min(self._floor(law, one, moment) for one in fits):
                details = {"code": "FIRST_LOCK", "entry": f"{log}#{index}", "until": until or None}
                report.add("RETENTION_UNLAWFUL", record, **details)

    def _fitting(self, place: tuple[int, int], received: datetime) -> list[Adopted]:
        """The schedules by which the lock may have been counted; none where there was none."""
        before = [one for one in self._schedules if one.place < place]
        found: list[Adopted] = []
        for one in reversed(before):
            found.append(one)
            if one.at <= received - AHEAD:
                return found
        return []

    @staticmethod
    def _floor(law: Law, one: Adopted, received: datetime) -> str:
        return format_time(law.floor(one.text, received))
