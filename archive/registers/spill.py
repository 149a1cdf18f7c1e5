"""Spills 涉密封控: a state secret that is found among sealed records, and what follows.

Two people say so, and from that entry on nobody reads the record any more. Its bytes go wherever no
lock stands, the rest when its lock ends (docs/classification.md): it is the one destruction that
neither a term nor a hold keeps back, so who says so, and which locks had passed, is recomputed from
the ledger (docs/formats.md §12).

    is_spilled(shelf, record)
    check_free(shelf, record, ["first"], now)        # Denied SPILL_LOCKED
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from archive.registers import disposition
from archive.registers.act import Act, Rule, SignedRule
from archive.registers.cases import check_records
from archive.registers.denials import denied
from archive.registers.disposition import DECIDERS, is_destroyed, members_left, pack_of, stores_of
from archive.registers.remarks import remark
from archive.registers.retention import term_of
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import enrolled, has_role
from archive.statements.body import SignedBody
from archive.times import format_time, parse_time

FOREVER = "forever"
LOCKING = ("governance", "compliance")
"""Levels of a store in which a lock keeps bytes from being deleted."""


def is_spilled(shelf: Shelf, record: str) -> bool:
    """Whether two people said that a record is a state secret."""
    return shelf.get("spilled", record) is not None


def spill_of(shelf: Shelf, record: str) -> Value | None:
    """{`spill`, `at`, `locked`} of a spilled record; `locked` is a time, `forever`, or None."""
    return shelf.get("spilled", record)


def is_removed(shelf: Shelf, record: str) -> bool:
    """Whether it is gone by its spill; what a disposition destroyed is gone by that."""
    spilled, gone = spill_of(shelf, record), shelf.get("destroyed", record)
    return bool(spilled and gone and gone["disposition"] == spilled["spill"])


def cleared_of(shelf: Shelf, record: str) -> Sequence[str]:
    """Names of the stores that have nothing of a spilled record any more."""
    found = shelf.get("cleared", record)
    return found["stores"] if found else ()


def others_of(shelf: Shelf, record: str) -> list[str]:
    """Members that keep the pack of a spilled record: neither spilled, nor split off, nor gone."""
    pack = pack_of(shelf, record)
    found = members_left(shelf, pack) if pack is not None else []
    return [member for member in found if not is_spilled(shelf, member)]


def locked_until(shelf: Shelf, record: str, store: str) -> str | None:
    """Until when a lock stands on a spilled record in a store: a time, `forever`, None for none.

    It is the lock as it was known when the record was spilled; it is not lengthened any more. A
    member of a pack is locked as long as any member that the pack was stored for.
    """
    probed = shelf.get("store", store)
    if probed is None or probed["level"] not in LOCKING:
        return None
    found = [spilled["locked"] for r in _together(shelf, record) if (spilled := spill_of(shelf, r))]
    ends = [text for text in found if text is not None]
    return max(ends, default=None)  # `forever` comes after every time


def _together(shelf: Shelf, record: str) -> Sequence[str]:
    """The record and, where it has nothing but its pack, the other spilled members of it."""
    pack = pack_of(shelf, record)
    return [record] if pack is None else [record, *members_left(shelf, pack)]


def check_free(shelf: Shelf, record: str, stores: Collection[str], at: datetime) -> None:
    """Denied where a lock stands in one of these stores that has it still."""
    cleared = cleared_of(shelf, record)
    for store in stores:
        until = None if store in cleared else locked_until(shelf, record, store)
        if until is not None and (until == FOREVER or parse_time(until) > at):
            raise denied("SPILL_LOCKED", remark("LOCKED_IN", record, store, until))


def check_alone(shelf: Shelf, record: str) -> None:
    """Denied where the record's pack holds others that have nothing else."""
    others = others_of(shelf, record)
    if others:
        pack = str(pack_of(shelf, record))
        raise denied("PACK_PART", remark("MEMBERS_LEFT", pack, len(others), others[0]))


# ── what people say ──


def _spilled(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    name, records = str(body.payload["spill"]), body.payload["records"]
    _check_two(shelf, body)
    if shelf.get("spill", name) is not None:
        raise denied("SPILL_EXISTS", name)
    check_records(shelf, records)
    for record in records:
        if is_spilled(shelf, record):
            raise denied("SPILL_EXISTS", record)
    at = format_time(body.accepted_at)
    for record in records:
        shelf.put("spilled", record, {"spill": name, "at": at, "locked": _lock(shelf, record)})
    words = {"detail": body.detail, "detail_id": body.detail_id}
    value = {"at": at, "by": list(body.signers), "records": list(records), **words}
    shelf.put("spill", name, value)


def _check_two(shelf: Shelf, body: SignedBody) -> None:
    """An archivist, and another person who decides: what one says alone does not count."""
    people = [enrolled(shelf, signer) for signer in body.signers]
    if len(people) != 2:
        raise denied("VOUCHERS_MISSING", " ".join(body.signers))
    pairs = (people, people[::-1])
    if not any(has_role(one, "archivist") and has_role(two, *DECIDERS) for one, two in pairs):
        raise denied("ROLE_MISSING", " ".join(("archivist", *DECIDERS)))


def _lock(shelf: Shelf, record: str) -> str | None:
    """How long the record's objects are locked, as far as the registers say."""
    known, term = shelf.get("record", record), term_of(shelf, record)
    if term["permanent"]:
        return FOREVER
    ends = [text for text in (known and known["retain_until"], term["until"]) if text]
    return max(ends, default=None)


# ── what the archive itself says ──


def _cleared(shelf: Shelf, act: Act) -> None:
    """`record.cleared`: nothing of it stands in some stores, others are left."""
    record = _known(shelf, act)
    stores, left = act.body["stores"], act.body["left"]
    if sorted([*stores, *left]) != stores_of(shelf) or not set(stores) >= set(
        cleared_of(shelf, record)
    ):
        raise denied("STORES_OTHER", " ".join(stores_of(shelf)))
    _check_may_go(shelf, record, stores, act.at)
    shelf.put("cleared", record, {"stores": list(stores)})


def _destroyed(shelf: Shelf, act: Act) -> None:
    """`record.destroyed`, by a spill or by a disposition."""
    if shelf.get("spill", str(act.body["disposition"])) is None:
        disposition.destroyed(shelf, act)
        return
    record = _known(shelf, act)
    if list(act.body["stores"]) != stores_of(shelf):
        raise denied("STORES_OTHER", " ".join(stores_of(shelf)))
    _check_may_go(shelf, record, stores_of(shelf), act.at)
    shelf.put("destroyed", record, {"disposition": str(act.body["disposition"])})


def _known(shelf: Shelf, act: Act) -> str:
    """The record that an act is about, which the spill that it names must hold."""
    name = str(act.body.get("spill") or act.body.get("disposition"))
    record = act.subject or ""
    found = spill_of(shelf, record)
    if found is None or found["spill"] != name:
        raise denied("SPILL_UNKNOWN", name)
    if is_destroyed(shelf, record):
        raise denied("RECORD_DESTROYED", record)
    return record


def _check_may_go(shelf: Shelf, record: str, stores: Collection[str], at: datetime) -> None:
    check_free(shelf, record, stores, at)
    check_alone(shelf, record)


SIGNED: Mapping[str, SignedRule] = {"record.spilled": _spilled}
OWN: Mapping[str, Rule] = {"record.cleared": _cleared, "record.destroyed": _destroyed}
