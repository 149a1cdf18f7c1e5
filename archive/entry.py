"""One line of the ledger: a strict value, its bytes, and the kinds (docs/formats.md §2, §3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from archive import fields, vocabulary
from archive.errors import FormatError
from archive.fields import Check
from archive.merkle import leaf_hash
from archive.statements.body import HOSTS, read_body
from archive.statements.kinds import MOST_RECORDS, SIGNED
from archive.tiles import MAX_ENTRY
from archive.times import format_time, parse_time
from signing import canonical
from signing.digest import Digest
from signing.errors import SigningError

_KIND = re.compile(r"[a-z]{1,32}\.[a-z_]{1,32}", re.ASCII)
_ACTOR = re.compile(r"(system|user|account)/[^\x00-\x1f\x7f/]{1,64}")
_STREAM = re.compile(r"log|access|registry|inspection|source/[A-Za-z0-9._-]{1,64}", re.ASCII)
_KEYS = {"actor", "at", "body", "kind", "prev", "seq", "stream", "subject", "v"}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry; `prev` is the leaf hash of the stream's previous one, None at seq 0."""

    actor: str
    at: datetime
    body: Mapping[str, Any]
    kind: str
    prev: Digest | None
    seq: int
    stream: str
    subject: str | None

    def to_bytes(self) -> bytes:
        """The leaf's bytes; raises FormatError if they are more than 65,535."""
        data = canonical.encode(
            {
                "actor": self.actor,
                "at": format_time(self.at),
                "body": self.body,
                "kind": self.kind,
                "prev": str(self.prev) if self.prev else None,
                "seq": self.seq,
                "stream": self.stream,
                "subject": self.subject,
                "v": 1,
            }
        )
        if len(data) > MAX_ENTRY:
            raise FormatError(f"an entry has at most {MAX_ENTRY} bytes, this one {len(data)}")
        return data

    @classmethod
    def parse(cls, data: bytes) -> "Entry":
        """Read an entry's bytes strictly; raises FormatError. `check_body` checks the body."""
        if len(data) > MAX_ENTRY:
            raise FormatError(f"an entry has at most {MAX_ENTRY} bytes, this one {len(data)}")
        value = fields.decode_object(data, "an entry")
        return cls.from_value(value)

    @classmethod
    def from_value(cls, value: Any) -> "Entry":
        """The same from a decoded object, as receipts carry it."""
        if not isinstance(value, dict) or value.keys() != _KEYS:
            raise FormatError("an entry has exactly its nine keys")
        if value["v"] != 1 or value["v"] is True:
            raise FormatError("an entry's version is 1")
        for key in _FORMS:
            if type(value[key]) is not str or not _has_form(key, value[key]):
                raise FormatError(f"an entry's {key} has another form")
        seq = fields.count(value["seq"])
        prev = _prev(value["prev"])
        if (prev is None) != (seq == 0):
            raise FormatError("the first entry of a stream has no prev, every other one has")
        subject = value["subject"]
        if subject is not None:
            fields.source_id(subject)
        return cls(
            actor=value["actor"],
            at=parse_time(value["at"]),
            body=fields.anything(value["body"]),  # type: ignore[arg-type]
            kind=value["kind"],
            prev=prev,
            seq=seq,
            stream=value["stream"],
            subject=subject,
        )


_FORMS = {"kind": _KIND, "actor": _ACTOR, "stream": _STREAM}


@lru_cache(maxsize=256)
def _has_form(key: str, text: str) -> bool:
    # There are few of each, and they stand in every entry.
    return _FORMS[key].fullmatch(text) is not None


def _prev(value: object) -> Digest | None:
    try:
        return None if value is None else fields.sha256_digest(value)
    except SigningError as error:
        raise FormatError(f"an entry's prev: {error}") from error


def link_digest(entry_bytes: bytes) -> Digest:
    """The digest by which the next entry of the stream names this one."""
    return Digest("sha256", leaf_hash(entry_bytes))


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
    ),
    "record.redropped": _kind("source", fields.ulid, {**_ARRIVAL, "first": _PLACE}),
    "record.lost": _kind("source", fields.ulid, {**_DETAIL, "entry": _PLACE}, actor=_ACCOUNT),
    "record.amended": _kind(
        "registry",
        fields.ulid,
        {**_DETAIL, "what": fields.one_of(("media",))},
        actor=_MEDIA,
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


def check_body(entry: Entry) -> bool:
    """Check stream, subject and body of a known kind; raises FormatError.

    Returns False for a kind that this version does not know: a later version wrote it.
    """
    if entry.kind in SIGNED:
        _check_signed(entry)
        return True
    kind = KINDS.get(entry.kind)
    if kind is None:
        return False
    if entry.stream.partition("/")[0] != kind.stream:
        raise FormatError(f"{entry.kind} does not belong into the stream {entry.stream}")
    if entry.actor != kind.actor and not (
        kind.actor.endswith("/") and entry.actor.startswith(kind.actor)
    ):
        # Nobody signed it, so no entry says that a person did it.
        raise FormatError(f"{entry.kind} has another actor")
    kind.subject(entry.subject)
    fields.exactly(entry.body, kind.body, kind.optional)
    named = entry.body.get("source")
    if "source" in kind.body and entry.stream != f"source/{named}":
        raise FormatError("an entry of a source stands in another source's stream")
    return True


def _check_signed(entry: Entry) -> None:
    """A signed entry's body has one form; its stream, actor and subject follow from it."""
    kind = SIGNED[entry.kind]
    body = read_body(entry.kind, entry.body)
    if entry.stream != kind.stream:
        raise FormatError(f"{entry.kind} does not belong into the stream {entry.stream}")
    if entry.actor != f"user/{body.signers[0]}":
        raise FormatError("the actor is not who signed")
    if entry.subject != (body.payload[kind.subject] if kind.subject else None):
        raise FormatError("the subject is not what the statement is about")
