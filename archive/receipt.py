"""A receipt tells the device that its file is sealed, stored and read back (docs/formats.md §7)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

from archive import fields
from archive.entry import Entry
from archive.errors import FormatError
from archive.merkle import leaf_hash, verify_inclusion
from signing import canonical
from signing.checkpoint import Checkpoint
from signing.errors import SigningError
from signing.note import Note

MAX_LINE = 256 * 1024

_CHECKS: Mapping[str, fields.Check] = {
    "cunzheng_receipt": fields.count,
    "name": fields.text,
    "name_b64": fields.maybe(fields.base64_bytes),
    "size": fields.count,
    "digests": fields.digests,
    "record": fields.ulid,
    "log": fields.log_name,
    "index": fields.count,
    "entry": fields.anything,
    "path": fields.each(fields.base64_bytes),
    "checkpoint": fields.text,
    "storage": fields.text,
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One line of an outbox file; `path` is the inclusion path, `note` the signed checkpoint."""

    name: str
    name_b64: str | None
    record: str
    log: str
    index: int
    entry: bytes
    path: tuple[bytes, ...]
    note: bytes
    storage: str

    def to_line(self) -> bytes:
        """The line without its newline."""
        body = json.loads(self.entry)["body"]
        before = {
            "checkpoint": self.note.decode(),
            "cunzheng_receipt": 1,
            "digests": body["content"],
        }
        after = {
            "index": self.index,
            "log": self.log,
            "name": self.name,
            "name_b64": self.name_b64,
            "path": [base64.b64encode(step).decode() for step in self.path],
            "record": self.record,
            "size": body["size"],
            "storage": self.storage,
        }
        # The entry is canonical already and its key sorts between these two groups.
        return b'%s,"entry":%s,%s' % (
            canonical.encode(before)[:-1],
            self.entry,
            canonical.encode(after)[1:],
        )

    @classmethod
    def parse(cls, line: bytes) -> "Receipt":
        """Read a line and check that it proves itself, all but the note's signature.

        Raises FormatError for another form, ProofError where entry, path and note do not agree.
        """
        if len(line) > MAX_LINE:
            raise FormatError("a receipt line is too long")
        value = fields.decode_object(line, "a receipt")
        fields.exactly(value, _CHECKS, {})
        entry = canonical.encode(value["entry"])
        found = Entry.parse(entry)
        body = found.body
        if value["cunzheng_receipt"] != 1 or found.subject != value["record"]:
            raise FormatError("a receipt of another version, or for another record")
        if body.get("content") != value["digests"] or body.get("size") != value["size"]:
            raise FormatError("a receipt's size or digests are not those of its entry")
        receipt = cls(
            name=value["name"],
            name_b64=value["name_b64"],
            record=value["record"],
            log=value["log"],
            index=value["index"],
            entry=entry,
            path=tuple(fields.base64_bytes(step) for step in value["path"]),
            note=value["checkpoint"].encode(),
            storage=value["storage"],
        )
        receipt.check()
        return receipt

    def check(self) -> Checkpoint:
        """Check that the entry stands under the note's root; returns the checkpoint.

        The caller must still check the note's signature against a policy.
        """
        try:
            checkpoint = Checkpoint.parse(Note.parse(self.note).text)
        except SigningError as error:
            raise FormatError(f"a receipt's checkpoint: {error}") from error
        if checkpoint.origin.rpartition("/")[2] != self.log:
            raise FormatError("a receipt's checkpoint is of another log")
        verify_inclusion(
            leaf_hash(self.entry), self.index, checkpoint.size, self.path, checkpoint.root
        )
        return checkpoint
