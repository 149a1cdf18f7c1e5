"""Names of the members of a ZIP, from its central directory; nothing is unpacked (APPNOTE 4.3)."""

import struct
from collections.abc import Callable
from typing import NamedTuple

ReadAt = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer at the end of the file."""
_END, _END_64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_FIELDS = struct.Struct("<4s6H3I5H2I")
_MOST_BYTES = 16 << 20
_COMMENT = 0xFFFF + 22


class Member(NamedTuple):
    """An entry of the directory, as it states itself."""

    name: bytes
    encrypted: bool
    packed: int
    size: int


class Directory(NamedTuple):
    """The first entries of a central directory."""

    members: tuple[Member, ...]
    total: int
    """Entries that the end of the directory states."""
    packed: int
    """Bytes of the directory as stated."""


def directory(read_at: ReadAt, size: int, most: int) -> Directory | None:
    """Read at most `most` entries; None where there is no directory (cut off, or not a ZIP)."""
    start = max(0, size - _COMMENT)
    tail = read_at(start, _COMMENT)
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 22:
        return None
    total, packed = struct.unpack_from("<HI", tail, place + 10)
    end = start + place
    if total == 0xFFFF or packed == 0xFFFFFFFF:
        total, packed, end = _end_64(read_at, tail, place, start) or (total, packed, end)
    if packed > end:
        return None
    data = read_at(end - packed, min(packed, _MOST_BYTES))
    return Directory(tuple(_members(data, most)), total, packed)


def _end_64(read_at: ReadAt, tail: bytes, place: int, start: int) -> tuple[int, int, int] | None:
    locator = place - 20
    if locator < 0 or tail[locator : locator + 4] != _LOCATOR:
        return None
    end = start + locator - 56
    record = read_at(max(0, end), 56)
    if record[:4] != _END_64 or len(record) < 56:
        return None
    total, packed = struct.unpack_from("<QQ", record, 32)
    return total, packed, end


def _members(data: bytes, most: int) -> list[Member]:
    found: list[Member] = []
    place = 0
    while len(found) < most and place + 46 <= len(data):
        fields = _FIELDS.unpack_from(data, place)
        if fields[0] != b"PK\x01\x02":
            break
        flags, packed, size, length, extra, comment = (
            fields[number] for number in (3, 8, 9, 10, 11, 12)
        )
        name = data[place + 46 : place + 46 + length]
        found.append(Member(name, bool(flags & 1), packed, size))
        place += 46 + length + extra + comment
    return found
