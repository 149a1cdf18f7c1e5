"""Seals beyond the snapshot that lack a file: finished since, in progress, or damaged.

A sealer writes a note when everything below it is stored, one seal at a time, and moves the pointer
when the seal is complete. Whatever is otherwise is no sealer's doing, however young it looks.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from archive.entry import Entry
from archive.errors import ArchiveError, DataBad, ObjectMissing
from archive.report import Report
from archive.verify.bundle import microseconds
from archive.verify.context import Context
from archive.verify.logs import Snapshot, Unfinished
from archive.verify.newer import entries_beyond
from signing.checkpoint import Checkpoint
from signing.note import Note


def report_unfinished(
    context: Context,
    report: Report,
    seals: Sequence[Unfinished],
    snapshots: Mapping[str, Snapshot],
    pointer: bytes | None,
) -> None:
    """Report seals that still lack a file. `pointer` is the pointer as it was before them."""
    left = list(_still_missing(context, report, seals))
    for log, group in groupby(left, key=lambda seal: seal.log):
        mine = list(group)
        for seal in mine:
            if len(mine) > 1:
                report.add("SEAL_MISSING", seal.missing, reason="several seals lack a file")
            elif not context.young(seal.modified):
                report.add("SEAL_MISSING", seal.missing)
            elif seal.note is not None and seal.note == pointer:
                reason = "the pointer shows that the seal was complete"
                report.add("SEAL_MISSING", seal.missing, reason=reason)
            else:
                _judge_young(context, report, seal, snapshots.get(log))


def _still_missing(
    context: Context, report: Report, seals: Sequence[Unfinished]
) -> Iterator[Unfinished]:
    for seal in seals:
        try:
            if context.evidence.stat(seal.missing) is None:
                yield seal
        except (ArchiveError, OSError) as error:
            report.add("STORE_UNREADABLE", seal.missing, reason=str(error))


def _judge_young(
    context: Context, report: Report, seal: Unfinished, snapshot: Snapshot | None
) -> None:
    """A single young one: what it covers must be there, and not be older than a token may be."""
    if seal.note is None or snapshot is None:
        report.add("SEALING_IN_PROGRESS", seal.missing)
        return
    checkpoint = Checkpoint.parse(Note.parse(seal.note).text)
    try:
        entries = entries_beyond(context, seal.log, snapshot.size, checkpoint)
        oldest = min(microseconds(Entry.parse(entry).at) for entry in entries)
    except (DataBad, ObjectMissing) as error:
        if context.evidence.stat(seal.missing) is None:
            details = {"size": snapshot.size, "signed": seal.size, "reason": str(error)}
            report.add("LEDGER_TRUNCATED", seal.log, **details)
        return
    except (ArchiveError, OSError) as error:
        report.add("STORE_UNREADABLE", seal.missing, reason=str(error))
        return
    age = (microseconds(context.now) - oldest) // 1_000_000
    if age > context.policy.limits.max_token_delay:
        report.add("SEAL_MISSING", seal.missing, reason="its entries are older than a seal may be")
    else:
        report.add("SEALING_IN_PROGRESS", seal.missing)
