"""Packs: many small records in one uncompressed ZIP whose every byte is determined (formats §12).

    builder = PackBuilder()
    place = builder.add(record_id, content, record_json, sidecar)     # bytes are in builder.chunks
    chunks = builder.finish()                                         # the whole file

One object per tiny record is what makes object stores and file systems slow. Any unzip opens a pack
in twenty years, `sha256sum -c SHA256SUMS` checks it, and a range read fetches one member. Nothing
in the file depends on when or where it was made, so a resumed batch gives the same bytes.
"""

import struct
import zlib
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from archive.errors import FormatError

SUMS = "SHA256SUMS"
MOST_MEMBERS = 1_000
"""A pack is destroyed as a whole, and a list of what shall be destroyed has at most 1,000 lines."""
MOST_BYTES = 1 << 31

_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_VERSION, _UNIX = 20, 3 << 8 | 20
_DATE = 0x0021
"""1 January 1980: the earliest that the format can state; the true times stand in record.json."""
_MODE = 0o100444 << 16


class PackPlace(NamedTuple):
    """Where one record stands in its pack: `offset` is that of the content's first byte.

    `description` and `sidecar` are sizes in bytes; None where there is no sidecar.
    """

    offset: int
    size: int
    description: int
    sidecar: int | None

    @classmethod
    def behind(cls, end: int, record: str, size: int, description: int) -> "PackPlace":
        """The place of a record without sidecar whose files begin at the byte `end`."""
        return cls(end + _header(f"{record}/content"), size, description, None)

    def content(self) -> tuple[int, int]:
        """Offset and size of the content."""
        return self.offset, self.size

    def record_json(self, record: str) -> tuple[int, int]:
        """Offset and size of record.json."""
        return self.offset + self.size + _header(f"{record}/record.json"), self.description

    def sidecar_bytes(self, record: str) -> tuple[int, int] | None:
        """Offset and size of the sidecar, None where there is none."""
        if self.sidecar is None:
            return None
        start, size = self.record_json(record)
        return start + size + _header(f"{record}/sidecar"), self.sidecar

    def end(self, record: str) -> int:
        """Offset of the first byte after the record's last file."""
        start, size = self.sidecar_bytes(record) or self.record_json(record)
        return start + size

    def start(self, record: str) -> int:
        """Offset of the record's first local header."""
        return self.offset - _header(f"{record}/content")


class _Member(NamedTuple):
    name: bytes
    crc: int
    size: int
    offset: int
    sha256: str


class PackBuilder:
    """Grows a pack in memory, member by member; `chunks` may be written out and cleared."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.records = 0
        self._members: list[_Member] = []

    def add(
        self,
        record: str,
        content: bytes,
        record_json: bytes,
        sidecar: bytes | None,
        content_sha256: bytes | None = None,
        record_sha256: bytes | None = None,
    ) -> PackPlace:
        """Append one record's files; the digests spare a second hash where they are known."""
        offset = self._file(f"{record}/content", content, content_sha256)
        self._file(f"{record}/record.json", record_json, record_sha256)
        if sidecar is not None:
            self._file(f"{record}/sidecar", sidecar)
        self.records += 1
        length = None if sidecar is None else len(sidecar)
        return PackPlace(offset, len(content), len(record_json), length)

    def finish(self) -> Sequence[bytes]:
        """Add SHA256SUMS and the central directory; returns all chunks that were not taken."""
        self._file(SUMS, b"".join([sums_line(m.name, m.sha256) for m in self._members]))
        start = self.size
        directory = b"".join(
            [central_header(m.name, m.crc, m.size, m.offset) for m in self._members]
        )
        self.chunks.append(directory)
        self.chunks.append(end_record(len(self._members), len(directory), start))
        self.size += len(directory) + END_SIZE
        return self.chunks

    def _file(self, name: str, data: bytes, digest: bytes | None = None) -> int:
        raw, crc, size = name.encode(), zlib.crc32(data), len(data)
        found = (digest or sha256(data).digest()).hex()
        self._members.append(_Member(raw, crc, size, self.size, found))
        header = local_header(raw, crc, size)
        self.chunks.append(header)
        self.chunks.append(data)
        offset = self.size + len(header)
        self.size = offset + size
        return offset


def _header(name: str) -> int:
    return _LOCAL.size + len(name)


def sums_line(name: bytes, sha256_hex: str) -> bytes:
    """One line of the text that `sha256sum -c` reads."""
    return b"%s  %s\n" % (sha256_hex.encode(), name)


def local_header(name: bytes, crc: int, size: int) -> bytes:
    """What stands before a file's bytes (APPNOTE 4.3.7)."""
    return _LOCAL.pack(b"PK\3\4", _VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0) + name


def central_header(name: bytes, crc: int, size: int, offset: int) -> bytes:
    """A file's line in the central directory (APPNOTE 4.3.12); `offset` of its local header."""
    head = (b"PK\1\2", _UNIX, _VERSION, 0, 0, 0, _DATE, crc, size, size, len(name))
    return _CENTRAL.pack(*head, 0, 0, 0, 0, _MODE, offset) + name


def end_record(files: int, length: int, start: int) -> bytes:
    """The last bytes of a pack; `length` and `start` are those of the central directory."""
    return _END.pack(b"PK\5\6", 0, 0, files, files, length, start, 0)


LOCAL_SIZE, CENTRAL_SIZE, END_SIZE = _LOCAL.size, _CENTRAL.size, _END.size
"""Bytes of each, names left out."""


def place_of(body: object) -> tuple[str, PackPlace] | None:
    """Pack id and place from an accession's body, None for a record that stands alone.

    Raises FormatError for a `pack` of another form.
    """
    if not isinstance(body, dict):
        raise FormatError("a body is an object")
    found = body.get("pack")
    if found is None:
        return None
    try:
        place = PackPlace(found["offset"], body["size"], found["description"], found["sidecar"])
        return str(found["id"]), place
    except (KeyError, TypeError) as error:
        raise FormatError("a pack's place has another form") from error
