"""Appraisal 鉴定: what may go by now, what goes only with its pack, and what is on a list already.

    found = appraise(shelf, law, candidates, now)
    found.due; found.packs; found.waiting

Pure; the caller brings the records that may have ended, by whatever index it has.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from archive.registers.disposition import OPEN, is_destroyed, is_split, members_left, pack_of
from archive.registers.keeping import End, Law
from archive.registers.shelf import Shelf
from archive.registers.terms import end_of, held_by


@dataclass(frozen=True, slots=True)
class DueRecord:
    """A record whose keeping has ended, and when that was."""

    record: str
    end: datetime
    pack: str | None = None


@dataclass(frozen=True, slots=True)
class MixedPack:
    """A pack of which some members are due and others kept.

    `next` is when the last of the others may go, None where that is never or not known; `held` are
    those under a hold.
    """

    pack: str
    due: tuple[DueRecord, ...]
    kept: tuple[str, ...]
    held: tuple[str, ...]
    next: datetime | None


@dataclass(slots=True)
class Appraisal:
    """What came of it. `due` are records that a proposal can name, whole packs together.

    `held` counts what is past its end and under a hold, `waiting` what stands on an open list.
    """

    due: list[DueRecord] = field(default_factory=list)
    packs: list[MixedPack] = field(default_factory=list)
    waiting: list[DueRecord] = field(default_factory=list)
    held: int = 0


def appraise(shelf: Shelf, law: Law, candidates: Iterable[str], now: datetime) -> Appraisal:
    """Judge records that may have ended; in the order in which they come, packs at their first."""
    found = Appraisal()
    seen: set[str] = set()
    for record in candidates:
        end = _free_end(shelf, law, record, now, found)
        if end is None:
            continue
        pack = pack_of(shelf, record)
        whole = pack is not None and (not is_split(shelf, record) or members_left(shelf, pack))
        if pack is None or not whole:
            _place(shelf, found, DueRecord(record, end))
        elif pack not in seen:
            seen.add(pack)
            _take_pack(shelf, law, pack, now, found)
    return found


def _free_end(
    shelf: Shelf, law: Law, record: str, now: datetime, found: Appraisal
) -> datetime | None:
    """When the keeping of a record ended, if it did and nothing holds it."""
    if is_destroyed(shelf, record):
        return None
    end = end_of(shelf, law, record)
    if not end.due(now):
        return None
    if held_by(shelf, record):
        found.held += 1
        return None
    return end.moment


def _take_pack(shelf: Shelf, law: Law, pack: str, now: datetime, found: Appraisal) -> None:
    members = members_left(shelf, pack)
    ends = {member: end_of(shelf, law, member) for member in members}
    held = [member for member in members if held_by(shelf, member)]
    free = [m for m in members if ends[m].due(now) and m not in held]
    due = [DueRecord(m, moment, pack) for m in free if (moment := ends[m].moment)]
    kept = [m for m in members if m not in free]
    split = _split_and_due(shelf, law, pack, now)
    if not kept:
        for one in (*due, *split):
            _place(shelf, found, one)
    elif due or split:
        own = (*due, *split)
        found.packs.append(MixedPack(pack, own, tuple(kept), tuple(held), _last(ends, kept, held)))


def _split_and_due(shelf: Shelf, law: Law, pack: str, now: datetime) -> list[DueRecord]:
    """Members with objects of their own that can go once the pack goes."""
    value = shelf.get("pack", pack)
    found = []
    for member in value["members"] if value else ():
        if not is_split(shelf, member) or is_destroyed(shelf, member) or held_by(shelf, member):
            continue
        end = end_of(shelf, law, member)
        if end.due(now) and end.moment is not None:
            found.append(DueRecord(member, end.moment, pack))
    return found


def _last(ends: dict[str, End], kept: list[str], held: list[str]) -> datetime | None:
    """When the last of the kept members may go; None where one is held, open or for ever."""
    moments = [None if m in held or ends[m].open else ends[m].moment for m in kept]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None


def _place(shelf: Shelf, found: Appraisal, one: DueRecord) -> None:
    open_list = shelf.get("record_disposition", one.record)
    name = open_list["disposition"] if open_list else None
    on_list = shelf.get("disposition", name) if name else None
    if on_list is not None and on_list["state"] in (*OPEN, "executed"):
        found.waiting.append(one)
    else:
        found.due.append(one)
