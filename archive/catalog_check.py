"""The catalog held against the ledger and the stored descriptions: what people search by.

Nothing is proved by the catalog, but a line that was edited misleads whoever searches. It is made
again from record.json, which verification has just held against the sealed entry.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.catalog import kept_columns, record_row
from archive.database_check import LedgerCopy
from archive.detail import Detail
from archive.errors import ArchiveError
from archive.late_sidecar import claims_of, columns_of
from archive.parts import DESCRIPTION, Nearby, Part, part_of
from archive.ports import ObjectStore
from archive.record import RecordDescription
from archive.report import Report
from archive.spilled_rows import EMPTY
from archive.technical import verdict_of
from archive.times import parse_time
from archive.unexamined import is_examined
from archive.verify.context import Found
from archive.verify.workers import Pool

_LIMIT = 16 * 1024 * 1024
_CODE = "DATABASE_DIFFERS"
OLD_MEDIA = timedelta(days=7)
"""So long the full check of a medium may take until somebody should know."""
_MOST_NAMED = 20
_GROW = frozenset(("destroyed", "permanent", "retain_until"))
"""Set anew by later entries, which the registers follow."""


def check_catalog(
    copy: LedgerCopy, evidence: ObjectStore, report: Report, *, workers: int = 1
) -> None:
    """Report every line of the catalog that is not what its record says, and lines that are gone.

    `copy.leaves` was read to its end before. A description that cannot be read was reported by the
    verification itself. `workers` is the number of processes; they are forked.
    """
    portions = list(copy.portions())
    lines, unexamined = 0, list[str]()
    context = (copy, evidence, report.started_at - OLD_MEDIA)
    with Pool(context, workers if len(portions) > 1 else 1) as pool:
        for checked in pool.map(_check_portion, portions):
            lines += checked.lines
            unexamined += checked.unexamined
            report.take(checked.found)
            if checked.broken:
                return
    if lines < copy.accessions:
        gone = copy.accessions - lines
        report.add(_CODE, "the catalog", reason=f"records that are not in it: {gone}")
    if unexamined:
        named = unexamined[:_MOST_NAMED]
        report.add("MEDIA_UNEXAMINED", "the catalog", count=len(unexamined), records=named)


@dataclass(slots=True)
class _Checked:
    """What came of a portion; `broken`: a line of it cannot be read.

    `unexamined` are media that are there for long without their full check.
    """

    lines: int = 0
    unexamined: list[str] = field(default_factory=list)
    found: Found = field(default_factory=list)
    broken: bool = False


def _check_portion(
    context: tuple[LedgerCopy, ObjectStore, datetime], portion: tuple[str, str | None]
) -> _Checked:
    copy, evidence, before = context
    checked, nearby = _Checked(), Nearby(evidence)
    try:
        for line, entry in copy.catalog(*portion):
            checked.lines += 1
            reason = _difference(line, entry, nearby, copy)
            if reason:
                checked.found.append((_CODE, line["id"], {"reason": reason}))
            elif line["id"] not in copy.amended and _is_unexamined(line, before):
                checked.unexamined.append(line["id"])
    except (ValueError, TypeError) as error:
        reason = f"a line of it cannot be read: {error}"
        checked.found.append((_CODE, "the catalog", {"reason": reason}))
        checked.broken = True
    return checked


def _is_unexamined(line: Mapping[str, Any], before: datetime) -> bool:
    gone = line["lost"] or line["destroyed"]
    if gone or not is_examined(line["media_type"], line["condition"]):
        return False
    return bool(_plain(line["received_at"]) < before)


def _difference(
    line: Mapping[str, Any], entry: bytes | None, nearby: Nearby, copy: LedgerCopy
) -> str | None:
    """Which column of a line is wrong, in a sentence; None if all is well."""
    record = str(line["id"])
    try:
        found = json.loads((entry or b"{}").decode())
    except ValueError:
        return None  # the entry differs, as was reported
    if (found.get("kind"), found.get("subject")) != ("record.accessioned", record):
        return "the entry that it names does not accession it"
    if record in copy.lost:
        return None if line["lost"] else "it is not marked as lost"
    if record in copy.spilled:
        shown = [name for name, value in EMPTY.items() if line[name] != value]
        return f"the column {shown[0]} of a blocked record says something" if shown else None
    amended = copy.amended.get(record), copy.late.get(record, ())
    for source, expected in _expected(line, record, found, nearby, *amended):
        if expected.items() <= line.items():
            continue
        for column, value in expected.items():
            found_value = line[column]
            if found_value == value or column in _GROW:
                continue
            if _plain(found_value) != _plain(value):
                return f"the column {column} is not what {source} says"
    return None


def _expected(
    line: Mapping[str, Any],
    record: str,
    entry: Mapping[str, Any],
    nearby: Nearby,
    amended: str | None,
    late: Sequence[str],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a line's columns must be, and by what; nothing for a description that cannot be read."""
    try:
        body = entry["body"]
        part = part_of(record, body, parse_time(entry["at"]), DESCRIPTION)
        yield "its entry", kept_columns(body)
        description = RecordDescription(json.loads(nearby.read(part, _LIMIT).decode()))
        row = record_row(line["log"], line["idx"], description)
        said = row.pop("condition")
        for number, key in enumerate(late):
            detail = Detail.parse(nearby.read(Part(key), _LIMIT))
            row |= columns_of(row, claims_of(detail.data), again=number > 0)
        yield ("its sidecar that came later" if late else "record.json"), row
        if amended is not None:
            said = verdict_of(Detail.parse(nearby.read(Part(amended), _LIMIT)).data) or said
        source = "record.json" if amended is None else "its amendment"
        yield source, {"condition": said}
    except (ArchiveError, OSError, ValueError, LookupError, TypeError, AttributeError):
        return  # missing or altered, as was reported


def _plain(value: Any) -> Any:
    """One moment in any zone is the same; a time without one is UTC, as SQLite gives it."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
