"""What dispositions and spills excuse, and what should have been disposed of, by the registers.

A record whose bytes are gone is excused by a `record.destroyed` that counts (table `destroyed`),
in some stores by a `record.cleared` (table `cleared`).
Where that cannot be told yet (the execution runs, or the registers could not be replayed so far)
its absence is undetermined, not a failure: table `excused`, with the code of the finding.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from archive.errors import Denied
from archive.registers import spill
from archive.registers.act import Act
from archive.registers.appraisal import Appraisal, MixedPack, appraise
from archive.registers.disposition import is_destroyed, stores_of
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
        case "record.spilled" if body is not None:
            index.add("spilled", [(record, act.place) for record in body.payload["records"]])
        case "record.cleared":
            stores = act.body["stores"]
            index.add("cleared", [(act.subject, store, act.place) for store in stores])
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


def excuse_spilled(index: Index, shelf: Shelf, report: Report, now: datetime) -> None:
    """What has to go may be gone before the ledger says so; what is left is worth knowing."""
    left = []
    stores = stores_of(shelf)
    for record, place in list(index.rows("SELECT id, place FROM spilled ORDER BY id")):
        if is_destroyed(shelf, record):
            continue
        left.append(record)
        try:
            spill.check_alone(shelf, record)
        except Denied:
            continue
        for store in set(stores) - set(spill.cleared_of(shelf, record)):
            try:
                spill.check_free(shelf, record, [store], now)
            except Denied:
                continue
            index.add("going", [(record, store, place)])
    if left:
        report.add("SPILL_LEFT", "the archive", count=len(left), records=left[:_MOST_NAMED])


def excuse(index: Index, report: Report, record: str) -> bool:
    """Report what is known of a record whose bytes are not there; False if nothing excuses it."""
    going = index.one("SELECT place FROM going WHERE id=? AND store=?", record, index.store)
    if going is not None:
        report.add("SPILL_UNFINISHED", record, entry=going[0])
        return True
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
