"""Receipts in the outbox: one file per source and day, one line per drop (docs/formats.md §7)."""

import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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

_LINE = re.compile(rb'"index":(\d+),"log":"([^"]+)","name":[^\n]*"storage":"[^"\n]*"\}\n')
"""The end of a whole receipt line, with the place of its entry; a torn line has no such end."""


@dataclass(frozen=True, slots=True)
class Due:
    """A drop that waits for its receipt: its intake id, source, name, record and pending entry.

    `at` is when it was taken; no receipt for it is older.
    """

    intake: str
    source: str
    name: bytes
    record: str
    pending: str
    at: datetime


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


class Outbox:
    """The outbox of an archive. Several processes may use it; each holds `locked` to write."""

    def __init__(self, fs: FileSystem, folder: Path) -> None:
        self._fs = fs
        self._folder = folder
        self._sizes: dict[Path, int] = {}
        self._places: dict[str, set[tuple[str, int]]] = {}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """From looking up what is due until that is saved, so that no drop has two receipts."""
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def write(self, receipts: Sequence[Ready], now: datetime) -> None:
        """Append the lines, durable on return; one sync per source.

        What a process wrote that died before it could save so is not written again.
        """
        for source in sorted({ready.due.source for ready in receipts}):
            mine = [ready for ready in receipts if ready.due.source == source]
            written = self._written(source, _day(min(ready.due.at for ready in mine)))
            fresh = [r.receipt for r in mine if (r.receipt.log, r.receipt.index) not in written]
            if not fresh:
                continue
            path = self._folder / source / f"{_day(now)}.jsonl"
            with disk_errors("The outbox"):
                append_lines(self._fs, path, [receipt.to_line() for receipt in fresh])
            self._sizes[path] = path.stat().st_size

    def _written(self, source: str, since: str) -> set[tuple[str, int]]:
        """Places of the entries in lines that others wrote on a day or later."""
        places = self._places.setdefault(source, set())
        for path in (self._folder / source).glob("*.jsonl"):
            start = self._sizes.get(path, 0)
            if path.stem < since or path.stat().st_size == start:
                continue
            with path.open("rb") as file:
                file.seek(start)
                data = file.read()
            places.update((m[2].decode(), int(m[1])) for m in _LINE.finditer(data))
            self._sizes[path] = start + len(data)
        return places


def _day(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).date().isoformat()
