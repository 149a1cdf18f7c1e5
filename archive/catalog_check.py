"""The catalog held against the ledger and the stored descriptions: what people search by.

Nothing is proved by the catalog, but a line that was edited misleads whoever searches. It is made
again from record.json, which verification has just held against the sealed entry.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from archive.catalog import record_row
from archive.database_check import LedgerCopy
from archive.errors import ArchiveError
from archive.layout import record_key
from archive.ports import ObjectStore, read_all
from archive.record import RecordDescription
from archive.report import Report

_LIMIT = 16 * 1024 * 1024
_CODE = "DATABASE_DIFFERS"


def check_catalog(copy: LedgerCopy, evidence: ObjectStore, report: Report) -> None:
    """Report every line of the catalog that is not what its record says, and lines that are gone.

    `copy.leaves` was read to its end before. A description that cannot be read was reported by the
    verification itself.
    """
    lines = 0
    try:
        for line, entry in copy.catalog():
            lines += 1
            reason = _difference(line, entry, evidence, copy.lost)
            if reason:
                report.add(_CODE, line["id"], reason=reason)
    except (ValueError, TypeError) as error:
        report.add(_CODE, "the catalog", reason=f"a line of it cannot be read: {error}")
        return
    if lines < copy.accessions:
        gone = copy.accessions - lines
        report.add(_CODE, "the catalog", reason=f"records that are not in it: {gone}")


def _difference(
    line: Mapping[str, Any], entry: bytes | None, evidence: ObjectStore, lost: set[str]
) -> str | None:
    """Which column of a line is wrong, in a sentence; None if all is well."""
    record = str(line["id"])
    try:
        found = json.loads(entry or b"{}")
    except ValueError:
        return None  # the entry differs, as was reported
    if (found.get("kind"), found.get("subject")) != ("record.accessioned", record):
        return "the entry that it names does not accession it"
    if record in lost:
        return None if line["lost"] else "it is not marked as lost"
    try:
        description = RecordDescription(json.loads(read_all(evidence, record_key(record), _LIMIT)))
        expected = record_row(line["log"], line["idx"], description)
    except (ArchiveError, OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # missing or altered, as was reported
    for column, value in expected.items():
        if _plain(line[column]) != _plain(value):
            return f"the column {column} is not what record.json says"
    return None


def _plain(value: Any) -> Any:
    """One moment in any zone is the same; a time without one is UTC, as SQLite gives it."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
