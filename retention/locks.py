"""Locks and legal holds in the stores, brought to what the registers say: entry first, lock after.

    worked = Locks(database, {"first": vault}).work()

A line of the table `keeping` names what to look at. What should be there is read from the registers
anew, so a line may be worked twice or late; it goes once every store has been read back. What a
store refuses stays, with the reason, and is tried again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from archive import layout
from archive.catalog import RECORD
from archive.cause import cause
from archive.database import Database
from archive.desk.cases import records_of
from archive.desk.db_shelf import DbShelf
from archive.desk.keeping import KEEPING
from archive.entry import Entry
from archive.errors import ArchiveError, ProtectionMissing, StateUnknown, Unreachable
from archive.ledger import ENTRY, HEAD, PENDING
from archive.ports import Protection, Vault
from archive.registers.disposition import is_destroyed, is_split, members_left
from archive.registers.spill import is_spilled
from archive.registers.terms import held_by
from archive.tables import LocationRow

LOCATION = LocationRow.__table__  # type: ignore[attr-defined]
LOCKING = ("governance", "compliance")
"""Levels at which a store keeps dates and legal holds; others have none to set."""
_LINES_AT_ONCE = 1000
_ROWS_AT_ONCE = 500
_NEEDED = (
    RECORD.c.id,
    RECORD.c.log,
    RECORD.c.idx,
    RECORD.c.lost,
    RECORD.c.pack,
    RECORD.c.retain_until,
    RECORD.c.permanent,
)
_MOST_TOLD = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """How something is to be kept: `until` None with `permanent` False asks for no date."""

    until: datetime | None = None
    permanent: bool = False
    held: bool = False

    def with_other(self, other: "Wanted") -> "Wanted":
        """What both together ask for."""
        moments = [moment for moment in (self.until, other.until) if moment is not None]
        return Wanted(
            max(moments, default=None),
            self.permanent or other.permanent,
            self.held or other.held,
        )

    @property
    def legal_hold(self) -> bool:
        """Whether the store's legal hold is on: for what is kept for ever too."""
        return self.held or self.permanent


@dataclass(frozen=True, slots=True)
class Failure:
    """A record or pack whose lock could not be set in a store, and why."""

    store: str
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """What a store says of one version after it was asked to keep it."""

    store: str
    key: str
    version: str
    got: Protection


@dataclass(slots=True)
class Worked:
    """What one run did: `units` are records and packs that are as they should be in every store."""

    units: int = 0
    failures: list[Failure] = field(default_factory=list)
    waiting: int = 0
    """Lines that are left."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What has a lock of its own: a record's objects, or a pack. `prefix` ends in `/` for many.

    What is `leaving` need not be there.
    """

    name: str
    prefix: str
    leaving: bool = False


class Locks:
    """Works the lines off; `vaults` by the name of their store in the ledger."""

    def __init__(self, database: Database, vaults: Mapping[str, Vault]) -> None:
        self._database = database
        self._vaults = vaults
        self._read_back: list[Read] = []

    def waiting(self) -> bool:
        """Whether there is anything to do."""
        with self._database.read() as connection:
            return connection.execute(select(KEEPING.c.id).limit(1)).first() is not None

    def work(self) -> Worked:
        """Go through all lines once; raises StateUnknown alone, the rest is told.

        Nothing is done before the entries that asked for it are durable.
        """
        done = Worked()
        last = 0
        while lines := self._lines(last):
            last = lines[-1].id
            failed = self._portion(lines, done)
            self._close([line for line in lines if line.id not in failed], failed)
        done.waiting = self.count()
        return done

    def count(self) -> int:
        """How many lines wait."""
        query = select(func.count()).select_from(KEEPING)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def _lines(self, after: int) -> Sequence["_Line"]:
        query = select(KEEPING).where(KEEPING.c.id > after).order_by(KEEPING.c.id)
        with self._database.read() as connection:
            if not registry_is_durable(connection):
                return ()
            rows = connection.execute(query.limit(_LINES_AT_ONCE)).all()
        return [_Line(row.id, row.kind, row.key) for row in rows]

    def _portion(self, lines: Sequence["_Line"], done: Worked) -> dict[int, str]:
        """Work some lines; returns why those failed that did, by their id."""
        with self._database.read() as connection:
            plan = _Plan(connection, lines)
        problems = {unit: self._unit(unit, want, done) for unit, want in plan.wanted.items()}
        return {
            line: problem
            for line, units in plan.units.items()
            for unit in units
            if (problem := problems[unit])
        }

    def _unit(self, unit: Unit, want: Wanted, done: Worked) -> str | None:
        """Set one unit in every store; why it failed, None if it did not."""
        problem = None
        for store, vault in self._vaults.items():
            try:
                with cause(f"keep {unit.name}"):
                    self._in_store(store, vault, unit, want)
            except StateUnknown:
                raise
            except ArchiveError as error:
                problem = f"{store}: {error}"
                if len(done.failures) < _MOST_TOLD:
                    done.failures.append(Failure(store, unit.name, str(error)))
        done.units += problem is None
        return problem

    def _in_store(self, store: str, vault: Vault, unit: Unit, want: Wanted) -> None:
        found = list(versions_of(vault, unit))
        if not found and not unit.leaving:
            raise Unreachable(f"{unit.prefix} is not in the store.")
        for key, version in found:
            got = protect(vault, key, version, want)
            if got.level in LOCKING:
                self._read_back.append(Read(store, key, version, got))

    def _close(self, done: Iterable["_Line"], failed: Mapping[int, str]) -> None:
        with self._database.write() as connection:
            remember(connection, self._read_back)
            self._read_back = []
            gone = [line.id for line in done]
            connection.execute(delete(KEEPING).where(KEEPING.c.id.in_(gone)))
            for number, problem in failed.items():
                here = update(KEEPING).where(KEEPING.c.id == number)
                connection.execute(here.values(problem=problem[:300]))


@dataclass(frozen=True, slots=True)
class _Line:
    id: int
    kind: str
    key: str


def protect(vault: Vault, key: str, version: str, want: Wanted) -> Protection:
    """Bring one version to what is wanted and read it back; raises ProtectionMissing.

    A date never becomes earlier. A legal hold goes when nothing asks for it any more.
    """
    if want.permanent:
        got = vault.extend(key, version, None)
    elif want.until is not None:
        got = vault.extend(key, version, want.until)
    else:
        got = vault.protection(key, version)
    if got.level in LOCKING and got.held is not want.legal_hold:
        got = vault.hold(key, version, on=want.legal_hold)
        if got.held is not want.legal_hold:
            raise ProtectionMissing(f"{key}: the server did not switch the legal hold.")
    return got


def remember(connection: Connection, found: Iterable[Read]) -> None:
    """Note what was read back where the version is known, for the renewal."""
    for one in found:
        here = (
            (LOCATION.c.store == one.store)
            & (LOCATION.c.key == one.key)
            & (LOCATION.c.version == one.version)
        )
        shown = update(LOCATION).where(here)
        connection.execute(shown.values(until=one.got.until, held=one.got.held))


def versions_of(vault: Vault, unit: Unit) -> Iterator[tuple[str, str]]:
    """Keys and versions of a unit, delete markers left out."""
    if unit.prefix.endswith("/"):
        for found in vault.versions(unit.prefix):
            if not found.marker:
                yield found.key, found.version
        return
    folder = unit.prefix.rpartition("/")[0] + "/"
    # Without its last character a key stands just before itself.
    for found in vault.versions(folder, unit.prefix[:-1]):
        if found.key > unit.prefix:
            return
        if found.key == unit.prefix and not found.marker:
            yield found.key, found.version


def registry_is_durable(connection: Connection) -> bool:
    """Whether every entry of the registry that was submitted is stored and read back."""
    waiting = select(PENDING.c.id).where(PENDING.c.stream == "registry").limit(1)
    if connection.execute(waiting).first() is not None:
        return False
    newest = (
        select(ENTRY.c.log, ENTRY.c.idx)
        .where(ENTRY.c.stream == "registry")
        .order_by(ENTRY.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(newest).first()
    if row is None:
        return True
    published = select(HEAD.c.published).where(HEAD.c.log == row.log)
    durable: int = connection.execute(published).scalar_one()
    return bool(durable > row.idx)


_ASKED = ("destroyed", "record_cases", "record_holds", "spilled", "split")


class _Plan:
    """What lines ask for, read at once: `units` by line, and how each of them is `wanted`.

    What changes meanwhile leaves a line of its own.
    """

    def __init__(self, connection: Connection, lines: Sequence[_Line]) -> None:
        self._connection = connection
        self._shelf = DbShelf(connection)
        self._rows: dict[str, Any] = {}
        self._keys: dict[str, str] = {}
        records = {line.id: self._records(line) for line in lines}
        self._load(sorted({record for found in records.values() for record in found}))
        self.units = {
            line: [unit for record in found for unit in self._units(record)]
            for line, found in records.items()
        }
        every = {unit: None for found in self.units.values() for unit in found}
        self.wanted = {unit: self._wanted(unit) for unit in every}

    def _records(self, line: _Line) -> list[str]:
        return [line.key] if line.kind == "record" else records_of(self._connection, line.key)

    def _load(self, records: Sequence[str]) -> None:
        self._shelf.warm(_ASKED, records)
        for start in range(0, len(records), _ROWS_AT_ONCE):
            part = records[start : start + _ROWS_AT_ONCE]
            rows = self._connection.execute(select(*_NEEDED).where(RECORD.c.id.in_(part)))
            self._rows.update({row.id: row for row in rows})

    def _units(self, record: str) -> Iterator[Unit]:
        """What has to be locked for a record; nothing for one that is lost or destroyed."""
        row = self._rows.get(record)
        if row is None or row.lost or is_destroyed(self._shelf, record):
            return
        if row.pack is None or is_split(self._shelf, record):
            leaving = is_spilled(self._shelf, record)
            yield Unit(record, layout.record_prefix(record), leaving)
        if row.pack is not None:
            left = members_left(self._shelf, row.pack)
            leaving = all(is_spilled(self._shelf, member) for member in left)
            yield Unit(row.pack, self._pack_key(row), leaving)

    def _pack_key(self, row: Any) -> str:
        """Key of a pack, by the time of a member's entry."""
        if row.pack not in self._keys:
            query = select(ENTRY.c.data).where(ENTRY.c.log == row.log, ENTRY.c.idx == row.idx)
            entry = Entry.parse(self._connection.execute(query).scalar_one())
            self._keys[row.pack] = layout.pack_key(row.pack, entry.at)
        return self._keys[row.pack]

    def _wanted(self, unit: Unit) -> Wanted:
        """How a unit is to be kept: a pack as long as any member that has nothing else."""
        records = [unit.name]
        if not unit.prefix.endswith("/"):
            found = self._shelf.get("pack", unit.name)
            members: Sequence[str] = found["members"] if found else ()
            self._load([member for member in members if member not in self._rows])
            records = members_left(self._shelf, unit.name)
        want = Wanted()
        for record in records:
            if is_spilled(self._shelf, record):
                continue  # neither a term nor a hold keeps it any longer
            row = self._rows[record]
            held = bool(held_by(self._shelf, record))
            want = want.with_other(Wanted(row.retain_until, row.permanent, held))
        return want
