"""Locks and legal holds in the stores, brought to what the registers say: entry first, lock after.

    worked = Locks(database, {"first": vault}).work()

A line of the table `keeping` names what to look at. What should be there is read from the registers
anew, so a line may be worked twice or late; it goes once every store has been read back. What a
store refuses stays, with the reason, and is tried again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

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
from archive.registers.terms import held_by
from archive.tables import LocationRow

LOCATION = LocationRow.__table__  # type: ignore[attr-defined]
LOCKING = ("governance", "compliance")
"""Levels at which a store keeps dates and legal holds; others have none to set."""
_LINES_AT_ONCE = 1000
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
    """What has a lock of its own: a record's objects, or a pack. `prefix` ends in `/` for many."""

    name: str
    prefix: str


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
        known: dict[Unit, str | None] = {}
        failed: dict[int, str] = {}
        for line in lines:
            with self._database.read() as connection:
                units = list(_units(connection, line))
            for unit in units:
                if unit not in known:
                    known[unit] = self._unit(unit, done)
                if problem := known[unit]:
                    failed[line.id] = problem
        return failed

    def _unit(self, unit: Unit, done: Worked) -> str | None:
        """Set one unit in every store; why it failed, None if it did not."""
        with self._database.read() as connection:
            want = _wanted(DbShelf(connection), connection, unit)
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
        if not found:
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


def _units(connection: Connection, line: _Line) -> Iterator[Unit]:
    records = [line.key] if line.kind == "record" else records_of(connection, line.key)
    shelf = DbShelf(connection)
    for record in records:
        yield from units_of(connection, shelf, record)


def units_of(connection: Connection, shelf: DbShelf, record: str) -> Iterator[Unit]:
    """What has to be locked for a record; nothing for one that is lost or destroyed."""
    row = connection.execute(select(RECORD).where(RECORD.c.id == record)).first()
    if row is None or row.lost or is_destroyed(shelf, record):
        return
    if row.pack is None or is_split(shelf, record):
        yield Unit(record, layout.record_prefix(record))
    if row.pack is not None:
        yield Unit(row.pack, pack_key(connection, row.pack, row.log, row.idx))


def _wanted(shelf: DbShelf, connection: Connection, unit: Unit) -> Wanted:
    """How a unit is to be kept: a pack as long as any member that has nothing else."""
    own = unit.prefix.endswith("/")
    want = Wanted()
    for record in [unit.name] if own else members_left(shelf, unit.name):
        want = want.with_other(wanted_of(connection, shelf, record))
    return want


def wanted_of(connection: Connection, shelf: DbShelf, record: str) -> Wanted:
    """How one record is to be kept, by the catalog's terms and the register of holds."""
    columns = select(RECORD.c.retain_until, RECORD.c.permanent).where(RECORD.c.id == record)
    row = connection.execute(columns).one()
    return Wanted(row.retain_until, row.permanent, bool(held_by(shelf, record)))


def pack_key(connection: Connection, pack: str, log: str, index: int) -> str:
    """Key of a pack, by the time of a member's entry."""
    data = select(ENTRY.c.data).where(ENTRY.c.log == log, ENTRY.c.idx == index)
    return layout.pack_key(pack, Entry.parse(connection.execute(data).scalar_one()).at)
