"""C2SP signed-note: text with Ed25519 signatures in lines below it.

    text line
    <empty line>
    — name base64(key id || signature)

``Note.parse`` and ``Note.to_bytes`` are strict inverses. Signatures of other keys (witnesses) are
carried along and not judged.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from signing.errors import NoteError
from signing.keys import ED25519, Signer

MAX_NOTE_SIZE = 1_000_000
MAX_SIGNATURES = 100
_PREFIX = "— "
_ED25519_TYPE = b"\x01"


def check_name(name: str) -> str:
    """Return a key name that is usable in a note. Raises NoteError.

    A name is not empty and has no white space, no plus sign and no control character.
    """
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise NoteError("A key name has no spaces, no plus sign and is not empty.")
    return name


def _decode_base64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"The {what} is not base64.") from error
    # Unused bits of the last digit may be set without notice: print again and compare.
    if base64.b64encode(data).decode("ascii") != text:
        raise NoteError(f"The {what} is not canonical base64.")
    return data


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, 4 bytes of key id, the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.key_id) != 4 or not self.signature:
            raise NoteError("A note signature has a key id of 4 bytes and a signature.")

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read one line without its newline. Raises NoteError."""
        name, space, blob = line.removeprefix(_PREFIX).partition(" ")
        if not line.startswith(_PREFIX) or not space:
            raise NoteError("A signature line has the form: dash, name, base64.")
        data = _decode_base64(blob, "note signature")
        return cls(name, data[:4], data[4:])

    def line(self) -> str:
        """Return the line without its newline."""
        blob = base64.b64encode(self.key_id + self.signature).decode("ascii")
        return f"{_PREFIX}{self.name} {blob}"


def _check_text(text: str) -> None:
    if not text.endswith("\n") or text == "\n":
        raise NoteError("The text of a note is not empty and ends with a newline.")
    if any(c < " " and c != "\n" for c in text):
        raise NoteError("The text of a note contains a control character.")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures. ``text`` includes its last newline."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        _check_text(self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise NoteError(f"A note has 1 to {MAX_SIGNATURES} signatures.")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note; the strict inverse of ``to_bytes``. Raises NoteError."""
        if len(data) > MAX_NOTE_SIZE:
            raise NoteError("The note is larger than 1 MB.")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise NoteError("The note is not UTF-8.") from error
        # The last empty line divides: the text itself may contain empty lines.
        body, division, tail = whole.rpartition("\n\n")
        if not division or not tail.endswith("\n"):
            raise NoteError("The note has no signatures below an empty line.")
        lines = tail[:-1].split("\n")
        return cls(body + "\n", tuple(map(NoteSignature.parse, lines)))

    def to_bytes(self) -> bytes:
        """Return the note's bytes."""
        lines = "".join(f"{signature.line()}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()

    def with_signature(self, signature: NoteSignature) -> Self:
        """Return the note with one more signature line at the end."""
        return replace(self, signatures=(*self.signatures, signature))


@dataclass(frozen=True, slots=True)
class NoteKey:
    """An Ed25519 key that may sign notes under one name. ``public_key`` has 32 bytes."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != 32:
            raise NoteError("An Ed25519 public key has 32 bytes.")

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name, newline, 0x01, key)."""
        seed = self.name.encode() + b"\n" + _ED25519_TYPE + self.public_key
        return hashlib.sha256(seed).digest()[:4]

    def vkey(self) -> str:
        """Return the verifier key text: name+hex key id+base64(0x01, key)."""
        blob = base64.b64encode(_ED25519_TYPE + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{blob}"

    @classmethod
    def parse_vkey(cls, text: str) -> Self:
        """Read a verifier key; the strict inverse of ``vkey``. Raises NoteError."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NoteError("A verifier key has the form name+id+key.")
        data = _decode_base64(parts[2], "verifier key")
        if data[:1] != _ED25519_TYPE:
            raise NoteError("The verifier key is not an Ed25519 key.")
        key = cls(parts[0], data[1:])
        if key.key_id.hex() != parts[1]:
            raise NoteError("The key id does not belong to the verifier key.")
        return key

    def verify(self, note: Note) -> None:
        """Check this key's signature. Raises NoteError if it is missing, doubled or bad."""
        mine = [s for s in note.signatures if s.name == self.name and s.key_id == self.key_id]
        if len(mine) != 1:
            raise NoteError(
                f"The note has {len(mine)} signatures of the key of {self.name}, not 1."
            )
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(
                mine[0].signature, note.text.encode()
            )
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"The signature of {self.name} on the note does not hold.") from error


def verify_note(note: Note, keys: Iterable[NoteKey]) -> NoteKey:
    """Return the first of ``keys`` that signed the note.

    Raises NoteError if none did (also with no keys at all), or if a signature of one of them that
    comes before does not hold.
    """
    ids = {(s.name, s.key_id) for s in note.signatures}
    for key in keys:
        if (key.name, key.key_id) in ids:
            key.verify(note)
            return key
    raise NoteError("No trusted key signed the note.")


def sign_note(text: str, name: str, signer: Signer) -> Note:
    """Return a note with the one signature of ``signer`` (Ed25519). Raises NoteError."""
    if signer.algorithm != ED25519:
        raise NoteError("Notes are signed with Ed25519 keys only.")
    _check_text(text)
    key = NoteKey(name, signer.public_key())
    return Note(text, (NoteSignature(name, key.key_id, signer.sign(text.encode())),))
