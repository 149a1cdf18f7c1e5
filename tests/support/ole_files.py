"""OLE files made for the tests: a container, a Word 97 document and an Excel 97 workbook.

Written from [MS-CFB], [MS-DOC] and [MS-XLS] alone: what reads them is not checked by itself.
"""

import struct
from collections.abc import Mapping, Sequence

_SECTOR, _FREE, _END, _TABLE = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_MORE = 0xFFFFFFFC
_LEAST = 4096
"""Shorter streams would stand in the small ones' container."""


def compound(streams: Mapping[str, bytes], storages: Sequence[str] = ()) -> bytes:
    """A container of version 3 with its streams and empty storages, all of them at the top."""
    sectors: list[bytes] = []
    table: list[int] = []

    def put(data: bytes) -> int:
        first = len(sectors)
        parts = [data[at : at + _SECTOR] for at in range(0, len(data), _SECTOR)]
        sectors.extend(part.ljust(_SECTOR, b"\0") for part in parts)
        table.extend([*range(first + 1, first + len(parts)), _END])
        return first

    names = sorted([*streams, *storages], key=lambda name: (len(name), name.upper()))
    entries = []
    for place, name in enumerate(names):
        right = place + 2 if place + 1 < len(names) else _FREE
        if name in streams:
            data = streams[name].ljust(_LEAST, b"\0")
            entries.append(_entry(name, 2, right, put(data), len(data)))
        else:
            entries.append(_entry(name, 1, right, 0, 0))
    root = _entry("Root Entry", 5, _FREE, _END, 0, child=1 if names else _FREE)
    directory = put(b"".join([root, *entries]).ljust(_SECTOR, b"\0"))
    room = -(-(len(sectors) + 2) // (_SECTOR // 4 - 1))
    starts = [len(sectors) + number for number in range(room)]
    more = starts[109:]  # of a large file: their numbers stand in one sector more
    assert len(more) < _SECTOR // 4
    table += [_TABLE] * room + [_MORE] * bool(more)
    table += [_FREE] * (room * _SECTOR // 4 - len(table))
    data = struct.pack(f"<{len(table)}I", *table)
    sectors += [data[at : at + _SECTOR] for at in range(0, len(data), _SECTOR)]
    if more:
        sectors.append(struct.pack("<128I", *more, *[_FREE] * (127 - len(more)), _END))
    head = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6),
        *(0, room, directory, 0, _LEAST, _END, 0),
        *((starts[-1] + 1, 1) if more else (_END, 0)),
    )
    heads = struct.pack("<109I", *starts[:109], *[_FREE] * (109 - room))
    return head + heads + b"".join(sectors)


def _entry(name: str, kind: int, right: int, start: int, size: int, child: int = _FREE) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16sIQQIQ", raw, len(raw), kind, 1, _FREE, right, child, b"", 0, 0, 0, start, size
    )


def doc(
    body: str, *, headers: str = "", notes: str = "", boxes: str = "", locked: bool = False
) -> bytes:
    """A Word document: two pieces, the first of bytes where it can be, the second of UTF-16."""
    text = body + notes + headers + boxes
    half = next((at for at, char in enumerate(text) if ord(char) > 0x7E), len(text))
    base = 2048
    narrow, wide = text[:half].encode("cp1252"), text[half:].encode("utf-16-le")
    start = base + len(narrow) + len(narrow) % 2
    pieces = [(0, half, base * 2 | 0x40000000), (half, len(text), start)]
    pieces = [piece for piece in pieces if piece[1] > piece[0]]
    ends = [0, *(piece[1] for piece in pieces)]
    plc = struct.pack(f"<{len(ends)}I", *ends)
    plc += b"".join(struct.pack("<HIH", 0, piece[2], 0) for piece in pieces)
    clx = b"\x01\x02\x00\x00\x00" + b"\x02" + struct.pack("<I", len(plc)) + plc
    fib = bytearray(base)
    struct.pack_into("<HHHHHH", fib, 0, 0xA5EC, 0xC1, 0, 0x0804, 0, 0x0200 | 0x0100 * locked)
    struct.pack_into("<8I", fib, 0x4C, len(body), len(notes), len(headers), 0, 0, 0, len(boxes), 0)
    struct.pack_into("<II", fib, 0x1A2, 0, len(clx))
    data = bytes(fib) + narrow.ljust(start - base, b"\0") + wide
    return compound({"WordDocument": data, "1Table": clx, "\x05SummaryInformation": _summary(text)})


def _summary(text: str) -> bytes:
    """Code page 936, a title in it, three pages."""
    title = text.strip().split("\r")[0][:60].encode("gb18030") + b"\0"
    values = [
        (1, struct.pack("<II", 2, 936)),
        (2, struct.pack("<II", 30, len(title)) + title + b"\0" * (-len(title) % 4)),
        (14, struct.pack("<II", 3, 3)),
    ]
    offset = 8 + 8 * len(values)
    table, data = b"", b""
    for number, value in values:
        table += struct.pack("<II", number, offset + len(data))
        data += value
    section = struct.pack("<II", offset + len(data), len(values)) + table + data
    return struct.pack("<HHI16sI16sI", 0xFFFE, 0, 0x20006, b"", 1, b"", 48) + section


def xls(rows: Sequence[Sequence[str | float]], *, header: str = "", locked: bool = False) -> bytes:
    """A workbook of one sheet, `登记表`; texts stand in their cells."""
    head = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0x0DBB, 0x07CC, 0, 6))
    if locked:
        head += _record(0x2F, b"\x01\x00\x01\x00\x01\x00" + bytes(range(48)))
    name = "登记表".encode("utf-16-le")
    page = _record(0x42, struct.pack("<H", 1200))
    length = len(head) + len(page) + 4 + 8 + len(name) + 4
    sheet = _record(0x85, struct.pack("<IHBB", length, 0, 3, 1) + name)
    data = head + page + sheet + _record(0x0A, b"")
    data += _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0x0DBB, 0x07CC, 0, 6))
    if header:
        data += _record(0x14, struct.pack("<HB", len(header), 1) + header.encode("utf-16-le"))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            place = struct.pack("<HHH", number, column, 0)
            if isinstance(value, str):
                raw = value.encode("utf-16-le")
                data += _record(0x204, place + struct.pack("<HB", len(value), 1) + raw)
            else:
                data += _record(0x203, place + struct.pack("<d", value))
    return compound({"Workbook": data + _record(0x0A, b"")})


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data
