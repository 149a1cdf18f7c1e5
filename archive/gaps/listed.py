"""What the manifests of docking stations list, held against what arrived.

    for finding in find_unarrived(connection, wanted, content, says):
        finding.code        # LISTED_MISSING, LISTED_DIFFERS, MANIFEST_UNREADABLE

A listed content has arrived where any record has its digest, whatever its name; without a digest,
where the source has a file of that name. A file of the name with another content differs. What is
still on its way, or in quarantine, has not arrived.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select

from archive.catalog import RECORD
from archive.errors import ArchiveError
from archive.gaps.manifest import MAX_SIZE, PATTERNS, ListedFile, is_manifest, parse
from archive.gaps.rows import Wanted, aware, of_unit
from archive.gaps.segments import Finding
from archive.rows import batched, select_among
from archive.times import SHANGHAI

LISTED_MISSING = "LISTED_MISSING"
LISTED_DIFFERS = "LISTED_DIFFERS"
MANIFEST_UNREADABLE = "MANIFEST_UNREADABLE"

MOST = 100_000
"""Findings that one report has of manifests."""
_AT_ONCE = 500
_SIDECAR = ".json"
_COLUMNS = ("id", "name", "size", "source", "received_at")


class NameSays(NamedTuple):
    """What a profile reads in a file's name; the device may be missing."""

    device: str | None
    start: datetime


Content = Callable[[str], bytes]
"""The checked bytes of a small record; raises an ArchiveError where they cannot be had."""
Says = Callable[[str], NameSays | None]


def find_unarrived(
    connection: Connection, wanted: Wanted, content: Content, says: Says
) -> list[Finding]:
    """Findings of all manifests that may list what is wanted, by device and day.

    A manifest that lists again what an earlier one listed does not make it missing twice.
    """
    search = _Search(connection, wanted, says)
    for row in _manifests(connection, wanted):
        search.judge(row, content)
        if len(search.found) >= MOST:
            break
    return sorted(search.found, key=lambda one: (one.device, one.day, one.name))


def _manifests(connection: Connection, wanted: Wanted) -> Iterator[Any]:
    query = of_unit(select(*(RECORD.c[name] for name in _COLUMNS)).select_from(RECORD), wanted.unit)
    query = query.where(
        or_(*(func.lower(RECORD.c.name).like(pattern) for pattern in PATTERNS)),
        RECORD.c.lost.is_(False),
        RECORD.c.destroyed.is_(False),
        RECORD.c.spilled.is_(False),
    )
    if wanted.since is not None:
        # A list is made after what it lists.
        query = query.where(RECORD.c.received_at >= wanted.since)
    rows = connection.execute(query.order_by(RECORD.c.received_at, RECORD.c.id)).all()
    return (row for row in rows if is_manifest(row.name))


@dataclass
class _Search:
    connection: Connection
    wanted: Wanted
    says: Says
    found: list[Finding] = field(default_factory=list)
    told: set[tuple[str, ListedFile]] = field(default_factory=set)

    def judge(self, row: Any, content: Content) -> None:
        """Hold one manifest against the catalog."""
        day = aware(row.received_at).astimezone(SHANGHAI).date()
        try:
            if row.size > MAX_SIZE:
                raise ArchiveError("the manifest has more than 4 MiB")
            listed = parse(row.name, content(row.id))
        except ArchiveError as error:
            self._unreadable(row, day, str(error))
            return
        if listed.unread:
            self._unreadable(row, day, "", listed.unread)
        for some in batched(listed.files, _AT_ONCE):
            self._compare(row, day, [one for one in some if not is_manifest(one.base)])

    def _compare(self, row: Any, day: date, files: Sequence[ListedFile]) -> None:
        digests = [one.sha256 for one in files if one.sha256]
        there = {
            bytes(found[0])
            for found in select_among(self.connection, RECORD, ("sha256",), "sha256", digests)
        }
        rest = [one for one in files if one.sha256 not in there]
        named = self._named(row.source, rest)
        for one in rest:
            same = named.get(one.base)
            if self._is_sidecar(one, named) or (same and one.sha256 is None):
                continue
            found = Finding(LISTED_DIFFERS if same else LISTED_MISSING, day, "")
            records = (row.id, same[0]) if same else (row.id,)
            self._tell(row.source, one, replace(found, records=records, name=one.name))

    def _named(
        self, source: str, files: Sequence[ListedFile]
    ) -> dict[str, tuple[str, bytes | None]]:
        """Records of a source by the names that are listed, and by those of their sidecars."""
        names = {one.base for one in files}
        names |= {name.removesuffix(_SIDECAR) for name in names}
        columns = ("name", "id", "sidecar_sha256")
        rows = select_among(self.connection, RECORD, columns, "name", sorted(names), source)
        return {row[0]: (row[1], row[2]) for row in rows}

    @staticmethod
    def _is_sidecar(one: ListedFile, named: dict[str, tuple[str, bytes | None]]) -> bool:
        owner = named.get(one.base.removesuffix(_SIDECAR)) if one.base.endswith(_SIDECAR) else None
        if owner is None or owner[1] is None:
            return False
        return one.sha256 is None or bytes(owner[1]) == one.sha256

    def _tell(self, source: str, one: ListedFile, finding: Finding) -> None:
        if (source, one) in self.told:
            return
        self.told.add((source, one))
        said = self.says(one.base)
        if said is not None:
            day = said.start.astimezone(SHANGHAI).date()
            finding = replace(finding, day=day, device=said.device or "", since=said.start)
        if self._is_wanted(finding):
            self.found.append(finding)

    def _unreadable(self, row: Any, day: date, reason: str, lines: int = 0) -> None:
        finding = Finding(MANIFEST_UNREADABLE, day, "", records=(row.id,), count=lines)
        name = f"{row.name}: {reason}" if reason else row.name
        if self._is_wanted(finding):
            self.found.append(replace(finding, name=name))

    def _is_wanted(self, finding: Finding) -> bool:
        since, until = (
            moment and moment.astimezone(SHANGHAI).date()
            for moment in (self.wanted.since, self.wanted.until)
        )
        early = since is not None and finding.day < since
        late = until is not None and finding.day >= until
        device = self.wanted.device
        return not early and not late and device in (None, finding.device)
