"""The walk over one log: bundles in order, tree recomputed, streams followed, roots noted.

The tree is the only authority: entries are hashed again, every stored hash tile is compared with
what follows from them, and the root at the size of every seal and of every kept note is handed to
the index. Memory is flat: the right edge of the tree, and one head per stream.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from archive.errors import ArchiveError
from archive.layout import TILE_WIDTH, TileSpan, note_key
from archive.merkle import CompactRange
from archive.ports import read_all
from archive.report import Report
from archive.verify.bundle import (
    NO_TIME,
    BundleFacts,
    BundleJob,
    StreamPart,
    fold,
    link_problem,
    read_bundle,
)
from archive.verify.context import NOTE_LIMIT, Context, Found, guarded
from archive.verify.index import Index
from archive.verify.tile_source import check_older_partials, read_tile
from archive.verify.workers import Workers
from signing.checkpoint import Checkpoint
from signing.note import Note

_OF_TILES = ("TILE_MISSING", "TILE_ALTERED", "STORE_UNREADABLE", "CHECK_INCOMPLETE")


class Database(Protocol):
    """The operator's database as verification sees it: its own copy of the ledger."""

    def leaves(self, log: str) -> Iterator[bytes]:
        """Leaf hashes of a log's committed entries, computed anew from their bytes, in order."""

    def unsealed(self) -> frozenset[str]:
        """Keys of the objects of the batch that is being sealed; few, and none in between."""

    def at_rest(self, sizes: Mapping[str, int]) -> bool:
        """Whether it has just these entries, by log, and none that wait."""

    def registers(self) -> Iterator[tuple[str, str, object]]:
        """Rows of its registers (name, key, JSON value), by name and key in code point order."""


@dataclass(slots=True)
class Streams:
    """Where every stream stands; `gaps_known`: earlier entries are unreadable, as reported."""

    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    gaps_known: bool = False

    def join(self, log: str, stream: str, part: StreamPart, report: Report) -> None:
        """Continue a stream with its part of the next bundle."""
        head = self.heads.get(stream)
        problem = None
        if head is not None:
            problem = link_problem(part.seq, part.prev, *head)
        elif part.seq and not self.gaps_known:
            problem = "STREAM_GAP"
        if problem:
            after = head[0] if head else None
            report.add(problem, f"{log}#{part.index}", stream=stream, seq=part.seq, after=after)
        self.heads[stream] = (part.last_seq, part.last_leaf)

    def lose_track(self) -> None:
        """Entries could not be read: what follows cannot be held against what came before."""
        self.heads.clear()
        self.gaps_known = True


class LogWalk:
    """One log of a known size.

    After `run`, `control` holds what opened and closed it; `closed_at` is when it was closed.
    """

    def __init__(
        self,
        context: Context,
        index: Index,
        report: Report,
        streams: Streams,
        log: str,
        size: int,
        database: Database | None,
        tell: Callable[[int], None],
    ) -> None:
        self.log = log
        self.size = size
        self.control: list[tuple[int, str, dict[str, object]]] = []
        self.closed_at = datetime(1970, 1, 1, tzinfo=UTC)
        self.complete = True
        self.root = b""
        self.rewritten: list[int] = []
        self._context = context
        self._index = index
        self._report = report
        self._streams = streams
        self._tiles = CompactRange()
        self._rows: list[list[bytes]] = [[]]
        self._numbers = [0]
        self._oldest = NO_TIME
        self._latest = 0
        self._database = database.leaves(log) if database else None
        self._database_differs = False
        self._tell = tell

    def run(self, workers: Workers) -> None:
        """Walk all bundles; stops where neither entries nor their hashes can be read."""
        for facts in workers.map(read_bundle, self._jobs()):
            if not self._take(facts):
                self.complete = False
                self._streams.lose_track()
                return
        self._finish_tiles()

    def _jobs(self) -> Iterator[BundleJob]:
        for number in range(-(-self.size // TILE_WIDTH)):
            width = min(TILE_WIDTH, self.size - number * TILE_WIDTH)
            yield BundleJob(self.log, number, width)

    def _take(self, facts: BundleFacts) -> bool:
        leaves, damaged = self._choose(facts)
        if damaged:
            facts.found = [item for item in facts.found if item[0] in _OF_TILES]
            self.complete = False
            self._streams.lose_track()
        self._report.take(facts.found)
        if leaves is None:
            return False
        if not damaged:
            self._accept(facts)
        start = facts.job.number * TILE_WIDTH
        whole = len(facts.times) == len(leaves)
        times = facts.times if whole else [NO_TIME] * len(leaves)
        claimed = facts.claimed if whole else [0] * len(leaves)
        self._compare_database(start, leaves)
        self._compare_receipts(start, leaves)
        self._roots(start, leaves, times, claimed)
        self._report.count("entries", len(leaves))
        self._tell(self._report.checked["entries"])
        self._push(0, leaves)
        if len(leaves) == TILE_WIDTH:
            self._tiles.append(self._push_full(0))
        return True

    def _accept(self, facts: BundleFacts) -> None:
        for stream, part in facts.streams.items():
            self._streams.join(self.log, stream, part, self._report)
        for table, rows in facts.rows.items():
            self._index.add(table, rows)
        if len(self.control) < 64:
            self.control.extend(facts.control)
        self.closed_at = facts.closed_at or self.closed_at

    # ── which of two copies is right ──

    def _choose(self, facts: BundleFacts) -> tuple[list[bytes] | None, bool]:
        """The leaf hashes to go on with, and whether the entries of the bundle are damaged."""
        if facts.leaves is None:
            return facts.stored, True
        if facts.stored is None or facts.stored == facts.leaves:
            return facts.leaves, False
        pairs = enumerate(zip(facts.leaves, facts.stored, strict=True))
        first = next(offset for offset, (mine, stored) in pairs if mine != stored)
        job = facts.job
        if self._holds(job, first, facts.stored) and not self._holds(job, first, facts.leaves):
            key = TileSpan(None, job.number, job.width).key(self.log)
            self._report.add(
                "TILE_ALTERED",
                key,
                index=job.number * TILE_WIDTH + first,
                record=facts.subjects.get(first),
            )
            return facts.stored, True
        self._report.add("TILE_ALTERED", TileSpan(0, job.number, job.width).key(self.log))
        return facts.leaves, False

    def _holds(self, job: BundleJob, first: int, leaves: Sequence[bytes]) -> bool:
        """Whether these leaves agree with the next signed root, or with the tile above."""
        start = job.number * TILE_WIDTH
        found = self._index.one(
            "SELECT min(size) FROM seal WHERE log=? AND size>? AND size<=?",
            self.log,
            start + first,
            start + len(leaves),
        )
        ignored: Found = []
        if found[0] is not None:
            size = int(found[0])
            try:
                note = read_all(self._context.evidence, note_key(self.log, size), NOTE_LIMIT)
                signed = Checkpoint.parse(Note.parse(note).text).root
            except Exception:
                return False
            return self._root_at(leaves[: size - start]) == signed
        if len(leaves) < TILE_WIDTH:
            return False
        number, offset = divmod(job.number, TILE_WIDTH)
        width = min(TILE_WIDTH, (self.size >> 8) - number * TILE_WIDTH)
        above = read_tile(self._context, self.log, TileSpan(1, number, width), ignored)
        return above is not None and above[32 * offset : 32 * offset + 32] == fold(leaves)

    # ── roots, kept notes, receipts, the database ──

    def _root_at(self, part: Sequence[bytes]) -> bytes:
        inner = CompactRange()
        inner.extend(part)
        return self._join(inner)

    def _join(self, inner: CompactRange) -> bytes:
        """Root over the full tiles so far and the part of the present one."""
        size = self._tiles.size * TILE_WIDTH + inner.size
        return CompactRange(size, [*self._tiles.hashes, *inner.hashes]).root()

    def _roots(
        self,
        start: int,
        leaves: Sequence[bytes],
        times: Sequence[int],
        claimed: Sequence[int],
    ) -> None:
        end = start + len(leaves)
        wanted = self._index.rows(
            "SELECT size FROM seal WHERE log=?1 AND size>?2 AND size<=?3 UNION "
            "SELECT size FROM known WHERE log=?1 AND size>?2 AND size<=?3 ORDER BY size",
            self.log,
            start,
            end,
        )
        inner = CompactRange()
        done = 0
        for size in [*(row[0] for row in wanted)]:
            inner.extend(leaves[done : size - start])
            self._span(times[done : size - start], claimed[done : size - start])
            done = size - start
            self._at_size(size, self._join(inner) if inner.size < TILE_WIDTH else None, leaves)
        self._span(times[done:], claimed[done:])

    def _span(self, times: Sequence[int], claimed: Sequence[int]) -> None:
        self._oldest = min(self._oldest, min(times, default=NO_TIME))
        self._latest = max(self._latest, max(claimed, default=0))

    def _at_size(self, size: int, root: bytes | None, leaves: Sequence[bytes]) -> None:
        if root is None:
            tiles = self._tiles.copy()
            tiles.append(fold(leaves))
            root = tiles.root()
        if self._index.one("SELECT 1 FROM seal WHERE log=? AND size=?", self.log, size):
            self._index.run(
                "UPDATE seal SET root=?, oldest=?, latest=? WHERE log=? AND size=?",
                root,
                self._oldest,
                self._latest,
                self.log,
                size,
            )
            self._oldest, self._latest = NO_TIME, 0
        if size == self.size:
            self.root = root
        for name, kept, note in self._index.rows(
            "SELECT name, root, note FROM known WHERE log=? AND size=?", self.log, size
        ):
            if kept != root:
                self._report.add(
                    "LEDGER_REWRITTEN",
                    self.log,
                    size=size,
                    kept=name,
                    kept_root=kept.hex(),
                    root=root.hex(),
                )
                self._report.keep(f"{self.log}-{size}-kept.note", note)
                if len(self.rewritten) < 16:
                    self.rewritten.append(size)

    def _compare_receipts(self, start: int, leaves: Sequence[bytes]) -> None:
        receipts = self._index.rows(
            "SELECT idx, leaf, name, record FROM receipt WHERE log=? AND idx>=? AND idx<?",
            self.log,
            start,
            start + len(leaves),
        )
        for index, leaf, name, record in receipts:
            if leaf != leaves[index - start]:
                self._report.add(
                    "RECEIPTED_MISSING", f"{self.log}#{index}", record=record, receipt=name
                )

    def _compare_database(self, start: int, leaves: Sequence[bytes]) -> None:
        if self._database is None or self._database_differs:
            return
        try:
            for offset, leaf in enumerate(leaves):
                if next(self._database, None) != leaf:
                    self._database_differs = True
                    self._report.add("DATABASE_DIFFERS", f"{self.log}#{start + offset}")
                    return
        except (ArchiveError, OSError) as error:
            self._database = None
            self._report.add("STORE_UNREADABLE", "the database", reason=str(error))

    # ── hash tiles above the leaves ──

    def _push(self, level: int, hashes: Sequence[bytes]) -> None:
        while len(self._rows) <= level:
            self._rows.append([])
            self._numbers.append(0)
        self._rows[level].extend(hashes)

    def _push_full(self, level: int) -> bytes:
        """Close the full tile of a level: compare it, and add its root to the level above."""
        if level:
            self._compare_tile(level)
        root = fold(self._rows[level])
        self._rows[level] = []
        self._numbers[level] += 1
        self._push(level + 1, [root])
        if len(self._rows[level + 1]) == TILE_WIDTH:
            self._push_full(level + 1)
        return root

    def _compare_tile(self, level: int) -> None:
        hashes = self._rows[level]
        span = TileSpan(level, self._numbers[level], len(hashes))
        found: Found = []

        def check() -> None:
            data = read_tile(self._context, self.log, span, found)
            wanted = b"".join(hashes)
            if data is None:
                return
            whole = len(wanted) == len(data) if span.width == TILE_WIDTH else len(data) % 32 == 0
            if not whole or not data.startswith(wanted):
                found.append(("TILE_ALTERED", span.key(self.log), {}))

        guarded(check, span.key(self.log), found)
        self._report.take(found)

    def _finish_tiles(self) -> None:
        for level, hashes in enumerate(self._rows):
            if not hashes:
                continue
            if level:
                self._compare_tile(level)
            self._compare_older(TileSpan(level, self._numbers[level], len(hashes)))
        if self.size % TILE_WIDTH:
            self._compare_older(TileSpan(None, self.size // TILE_WIDTH, self.size % TILE_WIDTH))

    def _compare_older(self, span: TileSpan) -> None:
        found: Found = []

        def check() -> None:
            if span.level is None:
                data = read_tile(self._context, self.log, span, [])
            else:
                data = b"".join(self._rows[span.level])
            if data is not None:
                check_older_partials(self._context, self.log, span, data, found)

        guarded(check, span.key(self.log), found)
        self._report.take(found)
