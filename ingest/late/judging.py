"""Sidecars that come after their files were taken: which record each is of.

It is the one drop of this path, or of a path that the sidecar's name may stand for, that was taken
without a sidecar; where the sidecar claims a SHA-256, with this content. Where several could be
meant nothing is guessed: it is told. What is found is put on the ledger by
`ingest.late.entry`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.database import Database
from archive.desk.destroying import unfinished
from archive.rows import batched
from archive.tables import IntakeRow
from ingest.claim import ALONE, JSON, LIST, ROW, Claim
from ingest.drops import RefusedDrop
from ingest.errors import Classified, SidecarBad, SourceChanged, SourceUnreadable
from ingest.found import Drop, Found
from ingest.late.entry import Amendment, LateEntries, Whole, amended_among
from ingest.register import Maker
from ingest.settle import Settled
from ingest.sidecar import MAX_SIZE, Sidecar
from ingest.sidecars.mapping import Mappings, StationMapping
from ingest.sidecars.of_drop import parsed
from ingest.sidecars.pairing import owners_of
from ingest.sidecars.reading import read_list
from ingest.sources import read_head
from ingest.under_way import Copies

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_TAKEN = ("staged", "receipted", "released", "purged", "kept")
_JSON_ENDING = b".json"
UNBOUND = timedelta(hours=12)
"""How long after its file a sidecar may come that names no content: devices use names again."""


class Late(NamedTuple):
    """A sidecar without its file, or whose file was taken: where it stands, and of what it speaks.

    `paths` are those of the files that it may be of; one that ends with a dot is a stem.
    """

    source: str
    file: Found | None
    """Its own file; None for a row of a list."""
    name: bytes
    claim: Claim | None
    paths: tuple[bytes, ...]
    data: bytes | None = None
    written: int | None = None
    """When our file system last saw it change, in nanoseconds; None where the file that it is of
    still stands beside it."""


@dataclass(slots=True)
class Judged:
    """What became of some late sidecars before anything is submitted."""

    amendments: list[Amendment] = field(default_factory=list)
    bad: list[tuple[Found, Claim | None, SidecarBad, str]] = field(default_factory=list)
    """Bad ones, with the record that each came too late for."""
    secret: list[Found] = field(default_factory=list)
    """Marked as a state secret."""
    secret_of: list[str] = field(default_factory=list)
    """The records that they speak of, where they were taken."""
    told: list[Late] = field(default_factory=list)
    """Those that cannot be amended: the record is gone, or is not the only one."""
    alone: list[Found] = field(default_factory=list)
    """Those of which nothing is known; they wait for their files."""
    copies: Copies = field(default_factory=Copies)
    """Those under way now."""

    def refused(self, number: Callable[[datetime], str], now: datetime) -> list[RefusedDrop]:
        """State secrets as the drops that they are: of the sidecar alone."""
        none = Settled(lease=False, seconds=0)
        return [RefusedDrop(Drop(one, None, none), number(now), now) for one in self.secret]


def late_of(drop: Drop) -> Late:
    """Of a drop whose file was taken without its sidecar."""
    claim, file = drop.claim, drop.file
    data = claim.data if claim is not None and claim.is_row else None
    name = drop.sidecar_name or file.name
    return Late(file.source, drop.sidecar, name, claim, (file.path,), data)


def alone(drop: Drop, mappings: Mappings) -> Late:
    """Of a sidecar that stands alone."""
    assert drop.claim is not None  # noqa: S101 - asked for no other
    file, at = drop.file, drop.file.key.ctime_ns
    if drop.claim.mapping == JSON:
        return Late(
            file.source, file, file.name, None, (file.path[: -len(_JSON_ENDING)],), None, at
        )
    owners = owners_of(mappings.by_name[drop.claim.mapping], file.name)
    folder = os.path.dirname(file.path)
    paths = tuple(folder + b"/" + name + (b"." if stem else b"") for name, stem in owners)
    return Late(file.source, file, file.name, drop.claim, paths, None, at)


def rows_of_list(drop: Drop, mappings: Mappings) -> Iterator[Late]:
    """Of the rows of a list that is about to be taken: names are compared, and never opened."""
    if drop.claim is None or drop.claim.kind != LIST:
        return
    mapping = mappings.by_name[drop.claim.mapping]
    folder = os.path.dirname(drop.file.path)
    try:
        rows = read_list(mapping, read_head(drop.file.path, MAX_SIZE + 1, drop.file.key))
    except SidecarBad:
        return
    for row in rows:
        if row.name and "/" not in row.name:
            try:
                data = row.listed.data()
            except SidecarBad:
                continue
            claim = Claim(mapping.name, ROW, data, row.listed.number, drop.file.name)
            paths = tuple(folder + b"/" + name for name in _forms(row.name))
            at = drop.file.key.ctime_ns
            yield Late(drop.file.source, None, drop.file.name, claim, paths, data, at)


def _forms(name: str) -> Iterator[bytes]:
    """Bytes that a name may have had."""
    for encoding in ("utf-8", "gb18030"):
        try:
            yield name.encode(encoding)
        except UnicodeEncodeError:
            continue


class LateSidecars:
    """Judges late sidecars, and submits what comes of them."""

    def __init__(
        self, database: Database, maker: Maker, mappings: Mappings, digests: Sequence[str]
    ) -> None:
        self._db = database
        self._mappings = mappings
        self._entries = LateEntries(maker, digests)

    def judge(self, lates: Sequence[Late], now: datetime) -> Judged:
        """Read and check them; one that changes now is left for another time."""
        judged = Judged()
        known = self._taken(lates)
        for late in lates:
            rows = [row for path in late.paths for row in known.get((late.source, path), ())]
            if late.file is None and not rows:
                continue  # most rows of a list speak of what is taken with it
            with suppress(SourceChanged, SourceUnreadable):
                self._judge_one(late, rows, judged, now)
        return judged

    def _judge_one(self, late: Late, rows: list[Any], judged: Judged, now: datetime) -> None:
        data = late.data
        if data is None and late.file is not None:
            data = read_head(late.file.path, MAX_SIZE + 1, late.file.key)
        only = rows[0] if len({row.id for row in rows}) == 1 else None
        try:
            found = parsed(self._mappings, late.claim, data or b"")
        except Classified:
            judged.secret += [late.file] if late.file is not None else []
            judged.secret_of += [only.record] if only is not None else []
            return
        except SidecarBad as bad:
            if only is not None and late.file is not None:
                judged.bad.append((late.file, late.claim, bad, only.record))
            elif late.file is not None:
                judged.alone.append(late.file)
            return
        rows = [row for row in rows if found.digests.get("sha256") in (None, row.sha256.hex())]
        if len({row.id for row in rows}) == 1 and self._may_amend(late, rows[0], found, judged):
            whole = Whole(late.name, late.file, found, data or b"")
            judged.amendments.append(self._entries.amendment(rows[0], whole, now))
        elif rows:
            judged.told.append(late)
        elif late.file is not None:
            judged.alone.append(late.file)

    def _may_amend(self, late: Late, row: Any, found: Sidecar, judged: Judged) -> bool:
        """Whether it is bound to a record that is there and that no sidecar has amended."""
        if row.record in {one.record for one in judged.amendments} or self._is_gone(row.record):
            return False
        with self._db.read() as connection:
            if row.record in amended_among(connection, [row.record]):
                return False
            if late.written is None or "sha256" in found.digests:
                return True
            if judged.copies.has(bytes(row.path)):
                return False
            c = INTAKE.c
            same = (c.source == late.source) & (c.path == row.path) & (c.id > row.id)
            if connection.execute(select(c.id).where(same, c.record.is_not(None))).first():
                return False  # the name has another file by now
        received: datetime = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)
        return datetime.fromtimestamp(late.written // 10**9, UTC) <= received + UNBOUND

    def _is_gone(self, record: str) -> bool:
        """Whether nothing can be said of a record any more."""
        columns = (RECORD.c.lost, RECORD.c.destroyed, RECORD.c.spilled)
        with self._db.read() as connection:
            row = connection.execute(select(*columns).where(RECORD.c.id == record)).first()
            return record in unfinished(connection) or (row is not None and any(row))

    def _taken(self, lates: Sequence[Late]) -> dict[tuple[str, bytes], list[Any]]:
        """Drops that were taken without a sidecar, by the paths that were asked for."""
        found: dict[tuple[str, bytes], list[Any]] = {}
        c = INTAKE.c
        wanted = select(c.id, c.source, c.path, c.record, c.sha256, c.at).where(
            c.sidecar_sha256.is_(None), c.record.is_not(None), c.state.in_(_TAKEN)
        )
        with self._db.read() as connection:
            for source in {late.source for late in lates}:
                mine = [late for late in lates if late.source == source]
                plain = [p for late in mine for p in late.paths if not _is_stem(late, p)]
                for some in batched(sorted({*plain})):
                    query = wanted.where(c.source == source, c.path.in_(some))
                    for row in connection.execute(query):
                        found.setdefault((source, bytes(row.path)), []).append(row)
                for late in mine:
                    for path in late.paths:
                        if _is_stem(late, path):
                            found[source, path] = self._with_stem(connection, wanted, late, path)
        return found

    def _with_stem(self, connection: Connection, wanted: Any, late: Late, path: bytes) -> list[Any]:
        mapping = self._mappings.by_name[late.claim.mapping] if late.claim else None
        c = INTAKE.c
        between = wanted.where(c.source == late.source, c.path > path, c.path < path[:-1] + b"/")
        return [
            row
            for row in connection.execute(between)
            if (rest := bytes(row.path)[len(path) :]) and _is_ending(mapping, rest)
        ]


def _is_stem(late: Late, path: bytes) -> bool:
    return late.claim is not None and late.claim.kind == ALONE and path.endswith(b".")


def _is_ending(mapping: StationMapping | None, rest: bytes) -> bool:
    if b"." in rest or b"/" in rest:
        return False
    return mapping is None or not mapping.of or rest.lower().decode("latin-1") in mapping.of
