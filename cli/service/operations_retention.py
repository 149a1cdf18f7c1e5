"""Operations of retention: terms of records, the schedule, the sweep. None hands out content."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from archive import catalog
from archive.desk import cases
from archive.desk.db_shelf import DbShelf
from archive.desk.keeping import KEEPING
from archive.errors import NotFound, UsageError
from archive.ledger import ENTRY
from archive.registers.cases import cases_of
from archive.registers.disposition import is_destroyed
from archive.registers.retention import term_of
from archive.registers.terms import end_of, held_by
from archive.times import format_time
from cli.keeping import sweep_of, tell_failures
from cli.service import large
from cli.service.desk import Delivery, Document
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery, operation, starting
from cli.service.server import log_line
from retention.law import RetentionLaw, schedule_of
from retention.schedule import RetentionClass, Schedule
from retention.setting import GRACE
from retention.sweep import Sweep

_SWEEPERS = ("administrator", "archivist")
_NO_GRACE = timedelta(0)


@starting
def _keep_house(host: Host) -> None:
    made: list[Sweep] = []

    def step() -> None:
        if not made:
            made.append(sweep_of(host.bench, host.mode))
        tell_failures(made[0].step(), log_line)

    host.housekeeping.append(step)


@delivery("retention.show")
@contextmanager
def _show(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """Terms of `records`, or of those of a `case`: class, end, holds, and whether locks wait."""
    check_params(params, {}, {"records": list, "case": str})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_records()
        if params.get("case"):
            case, _ = cases.find_shown(connection, reader, params["case"])
            records: Sequence[str] = cases.records_of(connection, case)
        else:
            wanted = params.get("records") or ()
            if not all(isinstance(text, str) for text in wanted):
                raise UsageError("Records are named by texts.")
            records = [catalog.find_record(connection, text).id for text in wanted]
        shelf = DbShelf(connection)
        schedule = _in_force(shelf)
        waiting = _waiting(connection)
        found = [_term(shelf, schedule, waiting, record) for record in records]
    yield large.stream({"records": found})


def _in_force(shelf: DbShelf) -> Schedule | None:
    found = shelf.get("rules", "retention")
    return schedule_of(found["text"]) if found else None


def _waiting(connection: Connection) -> dict[tuple[str, str], str | None]:
    """What locks wait for, by kind and key, with the last problem."""
    rows = connection.execute(select(KEEPING).order_by(KEEPING.c.id))
    return {(row.kind, row.key): row.problem for row in rows}


def _term(
    shelf: DbShelf,
    schedule: Schedule | None,
    waiting: dict[tuple[str, str], str | None],
    record: str,
) -> Document:
    term, end = term_of(shelf, record), end_of(shelf, RetentionLaw(), record)
    known = shelf.get("record", record) or {}
    attached = list(cases_of(shelf, record))
    looked = [("record", record), *(("case", case) for case in attached)]
    problems = [waiting[place] for place in looked if place in waiting]
    name = term["set"] or term["class"]
    return {
        "record": record,
        "class": name,
        "label": _label(schedule, name),
        "said": term["class"],
        "trigger": term["trigger"],
        "confirmed": term["confirmed"],
        "first_lock": known.get("retain_until"),
        "until": None if end.moment is None else format_time(end.moment),
        "permanent": end.permanent,
        "open": end.open,
        "holds": list(held_by(shelf, record)),
        "cases": attached,
        "destroyed": is_destroyed(shelf, record),
        "locks_waiting": bool(problems),
        "problem": next((problem for problem in problems if problem), None),
    }


def _label(schedule: Schedule | None, name: str | None) -> dict[str, str] | None:
    for one in schedule.classes if schedule else ():
        if one.name == name:
            return {"en": one.en, "zh": one.zh, "basis": one.basis}
    return None


@delivery("retention.schedule")
@contextmanager
def _schedule(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The schedule in force with its classes, and every one that was adopted, oldest first."""
    check_params(params, {})
    with gate(host, caller), host.bench.database.read() as connection:
        found = DbShelf(connection).get("rules", "retention")
        versions = _versions(connection)
    if found is None:
        raise NotFound("No retention schedule is in force.")
    classes = [class_value(one) for one in schedule_of(found["text"]).classes]
    answer = {"schedule": found["sha256"], "classes": classes, "versions": versions}
    yield large.stream(answer)


def class_value(one: RetentionClass) -> Document:
    """A class as an answer has it."""
    return {
        "class": one.name,
        "en": one.en,
        "zh": one.zh,
        "trigger": one.trigger,
        "period": None if one.period is None else str(one.period),
        "same_as_case": one.same_as_case,
        "media": list(one.media),
        "categories": list(one.categories),
        "importance": one.importance,
        "causes": list(one.causes),
        "basis": one.basis,
    }


def _versions(connection: Connection) -> list[Document]:
    query = select(ENTRY.c.log, ENTRY.c.idx, ENTRY.c.data).where(ENTRY.c.stream == "registry")
    found = []
    for row in connection.execute(query.order_by(ENTRY.c.seq)):
        if b'"kind":"rules.adopted"' not in row.data:
            continue
        entry: dict[str, Any] = json.loads(row.data)
        statements = entry["body"]["statements"]
        payload = statements[0]["statement"]["payload"]
        if payload["name"] == "retention":
            signers = [signed["statement"]["person"] for signed in statements]
            found.append(
                {
                    "schedule": payload["rules"],
                    "at": entry["at"],
                    "signers": signers,
                    "log": row.log,
                    "index": row.idx,
                }
            )
    return found


@operation("retention.sweep")
def _sweep(host: Host, caller: Caller, params: Params) -> Document:
    """Set terms and locks now; `now` without the day of grace, `renew` asks for every date."""
    check_params(params, {}, {"now": bool, "renew": bool})
    with gate(host, caller) as reader:
        reader.check_role(*_SWEEPERS)
    grace = _NO_GRACE if params.get("now") else GRACE
    swept = sweep_of(host.bench, host.mode).run(grace=grace, every=bool(params.get("renew")))
    return {
        "entries": swept.entries,
        "records": swept.records,
        "unplaced": swept.unplaced,
        "locked": swept.locked,
        "renewed": swept.renewed,
        "waiting": swept.waiting,
        "failures": [
            {"store": one.store, "unit": one.unit, "reason": one.reason} for one in swept.failures
        ],
    }
