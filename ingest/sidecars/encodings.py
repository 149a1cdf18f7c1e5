"""Bytes of stations as text: UTF-8, GB18030 or UTF-16, and back to the bytes of a part of it.

whole = read_text(data)
start = Places(whole).of(3)
whole.text[3:9], whole.checked(whole.text[3:9], start)      # exactly the bytes of that text
"""

import codecs
import re
from typing import NamedTuple

from ingest.errors import SidecarBad

_GB = "gb18030"
_BOM_GB = "\ufeff".encode(_GB)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (_BOM_GB, _GB),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    **dict.fromkeys(("gb18030", "gbk", "gb2312", "gb-2312", "cp936"), _GB),
}


class Whole(NamedTuple):
    """A file as text. `bom` is what stood before the text."""

    data: bytes
    text: str
    encoding: str
    bom: bytes

    def checked(self, text: str, start: int) -> bytes:
        """The bytes of a part of the text, of which the bytes begin at `start`.

        Raises SidecarBad where the encoding has several forms of one text, so that the place
        cannot be told.
        """
        made = text.encode(self.encoding)
        if self.data[start : start + len(made)] != made:
            raise encoding_fault()
        return made

    def by_itself(self, data: bytes, text: str) -> bytes:
        """Bytes of this file so that by themselves they read as the same text, which is given.

        What says that the file is GB18030 may stand elsewhere in it, and some words in GB18030 are
        UTF-8 of other words too: such bytes get the byte-order mark of GB18030.
        """
        if self.encoding != _GB or read_text(data).text == text:
            return data
        return _BOM_GB + data


class Places:
    """Where characters of a text begin in its bytes, asked for from the front to the back."""

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._char, self._byte = 0, len(whole.bom)

    def of(self, char: int) -> int:
        """The place of a character; not before the last one that was asked for."""
        between = self._whole.text[self._char : char]
        self._byte += len(between.encode(self._whole.encoding))
        self._char = char
        return self._byte


def read_text(data: bytes) -> Whole:
    """By its byte-order mark, else by its XML declaration, else UTF-8 or GB18030.

    Raises SidecarBad.
    """
    encoding, bom = _stated(data)
    names = (encoding,) if encoding else ("utf-8", _GB)
    for name in names:
        try:
            text = data[len(bom) :].decode(name)
            text.encode("utf-8")  # a codec may let lone surrogates through
        except UnicodeError:
            continue
        return Whole(data, text, name, bom)
    raise encoding_fault()


def read_head(data: bytes) -> str:
    """The beginning of a file as text, what is cut or broken replaced; never fails."""
    try:
        encoding, bom = _stated(data)
    except SidecarBad:
        encoding, bom = None, b""
    rest = data[len(bom) :]
    if encoding is None:
        encoding = "utf-8" if _is_begun(rest) else _GB
    return rest.decode(encoding, errors="replace")


def _is_begun(data: bytes) -> bool:
    """Whether this is UTF-8, but for a character that is cut off at the end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _stated(data: bytes) -> tuple[str | None, bytes]:
    """The encoding that the file itself names, and its byte-order mark."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return encoding, bom
    if data.startswith((b"<\0", b"\0<")):
        return ("utf-16-le" if data.startswith(b"<\0") else "utf-16-be"), b""
    declared = _DECLARED.match(data[:300])
    if declared is None:
        return None, b""
    known = _CODECS.get(declared[1].decode("ascii").lower())
    if known is None:
        raise encoding_fault()
    return known, b""


def encoding_fault() -> SidecarBad:
    """It is in none of the encodings, or not in the one that it names."""
    return SidecarBad(
        "SIDECAR_ENCODING",
        "The sidecar is neither UTF-8 nor GB18030 nor UTF-16, or not what it says it is.",
        "附带说明的编码不是 UTF-8、GB18030 或 UTF-16，或与其自身声明不符。",
    )
