"""A statement that a person signs: typed, for one archive, with a nonce (docs/formats.md §11).

    statement = Statement("cunzheng.local/01k…", now, digest, kind, nonce, {…}, "zhang")
    signed = sign(statement, signer)          # signature over PREFIX + canonical bytes

Whether a statement is lawful is the business of `archive.registers`.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.times import format_time, parse_time
from signing import canonical
from signing.digest import Digest
from signing.keys import Signer

PREFIX = b"cunzheng statement v1\n"
"""Domain separation: no other thing that is ever signed begins so."""
NONCE_BYTES = 16
_KIND = re.compile(r"[a-z]{1,32}\.[a-z_]{1,32}", re.ASCII)
_MOST_SIGNATURE = 1024


def _kind(value: object) -> str:
    if not isinstance(value, str) or not _KIND.fullmatch(value):
        raise FormatError("not the kind of an entry")
    return value


_CHECKS: Mapping[str, fields.Check] = {
    "archive": fields.text,
    "at": fields.moment,
    "certificate": fields.sha256_digest,
    "cunzheng_statement": fields.count,
    "kind": _kind,
    "nonce": fields.salt,
    "payload": fields.anything,
    "person": fields.person_id,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed. `nonce` is 32 hex digits, `certificate` the digest of the signer's own."""

    archive: str
    at: datetime
    certificate: Digest
    kind: str
    nonce: str
    payload: Mapping[str, Any]
    person: str

    def value(self) -> dict[str, Any]:
        """The statement as an object."""
        return {
            "archive": self.archive,
            "at": format_time(self.at),
            "certificate": str(self.certificate),
            "cunzheng_statement": 1,
            "kind": self.kind,
            "nonce": self.nonce,
            "payload": dict(self.payload),
            "person": self.person,
        }

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return canonical.encode(self.value())

    def signed_bytes(self) -> bytes:
        """What the signature is made over."""
        return PREFIX + self.to_bytes()

    def digest(self) -> Digest:
        """Names this statement; no two statements share it, because of the nonce."""
        return Digest.of("sha256", self.to_bytes())

    @classmethod
    def from_value(cls, value: Any) -> "Statement":
        """Read a decoded object strictly; raises FormatError. The payload is checked by kind."""
        fields.exactly(value, _CHECKS, {})
        if value["cunzheng_statement"] != 1:
            raise FormatError("a statement of another version")
        return cls(
            archive=value["archive"],
            at=parse_time(value["at"]),
            certificate=fields.sha256_digest(value["certificate"]),
            kind=value["kind"],
            nonce=value["nonce"],
            payload=value["payload"],
            person=value["person"],
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with its signature, as entries carry it."""

    statement: Statement
    signature: bytes

    def value(self) -> dict[str, Any]:
        """As an object."""
        signature = base64.b64encode(self.signature).decode("ascii")
        return {"signature": signature, "statement": self.statement.value()}

    @classmethod
    def from_value(cls, value: Any) -> "Signed":
        """Read a decoded object strictly; raises FormatError."""
        fields.exactly(value, {"signature": fields.base64_bytes, "statement": fields.anything}, {})
        signature = fields.base64_bytes(value["signature"])
        if not 0 < len(signature) <= _MOST_SIGNATURE:
            raise FormatError("a signature of another length")
        return cls(Statement.from_value(value["statement"]), signature)


def sign(statement: Statement, signer: Signer) -> Signed:
    """Sign a statement with its person's key."""
    return Signed(statement, signer.sign(statement.signed_bytes()))
