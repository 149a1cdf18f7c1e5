"""Disposition 鉴定 → 销毁: proposed by one, approved by another, executed if all still holds.

Nothing is destroyed before it is due by the schedule in force, under a hold, from a list that was
changed, by one person alone, or out of a pack whose other members are kept (docs/formats.md §12).

    check_disposable(shelf, law, record, now)       # Denied saying what keeps it
    check_whole(shelf, records)                     # Denied PACK_PART
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from archive.registers.act import Act, Rule, SignedRule
from archive.registers.cases import check_records
from archive.registers.denials import denied
from archive.registers.keeping import End, Law
from archive.registers.remarks import Remark, remark
from archive.registers.retention import schedule_in_force
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import enrolled, has_role, more_than_handler, sole_signer
from archive.registers.terms import end_of, held_by
from archive.statements.body import SignedBody
from archive.times import format_time
from signing import canonical
from signing.digest import Digest

FIRST = "first"
"""The first store, which is there also where nothing was probed yet."""
DECIDERS = ("approver.division_lead", "approver.principal", "legal_office")
EXECUTORS = ("administrator", "archivist")
OPEN = ("proposed", "approved")
"""States in which a disposition keeps others from naming its records."""


def is_destroyed(shelf: Shelf, record: str) -> bool:
    """Whether a record was destroyed by a disposition."""
    return shelf.get("destroyed", record) is not None


def is_split(shelf: Shelf, record: str) -> bool:
    """Whether a packed record has objects of its own."""
    return shelf.get("split", record) is not None


def pack_of(shelf: Shelf, record: str) -> str | None:
    """The pack that a record was stored in, also when it was split off since."""
    found = shelf.get("record_pack", record)
    return None if found is None else str(found["pack"])


def members_left(shelf: Shelf, pack: str) -> list[str]:
    """The members of a pack that have nothing but the pack: not split off, not destroyed."""
    found = shelf.get("pack", pack)
    members: Sequence[str] = found["members"] if found else ()
    return [m for m in members if not is_split(shelf, m) and not is_destroyed(shelf, m)]


def stores_of(shelf: Shelf) -> list[str]:
    """Names of all stores that the ledger has introduced, in order."""
    found = shelf.get("stores", "names")
    return sorted({FIRST, *(found["names"] if found else ())})


def proposal_digest(payload: Mapping[str, Any]) -> str:
    """What an approval names: SHA-256 of the canonical bytes of the proposal's payload."""
    return str(Digest.of("sha256", canonical.encode(dict(payload))))


def check_disposable(shelf: Shelf, law: Law, record: str, at: datetime) -> None:
    """Denied unless a record is there, under no hold, and due at a moment."""
    if is_destroyed(shelf, record):
        raise denied("RECORD_DESTROYED", record)
    if holds := held_by(shelf, record):
        raise denied("RECORD_HELD", remark("BY_HOLD", record, holds[0]))
    end = end_of(shelf, law, record)
    if not end.due(at):
        raise denied("NOT_DUE", _kept(record, end))


def check_whole(shelf: Shelf, records: Collection[str]) -> None:
    """Denied where a pack would lose some members and keep others."""
    for pack in sorted({pack for record in records if (pack := pack_of(shelf, record))}):
        missing = [m for m in members_left(shelf, pack) if m not in records]
        if missing:
            raise denied("PACK_PART", remark("MEMBERS_LEFT", pack, len(missing), missing[0]))


def _kept(record: str, end: End) -> Remark:
    if end.open:
        return remark("KEPT_OPEN", record)
    if end.moment is None:
        return remark("KEPT_FOREVER", record)
    return remark("KEPT_UNTIL", record, format_time(end.moment))


# ── what people say ──


def _proposed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    payload = body.payload
    name, records = str(payload["disposition"]), payload["records"]
    _check_role(shelf, body, "archivist")
    if shelf.get("disposition", name) is not None:
        raise denied("DISPOSITION_EXISTS", name)
    if schedule_in_force(shelf)["sha256"] != payload["schedule"]:
        raise denied("SCHEDULE_OTHER")
    check_records(shelf, records)
    _check_list(act, records)
    for record in records:
        other = shelf.get("record_disposition", record)
        if other is not None and other["disposition"]:
            raise denied("DISPOSITION_OPEN", remark("ON_LIST", record, other["disposition"]))
    _check_all(shelf, act, body, records)
    for record in records:
        shelf.put("record_disposition", record, {"disposition": name})
    value = {
        "at": format_time(body.accepted_at),
        "decided_by": None,
        "executed_at": None,
        "executed_by": None,
        "proposal": proposal_digest(payload),
        "proposed_by": body.signers[0],
        "records": list(records),
        "state": "proposed",
    }
    shelf.put("disposition", name, value)


def _check_list(act: Act, records: Sequence[str]) -> None:
    """The list that people read and sign names the records that are destroyed, and no others."""
    data = act.detail()
    if data is None or [line["record"] for line in data["list"]] != list(records):
        raise denied("LIST_OTHER")


def _check_all(shelf: Shelf, act: Act, body: SignedBody, records: Sequence[str]) -> None:
    # The earlier of the two: neither a clock that is ahead nor a late entry makes anything due.
    moment = min(act.at, body.accepted_at)
    for record in records:
        check_disposable(shelf, act.lawyer, record, moment)
    check_whole(shelf, frozenset(records))


def _decided(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    payload = body.payload
    name, decision = str(payload["disposition"]), payload["decision"]
    found = _known(shelf, name)
    _check_role(shelf, body, *DECIDERS)
    if body.signers[0] == found["proposed_by"]:
        raise denied("DISPOSITION_OWN", body.signers[0])
    # An approval can be taken back until it is executed: else a hold would block the list for ever.
    allowed = OPEN if decision == "refuse" else ("proposed",)
    if found["state"] not in allowed:
        raise denied("DISPOSITION_STATE", found["state"])
    if payload["proposal"] != found["proposal"]:
        raise denied("LIST_OTHER")
    if decision == "refuse":
        _free(shelf, found["records"])
    state = "approved" if decision == "approve" else "refused"
    shelf.put("disposition", name, {**found, "state": state, "decided_by": body.signers[0]})


def _executed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    name = str(body.payload["disposition"])
    found = _known(shelf, name)
    _check_role(shelf, body, *EXECUTORS)
    if found["state"] != "approved":
        raise denied("DISPOSITION_STATE", found["state"])
    if body.signers[0] == found["decided_by"]:
        raise denied("DISPOSITION_OWN", body.signers[0])
    _check_all(shelf, act, body, found["records"])
    done = {"executed_at": format_time(body.accepted_at), "executed_by": body.signers[0]}
    shelf.put("disposition", name, {**found, **done, "state": "executed"})


def _split(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    pack, records = str(body.payload["pack"]), body.payload["records"]
    signers = [enrolled(shelf, signer) for signer in body.signers]
    if len(signers) < 2 or not all(more_than_handler(signer) for signer in signers):
        raise denied("VOUCHERS_MISSING")
    if not any(has_role(signer, "archivist") for signer in signers):
        raise denied("ROLE_MISSING", "archivist")
    check_records(shelf, records)
    for record in records:
        if pack_of(shelf, record) != pack or is_split(shelf, record):
            raise denied("SPLIT_BAD", record)
        if is_destroyed(shelf, record):
            raise denied("RECORD_DESTROYED", record)
        if shelf.get("spilled", record) is not None:
            raise denied("RECORD_SPILLED", record)
    for record in records:
        shelf.put("split", record, {"pack": pack})


def _check_role(shelf: Shelf, body: SignedBody, *roles: str) -> None:
    if not has_role(sole_signer(shelf, body), *roles):
        raise denied("ROLE_MISSING", " ".join(roles))


def _known(shelf: Shelf, name: str) -> Value:
    found = shelf.get("disposition", name)
    if found is None:
        raise denied("DISPOSITION_UNKNOWN", name)
    return found


def _free(shelf: Shelf, records: Iterable[str]) -> None:
    for record in records:
        shelf.put("record_disposition", record, {"disposition": None})


# ── what the archive itself says ──


def destroyed(shelf: Shelf, act: Act) -> None:
    """`record.destroyed` by a disposition: executed, of its list, and due still."""
    name, record = str(act.body["disposition"]), act.subject or ""
    found = _known(shelf, name)
    if found["state"] != "executed":
        raise denied("DISPOSITION_STATE", found["state"])
    if record not in found["records"]:
        raise denied("LIST_OTHER", record)
    check_disposable(shelf, act.lawyer, record, act.at)
    if list(act.body["stores"]) != stores_of(shelf):
        raise denied("STORES_OTHER", " ".join(stores_of(shelf)))
    shelf.put("destroyed", record, {"disposition": name})


def _probed(shelf: Shelf, act: Act) -> None:
    name = str(act.body["store"])
    found = shelf.get("stores", "names")
    names = set(found["names"]) if found else set()
    if name not in names:
        shelf.put("stores", "names", {"names": sorted({*names, name})})
    said = {key: act.body[key] for key in ("level", "missing", "detail", "detail_id")}
    shelf.put("store", name, said)


SIGNED: Mapping[str, SignedRule] = {
    "disposition.proposed": _proposed,
    "disposition.decided": _decided,
    "disposition.executed": _executed,
    "pack.split": _split,
}
OWN: Mapping[str, Rule] = {"store.probed": _probed}
