"""Terms: `retention.set` for every record whose class and trigger are known by now.

    made = TermSetter(desk).run()       # entries that were submitted; not durable yet

A record is looked at a day after its receipt, so that what belongs to a case is attached first.
Whoever was looked at before is passed over unless something would change. Nothing here is trusted:
the rule book judges every entry (`archive.registers.retention`).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.desk.db_shelf import DbShelf
from archive.desk.submit import Desk
from archive.errors import Denied, FormatError
from archive.ledger import NewEntry
from archive.registers.retention import NO_TERM
from archive.registers.shelf import Value
from archive.registers.terms import case_facts
from archive.statements.kinds import MOST_RECORDS
from archive.times import format_time, parse_time
from retention.classes import Facts, Placed, class_of
from retention.ends import retain_until
from retention.law import schedule_of
from retention.schedule import Schedule

KEEPER = "system/retention"
GRACE = timedelta(days=1)
_ROWS_AT_ONCE = 1000
_MOST_WAITING = 50_000
_NEEDED = (RECORD.c.id, RECORD.c.media_type, RECORD.c.received_at, RECORD.c.captured_end)


@dataclass(frozen=True, slots=True)
class Term:
    """What one entry says of its records."""

    name: str
    trigger: str
    until: str | None


@dataclass(slots=True)
class Terms:
    """What a run found: entries, how many records they are about, and who waits for a person."""

    entries: list[NewEntry]
    records: int = 0
    unplaced: int = 0
    """Records whose class the schedule in force does not have."""


class TermSetter:
    """Looks at all records, a portion at a time; memory does not grow with the archive."""

    def __init__(self, desk: Desk, grace: timedelta = GRACE) -> None:
        self._desk = desk
        self._grace = grace

    def run(self) -> Terms:
        """Submit what is to be set; the caller lets the sealer run."""
        terms = Terms([])
        schedule = self._schedule()
        if schedule is None:
            return terms
        text, digest = schedule["text"], schedule["sha256"]
        last = ""
        waiting: dict[Term, list[str]] = defaultdict(list)
        while True:
            with self._desk.database.read() as connection:
                rows = self._rows(connection, last)
                for record, term in self._wanted(connection, rows, text, terms):
                    waiting[term].append(record)
            many = sum(map(len, waiting.values())) > _MOST_WAITING
            full = [term for term, found in waiting.items() if len(found) >= MOST_RECORDS]
            self._submit(digest, waiting, list(waiting) if many or not rows else full, terms)
            if not rows:
                return terms
            last = rows[-1].id

    def _schedule(self) -> Value | None:
        with self._desk.database.read() as connection:
            return DbShelf(connection).get("rules", "retention")

    def _rows(self, connection: Connection, last: str) -> Sequence[Any]:
        query = select(*_NEEDED).where(
            RECORD.c.id > last,
            RECORD.c.lost.is_(False),
            RECORD.c.destroyed.is_(False),
            RECORD.c.spilled.is_(False),
            RECORD.c.received_at <= self._desk.clock.now() - self._grace,
        )
        return connection.execute(query.order_by(RECORD.c.id).limit(_ROWS_AT_ONCE)).all()

    def _wanted(
        self, connection: Connection, rows: Sequence[Any], text: str, terms: Terms
    ) -> Iterator[tuple[str, Term]]:
        """What has to be set for these records, and is not yet."""
        shelf = DbShelf(connection)
        schedule, now = schedule_of(text), self._desk.clock.now()
        known = shelf.many("term", [row.id for row in rows])
        attached = shelf.many("record_cases", [row.id for row in rows])
        for row in rows:
            term = known.get(row.id, NO_TERM)
            try:
                placed = _placed(schedule, shelf, row, term, attached=row.id in attached)
            except FormatError:
                terms.unplaced += 1
                continue
            if placed is None or placed.trigger > now:
                continue
            wanted = _term(placed)
            if not _is_set(term, wanted):
                yield row.id, wanted

    def _submit(
        self,
        digest: str,
        waiting: dict[Term, list[str]],
        ready: Sequence[Term],
        terms: Terms,
    ) -> None:
        for term in ready:
            records = waiting.pop(term)
            for start in range(0, len(records), MOST_RECORDS):
                self._entry(digest, term, records[start : start + MOST_RECORDS], terms)

    def _entry(self, digest: str, term: Term, records: Sequence[str], terms: Terms) -> None:
        body = {
            "class": term.name,
            "records": list(records),
            "schedule": digest,
            "trigger": term.trigger,
            "until": term.until,
        }
        try:
            with self._desk.database.write() as connection:
                made = self._desk.submit_own(
                    connection, "retention.set", "registry", None, body, KEEPER
                )
        except Denied as error:
            # The registers changed since they were read: the next run sees what they are now.
            # One record among many must not keep the others from getting their terms.
            middle = len(records) // 2
            if middle and error.code != "SCHEDULE_OTHER":
                self._entry(digest, term, records[:middle], terms)
                self._entry(digest, term, records[middle:], terms)
            return
        terms.entries.append(made)
        terms.records += len(records)


def _placed(
    schedule: Schedule, shelf: DbShelf, row: Any, term: Value, *, attached: bool
) -> Placed | None:
    confirmed = term["confirmed"]
    facts = Facts(
        media=row.media_type,
        received_at=row.received_at,
        captured_end=row.captured_end,
        said=term["class"],
        confirmed=parse_time(confirmed) if confirmed else None,
        cases=case_facts(shelf, row.id) if attached else (),
    )
    return class_of(schedule, facts)


def _term(placed: Placed) -> Term:
    moment = retain_until(placed.one, placed.trigger).moment
    until = None if moment is None else format_time(moment)
    return Term(placed.one.name, format_time(placed.trigger), until)


def _is_set(term: Value, wanted: Term) -> bool:
    """Whether a record is of this class already, and kept as long."""
    if term["set"] != wanted.name:
        return False
    if wanted.until is None or term["permanent"]:
        return bool(term["permanent"])
    return term["until"] is not None and term["until"] >= wanted.until
