"""One line of the ledger: a strict value, its bytes, and the kinds (docs/formats.md §2, §3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from archive import fields
from archive.entry_kinds import KINDS
from archive.errors import FormatError
from archive.merkle import leaf_hash
from archive.statements.body import read_body
from archive.statements.kinds import SIGNED
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
    of_source = kind.stream == "source" and "source" in kind.body
    if of_source and entry.stream != f"source/{named}":
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
