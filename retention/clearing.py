"""Deleting what was spilled: wherever no lock stands, at once; the rest when its lock has ended.

    cleared = Clearer(desk, stores, live, warrant).run()      # again and again, by the sweep

Derivatives go first: they are under no lock. Then store by store, as far as the sealed ledger lets
go of a record: every version is deleted and found gone, and the ledger is told which stores have
nothing of it any more. A packed record goes with its pack, once every other member that is kept was
split off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from archive import layout
from archive.cause import cause
from archive.desk import spills
from archive.desk.db_shelf import DbShelf
from archive.desk.packs import check_alone
from archive.desk.submit import Desk
from archive.errors import ArchiveError, ContentAltered, Denied, ObjectMissing, StateUnknown
from archive.ledger import NewEntry
from archive.ports import LiveStore
from archive.registers import spill
from archive.registers.denials import denied
from archive.registers.disposition import is_destroyed
from archive.registers.shelf import Shelf
from retention.deleting import Place, accession, check_free, keys_of, unsealed, versions_of
from retention.warrant import Lawful, Unit, Warrant, units_of

_TRIES = 3
Forget = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Stays:
    """A blocked record that a store has still, and why; `store` is empty where no store may go."""

    record: str
    store: str
    code: str
    sentence: str


@dataclass(slots=True)
class Cleared:
    """What a run did: records that are gone everywhere, those that are gone in some stores."""

    destroyed: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    left: list[Stays] = field(default_factory=list)
    derivatives: int = 0


class Clearer:
    """`stores` are the places of evidence that are at hand, the first one first.

    `forget` removes what else the archive has of these records, such as what they were taken from.
    """

    def __init__(
        self,
        desk: Desk,
        stores: Sequence[Place],
        live: LiveStore,
        warrant: Warrant,
        forget: Forget = lambda _: None,
    ) -> None:
        self._desk = desk
        self._stores = stores
        self._live = live
        self._warrant = warrant
        self._forget = forget

    def run(self) -> Cleared:
        """Everything that may go by now. Raises ContentAltered where the ledger does not hold."""
        done = Cleared()
        with self._desk.database.read() as connection:
            waiting = list(spills.pending(connection))
            unsealed_ = unsealed(connection)
        if not waiting:
            return done
        self._forget([one.record for one in waiting])
        self._discard([one.record for one in waiting], done)
        self._desk.wait_for(unsealed_)
        lawful = self._lawful([one.record for one in waiting])
        done.left += [Stays(r, "", e.code, str(e)) for r, e in lawful.against.items()]
        cleared = {one.record: one.cleared for one in waiting}
        made: list[NewEntry] = []
        for unit in lawful.units:
            made += self._unit(unit, cleared, done)
        if made:
            self._desk.wait(made)
        return done

    def _discard(self, records: Sequence[str], done: Cleared) -> None:
        for record in records:
            keys = [info.key for info in self._live.list(layout.derived_prefix(record))]
            self._live.discard(keys)
            done.derivatives += len(keys)

    def _lawful(self, records: Sequence[str]) -> Lawful:
        """What the ledger in the store lets go of, of what the database says is blocked."""
        return self._warrant(lambda shelf: judge(shelf, records))

    def _unit(
        self, unit: Unit, cleared: dict[str, tuple[str, ...]], done: Cleared
    ) -> list[NewEntry]:
        """Clear one unit in every store that lets go; the entries that say so."""
        pack, gone, versions = self._pack_key(unit), set[str](), 0
        for place in self._stores:
            if all(place.name in cleared.get(record, ()) for record in unit.records):
                gone.add(place.name)
                continue
            try:
                versions += self._in_store(place, unit, pack)
            except StateUnknown:
                raise
            except ArchiveError as error:
                code = error.code if isinstance(error, Denied) else "STILL_LOCKED"
                code = "NOT_GONE" if isinstance(error, (ContentAltered, ObjectMissing)) else code
                done.left += [Stays(r, place.name, code, str(error)) for r in unit.records]
            else:
                gone.add(place.name)
        made = spills.said_gone(self._desk, unit.records, gone, versions) if gone else []
        for entry in made:
            into = done.destroyed if entry.kind == "record.destroyed" else done.cleared
            into.append(str(entry.subject))
        return made

    def _in_store(self, place: Place, unit: Unit, pack: str | None) -> int:
        """Delete a unit in one store; how many versions. StillLocked where it is locked."""
        now = self._desk.clock.now()
        with self._desk.database.read() as connection:
            for record in unit.records:
                spill.check_free(DbShelf(connection), record, [place.name], now)
            found = spill.spill_of(DbShelf(connection), unit.records[0])
            name = found["spill"] if found else ""
            alone = {record: accession(connection, record) for record in unit.alone}
        with cause("verify"):
            for record, entry in alone.items():
                check_alone(place.store, record, entry)
        with cause(f"destroy {name}"):
            versions = list(versions_of(place.vault, unit, pack))
            for version in versions:
                check_free(place, version, now)
            spills.forget_objects(self._desk.database, place.name, keys_of(unit, pack))
            for version in versions:
                place.vault.destroy(version.key, version.version)
            self._check_gone(place, unit, pack)
        return len(versions)

    def _check_gone(self, place: Place, unit: Unit, pack: str | None) -> None:
        """Ask again, by listing and by name; ContentAltered if anything is there."""
        for _ in range(_TRIES):
            there = [version.key for version in versions_of(place.vault, unit, pack)]
            there += [key for key in keys_of(unit, pack) if place.store.stat(key) is not None]
            if not there:
                return
            for version in list(versions_of(place.vault, unit, pack)):
                place.vault.destroy(version.key, version.version)
        raise ContentAltered(f"{there[0]} is in the store {place.name} again.")

    def _pack_key(self, unit: Unit) -> str | None:
        if unit.pack is None:
            return None
        with self._desk.database.read() as connection:
            return layout.pack_key(unit.pack, accession(connection, unit.records[0]).at)


def judge(shelf: Shelf, records: Sequence[str]) -> Lawful:
    """What of `records` may go, by registers; those that are destroyed are left out.

    Locks are asked for store by store afterwards.
    """
    against: dict[str, Denied] = {}
    good = []
    for record in records:
        if is_destroyed(shelf, record):
            continue
        try:
            if not spill.is_spilled(shelf, record):
                raise denied("SPILL_UNKNOWN", record)
            spill.check_alone(shelf, record)
        except Denied as error:
            against[record] = error
        else:
            good.append(record)
    return Lawful(units_of(shelf, good), against)
