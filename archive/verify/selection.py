"""Which records a scope means, written into the index once the ledger is walked."""

import json
from collections.abc import Iterator

from archive.parts import DESCRIPTION, part_of
from archive.record import RecordDescription
from archive.report import Report
from archive.times import format_time, parse_time
from archive.verify.context import Context, Found, guarded
from archive.verify.index import Index
from archive.verify.late import LATE_INDEX, LATE_SIDECARS, late_case
from archive.verify.records import read_description
from archive.verify.scope import Cases, Everything, OneRecord, Sample, Scope, Since
from archive.verify.workers import Workers

_CHUNK = 128
CaseJob = tuple[frozenset[str], list[tuple[str, str, str, str]]]


def select(index: Index, report: Report, workers: Workers, scope: Scope) -> None:
    """Fill the table of selected records; matching nothing must not look like a pass."""
    match scope:
        case Everything():
            return
        case OneRecord(record):
            index.add("selected", [(record,)])
            if index.one("SELECT 1 FROM record WHERE id=?", record) is None:
                report.add("RECORD_NOT_IN_LEDGER", record)
        case Since(at):
            since = format_time(at)
            index.run("INSERT OR IGNORE INTO selected SELECT id FROM record WHERE at>=?", since)
            index.run("INSERT OR IGNORE INTO selected SELECT id FROM detail WHERE at>=?", since)
        case Sample():
            chosen = scope.choose(row[0] for row in index.rows("SELECT id FROM record"))
            index.add("selected", [(record,) for record in chosen])
        case Cases(numbers):
            _select_cases(index, report, workers, numbers)
    if not isinstance(scope, Since) and index.one("SELECT 1 FROM selected") is None:
        report.add("NOTHING_SELECTED", str(scope))


def _select_cases(index: Index, report: Report, workers: Workers, numbers: frozenset[str]) -> None:
    for chosen, found in workers.map(_of_cases, _case_jobs(index, numbers)):
        index.add("selected", [(record,) for record in chosen])
        report.take(found)


def _case_jobs(index: Index, numbers: frozenset[str]) -> Iterator[CaseJob]:
    chunk: list[tuple[str, str, str, str]] = []
    index.run(LATE_INDEX)
    rows = index.rows(
        f"SELECT id, at, body, {LATE_SIDECARS} FROM record WHERE id NOT IN (SELECT id FROM lost) "  # noqa: S608
        "AND id NOT IN (SELECT id FROM destroyed) ORDER BY pack, rowid"
    )
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield numbers, chunk
            chunk = []
    yield numbers, chunk


def _of_cases(context: Context, job: CaseJob) -> tuple[list[str], Found]:
    """The records whose claims name a case; one whose description is damaged might be one."""
    numbers, records = job
    chosen: list[str] = []
    found: Found = []
    for job_row in records:
        guarded(
            lambda job_row=job_row: _ask(context, job_row, numbers, chosen, found),  # type: ignore[misc]
            job_row[0],
            found,
        )
    return chosen, found


def _ask(
    context: Context,
    row: tuple[str, str, str, str],
    numbers: frozenset[str],
    chosen: list[str],
    found: Found,
) -> None:
    record, at, text, late = row
    body = json.loads(text)
    part = part_of(record, body, parse_time(at), DESCRIPTION)
    data = read_description(context, record, body["record"], part, found)
    if data is None:
        return
    claims = RecordDescription.parse(data).value["claims"] or {}
    if (claims.get("case") or late_case(context, late)) in numbers:
        chosen.append(record)
