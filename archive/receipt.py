"""A receipt tells the device that its file is sealed, stored and read back (docs/formats.md §7)."""

import binascii
import re
from collections.abc import Mapping, Sequence
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
_ARRIVAL = re.compile(
    rb'"body":\{"content":(\["[a-z0-9:",]+"\]),"first[^}]*(?:\}[^}]*)?"size":(\d+),"source":'
)
"""Digests and size in the canonical bytes of an accession or re-drop, without reading them all.

There is one key `size`; looking for it from the end takes an eighth of the time.
"""

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
        frame = ReceiptFrame(self.log, self.note, self.storage)
        return frame.line(
            self.entry, self.index, (self.name, self.name_b64), self.record, path_text(self.path)
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


def path_text(path: Sequence[bytes]) -> bytes:
    """An inclusion path as a receipt has it."""
    return steps_text([base64_step(step) for step in path])


def base64_step(step: bytes) -> bytes:
    """One hash of a path."""
    return binascii.b2a_base64(step, newline=False)


def steps_text(steps: Sequence[bytes]) -> bytes:
    """The same of steps that are encoded already."""
    return b'["%s"]' % b'","'.join(steps) if steps else b"[]"


class ReceiptFrame:
    """What the receipts under one checkpoint have in common; makes their lines."""

    def __init__(self, log: str, note: bytes, storage: str) -> None:
        self.log, self.note, self.storage = log, note, storage
        self._before = b'{"checkpoint":%s,"cunzheng_receipt":1' % canonical.encode(note.decode())
        self._log = canonical.encode(log)
        self._storage = canonical.encode(storage)

    def line(
        self, entry: bytes, index: int, name: tuple[str, str | None], record: str, path: bytes
    ) -> bytes:
        """One line without its newline; `name` is the text and its base64, see Receipt.

        Everything stands in canonical order, and the entry is canonical already.
        """
        text, b64 = name
        found = _ARRIVAL.search(entry)
        if found is None:
            raise FormatError("a receipt is for a record that arrived")
        digests, size = found.groups()
        return b'%s,"digests":%s,"entry":%s,"index":%d,"log":%s,%s,"size":%s,"storage":%s}' % (
            self._before,
            digests,
            entry,
            index,
            self._log,
            b'"name":%s,"name_b64":%s,"path":%s,"record":%s'
            % (canonical.text(text), canonical.text(b64), path, canonical.text(record)),
            size,
            self._storage,
        )
