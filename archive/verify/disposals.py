"""What dispositions excuse, and what should have been disposed of, out of the replayed registers.

A record whose bytes are gone is excused by a `record.destroyed` that counts (table `destroyed`).
Where that cannot be told yet (the execution runs, or the registers could not be replayed so far)
its absence is undetermined, not a failure: table `excused`, with the code of the finding.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from archive.registers.act import Act
from archive.registers.appraisal import Appraisal, MixedPack, appraise
from archive.registers.keeping import Law
from archive.registers.shelf import Shelf
from archive.report import Report
from archive.statements.body import SignedBody
from archive.times import format_time
from archive.verify.index import Index

UNFINISHED = timedelta(hours=24)
"""How long an execution may take until what it deleted has to be in the ledger."""
_MOST_NAMED = 20
_ENDED = """
SELECT key FROM shelf WHERE name='term' AND json_extract(value, '$.until')<=?
  AND NOT json_extract(value, '$.permanent') ORDER BY json_extract(value, '$.until'), key
"""


def follow(index: Index, shelf: Shelf, act: Act, body: SignedBody | None, now: datetime) -> None:
    """Take over one act that counts."""
    match act.kind:
        case "record.destroyed":
            index.add("destroyed", [(act.subject, act.place)])
        case "pack.split" if body is not None:
            index.add("split", [(record, act.place) for record in body.payload["records"]])
        case "disposition.executed" if act.at > now - UNFINISHED:
            known = shelf.get("disposition", act.subject or "")
            rows = ((r, "DESTRUCTION_UNFINISHED", act.place) for r in _listed(known))
            index.add("excused", rows)


def _listed(disposition: object) -> Iterator[str]:
    if isinstance(disposition, dict):
        yield from disposition["records"]


def excuse_unjudged(index: Index) -> None:
    """Where the replay ended early nobody can say whether what follows is lawful."""
    index.run(
        "INSERT OR IGNORE INTO excused SELECT subject, 'DESTRUCTION_UNCHECKED', "
        "log || '#' || idx FROM act WHERE kind='record.destroyed'"
    )


def excuse(index: Index, report: Report, record: str) -> bool:
    """Report what is known of a record whose bytes are not there; False if nothing excuses it."""
    row = index.one("SELECT code, place FROM excused WHERE id=?", record)
    if row is None:
        return False
    report.add(row[0], record, entry=row[1])
    return True


def report_overdue(index: Index, shelf: Shelf, law: Law, report: Report, now: datetime) -> None:
    """What is past its keeping and on nobody's list: worth knowing, no failure of the archive."""
    ended = [row[0] for row in index.rows(_ENDED, format_time(now))]
    if not ended:
        return
    found = appraise(shelf, law, ended, now)
    if found.due:
        report.add("OVERDUE", "the archive", **_named(found))
    for pack in found.packs:
        report.add("OVERDUE_IN_PACK", pack.pack, **_of_pack(pack))


def _named(found: Appraisal) -> dict[str, object]:
    oldest = min(one.end for one in found.due)
    records = [one.record for one in found.due[:_MOST_NAMED]]
    return {"count": len(found.due), "since": format_time(oldest), "records": records}


def _of_pack(pack: MixedPack) -> dict[str, object]:
    return {
        "due": len(pack.due),
        "kept": len(pack.kept),
        "next": None if pack.next is None else format_time(pack.next),
        "records": [one.record for one in pack.due[:_MOST_NAMED]],
    }
