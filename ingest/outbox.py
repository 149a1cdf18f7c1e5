"""Receipts in the outbox: one file per source and day, one line per drop (docs/formats.md §7)."""

import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select

from archive import ledger
from archive.durable import FileSystem, append_lines, disk_errors
from archive.layout import TILE_WIDTH
from archive.ledger import ENTRY, HEAD
from archive.ledger_tree import LedgerTree
from archive.receipt import ReceiptFrame, base64_step, steps_text
from archive.seals import seal_at, tokens_missing
from archive.tables import IntakeRow
from archive.times import SHANGHAI
from ingest.names import decode_name

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_LINE = re.compile(rb'"index":(\d+),"log":"([^"]+)","name":[^\n]*"storage":"[^"\n]*"\}\n')
"""The end of a whole receipt line, with the place of its entry; a torn line has no such end."""


class Due(NamedTuple):
    """A drop whose entry is durable and that waits for its receipt, as the database has it.

    `at` is when it was taken; no receipt for it is older. Without a `record` none is due.
    `place` is the index of the entry.
    """

    intake: str
    source: str
    path: bytes
    record: str | None
    at: datetime
    log: str
    place: int
    entry: bytes


class Ready(NamedTuple):
    """A receipt that can be given: its line without the newline."""

    source: str
    at: datetime
    log: str
    place: int
    line: bytes


def due_receipts(connection: Connection, limit: int, after: str = "") -> list[Due]:
    """Drops whose entries are stored and read back, by the time of their taking.

    Those after the one with the id `after`.
    """
    i, e = INTAKE.c, ENTRY.c
    columns = (i.id, i.source, i.path, i.record, i.at, e.log, e.idx, e.data)
    query = (
        select(*columns)
        .join(ENTRY, e.pending == i.pending)
        .join(HEAD, HEAD.c.log == e.log)
        .where(i.state == "staged", e.idx < HEAD.c.published, i.id > after)
        .order_by(i.id)
        .limit(limit)
    )
    return [Due(*row) for row in connection.execute(query).all()]


def make_receipts(
    connection: Connection, due: Iterable[Due], storage: str
) -> tuple[list[Ready], list[str]]:
    """Receipts, and the ids of the drops that are done with them or need none.

    While a token is missing nothing is receipted: the time is part of what a receipt promises.
    """
    ready: list[Ready] = []
    done: list[str] = []
    missing = bool(tokens_missing(connection))
    proofs: dict[str, _Proofs | None] = {}
    for item in sorted(due, key=lambda item: (item.log, item.place)):
        if item.record is None:
            done.append(item.intake)
            continue
        if item.log not in proofs:
            proofs[item.log] = None if missing else _proofs(connection, item.log, storage)
        found = proofs[item.log]
        if found is not None:
            ready.append(found.receipt(item, item.record))
            done.append(item.intake)
    return ready, done


def _proofs(connection: Connection, log: str, storage: str) -> "_Proofs | None":
    head = ledger.head_of(connection, log)
    seal = seal_at(connection, log, head.published) if head else None
    if head is None or seal is None:
        return None
    tree = LedgerTree(connection, log, head.published)
    return _Proofs(tree, ReceiptFrame(log, seal.note, storage))


class _Proofs:
    """Receipts under one checkpoint; keeps the paths of the last tile that was asked for."""

    def __init__(self, tree: LedgerTree, frame: ReceiptFrame) -> None:
        self._tree = tree
        self._frame = frame
        self._number = -1
        self._paths: list[bytes] = []

    def receipt(self, item: Due, record: str) -> Ready:
        """The receipt of one drop."""
        number, within = divmod(item.place, TILE_WIDTH)
        if number != self._number:
            paths = self._tree.tile_paths(number, base64_step)
            self._paths = [steps_text(path) for path in paths]
            self._number = number
        name = decode_name(item.path.rpartition(b"/")[2])
        shown = (name.text, name.b64)
        line = self._frame.line(item.entry, item.place, shown, record, self._paths[within])
        return Ready(item.source, item.at, item.log, item.place, line)


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
        for source in sorted({ready.source for ready in receipts}):
            mine = [ready for ready in receipts if ready.source == source]
            written = self._written(source, _day(min(ready.at for ready in mine)))
            fresh = [ready.line for ready in mine if (ready.log, ready.place) not in written]
            if not fresh:
                continue
            path = self._folder / source / f"{_day(now)}.jsonl"
            with disk_errors("The outbox"):
                append_lines(self._fs, path, fresh)
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
