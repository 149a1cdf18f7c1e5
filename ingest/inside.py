"""What a ZIP or OLE container holds, by the names in its directory; nothing is unpacked.

The first bytes do not always show it: a writer may put any member first, and the directory of a
large file lies behind them.
"""

import os
import re
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ingest.named_kinds import NAMES, OLE, ZIP
from ingest.zip_directory import ReadAt, directory

_MOST_MEMBERS, _MOST_SECTORS = 5_000, 400
_WPS = "application/vnd.wps-office."
_CONTENT_TYPES = b"[Content_Types].xml"
_OFFICE = ((b"word/", "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx"))
_STREAMS = (
    ("worddocument", "application/msword", "wps"),
    ("workbook", "application/vnd.ms-excel", "et"),
    ("book", "application/vnd.ms-excel", "et"),
    ("powerpoint document", "application/vnd.ms-powerpoint", "dps"),
)
_LOCKED = frozenset(("docx", "xlsx", "pptx"))
_FREE = 0xFFFFFFFA
"""Numbers of sectors from here on mean something else ([MS-CFB] 2.1)."""


def zip_kind(read_at: ReadAt, size: int) -> str | None:
    """The type of a whole ZIP; None where it has no directory."""
    found = directory(read_at, size, _MOST_MEMBERS)
    if found is None:
        return None
    names = [member.name for member in found.members]
    if b"OFD.xml" in names:
        return NAMES["ofd"]
    if _CONTENT_TYPES in names:
        for folder, extension in _OFFICE:
            if any(name.startswith(folder) for name in names):
                return NAMES[extension]
    first = read_at(0, 200)
    if first[30:38] == b"mimetype":
        declared = re.match(rb"application/[a-z0-9.+-]{1,80}", first[38:])
        return declared[0].decode("ascii") if declared else ZIP
    return ZIP


def ole_kind(read_at: ReadAt, extension: str) -> str | None:
    """The type of an OLE file; `extension` tells WPS from the Office whose format it writes."""
    names = {name.lower() for name in _entries(read_at)}
    for stream, media_type, own in _STREAMS:
        if stream in names:
            return _WPS + own if extension == own else media_type
    if "encryptedpackage" in names and extension in _LOCKED:
        return NAMES[extension]
    return OLE if names else None


def _entries(read_at: ReadAt) -> Iterator[str]:
    """Names in the directory of an OLE file; of a broken one those that are reached."""
    header = read_at(0, 512)
    if len(header) < 512:
        return
    shift = struct.unpack_from("<H", header, 30)[0]
    if shift not in (9, 12):
        return
    table = [number for number in struct.unpack_from("<109I", header, 76) if number < _FREE]
    with suppress(struct.error):
        table += _more_of_table(read_at, header, shift)
    sector = struct.unpack_from("<I", header, 48)[0]
    seen: set[int] = set()
    while sector < _FREE and sector not in seen and len(seen) < _MOST_SECTORS:
        seen.add(sector)
        data = read_at((sector + 1) << shift, 1 << shift)
        for place in range(0, len(data) - 127, 128):
            length = struct.unpack_from("<H", data, place + 64)[0]
            if 2 <= length <= 64:
                yield data[place : place + length - 2].decode("utf-16-le", "ignore")
        block, offset = divmod(sector, 1 << shift - 2)
        if block >= len(table):
            return
        entry = read_at((table[block] + 1 << shift) + 4 * offset, 4)
        sector = int.from_bytes(entry, "little") if len(entry) == 4 else _FREE


def _more_of_table(read_at: ReadAt, header: bytes, shift: int) -> Iterable[int]:
    """Sectors of the allocation table that the header has no room for, as far as needed."""
    found: list[int] = []
    sector, count = struct.unpack_from("<2I", header, 68)
    for _ in range(min(count, 100)):
        if sector >= _FREE:
            break
        data = read_at(sector + 1 << shift, 1 << shift)
        *numbers, sector = struct.unpack(f"<{1 << shift - 2}I", data)
        found += [number for number in numbers if number < _FREE]
    return found


def reader_of(source: Path | bytes) -> ReadAt:
    """Reads parts of a staged file; a file that is gone reads as empty."""
    if isinstance(source, bytes):
        return lambda offset, length: source[offset : offset + length]
    path = source

    def read_at(offset: int, length: int) -> bytes:
        try:
            with path.open("rb", buffering=0) as file:
                return os.pread(file.fileno(), length, offset)
        except (OSError, OverflowError):
            return b""

    return read_at
