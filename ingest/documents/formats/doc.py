"""DOC and WPS: the piece table of Word 97 and later ([MS-DOC] 2.4.1); older ones as plain bytes."""

import re
import struct
from typing import BinaryIO

from ingest.documents.codes import BROKEN, ENCRYPTED, NOT_READ
from ingest.documents.formats.ole import Compound
from ingest.documents.reading import Reading

_MAGIC, _WORD_6 = 0xA5EC, 0xA5DC
_ENCRYPTED, _TABLE_1 = 0x0100, 0x0200
_FIELD = re.compile("\x13[^\x13\x14\x15]*\x14|\x13[^\x13\x14\x15]*\x15|[\x14\x15]")
_MARKS = str.maketrans(
    {"\r": "\n", "\x07": "\t", "\x0b": "\n", "\x0c": "\f", "\x1e": "-", "\x1f": "", "\xa0": " ",
     "\x01": "", "\x02": "", "\x03": "", "\x04": "", "\x05": "", "\x08": ""}
)  # fmt: skip
_MOST_PIECES = 500_000


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of a Word or WPS document into the reading."""
    compound = Compound(file, reading)
    data = compound.stream("WordDocument")
    if len(data) < 0x1AA:
        reading.unreadable = True
        if "EncryptedPackage" not in compound:
            reading.notice(NOT_READ, "no stream of Word or WPS")
        return
    magic, version = struct.unpack_from("<HH", data)
    flags = struct.unpack_from("<H", data, 10)[0]
    if flags & _ENCRYPTED:
        reading.unreadable = True
        reading.notice(ENCRYPTED, "a password is asked for")
    elif magic == _MAGIC and version >= 0xC0:
        reading.puid = "fmt/40"
        _word_97(data, compound.stream("1Table" if flags & _TABLE_1 else "0Table"), reading)
    elif magic in (_MAGIC, _WORD_6):
        reading.puid = "fmt/39"
        first, end = struct.unpack_from("<II", data, 0x18)
        reading.add(_cleaned(data[first : max(first, end)].decode("gb18030", "replace")))
    else:
        reading.unreadable = True
        reading.notice(BROKEN, "not a Word document")


def _word_97(data: bytes, table: bytes, reading: Reading) -> None:
    """Headers, body, notes, text boxes: parts of one run of characters, by their lengths."""
    counts = struct.unpack_from("<8I", data, 0x4C)
    offset, length = struct.unpack_from("<II", data, 0x1A2)
    text = _pieces(data, table[offset : offset + length], reading)
    parts = []
    place = 0
    for count in counts:
        parts.append(_cleaned(text[place : place + count]))
        place += count
    body, notes, headers, _macros, comments, ends, boxes, header_boxes = parts
    for front in (headers, header_boxes):
        if front.strip():
            reading.front(re.sub(r"\n{2,}", "\n", front).strip("\n") + "\n")
    reading.aside(boxes)
    for number, page in enumerate(body.split("\f")):
        if number:
            reading.page()
        reading.add(page)
    for part in (notes, ends, comments):
        reading.add("\n" + part if part.strip() else "")


def _pieces(data: bytes, clx: bytes, reading: Reading) -> str:
    place = 0
    while clx[place : place + 1] == b"\x01":
        place += 3 + struct.unpack_from("<H", clx, place + 1)[0]
    if clx[place : place + 1] != b"\x02":
        reading.unreadable = True
        reading.notice(BROKEN, "no piece table")
        return ""
    length = struct.unpack_from("<I", clx, place + 1)[0]
    plc = clx[place + 5 : place + 5 + length]
    count = min((len(plc) - 4) // 12, _MOST_PIECES)
    ends = struct.unpack_from(f"<{count + 1}I", plc)
    found: list[str] = []
    used = 0
    for number in range(count):
        where = struct.unpack_from("<I", plc, 4 * (len(plc) - 4) // 12 + 6 + 8 * number)[0]
        size = ends[number + 1] - ends[number]
        if size <= 0:
            continue
        used += size
        if used > len(data):  # pieces may not tell more than there is
            reading.notice(BROKEN, "pieces overlap")
            break
        start = where & 0x3FFFFFFF
        if where & 0x40000000:
            found.append(data[start // 2 : start // 2 + size].decode("cp1252", "replace"))
        else:
            found.append(data[start : start + 2 * size].decode("utf-16-le", "replace"))
    return "".join(found)


def _cleaned(text: str) -> str:
    """Without field codes (twice: fields stand within fields) and marks."""
    for _ in range(2):
        text = _FIELD.sub("", text)
    return text.translate(_MARKS).replace("\x13", "")
