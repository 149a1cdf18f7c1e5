"""What each signed kind carries: its payload, and the data of its detail (docs/formats.md §11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archive import fields, vocabulary
from archive.errors import FormatError
from archive.fields import Check, maybe, obj, one_of, sorted_each, text
from archive.times import parse_time

MOST_RECORDS = 1000
MOST_TEXT = 4000
_RULE_SETS = ("access", "alerts", "retention", "record_list")
_IMPORTANCE = ("ordinary", "major")
_KEYS = ("own", "token", "founding")
_DECISIONS = ("approve", "refuse", "withdraw")
_DISPOSALS = ("approve", "refuse")


@dataclass(frozen=True, slots=True)
class SignedKind:
    """Checks of one kind. `data` is None where the kind has no detail, which is rare.

    `subject` names the payload's field that the entry's subject repeats, None for no subject.
    `optional` is what a payload may have besides.
    """

    stream: str
    subject: str | None
    payload: Mapping[str, Check]
    data: Mapping[str, Check]
    detail_needed: bool = True
    optional: Mapping[str, Check] = field(default_factory=dict)


def _words(value: object) -> None:
    if len(text(value)) > MOST_TEXT:
        raise FormatError(f"a text of at most {MOST_TEXT} characters was expected")


def _range(value: object) -> None:
    obj({"from": fields.count, "to": fields.count})(value)
    if isinstance(value, dict) and value["from"] >= value["to"]:
        raise FormatError("a range that is not empty was expected")


def _one_range(value: object) -> None:
    if not isinstance(value, list) or len(value) != 1:
        raise FormatError("a list of one range was expected")
    _range(value[0])


def _grant(value: object) -> None:
    obj({"count": fields.count, "from": fields.moment, "until": fields.moment})(value)
    if isinstance(value, dict):
        if parse_time(value["from"]) >= parse_time(value["until"]):
            raise FormatError("a grant that ends after it begins was expected")
        if value["count"] < 1:
            raise FormatError("a grant for at least one access was expected")


def _copies(value: object) -> None:
    obj({"count": fields.count, "medium": _words})(value)
    if isinstance(value, dict) and value["count"] < 1:
        raise FormatError("at least one copy was expected")


def _evidence(value: object) -> None:
    place = obj({"log": fields.log_name, "index": fields.count})
    fields.each(place)(value)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_RECORDS:
        raise FormatError("a list of 1 to 1,000 places was expected")


_records = sorted_each(fields.ulid, 1, MOST_RECORDS)
_sensitivity = sorted_each(one_of(vocabulary.SENSITIVITIES))
_handlers = sorted_each(fields.person_id, 0, 64)
_letter = maybe(obj({"record": fields.ulid, "sha256": fields.hex64}))
_maybe_words = maybe(_words)
_behalf = maybe(
    obj(dict.fromkeys(("name", "id_kind", "id_no", "unit", "post", "contact"), _maybe_words))
)
_REASON: dict[str, Check] = {"reason": _words}
_PERSON: dict[str, Check] = {"person": fields.person_id}
_CASE: dict[str, Check] = {
    "case": fields.ulid,
    "category": one_of(vocabulary.CATEGORIES),
    "handlers": _handlers,
    "importance": one_of(_IMPORTANCE),
    "sensitivity": _sensitivity,
    "unit": fields.unit_id,
}
_ATTACHED: dict[str, Check] = {"case": fields.ulid, "records": _records}
_DISPOSITION: dict[str, Check] = {"disposition": fields.ulid}
_LISTED = obj(
    {
        "record": fields.ulid,
        "name": _words,
        "name_b64": maybe(fields.base64_bytes),
        "title": _maybe_words,
        "case": _maybe_words,
        "category": _maybe_words,
        "media": _words,
    }
)
"""One line of a list of what shall be destroyed: what people must still be able to read."""
_CATALOGUED = obj(
    {
        "digest": fields.sha256_text,
        "pages": fields.count,
        "page_from": fields.count,
        "record": fields.ulid,
        "title": _words,
    }
)
"""One line of a volume catalogue (卷内目录)."""


def _catalogue(value: object) -> None:
    fields.each(_CATALOGUED)(value)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_RECORDS:
        raise FormatError("a catalogue of 1 to 1,000 lines was expected")


_COPIES_BACK: dict[str, Check] = {"access": fields.ulid, "count": fields.count}


def _registry(
    subject: str | None, payload: Mapping[str, Check], data: Mapping[str, Check]
) -> SignedKind:
    return SignedKind("registry", subject, payload, data)


SIGNED: Mapping[str, SignedKind] = {
    "person.enrolled": _registry(
        "person",
        {
            **_PERSON,
            "account": maybe(fields.account),
            "certificate": fields.sha256_digest,
            "key": one_of(_KEYS),
            "roles": sorted_each(one_of(vocabulary.ROLES), 1, 16),
            "unit": fields.unit_id,
            "valid_from": fields.moment,
            "valid_until": fields.moment,
        },
        {
            "name": _words,
            "post": _words,
            "unit_name": _words,
            "certificate_no": _maybe_words,
            "certificate_until": maybe(fields.date_text),
        },
    ),
    "person.suspended": _registry("person", _PERSON, _REASON),
    "person.resumed": _registry("person", _PERSON, _REASON),
    "person.revoked": _registry(
        "person",
        {**_PERSON, "code": one_of(vocabulary.REVOCATION_CODES), "since": fields.moment},
        _REASON,
    ),
    "rules.adopted": _registry(
        None, {"name": one_of(_RULE_SETS), "rules": fields.sha256_digest}, {"text": text}
    ),
    "case.opened": _registry(
        "case",
        {**_CASE, "opened": fields.date_text},
        {"number": _words, "title": _maybe_words},
    ),
    "case.changed": _registry("case", _CASE, _REASON),
    "case.closed": _registry(
        "case",
        {"case": fields.ulid, "closed": fields.date_text, "decided": maybe(fields.date_text)},
        _REASON,
    ),
    "case.attached": _registry("case", _ATTACHED, _REASON),
    "case.detached": _registry("case", _ATTACHED, _REASON),
    "case.excused": _registry(
        "case",
        {"case": fields.ulid, "items": sorted_each(fields.class_name, 1, MOST_RECORDS)},
        _REASON,
    ),
    "case.filed": _registry(
        "case",
        {
            "case": fields.ulid,
            "number": fields.count,
            "ref_code": fields.ref_code,
            "volume": fields.sha256_digest,
        },
        {"catalogue": _catalogue, "note": _maybe_words},
    ),
    "hold.placed": _registry(
        "hold",
        {
            "case": maybe(fields.ulid),
            "hold": fields.ulid,
            "records": sorted_each(fields.ulid, 0, MOST_RECORDS),
        },
        {**_REASON, "document_no": _maybe_words},
    ),
    "hold.lifted": _registry("hold", {"hold": fields.ulid}, _REASON),
    "retention.classed": _registry(
        None,
        {"class": fields.class_name, "records": _records, "trigger": maybe(fields.moment)},
        _REASON,
    ),
    "retention.extended": _registry(
        None,
        {
            "cause": one_of(vocabulary.PROMOTIONS),
            "records": _records,
            "until": maybe(fields.moment),
        },
        _REASON,
    ),
    "disposition.proposed": _registry(
        "disposition",
        {**_DISPOSITION, "records": _records, "schedule": fields.sha256_digest},
        {**_REASON, "list": fields.each(_LISTED)},
    ),
    "disposition.decided": _registry(
        "disposition",
        {
            **_DISPOSITION,
            "decision": one_of(_DISPOSALS),
            "proposal": fields.sha256_digest,
        },
        {"comment": _words},
    ),
    "disposition.executed": SignedKind(
        "registry", "disposition", _DISPOSITION, {"comment": _words}, detail_needed=False
    ),
    "record.spilled": _registry("spill", {"records": _records, "spill": fields.ulid}, _REASON),
    "pack.split": _registry(None, {"pack": fields.pack_name, "records": _records}, _REASON),
    "access.requested": SignedKind(
        "access",
        "request",
        {
            "action": one_of(vocabulary.ACTIONS),
            "capacity": one_of(vocabulary.CAPACITIES),
            "case": maybe(fields.ulid),
            "letter": _letter,
            "purpose": one_of(vocabulary.PURPOSES),
            "records": _records,
            "request": fields.ulid,
            "segments": maybe(_one_range),
        },
        {
            **_REASON,
            "behalf": _behalf,
            "letter_no": _maybe_words,
            "task_no": _maybe_words,
            "query": _maybe_words,
        },
        optional={"span": _range},
    ),
    "access.decided": SignedKind(
        "access",
        "request",
        {
            "decision": one_of(_DECISIONS),
            "grant": maybe(_grant),
            "request": fields.ulid,
            "role": maybe(one_of(vocabulary.ROLES)),
        },
        {"comment": _words},
        detail_needed=False,
    ),
    "access.started": SignedKind(
        "access",
        "record",
        {
            "access": fields.ulid,
            "action": one_of(vocabulary.ACTIONS),
            "copies": maybe(_copies),
            "range": maybe(_range),
            "record": fields.ulid,
            "request": fields.ulid,
            "resumes": maybe(fields.ulid),
        },
        {"medium_no": _maybe_words, "note": _maybe_words},
        detail_needed=False,
        optional={"form": one_of(vocabulary.FOR_ONE_ACCESS), "span": _range},
    ),
    "access.returned": SignedKind(
        "access", "access", _COPIES_BACK, {"remarks": _words}, detail_needed=False
    ),
    "access.destroyed": SignedKind(
        "access", "access", _COPIES_BACK, {"remarks": _words}, detail_needed=False
    ),
    "access.opened": SignedKind(
        "access",
        "access",
        {"access": fields.ulid},
        {"start": fields.anything, "end": maybe(fields.anything)},
    ),
    "alert.handled": SignedKind(
        "inspection",
        None,
        {
            "alert": fields.hex64,
            "disposition": one_of(vocabulary.DISPOSITIONS),
            "evidence": _evidence,
            "rule": text,
        },
        {"comment": _words, "assignee": _maybe_words},
    ),
}
"""The kinds whose entries carry statements."""

BOOTSTRAP_KINDS = ("person.enrolled", "rules.adopted")


def check_payload(kind: str, payload: object) -> None:
    """Check a statement's payload; raises FormatError, also for a kind that is not signed."""
    found = SIGNED.get(kind)
    if found is None:
        raise FormatError(f"{kind} is not a kind that people sign")
    checks = {**found.payload, "detail": maybe(fields.sha256_digest)}
    fields.exactly(payload, checks, found.optional)
    if isinstance(payload, dict) and found.detail_needed and payload["detail"] is None:
        raise FormatError(f"{kind} needs a detail")


def check_data(kind: str, data: Mapping[str, Any]) -> None:
    """Check the data of a signed entry's detail; raises FormatError."""
    fields.exactly(data, SIGNED[kind].data, {})
