"""A detail: what an entry may not say, committed to by a salted digest (docs/formats.md §6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive import fields
from archive.errors import FormatError
from signing import canonical
from signing.digest import Digest

SALT_BYTES = 16
_CHECKS: Mapping[str, fields.Check] = {
    "cunzheng_detail": fields.count,
    "id": fields.ulid,
    "kind": fields.text,
    "salt": fields.salt,
    "data": fields.anything,
}


@dataclass(frozen=True, slots=True)
class Detail:
    """The detail of one entry; `salt` is SALT_BYTES random bytes."""

    id: str
    kind: str
    salt: bytes
    data: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """The object's bytes."""
        return canonical.encode(
            {
                "cunzheng_detail": 1,
                "data": self.data,
                "id": self.id,
                "kind": self.kind,
                "salt": self.salt.hex(),
            }
        )

    def digest(self) -> Digest:
        """What `body.detail` says."""
        return Digest.of("sha256", self.to_bytes())

    @classmethod
    def parse(cls, data: bytes) -> "Detail":
        """Read a detail strictly; raises FormatError."""
        value = fields.decode_object(data, "a detail")
        fields.exactly(value, _CHECKS, {})
        if value["cunzheng_detail"] != 1:
            raise FormatError("a detail of another version")
        return cls(value["id"], value["kind"], bytes.fromhex(value["salt"]), value["data"])
