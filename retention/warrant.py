"""What the ledger itself lets go of: the registers replayed out of the store, not the database's.

    warrant = replayed(evidence, live, policy, law, clock)
    lawful = warrant(lambda shelf: judge(shelf, law, name, records, now))

The database only says what there is to do. Whoever changes a line of it (a list, a hold, an end, a
pack's members) must not bring the archive to delete what the sealed entries still protect.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from archive import layout
from archive.cause import cause
from archive.errors import ContentAltered, Denied
from archive.ports import Clock, ObjectStore
from archive.registers.denials import denied
from archive.registers.disposition import (
    check_disposable,
    check_whole,
    is_destroyed,
    is_split,
    pack_of,
)
from archive.registers.keeping import Law
from archive.registers.shelf import Shelf
from archive.repair import ledger_holds
from archive.verify import Kit, verify
from archive.verify.scope import Sample
from signing.trust import TrustPolicy

_FILES = (layout.content_key, layout.record_key, layout.sidecar_key, layout.pieces_key)
_NO_RECORDS = Sample(0, "")


@dataclass(frozen=True, slots=True)
class Unit:
    """What goes at once: one record, or all of a pack that is on the list.

    `own` are those of its records that have objects of their own; `alone` are others that were
    split off the pack and are kept: they must stand on their own. `pack` is the pack's id.
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
        """Every key of their own that may have stood there."""
        return [key(record) for record in self.records for key in _FILES]


@dataclass(frozen=True, slots=True)
class Lawful:
    """What may go, and why the others may not."""

    units: Sequence[Unit] = ()
    against: Mapping[str, Denied] = field(default_factory=dict)


Warrant = Callable[[Callable[[Shelf], Lawful]], Lawful]
"""Judges with the registers of the sealed ledger; raises ContentAltered where it does not hold."""


def replayed(
    evidence: ObjectStore, live: ObjectStore, policy: TrustPolicy, law: Law, clock: Clock
) -> Warrant:
    """A warrant that checks and replays the whole ledger of a store, without any content."""

    def warrant(judging: Callable[[Shelf], Lawful]) -> Lawful:
        found: list[Lawful] = []
        kit = Kit(law=law, ask=lambda shelf: found.append(judging(shelf)))
        with cause("verify"):
            report = verify(
                evidence, live, policy, now=clock.now(), scope=_NO_RECORDS, kit=kit, workers=1
            )
        if not found or not ledger_holds(report):
            raise ContentAltered(
                "The ledger in the store does not hold, so nothing is destroyed: see"
                " `cunzheng verify`."
            )
        return found[0]

    return warrant


def judge(shelf: Shelf, law: Law, name: str, records: Sequence[str], now: datetime) -> Lawful:
    """What of `records` a disposition may destroy, by registers; those destroyed are left out."""
    listed = _listed(shelf, name)
    against: dict[str, Denied] = {}
    good: list[str] = []
    for record in records:
        if is_destroyed(shelf, record):
            continue
        try:
            if record not in listed:
                raise denied("LIST_OTHER", record)
            check_disposable(shelf, law, record, now)
        except Denied as error:
            against[record] = error
        else:
            good.append(record)
    _keep_whole(shelf, good, against)
    return Lawful(units_of(shelf, [r for r in good if r not in against]), against)


def _keep_whole(shelf: Shelf, good: Sequence[str], against: dict[str, Denied]) -> None:
    """Of a pack of which one member may not go, none goes."""
    going = frozenset(good)
    for record in good:
        try:
            check_whole(shelf, [record, *_members(shelf, record, going)])
        except Denied as error:
            against[record] = error


def _members(shelf: Shelf, record: str, going: Collection[str]) -> list[str]:
    pack = pack_of(shelf, record)
    found = shelf.get("pack", pack) if pack else None
    return [member for member in found["members"] if member in going] if found else []


def _listed(shelf: Shelf, name: str) -> frozenset[str]:
    found = shelf.get("disposition", name)
    if found is None:
        raise denied("DISPOSITION_UNKNOWN", name)
    if found["state"] != "executed":
        raise denied("DISPOSITION_STATE", found["state"])
    return frozenset(found["records"])


def units_of(shelf: Shelf, records: Sequence[str]) -> list[Unit]:
    """Records by themselves, packed ones by their pack; in the order of the list."""
    units: list[Unit] = []
    packs: dict[str, list[str]] = {}
    for record in records:
        pack = pack_of(shelf, record)
        if pack is None:
            units.append(Unit((record,), (record,)))
        else:
            packs.setdefault(pack, []).append(record)
    for pack, members in packs.items():
        value = shelf.get("pack", pack)
        everyone = value["members"] if value else ()
        others = [m for m in everyone if m not in members and not is_destroyed(shelf, m)]
        alone = tuple(m for m in others if is_split(shelf, m))
        own = tuple(m for m in members if is_split(shelf, m))
        units.append(Unit(tuple(members), own, pack, alone))
    return units


__all__ = ["Lawful", "Unit", "Warrant", "judge", "replayed", "units_of"]
