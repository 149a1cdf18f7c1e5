"""Execution of a disposition: every version in every store, found gone, then the tombstone.

    destroyer = Destroyer(desk, stores, live, warrant)
    outcome = destroyer.run(name)            # again after a crash, or when a lock has ended

The order has to be sealed, and the ledger itself, replayed out of the store, has to let go of every
record: a line that somebody changed in the database destroys nothing. Then record by record (a
pack at once): everything is checked again and marked, locks are looked at before the first
deletion, every version and marker is deleted, all stores are asked whether it is gone, and only
then `record.destroyed` is written. What is locked or held stays whole, and is told.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from archive import layout
from archive.cause import cause
from archive.desk import disposition
from archive.desk.db_shelf import DbShelf
from archive.desk.packs import check_alone
from archive.desk.submit import Desk
from archive.errors import ArchiveError, ContentAltered, Denied, ObjectMissing, StillLocked
from archive.ledger import NewEntry
from archive.ports import LiveStore
from archive.registers.denials import denied
from archive.registers.disposition import stores_of
from retention.deleting import Place, accession, check_free, keys_of, unsealed, versions_of
from retention.warrant import Lawful, Unit, Warrant, judge

_TRIES = 3
_SEALED_AT_ONCE = 128
Progress = Callable[[int, int], None]


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


class Destroyer:
    """Carries out what was proposed, approved and executed on paper.

    `stores` are all places of evidence, the first one first; `live` is the place of derivatives,
    which go with their parent.
    """

    def __init__(
        self, desk: Desk, stores: Sequence[Place], live: LiveStore, warrant: Warrant
    ) -> None:
        self._desk = desk
        self._stores = stores
        self._live = live
        self._warrant = warrant

    def run(self, name: str, tell: Progress = lambda _done, _all: None) -> Outcome:
        """Destroy what is left of an executed disposition; raises Denied where it is not one.

        Raises Unreachable or StateUnknown as stores and database do; run again then. ContentAltered
        where the ledger in the store does not hold.
        """
        outcome = Outcome()
        for done, total in self.steps(name, outcome):
            tell(done, total)
        return outcome

    def steps(self, name: str, outcome: Outcome) -> Iterator[tuple[int, int]]:
        """The same record by record: how many are done, and of how many. It may be left early."""
        with self._desk.database.read() as connection:
            left = disposition.left_of(connection, name)
            self._check_stores(connection)
            waiting = unsealed(connection)
        self._desk.wait_for(waiting)
        lawful = self._lawful(name, left)
        against = [(record, error) for record in left if (error := lawful.against.get(record))]
        outcome.left += [Left(record, error.code, str(error)) for record, error in against]
        made: list[NewEntry] = []
        done = len(against)
        for unit in lawful.units:
            with cause(f"destroy {name}"):
                made += self._take(name, unit, outcome)
            done += len(unit.records)
            if len(made) >= _SEALED_AT_ONCE or unit is lawful.units[-1]:
                self._desk.wait(made)
                made = []
            yield done, len(left)

    def _lawful(self, name: str, left: Sequence[str]) -> Lawful:
        """What the ledger in the store lets go of, of what the database says is left."""
        if not left:
            return Lawful()
        law, now = disposition.law_of(self._desk), self._desk.clock.now()
        return self._warrant(lambda shelf: judge(shelf, law, name, left, now))

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
                pack = self._pack_key(unit)
                versions = self._delete(unit, pack)
                self._check_gone(unit, pack)
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

    def _delete(self, unit: Unit, pack: str | None) -> int:
        """Delete every version everywhere; how many. StillLocked, deleting nothing, for a lock."""
        now = self._desk.clock.now()
        try:
            self._check_alone(unit)
            for place in self._stores:
                for version in versions_of(place.vault, unit, pack):
                    check_free(place, version, now)
        except (StillLocked, ObjectMissing, ContentAltered):
            if self._is_whole(unit, pack):
                disposition.give_up(self._desk.database, unit.records)
            raise
        disposition.forget_objects(self._desk.database, keys_of(unit, pack))
        count = 0
        for place in self._stores:
            for version in list(versions_of(place.vault, unit, pack)):
                place.vault.destroy(version.key, version.version)
                count += 1
        for record in unit.records:
            prefix = layout.derived_prefix(record)
            self._live.discard([info.key for info in self._live.list(prefix)])
        return count

    def _check_alone(self, unit: Unit) -> None:
        """Records that were split off stand in every store, as sealed, before their pack goes."""
        with self._desk.database.read() as connection:
            accessions = {record: accession(connection, record) for record in unit.alone}
        with cause("verify"):
            for record, entry in accessions.items():
                for place in self._stores:
                    check_alone(place.store, record, entry)

    def _pack_key(self, unit: Unit) -> str | None:
        """Where a unit's pack stands, by the time of its members' entries."""
        if unit.pack is None:
            return None
        with self._desk.database.read() as connection:
            return layout.pack_key(unit.pack, accession(connection, unit.records[0]).at)

    def _is_whole(self, unit: Unit, pack: str | None) -> bool:
        """Whether nothing of it was deleted so far: contents and packs go first, from the first."""
        first = self._stores[0].store
        keys = [layout.content_key(record) for record in unit.own]
        keys += [] if pack is None else [pack]
        return all(first.stat(key) is not None for key in keys)

    def _check_gone(self, unit: Unit, pack: str | None) -> None:
        """Ask every store, by listing and by name; ContentAltered if anything is there again."""
        for place in self._stores:
            for _ in range(_TRIES):
                there = [version.key for version in versions_of(place.vault, unit, pack)]
                there += [key for key in keys_of(unit, pack) if place.store.stat(key) is not None]
                if not there:
                    break
                for version in list(versions_of(place.vault, unit, pack)):
                    place.vault.destroy(version.key, version.version)
            else:
                raise ContentAltered(f"{there[0]} is in the store {place.name} again.")


__all__ = ["Destroyer", "Left", "Outcome", "Place"]
