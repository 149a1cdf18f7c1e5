"""Execution of a disposition: every version in every store, found gone, then the tombstone.

    destroyer = Destroyer(desk, stores, live)
    outcome = destroyer.run(name)            # again after a crash, or when a lock has ended

Record by record (a pack at once): everything is checked again and marked, locks are looked at
before the first deletion, every version and marker is deleted, all stores are asked whether it is
gone, and only then `record.destroyed` is written. What is locked or held stays whole, and is told.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from archive import layout
from archive.catalog import RECORD
from archive.cause import cause
from archive.desk import disposition
from archive.desk.db_shelf import DbShelf
from archive.desk.submit import Desk
from archive.entry import Entry
from archive.errors import ArchiveError, ContentAltered, Denied, ObjectMissing, StillLocked
from archive.ledger import ENTRY, NewEntry
from archive.ports import LiveStore, ObjectStore, StoredVersion, Vault
from archive.registers.denials import denied
from archive.registers.disposition import is_destroyed, is_split, pack_of, stores_of
from archive.times import format_time

_FILES = (layout.content_key, layout.record_key, layout.sidecar_key, layout.pieces_key)
_TRIES = 3
_SEALED_AT_ONCE = 128
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """One store by its name in the ledger, with what reads it and what deletes in it."""

    name: str
    store: ObjectStore
    vault: Vault


@dataclass(frozen=True, slots=True)
class Left:
    """A record that was not destroyed: the code and sentence say why."""

    record: str
    code: str
    sentence: str


@dataclass(slots=True)
class Outcome:
    """What came of one run."""

    destroyed: list[str] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Unit:
    """What goes at once: one record, or all of a pack that is on the list.

    `own` are those of its records that have objects of their own; `alone` are others that were
    split off the pack and are kept: they must stand on their own.
    """

    records: tuple[str, ...]
    own: tuple[str, ...]
    pack: str | None = None
    alone: tuple[str, ...] = ()

    @property
    def folders(self) -> list[str]:
        """Below which everything goes."""
        return [layout.record_prefix(record) for record in self.records]

    @property
    def keys(self) -> list[str]:
        """Every key that may have stood there."""
        own = [key(record) for record in self.records for key in _FILES]
        return own if self.pack is None else [*own, self.pack]


class Destroyer:
    """Carries out what was proposed, approved and executed on paper.

    `stores` are all places of evidence, the first one first; `live` is the place of derivatives,
    which go with their parent.
    """

    def __init__(self, desk: Desk, stores: Sequence[Place], live: LiveStore) -> None:
        self._desk = desk
        self._stores = stores
        self._live = live

    def run(self, name: str, tell: Progress = lambda _done, _all: None) -> Outcome:
        """Destroy what is left of an executed disposition; raises Denied where it is not one.

        Raises Unreachable or StateUnknown as stores and database do; run again then.
        """
        outcome = Outcome()
        for done, total in self.steps(name, outcome):
            tell(done, total)
        return outcome

    def steps(self, name: str, outcome: Outcome) -> Iterator[tuple[int, int]]:
        """The same record by record: how many are done, and of how many. It may be left early."""
        with self._desk.database.read() as connection:
            left = disposition.left_of(connection, name)
            units = list(_units(connection, left))
            self._check_stores(connection)
        made: list[NewEntry] = []
        done = 0
        for unit in units:
            with cause(f"destroy {name}"):
                made += self._take(name, unit, outcome)
            done += len(unit.records)
            if len(made) >= _SEALED_AT_ONCE or done == len(left):
                self._desk.wait(made)
                made = []
            yield done, len(left)

    def _check_stores(self, connection: Connection) -> None:
        """Nothing is called destroyed while a store of the ledger is not at hand."""
        here = sorted(place.name for place in self._stores)
        known = stores_of(DbShelf(connection))
        if here != known:
            raise denied("STORES_OTHER", " ".join(known))

    def _take(self, name: str, unit: Unit, outcome: Outcome) -> list[NewEntry]:
        """Destroy one unit; its entries, which are not sealed yet."""
        try:
            disposition.begin(self._desk, name, unit.records)
            with cause(f"destroy {name}"):
                versions = self._delete(unit)
                self._check_gone(unit)
        except Denied as error:
            code = error.code
            reason: ArchiveError = error
        except StillLocked as error:
            code, reason = "STILL_LOCKED", error
        except (ContentAltered, ObjectMissing) as error:
            code, reason = "NOT_GONE", error
        else:
            stores = [place.name for place in self._stores]
            made = disposition.finish(self._desk, name, unit.records, stores, versions)
            outcome.destroyed += unit.records
            return made
        outcome.left += [Left(record, code, str(reason)) for record in unit.records]
        return []

    # ── deleting ──

    def _delete(self, unit: Unit) -> int:
        """Delete every version everywhere; how many. StillLocked, deleting nothing, for a lock."""
        now = self._desk.clock.now()
        try:
            self._check_alone(unit)
            for place in self._stores:
                for version in _versions(place.vault, unit):
                    _check_free(place, version, now)
        except (StillLocked, ObjectMissing):
            if self._is_whole(unit):
                disposition.give_up(self._desk.database, unit.records)
            raise
        disposition.forget_objects(self._desk.database, unit.keys)
        count = 0
        for place in self._stores:
            for version in list(_versions(place.vault, unit)):
                place.vault.destroy(version.key, version.version)
                count += 1
        for record in unit.records:
            prefix = f"derived/{record}/"
            self._live.discard([info.key for info in self._live.list(prefix)])
        return count

    def _check_alone(self, unit: Unit) -> None:
        """Records that were split off must stand in every store before their pack goes."""
        for record in unit.alone:
            for place in self._stores:
                for key in (layout.content_key(record), layout.record_key(record)):
                    if place.store.stat(key) is None:
                        raise ObjectMissing(f"{key} is not in the store {place.name} yet.")

    def _is_whole(self, unit: Unit) -> bool:
        """Whether nothing of it was deleted so far: contents and packs go first, from the first."""
        first = self._stores[0].store
        keys = [layout.content_key(record) for record in unit.own]
        keys += [] if unit.pack is None else [unit.pack]
        return all(first.stat(key) is not None for key in keys)

    def _check_gone(self, unit: Unit) -> None:
        """Ask every store, by listing and by name; ContentAltered if anything is there again."""
        for place in self._stores:
            for _ in range(_TRIES):
                there = [version.key for version in _versions(place.vault, unit)]
                there += [key for key in unit.keys if place.store.stat(key) is not None]
                if not there:
                    break
                for version in list(_versions(place.vault, unit)):
                    place.vault.destroy(version.key, version.version)
            else:
                raise ContentAltered(f"{there[0]} is in the store {place.name} again.")


def _versions(vault: Vault, unit: Unit) -> Iterator[StoredVersion]:
    for folder in unit.folders:
        yield from vault.versions(folder)
    if unit.pack is not None:
        yield from _of_key(vault, unit.pack)


def _of_key(vault: Vault, key: str) -> Iterator[StoredVersion]:
    """The versions of one key, without listing its whole folder."""
    folder = key.rpartition("/")[0] + "/"
    for version in vault.versions(folder, key[:-1]):
        if version.key != key:
            return
        yield version


def _check_free(place: Place, version: StoredVersion, now: datetime) -> None:
    if version.marker:
        return
    found = place.vault.protection(version.key, version.version)
    if found.held:
        raise StillLocked(f"{version.key} has a legal hold in the store {place.name}.")
    if found.until is not None and found.until > now:
        until = format_time(found.until)
        raise StillLocked(f"{version.key} is locked in the store {place.name} until {until}.")


def _units(connection: Connection, records: Iterable[str]) -> Iterator[Unit]:
    """Records by themselves, packed ones by their pack; in the order of the list."""
    shelf = DbShelf(connection)
    packs: dict[str, list[str]] = {}
    for record in records:
        pack = pack_of(shelf, record)
        if pack is None:
            yield Unit((record,), (record,))
        else:
            packs.setdefault(pack, []).append(record)
    for pack, members in packs.items():
        value = shelf.get("pack", pack)
        everyone = value["members"] if value else ()
        others = [m for m in everyone if m not in members and not is_destroyed(shelf, m)]
        alone = tuple(m for m in others if is_split(shelf, m))
        own = tuple(m for m in members if is_split(shelf, m))
        yield Unit(tuple(members), own, _pack_key(connection, pack, members[0]), alone)


def _pack_key(connection: Connection, pack: str, member: str) -> str:
    """Where a pack stands, by the time of its members' entries."""
    query = (
        select(ENTRY.c.data)
        .join(RECORD, (RECORD.c.log == ENTRY.c.log) & (RECORD.c.idx == ENTRY.c.idx))
        .where(RECORD.c.id == member)
    )
    data = connection.execute(query).scalar_one()
    return layout.pack_key(pack, Entry.parse(data).at)
