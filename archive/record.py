"""record.json: what the archive knows of a record when it is sealed (docs/formats.md §6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive import fields
from archive.document import check_document, read_document
from archive.errors import FormatError
from archive.pieces import PIECE_SIZE
from archive.technical import check_technical, read_technical
from signing import canonical
from signing.digest import Digest

_CHECKS: Mapping[str, fields.Check] = {
    "v": fields.count,
    "id": fields.ulid,
    "salt": fields.salt,
    "name": fields.text,
    "name_b64": fields.maybe(fields.base64_bytes),
    "folder": fields.text,
    "folder_b64": fields.maybe(fields.base64_bytes),
    "size": fields.count,
    "digests": fields.digest_texts,
    "pieces": fields.obj({"size": fields.count, "root": fields.sha256_text}),
    "media": fields.obj({"type": fields.text, "by": fields.text}),
    "text": fields.maybe(
        fields.obj({"encoding": fields.text, "title": fields.text, "preview": fields.text})
    ),
    "source": fields.source_id,
    "office": fields.text,
    "received_at": fields.moment,
    "first_hash_at": fields.moment,
    "modified_at": fields.moment,
    "settle": fields.obj({"lease": fields.flag, "seconds": fields.count}),
    "sidecar": fields.maybe(fields.obj({"digests": fields.digest_texts, "size": fields.count})),
    "claims": fields.maybe(fields.anything),
    "findings": fields.each(fields.obj({"code": fields.text, "note": fields.text})),
    "software": fields.text,
}
_TECHNICAL = "technical"
"""Of media alone."""
_DOCUMENT = "document"
"""Of texts and documents."""
_REGISTER = "register"
"""Of what came from a source of which the register says more than that it is there."""
_OPTIONAL = frozenset((_TECHNICAL, _DOCUMENT, _REGISTER))
_check_register = fields.obj(
    {
        "clock_offset_ms": fields.maybe(fields.whole),
        **dict.fromkeys(("device", "kind", "officer", "unit"), fields.maybe(fields.text)),
    }
)


@dataclass(frozen=True, slots=True)
class RecordDescription:
    """A checked record.json. `value` is the decoded object; the rest are its parts in use.

    Written strictly: an unknown field is refused. Read leniently in that one respect: a field
    that a later version added is kept and does not harm.
    """

    value: Mapping[str, Any]

    @classmethod
    def build(cls, value: Mapping[str, Any]) -> "RecordDescription":
        """A description about to be written: an unknown or missing field raises FormatError."""
        if value.keys() - _OPTIONAL != _CHECKS.keys():
            raise FormatError("record.json has exactly its documented fields")
        if _TECHNICAL in value:
            check_technical(value[_TECHNICAL])
        if _DOCUMENT in value:
            check_document(value[_DOCUMENT])
        if _REGISTER in value:
            _check_register(value[_REGISTER])
        return cls._checked(value)

    @classmethod
    def parse(cls, data: bytes) -> "RecordDescription":
        """Read record.json; raises FormatError."""
        value = fields.decode_object(data, "record.json")
        known = value
        if value.keys() != _CHECKS.keys():
            known = {key: value.get(key) for key in _CHECKS}
            if _TECHNICAL in value:
                read_technical(value[_TECHNICAL])
            if _DOCUMENT in value:
                read_document(value[_DOCUMENT])
        fields.exactly(known, _CHECKS, {})
        return cls._checked(value)

    @classmethod
    def _checked(cls, value: Mapping[str, Any]) -> "RecordDescription":
        if value["v"] != 1 or value["pieces"]["size"] != PIECE_SIZE:
            raise FormatError("record.json is of another version")
        return cls(value)

    def to_bytes(self) -> bytes:
        """The bytes whose digest the entry carries."""
        return canonical.encode(dict(self.value))

    @property
    def record_id(self) -> str:
        """Identifier of the record."""
        return str(self.value["id"])

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return int(self.value["size"])

    @property
    def digests(self) -> tuple[Digest, ...]:
        """Digests of the content."""
        return fields.digests(self.value["digests"])

    @property
    def pieces_root(self) -> Digest:
        """Root over the piece hashes."""
        return fields.digest(self.value["pieces"]["root"])

    @property
    def has_pieces(self) -> bool:
        """Whether the piece list is stored: only from two pieces on."""
        return self.size > PIECE_SIZE

    @property
    def sidecar(self) -> tuple[Digest, ...]:
        """Digests of the sidecar's bytes, empty where there is none."""
        found = self.value["sidecar"]
        return fields.digests(found["digests"]) if found else ()

    @property
    def name_bytes(self) -> bytes:
        """The file name exactly as the device gave it."""
        return self._raw("name")

    @property
    def folder_bytes(self) -> bytes:
        """The folder below the source's inbox, exactly."""
        return self._raw("folder")

    def _raw(self, key: str) -> bytes:
        encoded = self.value[f"{key}_b64"]
        return fields.base64_bytes(encoded) if encoded else str(self.value[key]).encode()
