"""Receipts in the outbox: one file per source and day, one line per drop (docs/formats.md §7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from archive import ledger
from archive.durable import FileSystem, append_lines, disk_errors
from archive.ledger import Appended
from archive.ledger_tree import LedgerTree
from archive.receipt import Receipt
from archive.seals import seal_at, tokens_missing
from archive.times import SHANGHAI
from ingest.names import decode_name


@dataclass(frozen=True, slots=True)
class Due:
    """A drop that waits for its receipt: its intake id, source, name, record and pending entry."""

    intake: str
    source: str
    name: bytes
    record: str
    pending: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A receipt that can be given."""

    due: Due
    receipt: Receipt


def make_receipts(connection: Connection, due: Iterable[Due], storage: str) -> list[Ready]:
    """Receipts for the drops whose entries are stored and read back, with every token there is.

    While a token is missing nothing is receipted: the time is part of what a receipt promises.
    """
    ready: list[Ready] = []
    if tokens_missing(connection):
        return ready
    trees: dict[str, tuple[LedgerTree, bytes]] = {}
    wanted = list(due)
    found = ledger.find_submitted(connection, [item.pending for item in wanted])
    for item in wanted:
        if item.pending not in found:
            continue
        log, entry = found[item.pending]
        if log not in trees:
            head = ledger.head_of(connection, log)
            seal = seal_at(connection, log, head.published) if head else None
            if head is None or seal is None:
                continue
            trees[log] = (LedgerTree(connection, log, head.published), seal.note)
        tree, note = trees[log]
        if entry.index < tree.size:
            ready.append(Ready(item, _receipt(item, log, entry, tree, note, storage)))
    return ready


def _receipt(
    item: Due, log: str, entry: Appended, tree: LedgerTree, note: bytes, storage: str
) -> Receipt:
    name = decode_name(item.name)
    path = tuple(tree.inclusion_path(entry.index))
    return Receipt(
        name.text, name.b64, item.record, log, entry.index, entry.data, path, note, storage
    )


def write_receipts(fs: FileSystem, outbox: Path, receipts: Sequence[Ready], now: datetime) -> None:
    """Append the lines, durable on return; one sync per source."""
    day = now.astimezone(SHANGHAI).date().isoformat()
    for source in sorted({ready.due.source for ready in receipts}):
        lines = [r.receipt.to_line() for r in receipts if r.due.source == source]
        with disk_errors("The outbox"):
            append_lines(fs, outbox / source / f"{day}.jsonl", lines)
