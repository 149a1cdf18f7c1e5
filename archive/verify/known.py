"""What an inspector kept from earlier: signed notes and receipts, held against today's ledger.

They go into the index before the walk, which compares roots and leaves as it passes them. What it
never passes is judged here afterwards: the ledger is shorter than it was, or a log is gone.
"""

from collections.abc import Iterable, Mapping

from archive.errors import ArchiveError, DataBad
from archive.layout import POINTER_KEY, note_key
from archive.merkle import leaf_hash
from archive.ports import read_all
from archive.receipt import Receipt
from archive.report import Report
from archive.verify.context import NOTE_LIMIT, Context, fetch
from archive.verify.index import Index
from archive.verify.logs import Snapshot
from signing.checkpoint import Checkpoint
from signing.errors import SigningError
from signing.note import Note, verify_note

Kept = tuple[str, bytes]
"""A name for people (a file, a line of a file) and the bytes."""


class Known:
    """Notes and receipts kept from earlier."""

    def __init__(self, context: Context, index: Index, report: Report) -> None:
        self._context = context
        self._index = index
        self._report = report

    def add_notes(self, notes: Iterable[Kept]) -> None:
        """Take kept notes; one that no key of the policy signed proves nothing."""
        for name, data in notes:
            try:
                self._add(name, data)
            except SigningError as error:
                self._report.add("NOTE_UNTRUSTED", name, reason=str(error))
            else:
                self._report.count("known_notes")

    def add_receipts(self, lines: Iterable[Kept]) -> None:
        """Take receipt lines, and their notes as known."""
        for name, line in lines:
            try:
                receipt = Receipt.parse(line.removesuffix(b"\n"))
            except (DataBad, SigningError, RecursionError, ValueError) as error:
                self._report.add("RECEIPT_BAD", name, reason=str(error))
                continue
            try:
                self._add(name, receipt.note)
            except SigningError as error:
                self._report.add("NOTE_UNTRUSTED", name, reason=str(error))
                continue
            row = (receipt.log, receipt.index, leaf_hash(receipt.entry), name, receipt.record)
            self._index.add("receipt", [row])
            self._report.count("receipts")

    def add_pointer(self, data: bytes | None) -> None:
        """A hint only; but a signed note in it that no seal has is as good as a kept one."""
        if data is None:
            return
        try:
            checkpoint = Checkpoint.parse(Note.parse(data).text)
            key = note_key(checkpoint.origin.rpartition("/")[2], checkpoint.size)
            if fetch(self._context.evidence, key, NOTE_LIMIT, [], None, "POINTER_STALE") != data:
                self._add(f"live/{POINTER_KEY}", data)
        except (SigningError, ValueError):
            return

    def _add(self, name: str, data: bytes) -> Checkpoint:
        note = Note.parse(data)
        checkpoint = Checkpoint.parse(note.text)
        verify_note(note, self._context.policy.log_keys_for(checkpoint.origin))
        log = checkpoint.origin.rpartition("/")[2]
        row = (log, checkpoint.size, checkpoint.root)
        seen = self._index.one("SELECT 1 FROM known WHERE log=? AND size=? AND root=?", *row)
        if seen is None:
            self._index.add("known", [(*row, name, data)])
        return checkpoint

    def compare_with_each_other(self) -> None:
        """Two signed notes of one size and two roots: someone was shown another ledger."""
        pairs = self._index.rows(
            "SELECT a.log, a.size, a.name, b.name, a.note, b.note FROM known a JOIN known b "
            "ON a.log=b.log AND a.size=b.size AND a.root<b.root"
        )
        for log, size, one, other, note, contradicting in pairs:
            self._report.add("SPLIT_VIEW", log, size=size, notes=[one, other])
            self._report.keep(f"{log}-{size}-one.note", note)
            self._report.keep(f"{log}-{size}-other.note", contradicting)

    def finish(self, snapshots: Mapping[str, Snapshot], missing: Iterable[str]) -> None:
        """Judge what the walk did not come to. `missing` are logs with files but without a seal."""
        unsealed = set(missing)
        gone: set[str] = set()
        kept = "SELECT log, size, name, note FROM known ORDER BY log, size DESC"
        for log, size, name, note in self._index.rows(kept):
            snapshot = snapshots.get(log)
            if snapshot is not None and size <= snapshot.size:
                continue
            if log not in gone:
                gone.add(log)
                self._cut_off(log, size, name, snapshot, absent=log not in unsealed)
            self._report.keep(f"{log}-{size}-kept.note", note)
        for log, index, name, record in self._index.rows(
            "SELECT log, idx, name, record FROM receipt"
        ):
            snapshot = snapshots.get(log)
            if snapshot is None or index >= snapshot.size:
                self._report.add("RECEIPTED_MISSING", f"{log}#{index}", record=record, receipt=name)

    def _cut_off(
        self, log: str, size: int, name: str, snapshot: Snapshot | None, *, absent: bool
    ) -> None:
        if snapshot is None and absent:
            self._report.add("LOG_MISSING", log, named_by=name)
            return
        now = snapshot.size if snapshot else 0
        self._report.add("LEDGER_TRUNCATED", log, size=now, kept=name, kept_size=size)
        if snapshot is not None:
            self._report.keep(f"{log}-{now}-stored.note", snapshot.note)

    def keep_contradicting(self, snapshot: Snapshot, sizes: Iterable[int]) -> None:
        """Beside kept notes that were contradicted, keep what the archive shows in their place."""
        for size in sizes:
            try:
                data = read_all(self._context.evidence, note_key(snapshot.log, size), NOTE_LIMIT)
                self._report.keep(f"{snapshot.log}-{size}-stored.note", data)
            except (ArchiveError, OSError):
                name = f"{snapshot.log}-{snapshot.size}-stored.note"
                self._report.keep(name, snapshot.note)
