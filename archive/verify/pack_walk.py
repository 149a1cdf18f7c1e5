"""The packs that the ledger names, beside those that are stored: stretches to check, and a verdict.

Both sides are streamed in the order of their keys. A pack's members come in the order of their
entries and follow each other in the file, so its every byte is known from the ledger; a part of
the members (a scope, a ledger with holes) is read by its own stretches, and the file as a whole is
not judged then.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from archive.errors import FormatError
from archive.fields import pack_name
from archive.layout import pack_id
from archive.pack import CENTRAL_SIZE, MOST_MEMBERS, SUMS, central_header, end_record, local_header
from archive.pieces import PIECE_SIZE
from archive.report import Report
from archive.verify.context import JSON_LIMIT, Context
from archive.verify.disposals import excuse
from archive.verify.index import Index
from archive.verify.inventory import Suspect, in_order
from archive.verify.packs import Member, Segment, SegmentFacts, Tail

_MEMBERS_AT_ONCE = 256
_BYTES_AT_ONCE = 8 << 20
_LARGEST = PIECE_SIZE + 2 * JSON_LIMIT
_MOST_NAMED = 10
_PARTS = (
    f"the header of {SUMS}",
    SUMS,
    "the central directory",
    "its end record",
    "bytes behind its end",
)
_FLOOR = re.compile(r"[1-9]\d{0,6}[dmy]|p", re.ASCII)
_KEY = re.compile(r"packs/\d{4}/\d\d/([^/]+)\.zip", re.ASCII)
_NAMES = ("/content", "/record.json", "/sidecar")
_LINE = 64 + 2 + 1
"""A line of SHA256SUMS without its name: digest, two spaces, newline."""


def pack_of(key: str) -> str:
    """Pack id of a key, or an empty text."""
    match = _KEY.fullmatch(key)
    try:
        return pack_name(match[1]) if match else ""
    except FormatError:
        return ""


class Row(NamedTuple):
    """One packed record of the ledger."""

    key: str
    record: str
    log: str
    idx: int
    body: str
    size: int
    start: int
    stop: int
    files: int
    lost: bool
    destroyed: bool
    split: bool

    @property
    def excused(self) -> bool:
        """Whether its bytes need not be there."""
        return self.lost or self.destroyed

    @property
    def place(self) -> str:
        """Where its entry stands."""
        return f"{self.log}#{self.idx}"


_ROWS = """
SELECT r.pack, r.id, r.log, r.idx, r.body, r.size, r.start, r.stop, r.files,
  EXISTS(SELECT 1 FROM lost WHERE lost.id=r.id),
  EXISTS(SELECT 1 FROM destroyed d WHERE d.id=r.id)
  OR EXISTS(SELECT 1 FROM cleared c WHERE c.id=r.id AND c.store=?1),
  EXISTS(SELECT 1 FROM split s WHERE s.id=r.id)
FROM record r {join} WHERE r.pack IS NOT NULL ORDER BY r.pack, r.rowid
"""


class PackWalk:
    """Stretches of all packs in scope. `whole`: nothing else may stand under `packs/`.

    `loose`: members may be missing between those that are there, as was reported or asked for.
    """

    def __init__(
        self, context: Context, index: Index, report: Report, *, whole: bool, loose: bool
    ) -> None:
        self._context = context
        self._index = index
        self._report = report
        self._whole = whole
        self._loose = loose or not whole

    def segments(self, suspect: Suspect) -> Iterator[Segment]:
        """Stretches in order; objects that nothing names go to `suspect`."""
        self._index.run("CREATE INDEX IF NOT EXISTS record_pack ON record(pack)")
        join = "" if self._whole else "JOIN selected USING(id)"
        rows = (Row(*row) for row in self._index.rows(_ROWS.format(join=join), self._index.store))
        for key, members, stored in self._beside(groupby(rows, lambda row: row.key), suspect):
            if stored:
                yield from _Pack(self._index, self._report, key, loose=self._loose).walk(members)
            else:
                report_missing(self._index, self._report, key, members)

    def _beside(
        self, packs: Iterator[tuple[str, Iterator[Row]]], suspect: Suspect
    ) -> Iterator[tuple[str, Iterator[Row], bool]]:
        """Every pack of the ledger, and whether it is stored."""
        evidence = self._context.evidence
        if not self._whole:
            for key, members in packs:
                yield key, members, evidence.stat(key) is not None
            return
        listed = in_order(evidence.list("packs/"))
        info = next(listed, None)
        for key, members in packs:
            while info is not None and info.key < key:
                suspect(info.key, info.modified, *_kind(info.key))
                info = next(listed, None)
            stored = info is not None and info.key == key
            yield key, members, stored
            info = next(listed, None) if stored else info
        while info is not None:
            suspect(info.key, info.modified, *_kind(info.key))
            info = next(listed, None)


def _kind(key: str) -> tuple[str, str]:
    return ("pack", key) if pack_of(key) else ("other", "")


def report_missing(index: Index, report: Report, key: str, members: Iterator[Row]) -> None:
    """A pack that is not there: excused where each member is gone lawfully, or split off."""
    told = False
    for row in members:
        report.count("records")
        if row.lost:
            report.add("CONTENT_LOST", row.record, entry=row.place)
        if row.excused or row.split or excuse(index, report, row.record):
            continue
        if not told:
            report.add("PACK_MISSING", key)
            told = True
        report.add("CONTENT_MISSING", row.record, key=key)


@dataclass(slots=True)
class _Run:
    """Members that are collected for one stretch."""

    start: int
    stop: int
    members: list[Member] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.members) >= _MEMBERS_AT_ONCE or self.stop - self.start >= _BYTES_AT_ONCE


class _Pack:
    """One stored pack: its members' places held against each other and against its name."""

    def __init__(self, index: Index, report: Report, key: str, *, loose: bool) -> None:
        self._index = index
        self._report = report
        self._key = key
        self._loose = loose
        self._fits = True
        self._position = 0
        self._files = self._names = self._members = 0

    def walk(self, rows: Iterator[Row]) -> Iterator[Segment]:
        first: Row | None = None
        last: Row | None = None
        run, gone = _Run(0, 0), 0
        for row in rows:
            self._count(row)
            gone += row.destroyed
            first, last = first or row, row
            self._agrees(row, first)
            if row.size > PIECE_SIZE or row.stop - row.start > _LARGEST:
                self._disagree(row.place, "it is too large for a pack")
                continue
            if row.start != run.stop or run.full:
                if run.members:
                    yield Segment(self._key, run.start, run.stop, run.members)
                run = _Run(row.start, row.start)
            run.members.append(Member(row.record, row.place, row.body, row.excused))
            run.stop = self._position = row.stop
        if first and last:
            self._one_batch(first, last)
        if gone:
            self._report.add("DESTROYED_STILL_THERE", self._key, records=gone)
        if run.members:
            yield Segment(self._key, run.start, run.stop, run.members, self._tail())

    def _count(self, row: Row) -> None:
        self._report.count("records")
        if row.lost:
            self._report.add("CONTENT_LOST", row.record, entry=row.place)

    def _agrees(self, row: Row, first: Row) -> None:
        """Name and offsets, as far as this member is concerned."""
        if row is first and not self._loose:
            floor = self._key.rpartition("-")[2].removesuffix(".zip")
            named = pack_id(row.log, row.idx, floor)
            if pack_of(self._key) != named or not _FLOOR.fullmatch(floor):
                self._disagree(row.place, "the pack has another name than its first member gives")
        self._members += 1
        if self._members == MOST_MEMBERS + 1:
            self._disagree(row.place, f"it has more than {MOST_MEMBERS} members")
        if row.log != first.log:
            self._disagree(row.place, "it is of another log than the pack's first member")
        if row.start != self._position and not self._loose:
            self._disagree(row.place, f"it begins at {row.start}, not at {self._position}")
        self._files += row.files
        self._names += sum(len(row.record) + len(name) for name in _NAMES[: row.files])

    def _disagree(self, place: str, reason: str) -> None:
        self._fits = False
        self._report.add("PACK_DISAGREES", self._key, entry=place, reason=reason)

    def _one_batch(self, first: Row, last: Row) -> None:
        between = self._index.one(
            "SELECT min(size) FROM seal WHERE log=? AND size>? AND size<=?",
            first.log,
            first.idx,
            last.idx,
        )[0]
        if between is not None:
            self._disagree(last.place, f"the seal of {between} stands between its members")

    def _tail(self) -> Tail | None:
        if self._loose or not self._fits:
            return None
        sums = self._names + _LINE * self._files
        central = self._names + len(SUMS) + CENTRAL_SIZE * (self._files + 1)
        return Tail(self._position, sums, central)


class PackVerdicts:
    """Joins the stretches of each pack, in order, and says whether the file is what it must be."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._begin("")

    def _begin(self, key: str) -> None:
        self._key = key
        self._known = True
        self._altered: list[str] = []
        self._sums, self._central = sha256(), sha256()
        self._crc = self._length = self._central_length = self._files = 0

    def take(self, facts: SegmentFacts) -> None:
        """The next stretch, of this pack or of the next one."""
        if facts.key != self._key:
            self.finish()
            self._begin(facts.key)
        self._report.take(facts.found)
        self._report.count("bytes", facts.read)
        if facts.missing and self._known:
            self._report.add("PACK_MISSING", facts.key)
        self._known = self._known and not facts.missing and not facts.unread
        self._altered += facts.altered
        self._sums.update(facts.sums)
        self._crc = zlib.crc32(facts.sums, self._crc)
        self._length += len(facts.sums)
        self._files += facts.sums.count(b"\n")
        self._central.update(facts.central)
        self._central_length += len(facts.central)
        if facts.tail is not None:
            self._altered += self._end(*facts.tail)

    def finish(self) -> None:
        """Report the last pack, once all its stretches were taken."""
        if self._altered and self._known:
            self._report.add("PACK_ALTERED", self._key, parts=self._altered[:_MOST_NAMED])
        self._altered = []

    def _end(self, start: int, found: Sequence[bytes]) -> Iterator[str]:
        """Which parts of the end, beginning at `start`, are not those that follow from the rest."""
        name = SUMS.encode()
        header = local_header(name, self._crc, self._length)
        self._central.update(line := central_header(name, self._crc, self._length, start))
        length = self._central_length + len(line)
        end = end_record(self._files + 1, length, start + len(header) + self._length)
        wanted = (
            sha256(header).digest(),
            self._sums.digest(),
            self._central.digest(),
            sha256(end).digest(),
            sha256().digest(),
        )
        for part, mine, other in zip(_PARTS, wanted, found, strict=True):
            if mine != other:
                yield part


def segment_chunks(segments: Iterator[Segment]) -> Iterator[list[Segment]]:
    """Jobs of about one size: small packs go out together."""
    chunk: list[Segment] = []
    members = size = 0
    for segment in segments:
        chunk.append(segment)
        members += len(segment.members)
        size += segment.stop - segment.start
        if members >= _MEMBERS_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield chunk
            chunk, members, size = [], 0, 0
    if chunk:
        yield chunk
