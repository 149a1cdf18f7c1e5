"""Terms of keeping: which class a record is of, until when, and what only a person could confirm.

The value of `term` by record is
`class` (as a person said, or null), `confirmed` (the trigger that he confirmed, or null),
`set` (class of the last `retention.set`, or null) with its `trigger`,
`until` (the latest of all that was set or extended, or null) and `permanent`.
It only grows: nothing here takes a later end back.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from archive.errors import FormatError
from archive.registers.act import Act, Rule, SignedRule
from archive.registers.cases import check_records
from archive.registers.denials import denied
from archive.registers.keeping import End
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import AHEAD, has_role, sole_signer
from archive.statements.body import SignedBody
from archive.times import format_time, parse_time

EARLIEST = timedelta(days=30)
"""How long before its receipt a record's trigger may have been without anybody's word."""
CLASSIFIERS = ("archivist", "legal_office")
NO_TERM: Value = {
    "class": None,
    "confirmed": None,
    "set": None,
    "trigger": None,
    "until": None,
    "permanent": False,
}


def schedule_in_force(shelf: Shelf) -> Value:
    """The retention schedule as last adopted ({`sha256`, `text`}); Denied SCHEDULE_NONE."""
    found = shelf.get("rules", "retention")
    if found is None:
        raise denied("SCHEDULE_NONE")
    return found


def term_of(shelf: Shelf, record: str) -> Value:
    """What was said about the term of a record; `NO_TERM` where nothing was."""
    return shelf.get("term", record) or NO_TERM


def trigger_counts(shelf: Shelf, record: str, trigger: str) -> bool:
    """Whether a trigger (time of the ledger) counts for a record: near its receipt, or confirmed.

    One that is too early would shorten the keeping, and only a device or a sidecar says so.
    """
    known = shelf.get("record", record)
    if known is None:
        return False
    if term_of(shelf, record)["confirmed"] == trigger:
        return True
    return parse_time(trigger) >= parse_time(known["received_at"]) - EARLIEST


def _set(shelf: Shelf, act: Act) -> None:
    """`retention.set`: exactly what the class of the schedule in force gives for the trigger."""
    body = act.body
    name, trigger, records = body["class"], body["trigger"], body["records"]
    schedule = schedule_in_force(shelf)
    if schedule["sha256"] != body["schedule"]:
        raise denied("SCHEDULE_OTHER")
    if parse_time(trigger) > act.at + AHEAD:
        raise denied("TRIGGER_AHEAD", trigger)
    end = class_end(act, schedule["text"], name, trigger)
    if end.open or body["until"] != _text(end):
        raise denied("TERM_DIFFERS", name)
    check_records(shelf, records)
    for record in records:
        if not trigger_counts(shelf, record, trigger):
            raise denied("TRIGGER_EARLY", record)
    changed = {"set": name, "trigger": trigger}
    for record in records:
        _grow(shelf, record, body["until"], changed)


def class_end(act: Act, text: str, name: str, trigger: str) -> End:
    """What a class gives for a trigger; Denied CLASS_UNKNOWN."""
    try:
        return act.lawyer.class_end(text, name, parse_time(trigger))
    except FormatError as error:
        raise denied("CLASS_UNKNOWN", name) from error


def _classed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    """`retention.classed`: a person says the class, and perhaps that a claimed time is so."""
    payload = body.payload
    _check_role(shelf, body, CLASSIFIERS)
    schedule = schedule_in_force(shelf)
    trigger = payload["trigger"]
    if trigger is not None and parse_time(trigger) > body.accepted_at + AHEAD:
        raise denied("TRIGGER_AHEAD", trigger)
    class_end(act, schedule["text"], payload["class"], trigger or format_time(body.accepted_at))
    check_records(shelf, payload["records"])
    for record in payload["records"]:
        changed = {"class": payload["class"], "confirmed": trigger}
        shelf.put("term", record, {**term_of(shelf, record), **changed})


def _extended(shelf: Shelf, act: Act, body: SignedBody) -> None:
    """`retention.extended`: kept at least so long, whatever the class says."""
    del act
    signer = sole_signer(shelf, body)
    if not has_role(signer, *CLASSIFIERS) and not _supervises(signer):
        raise denied("ROLE_MISSING", " ".join(CLASSIFIERS))
    records = body.payload["records"]
    check_records(shelf, records)
    for record in records:
        _grow(shelf, record, body.payload["until"], {})


def _check_role(shelf: Shelf, body: SignedBody, roles: Sequence[str]) -> None:
    if not has_role(sole_signer(shelf, body), *roles):
        raise denied("ROLE_MISSING", " ".join(roles))


def _supervises(person: Value) -> bool:
    return any(role.startswith(("inspector.", "approver.")) for role in person["roles"])


def _grow(shelf: Shelf, record: str, until: str | None, changed: Mapping[str, Any]) -> None:
    """Keep a record at least to `until` (None: for ever)."""
    term = term_of(shelf, record)
    # Times of the ledger have one form each, so that their texts are in the order of the times.
    later = [text for text in (term["until"], until) if text is not None]
    grown = {
        "until": max(later, default=None),
        "permanent": term["permanent"] or until is None,
    }
    shelf.put("term", record, {**term, **changed, **grown})


def _text(end: End) -> str | None:
    return None if end.moment is None else format_time(end.moment)


SIGNED: Mapping[str, SignedRule] = {
    "retention.classed": _classed,
    "retention.extended": _extended,
}
OWN: Mapping[str, Rule] = {"retention.set": _set}
