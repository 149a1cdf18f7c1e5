"""The kinds of entries that nobody signs: stream, subject, body and actor (docs/formats.md §3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from archive import fields, vocabulary
from archive.errors import FormatError
from archive.fields import Check
from archive.statements.body import HOSTS
from archive.statements.kinds import MOST_RECORDS

_SEAL = fields.obj(
    {
        "size": fields.count,
        "note": fields.sha256_digest,
        "p7s": fields.sha256_digest,
        "tst": fields.maybe(fields.sha256_digest),
    }
)
_PREVIOUS = fields.obj(
    {
        "log": fields.log_name,
        "size": fields.count,
        "note": fields.sha256_digest,
        "p7s": fields.sha256_digest,
        "tst": fields.maybe(fields.sha256_digest),
    }
)
_PLACE = fields.obj({"log": fields.log_name, "index": fields.count})
_DETAIL: dict[str, Check] = {"detail": fields.sha256_digest, "detail_id": fields.ulid}
_PACK = fields.obj(
    {
        "description": fields.count,
        "id": fields.pack_name,
        "offset": fields.count,
        "sidecar": fields.maybe(fields.count),
    }
)
_PKI: dict[str, Check] = {
    "certificates": fields.each(fields.sha256_digest),
    "crls": fields.each(fields.sha256_digest),
}
_OUTAGE: dict[str, Check] = {"outage": fields.ulid, "reason": fields.text, "since": fields.moment}
_COMMITTED: dict[str, Check] = {"access": fields.ulid, "commitment": fields.sha256_digest}
_ACCOUNT, _GATE, _REGISTRAR = "account/", "system/access", "system/registry"
_KEEPER = "system/retention"
_MEDIA = "system/media"
_SPAN = fields.obj({"from": fields.count, "to": fields.count})
ENDS = ("expired", "exhausted", "refused", "withdrawn", "returned")
_ARRIVAL: dict[str, Check] = {
    "content": fields.digest_texts,
    "received_at": fields.moment,
    "size": fields.count,
    "source": fields.source_id,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is asked of one kind: its stream's first part, its subject, its body, its actor.

    `actor` is the whole, or what it begins with where it ends with a slash.
    """

    stream: str
    body: Mapping[str, Check]
    optional: Mapping[str, Check]
    subject: Check
    actor: str


def _none(value: object) -> None:
    if value is not None:
        raise FormatError("this kind has no subject")


def _kind(
    stream: str,
    subject: Check,
    body: Mapping[str, Check],
    *,
    actor: str = "system/",
    **optional: Check,
) -> Kind:
    return Kind(stream, body, optional, subject, actor)


KINDS: Mapping[str, Kind] = {
    "log.opened": _kind(
        "log",
        _none,
        {
            **_PKI,
            "archive": fields.text,
            "digests": fields.each(fields.algorithm),
            "heartbeat_seconds": fields.count,
            "log": fields.log_name,
            "log_key": fields.base64_bytes,
            "office": fields.text,
            "previous": fields.maybe(_PREVIOUS),
            "software": fields.text,
            "storage": fields.text,
        },
    ),
    "log.linked": _kind(
        "log",
        _none,
        {
            **_PKI,
            "seal": _SEAL,
            "tokens": fields.each(
                fields.obj(
                    {"log": fields.log_name, "size": fields.count, "tst": fields.sha256_digest}
                )
            ),
        },
    ),
    "log.heartbeat": _kind("log", _none, {}),
    "log.closed": _kind("log", _none, {"next": fields.log_name}),
    "outage.started": _kind("log", _none, _OUTAGE),
    "outage.ended": _kind("log", _none, {**_OUTAGE, "until": fields.moment}),
    "source.registered": _kind("registry", fields.source_id, _DETAIL),
    "source.confirmed": _kind("registry", fields.source_id, _DETAIL, actor=_ACCOUNT),
    "source.retired": _kind("registry", fields.source_id, _DETAIL, actor=_ACCOUNT),
    "record.accessioned": _kind(
        "source",
        fields.ulid,
        {
            **_ARRIVAL,
            "first_hash_at": fields.moment,
            "office": fields.text,
            "record": fields.sha256_text,
        },
        pack=_PACK,
        retain_until=fields.moment,
        same_content_as=fields.ulid,
        tags=fields.sorted_each(fields.one_of(vocabulary.SENSITIVITIES), 1, 8),
    ),
    "record.redropped": _kind("source", fields.ulid, {**_ARRIVAL, "first": _PLACE}),
    "record.lost": _kind("source", fields.ulid, {**_DETAIL, "entry": _PLACE}, actor=_ACCOUNT),
    "record.amended": _kind(
        "registry",
        fields.ulid,
        {**_DETAIL, "what": fields.one_of(vocabulary.AMENDMENTS)},
    ),
    "derived.made": _kind(
        "registry",
        fields.ulid,
        {
            "access": fields.maybe(fields.ulid),
            "digest": fields.sha256_digest,
            "key": fields.maybe(fields.text),
            "parent": fields.sha256_digest,
            "recipe": fields.text,
            "role": fields.one_of(vocabulary.DERIVATIVES),
            "size": fields.count,
            "tool": fields.maybe(fields.sha256_digest),
        },
        actor=_MEDIA,
        range=_SPAN,
        span=_SPAN,
    ),
    "drop.rejected": _kind(
        "source",
        _none,
        {
            "code": fields.text,
            "detail": fields.maybe(fields.sha256_digest),
            "detail_id": fields.maybe(fields.ulid),
            "received_at": fields.moment,
            "source": fields.source_id,
        },
        refusal=fields.ulid,
    ),
    "drop.resolved": _kind(
        "registry",
        fields.maybe(fields.ulid),
        {
            **_DETAIL,
            "outcome": fields.one_of(vocabulary.RESOLUTIONS),
            "quarantine": fields.ulid,
            "source": fields.source_id,
        },
        actor=_ACCOUNT,
    ),
    "access.completed": _kind(
        "access", fields.ulid, {"access": fields.ulid, "bytes": fields.count}
    ),
    "access.aborted": _kind(
        "access",
        fields.ulid,
        {"access": fields.ulid, "bytes": fields.count, "code": fields.text},
    ),
    "access.denied": _kind(
        "access",
        _none,
        {
            "account": fields.account,
            "action": fields.maybe(fields.one_of(vocabulary.ACTIONS)),
            "code": fields.text,
            "host": fields.one_of(HOSTS),
            "person": fields.maybe(fields.person_id),
            "records": fields.sorted_each(fields.ulid, 0, MOST_RECORDS),
            "request": fields.maybe(fields.ulid),
            "statement": fields.maybe(fields.sha256_digest),
        },
        actor=_GATE,
    ),
    "access.closed": _kind("access", fields.ulid, {"code": fields.one_of(ENDS)}, actor=_GATE),
    "access.concealed": _kind(
        "access",
        _none,
        {
            **_COMMITTED,
            "accepted_at": fields.moment,
            "host": fields.one_of(HOSTS),
            "spent": fields.sorted_each(fields.sha256_digest, 2, 2),
        },
        actor=_GATE,
    ),
    "access.concealed_end": _kind("access", _none, _COMMITTED, actor=_GATE),
    "person.expired": _kind(
        "registry", fields.person_id, {"valid_until": fields.moment}, actor=_REGISTRAR
    ),
    "case.linked": _kind(
        "registry",
        fields.ulid,
        {"records": fields.sorted_each(fields.ulid, 1, MOST_RECORDS)},
        actor=_REGISTRAR,
    ),
    "retention.set": _kind(
        "registry",
        _none,
        {
            "class": fields.class_name,
            "records": fields.sorted_each(fields.ulid, 1, MOST_RECORDS),
            "schedule": fields.sha256_digest,
            "trigger": fields.moment,
            "until": fields.maybe(fields.moment),
        },
        actor=_KEEPER,
    ),
    "record.destroyed": _kind(
        "registry",
        fields.ulid,
        {
            "disposition": fields.ulid,
            "stores": fields.sorted_each(fields.store_name, 1, 16),
            "versions": fields.count,
        },
        actor=_KEEPER,
    ),
    "record.cleared": _kind(
        "registry",
        fields.ulid,
        {
            "left": fields.sorted_each(fields.store_name, 1, 16),
            "spill": fields.ulid,
            "stores": fields.sorted_each(fields.store_name, 1, 16),
            "versions": fields.count,
        },
        actor=_KEEPER,
    ),
    "store.probed": _kind(
        "registry",
        _none,
        {
            **_DETAIL,
            "level": fields.one_of(vocabulary.LEVELS),
            "missing": fields.sorted_each(fields.class_name, 0, 64),
            "store": fields.store_name,
        },
        actor="system/storage",
    ),
    "inspection.completed": _kind(
        "inspection",
        _none,
        {
            **_DETAIL,
            "failed": fields.count,
            "indeterminate": fields.count,
            "report": fields.sha256_digest,
            "result": fields.text,
        },
        actor=_ACCOUNT,
    ),
}
