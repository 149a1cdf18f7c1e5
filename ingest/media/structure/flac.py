"""FLAC (RFC 9639): metadata blocks, and whether the last frame is the one that must be the last."""

from typing import NamedTuple

from ingest.media.condition import Noticed
from ingest.media.reading import Parts

_TAIL = 64 << 10
_LARGEST = 1 << 20
"""Bytes of the largest frame there can be, with two channels of 65,535 samples, and some more."""
_MOST_BLOCKS = 1000


def _table(width: int, polynomial: int) -> tuple[int, ...]:
    top, mask = 1 << (width - 1), (1 << width) - 1
    table = []
    for byte in range(256):
        value = byte << (width - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return tuple(table)


_CRC8, _CRC16 = _table(8, 0x07), _table(16, 0x8005)
_BLOCKS = {1: 192, **{n: 576 << (n - 2) for n in range(2, 6)}}
_BLOCKS |= {n: 256 << (n - 8) for n in range(8, 16)}


class _Info(NamedTuple):
    """STREAMINFO: usual samples in a block, largest frame in bytes (0: unknown), samples in all."""

    block: int
    largest: int
    samples: int


class _Frame(NamedTuple):
    """A frame header that its CRC-8 proves: place in the tail, and the sample after its last."""

    at: int
    until: int


def walk(file: Parts) -> list[Noticed]:
    """Read the metadata blocks and the last 64 KB."""
    info, start = _metadata(file)
    if info is None:
        return [Noticed("STRUCTURE_BAD", "no STREAMINFO")]
    if start >= file.size:
        return [Noticed("CUT_SHORT", "no frame after the metadata")]
    noticed = _end(file, info, start)
    return [noticed] if noticed else []


def _end(file: Parts, info: _Info, start: int) -> Noticed | None:
    base = max(start, file.size - min(max(_TAIL, info.largest), _LARGEST))
    tail = file.at(base, file.size - base)
    if tail[-128:-125] == b"TAG":
        tail = tail[:-128]
    again = tail.find(b"fLaC\x00\x00\x00\x22")
    if again >= 0:
        return Noticed("SECOND_FILE", f"fLaC again at {base + again}")
    frames = _frames(tail, info)
    if not frames:
        return Noticed("SYNC_LOST", "no frame at the end")
    last = frames[-1]
    if info.samples and last.until < info.samples:
        return Noticed("CUT_SHORT", f"{last.until} of {info.samples} samples")
    rest = len(tail) - last.at
    if info.largest and rest > info.largest:
        return Noticed("TRAILING_DATA", f"up to {rest} bytes at the end")
    return Noticed("CHECKSUM_BAD", "the last frame") if _crc16(tail[last.at :]) else None


def _metadata(file: Parts) -> tuple[_Info | None, int]:
    if file.at(0, 4) != b"fLaC":
        return None, 0
    place, info = 4, None
    for _ in range(_MOST_BLOCKS):
        head = file.at(place, 4)
        if len(head) < 4:
            break
        length = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == 0 and length >= 34:
            body = file.at(place + 4, 34)
            info = _Info(
                int.from_bytes(body[2:4], "big"),
                int.from_bytes(body[7:10], "big"),
                int.from_bytes(body[13:18], "big") & (1 << 36) - 1,
            )
        place += 4 + length
        if head[0] & 0x80:
            break
    return info, place


def _frames(tail: bytes, info: _Info) -> list[_Frame]:
    frames, at = [], tail.find(b"\xff")
    while at >= 0:
        if tail[at + 1 : at + 2] in (b"\xf8", b"\xf9") and (until := _header(tail, at, info)):
            frames.append(_Frame(at, until))
        at = tail.find(b"\xff", at + 1)
    return frames


def _header(tail: bytes, at: int, info: _Info) -> int:
    """The sample after the last one of the frame; 0 where this is no frame header."""
    head = tail[at : at + 16]
    if len(head) < 6:
        return 0
    number, width = _number(head[4:])
    code = head[2] >> 4
    extra = {6: 1, 7: 2}.get(code, 0)
    place = 4 + width
    block = int.from_bytes(head[place : place + extra], "big") + 1 if extra else 0
    block = block or _BLOCKS.get(code, 0)
    place += extra + {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if not width or not block or place >= len(head) or _crc8(head[: place + 1]) != 0:
        return 0
    return number + block if head[1] & 1 else number * info.block + block


def _number(data: bytes) -> tuple[int, int]:
    """A number coded like UTF-8, up to 36 bits: its value and width; width 0 where it is none."""
    first = data[0]
    if first < 0x80:
        return first, 1
    wide = 8 - (first ^ 0xFF).bit_length()
    if wide < 2 or wide > 7 or len(data) < wide:
        return 0, 0
    value = first & (0x7F >> wide)
    for byte in data[1:wide]:
        if byte & 0xC0 != 0x80:
            return 0, 0
        value = value << 6 | byte & 0x3F
    return value, wide


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def _crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value = (value << 8 & 0xFF00) ^ _CRC16[value >> 8 ^ byte]
    return value
