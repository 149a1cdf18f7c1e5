"""File names: bytes as the device gave them, and text for people (docs/formats.md §6).

A name is never looked up by its text; the text is for showing, searching and for the copies that
`fetch` hands out.
"""

import base64
import re
import unicodedata
from hashlib import sha256
from typing import NamedTuple

from archive.source_terms import LETTERS

MAX_FILE_NAME = 200
"""Bytes of a name that `fetch` writes: leaves room for a suffix below the usual limit of 255."""

_SOURCE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_SEPARATORS = re.compile(r'[/\\:*?"<>|]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE | re.ASCII)


class Name(NamedTuple):
    """A name for people, and its bytes where the text does not give them back."""

    text: str
    b64: str | None


def decode_name(raw: bytes) -> Name:
    """UTF-8, else GB18030, else `\\xNN` escapes; in NFC. Never fails."""
    if raw.isascii():
        return Name(raw.decode("ascii"), None)
    text = unicodedata.normalize("NFC", _decoded(raw))
    if text.encode() == raw:
        return Name(text, None)
    return Name(text, base64.b64encode(raw).decode("ascii"))


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            text = raw.decode(encoding)
            text.encode()  # a codec may let lone surrogates through
        except UnicodeError:
            continue
        return text
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in raw)


def source_id(folder: bytes) -> str:
    """Source id of a folder directly below the inbox (docs/formats.md §1).

    No folder has the one of letters: what is sealed under that is what a request was shown.
    """
    if _SOURCE_ID.fullmatch(folder) and folder != LETTERS.encode():
        return folder.decode("ascii")
    return "x-" + sha256(folder).hexdigest()[:16]


def sealable(text: str) -> str:
    """The text in NFC, lone surrogates as escapes: what the canonical form takes. Never fails."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.encode("utf-8", "backslashreplace").decode())


def safe_for_terminal(text: str) -> str:
    """The text with control, bidirectional and other invisible characters as visible escapes."""
    if text.isprintable():
        return text
    return "".join(_escaped(char) if _is_unsafe(char) else char for char in text)


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE_CATEGORIES


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe_file_name(text: str) -> str:
    """A name that is harmless on any file system, for the copy that is handed out.

    No control or bidirectional characters, no separators, no leading dots, dashes or spaces, at
    most 200 bytes of UTF-8 (the extension is kept), never empty.
    """
    shown = "".join(char for char in text if not _is_unsafe(char))
    shown = _SEPARATORS.sub("_", unicodedata.normalize("NFC", shown))
    shown = _cut(shown.strip().lstrip(".- ").rstrip(". "))
    if not shown:
        return "record"
    return f"_{shown}" if _DEVICE.match(shown) else shown


def _cut(name: str) -> str:
    if len(name.encode()) <= MAX_FILE_NAME - 1:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = f".{extension}".encode() if dot and len(extension.encode()) <= 16 else b""
    kept = (stem if tail else name).encode()[: MAX_FILE_NAME - 1 - len(tail)]
    return kept.decode(errors="ignore").rstrip(". ") + tail.decode()
