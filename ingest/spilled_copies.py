"""Our own copies of blocked records: what they were taken from, wherever the home has it still.

    copies = Copies(home, database, evidence, fs)
    copies.forget(records)                   # wiped, and their lines of the intake are gone
    copies.left(records)                     # what could not be wiped, by places without names

They rest in purge/, in taken/, and in quarantine/ where a drop was resolved into the record. They
are found by the ids that the database has, by ids in their names, and, as a rebuilt database has no
lines of the intake, by SHA-256: of files that have the size of such a record, and of no others.
A sidecar that came later has a number of its own, that of the entry by which it amended its record.
"""

import base64
import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select

from archive import late_rows
from archive.catalog import RECORD
from archive.database import Database
from archive.desk.registry import read_words
from archive.durable import FileSystem
from archive.errors import FormatError
from archive.ports import ObjectStore
from archive.resolved import RESOLVED
from archive.tables import IntakeRow
from ingest import sidecar
from ingest.quarantine.rejections import CONTENT
from ingest.reason import REASON, read_reason
from ingest.release import ASIDE
from ingest.wiping import wipe

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_OVER = ("released", "kept", "purged")
_BUFFER = 1 << 20
_STEP = 500
_NUMBERED = re.compile(r"\.([0-7][0-9A-HJKMNP-TV-Z]{25})(?:\.beside-\d+)?$")
"""What a name ends with that the release gave: the number of the drop that it went with."""
_MARKER = re.compile(r"\.ready" + _NUMBERED.pattern, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is looked for: records, all ids that drops of theirs had, contents by their size.

    `late` are sidecars that came later, of which nobody knows the number any more.
    """

    records: frozenset[str]
    numbers: frozenset[str]
    places: tuple[Path, ...]
    digests: Mapping[int, frozenset[bytes]]
    late: Mapping[int, frozenset[bytes]]

    def is_content(self, path: Path) -> bool:
        """Whether this is the content of a blocked record; it is read only if the size fits."""
        return _is_one_of(path, self.digests)

    def is_ours(self, path: Path) -> bool:
        """Whether this is such a content or such a sidecar."""
        return self.is_content(path) or _is_one_of(path, self.late)


class Copies:
    """Finds and wipes them."""

    def __init__(
        self, home: Path, database: Database, evidence: ObjectStore, fs: FileSystem
    ) -> None:
        self._home = home
        self._db = database
        self._evidence = evidence
        self._fs = fs

    def forget(self, records: Sequence[str]) -> None:
        """Wipe all that is found, and forget the lines of the intake that led there.

        A drop that was left where it lay is met again, and refused there for its owner to take
        away. What cannot be wiped stays, `left` says so, and what leads there stays too.
        """
        wanted = self._wanted(records)
        found = list(self._found(wanted))
        failed = set[str]()
        for path in found:  # quarantine comes last: it leads to what rests of the same drop
            if (number := self._drop_of(path)) not in failed and not self._wiped(path):
                failed.add(number)
        for folder in {path.parent for path in found if path.parent.parent == self._quarantine}:
            with suppress(OSError):
                folder.rmdir()
        if not failed:
            numbers = wanted.numbers | {self._drop_of(path) for path in found}
            self._forget_rows(sorted(numbers), sorted(wanted.records))

    def _wiped(self, path: Path) -> bool:
        try:
            wipe(self._fs, [path])
        except OSError:
            return False
        return True

    def _drop_of(self, path: Path) -> str:
        """The id of the drop that something was found of, where its place has it."""
        if path.parent.parent == self._quarantine:
            return path.parent.name
        return _moved_number(path) if path.is_relative_to(self._home / "taken") else _number(path)

    def left(self, records: Sequence[str]) -> list[str]:
        """Places below the home that hold something of them still; names of drops are not told."""
        return sorted({self._told(path) for path in self._found(self._wanted(records))})

    @property
    def _quarantine(self) -> Path:
        return self._home / "quarantine"

    def _wanted(self, records: Sequence[str]) -> _Wanted:
        numbers, places = set(records), list[Path]()
        digests: dict[int, frozenset[bytes]] = {}
        late: dict[int, frozenset[bytes]] = {}
        with self._db.read() as connection:
            for some in _steps(records):
                c = RECORD.c
                for size, digest in connection.execute(
                    select(c.size, c.sha256).where(c.id.in_(some))
                ):
                    digests[size] = digests.get(size, frozenset()) | {bytes(digest)}
                numbers |= set(_resolved(connection, some))
                numbers |= set(self._late(connection, some, late))
            known = _Wanted(frozenset(records), frozenset(numbers), (), digests, late)
            numbers |= set(self._quarantined(known))
            for some in _steps(sorted(numbers)):
                for row in connection.execute(select(INTAKE).where(_rows(some))):
                    numbers.add(row.id)
                    places += self._own(row)
        return replace(known, numbers=frozenset(numbers), places=tuple(places))

    def _late(
        self, connection: Connection, some: Sequence[str], late: dict[int, frozenset[bytes]]
    ) -> Iterator[str]:
        """Numbers of sidecars that came later; where one is lost, the sidecar goes to `late`."""
        for number, body in late_rows.amendments(connection, some):
            if number is not None:
                yield number
            elif said := read_words(self._evidence, body):
                data = base64.b64decode(said["sidecar"])
                mine = hashlib.sha256(data).digest()
                late[len(data)] = late.get(len(data), frozenset()) | {mine}

    def _quarantined(self, known: _Wanted) -> Iterator[str]:
        """Ids of quarantined drops that are found by what lies there."""
        return (one.name for one in _listed(self._quarantine) if _is_theirs(one, known))

    def _own(self, row: Any) -> Iterator[Path]:
        """Where the drop of a line was moved to, inside the home."""
        home = os.fsencode(self._home.resolve()) + b"/"
        for place in (row.moved_to, row.sidecar_moved_to):
            if place and os.path.realpath(place).startswith(home):
                path = Path(os.fsdecode(place))
                yield path
                if path.parent.name == os.fsdecode(ASIDE):
                    yield from (one for one in _listed(path.parent) if row.id in one.name)

    def _found(self, wanted: _Wanted) -> Iterator[Path]:
        yield from (place for place in wanted.places if os.path.lexists(place))
        yield from _groups(self._home / "purge", wanted)
        yield from _moved(self._home / "taken", wanted)
        for folder in _listed(self._quarantine):
            if folder.name in wanted.numbers:
                yield from _listed(folder)

    def _forget_rows(self, numbers: Sequence[str], records: Sequence[str]) -> None:
        with self._db.write() as connection:
            for some in _steps([*numbers, *records]):
                connection.execute(delete(INTAKE).where(_rows(some)))
        self._db.empty_log()

    def _told(self, path: Path) -> str:
        """In purge/ and quarantine/ names are ids; in taken/ they are those of the drops."""
        place = path.relative_to(self._home) if path.is_relative_to(self._home) else path
        if place.parts[0] != "taken":
            return str(place)
        inode = path.lstat().st_ino
        return f"taken/ (inode {inode})"


def _resolved(connection: Connection, records: Sequence[str]) -> Iterator[str]:
    """Ids in quarantine of drops that became these records, came again as them, amended them."""
    query = select(RESOLVED.c.quarantine).where(RESOLVED.c.record.in_(records))
    yield from connection.execute(query).scalars()


def _rows(some: Sequence[str]) -> Any:
    """Lines of drops that are done, by their own id or by their record's."""
    return (INTAKE.c.record.in_(some) | INTAKE.c.id.in_(some)) & INTAKE.c.state.in_(_OVER)


def _groups(purge: Path, wanted: _Wanted) -> Iterator[Path]:
    """Files that rest until they are purged: with the content goes all that has its number."""
    for day in _listed(purge):
        groups: dict[str, list[Path]] = {}
        for path in _listed(day):
            groups.setdefault(_number(path), []).append(path)
        for number, paths in groups.items():
            if number in wanted.numbers or any(map(wanted.is_ours, paths)):
                yield from paths


def _is_theirs(folder: Path, wanted: _Wanted) -> bool:
    """Whether a quarantined drop became such a record, or is a late sidecar of one."""
    if folder.name in wanted.numbers or wanted.is_content(folder / CONTENT):
        return True
    with suppress(FormatError):
        return read_reason(folder / REASON).late in wanted.records
    return False


def _moved(taken: Path, wanted: _Wanted) -> Iterator[Path]:
    """Drops that were moved aside, each with the sidecar and the markers beside it."""
    for top, _, names in os.walk(taken):
        for path in (Path(top, name) for name in names):
            if _moved_number(path) in wanted.numbers:
                yield path
            elif wanted.is_content(path):
                yield path
                yield from _beside(path, names)


def _beside(path: Path, names: Sequence[str]) -> Iterator[Path]:
    """What went with a drop of which only the content is known."""
    if number := _moved_number(path):
        others = (path.with_name(name) for name in names if name != path.name)
        yield from (one for one in others if _moved_number(one) == number)
        return
    beside = path.with_name(f"{path.name}.json")
    if _is_sidecar(beside):
        yield beside
    for name in names:
        if name.startswith(path.name) and _MARKER.fullmatch(name[len(path.name) :]):
            yield path.with_name(name)


def _is_one_of(path: Path, digests: Mapping[int, frozenset[bytes]]) -> bool:
    with suppress(OSError):
        if not path.is_symlink() and path.is_file():
            known = digests.get(path.stat().st_size)
            return known is not None and _sha256(path) in known
    return False


def _is_sidecar(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return sidecar.is_marked(file.read(sidecar.MAX_SIZE))
    return False


def _number(path: Path) -> str:
    """The number of the drop, in the names of what rests until it is purged."""
    return path.name.partition(".")[0]


def _moved_number(path: Path) -> str:
    """The same where it was moved to; empty where it could keep its name."""
    match = _NUMBERED.search(path.name)
    return match[1] if match else ""


def _listed(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it is none, or a link to one."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(folder.iterdir())


def _sha256(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_BUFFER):
            digest.update(chunk)
    return digest.digest()


def _steps(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _STEP):
        yield ids[start : start + _STEP]
