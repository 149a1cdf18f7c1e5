"""A stretch of a pack: its members' files against their entries, and every byte between them.

Runs in a worker. A pack is read once and in order, in stretches that follow each other; what is
said of its end (SHA256SUMS, central directory) goes back as bytes and digests, and
`archive.verify.pack_walk` joins the stretches and judges the file as a whole.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from archive.errors import ArchiveError, FormatError, ObjectMissing
from archive.merkle import leaf_hash
from archive.pack import (
    END_SIZE,
    LOCAL_SIZE,
    SUMS,
    PackPlace,
    central_header,
    local_header,
    place_of,
    sums_line,
)
from archive.pieces import pieces_root
from archive.record import RecordDescription
from archive.usual import agrees
from archive.verify.context import Context, Found, guarded
from archive.verify.records import parse_description
from signing.digest import Digest, hex_of

_MOST_NAMED = 10
_CRC = 14
"""Offset of the CRC in a local header (APPNOTE 4.3.7)."""
_DECODER = json.JSONDecoder()
_NO_PIECES = str(pieces_root([]))


class Member(NamedTuple):
    """A record of a pack: its entry's place and body (JSON text).

    One that is `excused` (lost, destroyed) is not compared.
    """

    record: str
    place: str
    body: str
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Tail:
    """What stands behind the members: offset, and the sizes of SHA256SUMS and the directory."""

    start: int
    sums: int
    central: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Members that follow each other in the pack `key`, from byte `start` up to `stop`."""

    key: str
    start: int
    stop: int
    members: Sequence[Member]
    tail: Tail | None = None


@dataclass(slots=True)
class SegmentFacts:
    """What came of a stretch.

    `sums` and `central` are the lines that the pack must have for its members, `altered` are parts
    between the files that are not as they must be, `tail` is where the end begins and the SHA-256
    of each of its parts.
    """

    key: str
    records: int = 0
    read: int = 0
    missing: bool = False
    unread: bool = False
    sums: bytes = b""
    central: bytes = b""
    altered: list[str] = field(default_factory=list)
    tail: tuple[int, list[bytes]] | None = None
    found: Found = field(default_factory=list)


def check_segments(context: Context, segments: Sequence[Segment]) -> list[SegmentFacts]:
    """Check some stretches, of one pack or of several."""
    return [_Stretch(context, segment).check() for segment in segments]


class _Stretch:
    def __init__(self, context: Context, segment: Segment) -> None:
        self._context = context
        self._segment = segment
        self._facts = SegmentFacts(segment.key)
        self._sums: list[bytes] = []
        self._central: list[bytes] = []
        self._data = b""
        self._offset = segment.start
        self._done = False

    def check(self) -> SegmentFacts:
        segment, facts = self._segment, self._facts
        facts.records = len(segment.members)
        fetched: list[bool] = []
        guarded(lambda: fetched.append(self._read()), segment.key, facts.found)
        facts.unread |= not fetched
        if fetched == [True]:
            for member in segment.members:
                self._done = False
                guarded(lambda member=member: self._member(member), member.record, facts.found)  # type: ignore[misc]
                facts.unread |= not self._done
            facts.sums, facts.central = b"".join(self._sums), b"".join(self._central)
            tail = segment.tail
            if tail is not None and not facts.unread:
                guarded(lambda: self._tail(tail), segment.key, facts.found)
        return facts

    def _read(self) -> bool:
        """Fetch the stretch; whatever goes wrong is said of every record in it."""
        segment, facts = self._segment, self._facts
        details: dict[str, Any] = {"key": segment.key}
        try:
            length = segment.stop - segment.start
            self._data = b"".join(
                self._context.evidence.read(segment.key, segment.start, max(length, 1))
            )[:length]
        except ObjectMissing:
            code, facts.missing = "CONTENT_MISSING", True
        except (ArchiveError, OSError) as error:
            code, facts.unread = "STORE_UNREADABLE", True
            details["reason"] = str(error)
        else:
            return True
        wanted = (member for member in segment.members if not member.excused)
        facts.found.extend((code, member.record, details) for member in wanted)
        return False

    def _member(self, member: Member) -> None:
        body, _ = _DECODER.raw_decode(member.body)
        found = place_of(body)
        if found is None:
            raise FormatError("a member has no place")
        place, record = found[1], member.record
        self._offset = place.start(record)
        content = self._cut(place.content())
        digests = dict(text.split(":", 1) for text in body["content"])
        right = member.excused or self._content(member, body["size"], content, digests)
        self._file(f"{record}/content", content, place.size, digests["sha256"], right=right)
        data = self._cut(place.record_json(record))
        expected = body["record"].partition(":")[2]
        right = member.excused or self._record_json(member, place, data, expected)
        self._file(f"{record}/record.json", data, place.description, expected, right=right)
        if data is not None and right and content is not None and place.sidecar is None:
            root = _root_of(digests["sha256"], place.size)
            if not member.excused and agrees(data, record, body, root):
                self._done = True
                return
        description = None
        if data is not None and right and not member.excused:
            description = parse_description(record, data, body, self._facts.found)
        if description is not None and content is not None:
            self._root(member, description, digests["sha256"])
        self._sidecar(member, place, description)
        self._done = True

    def _cut(self, span: tuple[int, int]) -> bytes | None:
        """Bytes of the stretch; fewer where the pack ends before, None where it has none left."""
        start = span[0] - self._segment.start
        if start > len(self._data) or (start == len(self._data) and span[1]):
            return None
        return self._data[start : start + span[1]]

    def _content(
        self, member: Member, size: int, content: bytes | None, digests: Mapping[str, str]
    ) -> bool:
        details: dict[str, Any] = {"key": self._segment.key}
        if content is None:
            self._facts.found.append(("CONTENT_MISSING", member.record, details))
            return False
        self._facts.read += len(content)
        wrong = [
            f"{name}:{digest}"
            for name, digest in digests.items()
            if hex_of(name, content) != digest
        ]
        if wrong or len(content) != size:
            self._facts.found.append(
                ("CONTENT_ALTERED", member.record, {**details, "differs": wrong})
            )
            return False
        return True

    def _record_json(
        self, member: Member, place: PackPlace, data: bytes | None, expected: str
    ) -> bool:
        details = {"key": self._segment.key}
        if data is None:
            self._facts.found.append(("RECORD_MISSING", member.record, details))
        elif len(data) != place.description or sha256(data).hexdigest() != expected:
            self._facts.found.append(("RECORD_ALTERED", member.record, details))
        else:
            return True
        return False

    def _root(self, member: Member, description: RecordDescription, content: str) -> None:
        """The root over the pieces."""
        if _root_of(content, description.size) != description.value["pieces"]["root"]:
            reason = "the content has another root over its pieces"
            self._facts.found.append(("RECORD_DISAGREES", member.record, {"reason": reason}))

    def _sidecar(
        self, member: Member, place: PackPlace, description: RecordDescription | None
    ) -> None:
        record, details = member.record, {"key": self._segment.key}
        span = place.sidecar_bytes(record)
        if description is not None:
            said = description.value["sidecar"]
            if (said["size"] if said else None) != place.sidecar:
                reason = "the pack's place has another sidecar"
                self._facts.found.append(("RECORD_DISAGREES", record, {"reason": reason}))
                description = None
        if span is None:
            return
        data = self._cut(span)
        if data is None and not member.excused:
            self._facts.found.append(("SIDECAR_MISSING", record, details))
        right, expected = False, sha256(data or b"").hexdigest()
        if description is not None and data is not None:
            right = len(data) == span[1]
            right &= all(Digest.of(d.algorithm, data) == d for d in description.sidecar)
            expected = next(d for d in description.sidecar if d.algorithm == "sha256").value.hex()
            self._facts.read += len(data)
            if not right:
                self._facts.found.append(("SIDECAR_ALTERED", record, details))
        self._file(f"{record}/sidecar", data, span[1], expected, right=right)

    def _file(self, name: str, data: bytes | None, size: int, digest: str, *, right: bool) -> None:
        """Compare a file's local header, and note its other lines.

        The CRC of bytes that are wrong is not known; then the header's own is taken.
        """
        raw = name.encode()
        length = LOCAL_SIZE + len(raw)
        start = self._offset - self._segment.start
        header = self._data[start : start + length]
        crc = zlib.crc32(data) if right and data is not None else _crc_of(header)
        if header != local_header(raw, crc, size):
            self._complain(f"the header of {name}")
        self._sums.append(sums_line(raw, digest))
        self._central.append(central_header(raw, crc, size, self._offset))
        self._offset += length + size

    def _complain(self, part: str) -> None:
        if len(self._facts.altered) < _MOST_NAMED:
            self._facts.altered.append(part)

    def _tail(self, tail: Tail) -> None:
        """SHA-256 of each part of the end; after them of whatever stands behind, if anything."""
        lengths = (LOCAL_SIZE + len(SUMS), tail.sums, tail.central, END_SIZE, 1)
        left = list(lengths)
        hashers = [sha256() for _ in lengths]
        part = 0
        for chunk in self._context.evidence.read(self._segment.key, tail.start, sum(lengths)):
            view = memoryview(chunk)
            while view:
                while not left[part]:
                    part += 1
                taken = view[: left[part]]
                hashers[part].update(taken)
                left[part] -= len(taken)
                view = view[len(taken) :]
        self._facts.tail = tail.start, [hasher.digest() for hasher in hashers]


def _root_of(digest: str, size: int) -> str:
    """Root over the pieces of a packed content, which has one, or none if it is empty."""
    return f"sha256:{leaf_hash(bytes.fromhex(digest)).hex()}" if size else _NO_PIECES


def _crc_of(header: bytes) -> int:
    """The CRC that a local header states; 0 where there is none."""
    return int.from_bytes(header[_CRC : _CRC + 4], "little")
